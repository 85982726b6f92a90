"""What a switch tells of its legs, as events of the calls that are live here."""

import asyncio
from collections.abc import Callable, Iterable, Mapping
from typing import Final

import msgspec
import structlog

from voicerisk import clock
from voicerisk.control import metrics
from voicerisk.control.place import Legs, LegTemplates, legs_of
from voicerisk.control.switch import LegGone, LegHeld, LegMoved, LegResumed, SeatGone, SwitchEvent
from voicerisk.events import CallEnded, CallHeld, CallResumed, CallTransferred, Ended, Event, Moved

_log = structlog.get_logger(__name__)

INDEX_FOR_S: Final = 0.05
"""How long it is taken for granted which calls are live: a busy switch tells of many legs that are none of ours."""


class LiveCall(msgspec.Struct, frozen=True):
    """A call that goes on now, with what its gateway told of it."""

    id: str
    gateway: str
    labels: Mapping[str, str]


LiveCalls = Callable[[], Iterable[LiveCall]]
Happened = Callable[[Event], None]


class Watch:
    """Turns the legs' events of one gateway's switch into `call.*` events of its calls.

    A hang-up of the customer's leg ends the call, `settle_s` later and only if its audio has not said so by then. Which
    leg is the customer's must be known: without it, only the end of the leg that is named like the call counts.
    """

    def __init__(
        self, gateway: str, templates: LegTemplates, calls: LiveCalls, happened: Happened, settle_s: float
    ) -> None:
        self._gateway = gateway
        self._templates = templates
        self._calls = calls
        self._happened = happened
        self._settle_s = settle_s
        self._found: dict[str, tuple[str, bool]] = {}
        self._found_until_s = 0.0
        self._legs: dict[str, tuple[Mapping[str, str], Legs]] = {}
        self._n = 0
        self._ending: dict[str, asyncio.TimerHandle] = {}

    def take(self, event: SwitchEvent) -> None:
        """Takes one event; what belongs to no live call is let go."""
        if isinstance(event, SeatGone):
            return
        found = next((leg for name in event.names if (leg := self._leg(name)) is not None), None)
        if found is None:
            return
        call_id, is_customer = found
        metrics.events.labels(self._gateway, type(event).__name__).inc()
        if isinstance(event, LegGone):
            if is_customer and call_id not in self._ending:
                later = asyncio.get_running_loop().call_later
                self._ending[call_id] = later(self._settle_s, self._end, call_id, event.reason)
            return
        self._happened(self._event(call_id, event))

    def close(self) -> None:
        """Ends no call any more."""
        for timer in self._ending.values():
            timer.cancel()
        self._ending.clear()

    def _event(self, call_id: str, event: LegHeld | LegResumed | LegMoved) -> Event:
        at_s = clock.now_s()
        match event:
            case LegHeld():
                return CallHeld(id=self._id(call_id, "call.held"), at=at_s, call=call_id)
            case LegResumed():
                return CallResumed(id=self._id(call_id, "call.resumed"), at=at_s, call=call_id)
            case LegMoved():
                return CallTransferred(
                    id=self._id(call_id, "call.transferred"), at=at_s, call=call_id, data=Moved(to=event.to)
                )

    def _end(self, call_id: str, reason: str) -> None:
        del self._ending[call_id]
        if any(call.id == call_id for call in self._calls()):
            _log.info("call ended on the switch", call=call_id, gateway=self._gateway)
            self._happened(
                CallEnded(
                    id=self._id(call_id, "call.ended"),
                    at=clock.now_s(),
                    call=call_id,
                    data=Ended(reason=f"hung up on the switch ({reason})"[:128] if reason else "hung up on the switch"),
                )
            )

    def _id(self, call_id: str, kind: str) -> str:
        self._n += 1
        return f"{call_id}:{kind}:switch:{round(1000 * clock.now_s())}-{self._n}"

    def _leg(self, name: str) -> tuple[str, bool] | None:
        """The call that the leg belongs to, and whether it is the customer's."""
        now_s = clock.monotonic_s()
        if now_s >= self._found_until_s:
            self._found_until_s = now_s + INDEX_FOR_S
            self._found = {}
            live = [call for call in self._calls() if call.gateway == self._gateway]
            self._legs = {call.id: (call.labels, self._legs_of(call)) for call in live}
            for call_id, (_, legs) in self._legs.items():
                self._remember(call_id, legs)
        return self._found.get(name)

    def _legs_of(self, call: LiveCall) -> Legs:
        """Its legs; they are worked out anew only when it has other labels than before."""
        labels, legs = self._legs.get(call.id, (None, Legs()))
        return legs if labels is call.labels else legs_of(self._templates, call.id, call.labels)

    def _remember(self, call_id: str, legs: Legs) -> None:
        if legs.agent:
            self._found[legs.agent] = (call_id, False)
        if legs.call:
            self._found[legs.call] = (call_id, legs.call != legs.agent and legs.customer in ("", legs.call))
        if legs.customer:
            self._found[legs.customer] = (call_id, True)
