"""The floor: every live call and the risk engine. Live and replay both drive this, and differ only in their source."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Annotated, Final, NamedTuple

import msgspec

from voicerisk.call import Call
from voicerisk.events import CallEnded, Ended, Event, TensionWindow
from voicerisk.events.data import Customer
from voicerisk.gateways.codec import StreamEnded, StreamStarted
from voicerisk.media.timeline import TimelineSettings
from voicerisk.risk.actions import Action
from voicerisk.risk.alerts import Alert
from voicerisk.risk.config import RiskConfig
from voicerisk.risk.engine import Engine
from voicerisk.tension import CallFacts, TensionSettings

OPT_OUT_LABELS: Final = ("optOut", "opt_out")
"""Stream parameters by which a gateway says that this caller does not want to be scored."""

_YES: Final = frozenset({"true", "yes", "1"})


class CallSettings(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """How calls begin and end."""

    grace_s: Annotated[float, msgspec.Meta(ge=0.0, le=3600.0)] = 30.0
    """How long a call whose connection broke waits for a new one with the same call id before it has ended."""


class FloorSettings(msgspec.Struct, frozen=True, kw_only=True):
    """How calls are followed and judged."""

    call: CallSettings = CallSettings()
    timeline: TimelineSettings = TimelineSettings()
    tension: TensionSettings = TensionSettings()
    risk: RiskConfig = RiskConfig()


class Heard(NamedTuple):
    """An event, and when the risk engine heard of it by its own time (epoch seconds)."""

    event: Event
    at_s: float


class Outcome(msgspec.Struct, frozen=True):
    """What followed: the events in order, and what the risk engine wants done about them.

    `inputs` are those of the events that the engine's state hangs on: all but tension windows that changed nothing.
    """

    events: Sequence[Event] = ()
    actions: Sequence[Action] = ()
    inputs: Sequence[Heard] = ()


class Floor:
    """Opens, continues and ends calls, and carries their events to the risk engine. Pure: `now` is an argument.

    The driver's part: hand gateway events to the `Call`, bring each chunk of `Call.take_chunks` to the model and the
    score back in order, and then `settle` the call.
    """

    def __init__(self, settings: FloorSettings, emotions: Sequence[str]) -> None:
        self.settings = settings
        self.engine = Engine(settings.risk)
        self._emotions = tuple(emotions)
        self._calls: dict[str, Call] = {}
        self._broken_at: dict[str, float] = {}
        # By the gateway's own id: how often it was used, and what the call is called here.
        self._used: dict[str, tuple[int, str]] = {}
        self._orphans: dict[str, float] = {}

    @property
    def calls(self) -> Mapping[str, Call]:
        """The calls that have not ended, by their id."""
        return self._calls

    def restore(self, alerts: Iterable[Alert], now: float) -> None:
        """Goes on with stored alerts after a restart; their calls are over unless they come back in the grace time."""
        known = list(alerts)
        self.engine.adopt(known, now)
        self.wait_for((alert.call_id for alert in known if alert.call_id is not None), now)

    def wait_for(self, calls: Iterable[str], now: float) -> None:
        """After a restart: these calls were on, and are over unless they come back in the grace time."""
        self._orphans |= dict.fromkeys(calls, now)

    def open_stream(self, stream: str, started: StreamStarted, now: float) -> Call:
        """The call that the stream belongs to: a new one from `now` on, or the live or broken one of the same id.

        Raises `ValueError` for channels that cannot be one call's (two of one role, a rate that is not one of sound).
        """
        times, name = self._used.get(started.call_id, (0, ""))
        call = self._calls.get(name)
        if call is None or call.ended_because is not None:
            times += 1
            # The name may be taken: by the call that ends just now, or by a gateway that uses such ids itself.
            while (name := _numbered(started.call_id, times)) in self._calls:
                times += 1
            call = self._new_call(name, started, now)
        call.open_stream(stream, started.channels, started.labels)
        if any(str(started.labels.get(name, "")).lower() in _YES for name in OPT_OUT_LABELS):
            call.opt_out()
        self._remember(started.call_id, times, name)
        self._calls[call.facts.call] = call
        self._broken_at.pop(call.facts.call, None)
        return call

    def close_stream(self, call: Call, stream: str, ended: StreamEnded, now: float) -> None:
        """The stream is gone. After a clean end of its last stream the call is over; else it waits for another."""
        call.close_stream(stream)
        if call.n_streams or call.ended_because is not None:
            return
        if ended.clean or self.settings.call.grace_s == 0.0:
            call.finish(ended.reason)
        else:
            self._broken_at[call.facts.call] = now

    def settle(self, call: Call, now: float) -> Outcome:
        """Takes the call's new events to the risk engine; afterwards an ended call is no longer on the floor."""
        events = call.take_events()
        actions: list[Action] = []
        inputs: list[Heard] = []
        for event in events:
            # A call's own events are heard when they happen: it must not matter how soon the sound came and was scored.
            followed = self.engine.handle(event, min(now, event.at), own=True)
            actions += followed
            if followed or not isinstance(event, TensionWindow):
                inputs.append(Heard(event, self.engine.now_s))
        if call.ended and self._calls.get(call.facts.call) is call:
            del self._calls[call.facts.call]
            self._broken_at.pop(call.facts.call, None)
        return Outcome(events, actions, inputs)

    def tick(self, now: float) -> tuple[list[Call], Outcome]:
        """Calls whose grace has run out (finished here, to be settled by the driver), and what time alone brings."""
        grace_s = self.settings.call.grace_s
        lost = [self._calls[call_id] for call_id, at in self._broken_at.items() if now - at >= grace_s]
        for call in lost:
            del self._broken_at[call.facts.call]
            call.finish("connection lost")
        ends: list[Heard] = []
        actions: list[Action] = []
        for call_id in [call_id for call_id, at in self._orphans.items() if now - at >= grace_s]:
            del self._orphans[call_id]
            if call_id not in self._calls:
                ended = CallEnded(
                    id=f"{call_id}:call.ended:restart", at=now, call=call_id, data=Ended(reason="restart")
                )
                actions += self.engine.handle(ended, now, own=True)
                ends.append(Heard(ended, self.engine.now_s))
        return lost, Outcome([end.event for end in ends], [*actions, *self.engine.tick(now)], ends)

    def finish_all(self, reason: str) -> list[Call]:
        """Every call, finished now (the server stops, the recording is over); the driver settles them."""
        calls = list(self._calls.values())
        self._broken_at.clear()
        for call in calls:
            call.finish(reason)
        return calls

    def _remember(self, gateway_id: str, times: int, name: str) -> None:
        """An id that was used gets a number when it comes again, so that no record is overwritten."""
        self._used.pop(gateway_id, None)
        self._used[gateway_id] = (times, name)
        if len(self._used) > self.settings.risk.max_calls:
            del self._used[next(iter(self._used))]

    def _new_call(self, call_id: str, started: StreamStarted, now: float) -> Call:
        facts = CallFacts(
            call=call_id,
            started_at=round(now, 3),
            customer=_customer(started.labels),
            queue=started.labels.get("queue"),
            agent=started.labels.get("agent"),
        )
        return Call(facts, timeline=self.settings.timeline, tension=self.settings.tension, emotions=self._emotions)


def _numbered(call_id: str, times: int) -> str:
    return call_id if times == 1 else f"{call_id}#{times}"


def _customer(labels: Mapping[str, str]) -> str | None:
    """The customer's keyed hash, where the gateway sends one; anything else might be a number and is not kept."""
    try:
        return msgspec.convert(labels.get("customer"), Customer | None)
    except msgspec.ValidationError:
        return None
