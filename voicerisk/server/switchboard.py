"""Between the streams, the floor and the model: where a live frame goes, and where its score comes back."""

import asyncio
from collections.abc import Callable
from functools import partial

import msgspec
import structlog

from voicerisk import clock
from voicerisk.call import Call
from voicerisk.floor import Floor
from voicerisk.gateways.codec import Dtmf, GatewayEvent, StreamEnded, StreamStarted
from voicerisk.scoring.engine import CapacityExceededError, Slot
from voicerisk.scoring.scores import ChunkScore, ScoringError
from voicerisk.server.ingest_sink import Refused, StreamControl
from voicerisk.server.record import Recorder
from voicerisk.server.scorer import ScorerThread

_log = structlog.get_logger(__name__)

OVER = 1000
BUSY = 1013
FAILED = 1011
UNUSABLE = 1003


class _Line:
    """One live call's way to the model, and the connections that carry it."""

    __slots__ = ("controls", "holding", "slot")

    def __init__(self, slot: Slot) -> None:
        self.slot = slot
        self.controls: dict[str, StreamControl] = {}
        self.holding: asyncio.Task[None] | None = None


class _Leg:
    """One connection's part of a call (a `StreamSink`)."""

    __slots__ = ("_board", "_call", "_stream")

    def __init__(self, board: "Switchboard", call: Call, stream: str) -> None:
        self._board = board
        self._call = call
        self._stream = stream

    def receive(self, event: GatewayEvent) -> None:
        """Takes the next event; most add 20 ms to a block that is not full yet."""
        call = self._call
        # A call that is over has no line any more, and nobody would ever forget the key.
        if isinstance(event, Dtmf) and not call.ended:
            self._board.key_pressed(call)
        call.receive(self._stream, event)
        if call.has_news:
            self._board.move(call)

    def end(self, ended: StreamEnded) -> None:
        """The connection is gone."""
        self._board.close_stream(self._call, self._stream, ended)


class Switchboard:
    """The ingest's `Sink`: one floor, one model thread, all in one event loop's thread.

    `name_of` makes a customer's name of a telephone number, or of an older name; None where it was withheld.
    """

    def __init__(
        self, floor: Floor, scorer: ScorerThread, recorder: Recorder, name_of: Callable[[str], str | None]
    ) -> None:
        self._floor = floor
        self._name_of = name_of
        self._scorer = scorer
        self._recorder = recorder
        self._lines: dict[Call, _Line] = {}
        self._hold_above = scorer.settings.max_waiting_chunks // 2
        self.stopping = False
        self.draining = False

    def accepting(self) -> str | None:
        """Why no new call can be taken now, or None if one can."""
        if self.stopping:
            return "the server is stopping"
        if self.draining:
            return "the server is drained: new calls go elsewhere"
        return None if self._scorer.accepting else "the tone model is busy with the calls it has"

    def open(self, gateway: str, stream_key: str, started: StreamStarted, peer: str, control: StreamControl) -> _Leg:
        """Takes a stream of a new call or of one that is known. Raises `Refused`."""
        if told := started.labels.get("customer") or started.caller:
            # From here on nobody knows the number.
            others = {name: label for name, label in started.labels.items() if name != "customer"}
            name = self._name_of(told)
            labels = others if name is None else {**others, "customer": name}
            started = msgspec.structs.replace(started, labels=labels, caller=None)
        try:
            call = self._floor.open_stream(stream_key, started, clock.now_s())
        except ValueError as error:
            raise Refused(UNUSABLE, str(error)) from None
        line = self._lines.get(call)
        if line is None:
            try:
                line = self._lines[call] = _Line(self._scorer.open())
            except (CapacityExceededError, ScoringError) as error:
                call.fail(str(error))
                self._floor.settle(call, clock.now_s())
                raise Refused(BUSY, "no room for another call") from None
        line.controls[stream_key] = control
        self._recorder.opened(call, gateway)
        self.move(call)
        return _Leg(self, call, stream_key)

    def close_stream(self, call: Call, stream: str, ended: StreamEnded) -> None:
        """A connection of the call is gone."""
        line = self._lines.get(call)
        if line is not None:
            line.controls.pop(stream, None)
        self._floor.close_stream(call, stream, ended, clock.now_s())
        self.move(call)

    def hang_up(self, call: Call, reason: str) -> None:
        """The call is over, whatever its connections say: it ends, and they are closed."""
        line = self._lines.get(call)
        call.finish(reason)
        self.move(call)
        for control in list(line.controls.values()) if line else ():
            control.close(OVER, "the call is over")

    def key_pressed(self, call: Call) -> None:
        """The customer pressed a key; which one is nobody's business."""
        self._recorder.key_pressed(call)

    def move(self, call: Call) -> None:
        """Carries on what has become ready: chunks to the model, sound to listeners, events to the risk engine."""
        received_at_s = clock.monotonic_s()
        line = self._lines.get(call)
        for chunk in call.take_chunks():
            if line is None:
                break
            deliver = partial(self._scored, call, chunk.index, received_at_s)
            try:
                self._scorer.submit(line.slot, chunk.samples, received_at_s, deliver)
            except ScoringError as error:
                self._fail(call, str(error))
                break
        if line is not None and line.holding is None and self._scorer.n_waiting(line.slot) > self._hold_above:
            line.holding = asyncio.get_running_loop().create_task(self._hold(line))
        for block in call.take_blocks():
            self._recorder.heard(call, block)
        self._settle(call, received_at_s)

    async def _hold(self, line: _Line) -> None:
        """Lets the call's gateways wait until the model has caught up: they sent faster than real time."""
        controls = list(line.controls.values())
        for control in controls:
            control.hold()
        await self._scorer.wait_for_room(line.slot)
        line.holding = None
        for control in controls:
            control.go_on()

    def _scored(self, call: Call, index: int, received_at_s: float, outcome: ChunkScore | ScoringError) -> None:
        if call.ended:
            return
        if isinstance(outcome, ScoringError):
            self._fail(call, str(outcome))
        else:
            call.scored(index, outcome)
        self._settle(call, received_at_s)

    def _fail(self, call: Call, why: str) -> None:
        """This call cannot be scored any further: it ends, with the reason for its gateway and for the screen."""
        _log.error("call cannot be scored", call=call.facts.call, why=why)
        call.fail(f"not scored: {why}")
        line = self._lines.get(call)
        for control in list(line.controls.values()) if line else ():
            control.close(FAILED, "the call cannot be scored")

    def _settle(self, call: Call, received_at_s: float) -> None:
        self._recorder.happened(call, self._floor.settle(call, clock.now_s()), received_at_s)
        if call.ended and (line := self._lines.pop(call, None)) is not None:
            self._scorer.close(line.slot, drop=True)
