"""What a switch tells of a live call, brought to the floor as if the call itself had said it."""

from collections.abc import Iterable

import msgspec
import structlog

from voicerisk import clock
from voicerisk.call import Call
from voicerisk.control.session import Session
from voicerisk.control.watch import LiveCall
from voicerisk.events import CallEnded, CallHeld, CallResumed, Event
from voicerisk.floor import Floor, Heard, Outcome
from voicerisk.server.live import LiveBoard
from voicerisk.server.record import Recorder
from voicerisk.server.switchboard import Switchboard

_log = structlog.get_logger(__name__)


class SwitchEvents:
    """Joins call control with the live calls: gives them out, takes what happened to them, shows who is on them."""

    def __init__(self, board: LiveBoard, floor: Floor, switchboard: Switchboard, recorder: Recorder) -> None:
        self._board = board
        self._floor = floor
        self._switchboard = switchboard
        self._recorder = recorder

    def calls(self) -> Iterable[LiveCall]:
        """The calls that go on now."""
        return [LiveCall(view.id, view.gateway, view.labels) for view in self._board.calls()]

    def happened(self, event: Event) -> None:
        """The event of a live call: its end is the call's end, all others go to the risk engine with who it is about.

        A hold that the audio side has told already is not counted twice.
        """
        call = self._floor.calls.get(event.call or "")
        if call is None:
            return
        if isinstance(event, CallEnded):
            self._switchboard.hang_up(call, event.data.reason)
        elif not (isinstance(event, CallHeld | CallResumed) and call.held):
            self._handle(call, event)

    def changed(self, session: Session) -> None:
        """Tells the screens where a supervisor is."""
        self._board.feed.publish("control.changed", {"session": session})

    def _handle(self, call: Call, event: Event) -> None:
        facts = call.facts
        known = msgspec.structs.replace(event, customer=facts.customer, queue=facts.queue, agent=facts.agent)
        actions = self._floor.engine.handle(known, clock.now_s(), own=True)
        heard = [Heard(known, self._floor.engine.now_s)]
        self._recorder.happened(call, Outcome([known], actions, heard), clock.monotonic_s())
