"""What FreeSWITCH's channel events mean for us. Pure."""

from collections import OrderedDict
from collections.abc import Mapping, Sequence
from typing import Any, Final

import msgspec

from voicerisk.control.switch import LegGone, LegHeld, LegMoved, LegResumed, SwitchEvent
from voicerisk.control.units import unit

WANTED: Final = (
    "BACKGROUND_JOB", "CHANNEL_HANGUP_COMPLETE", "CHANNEL_HOLD", "CHANNEL_UNHOLD", "CHANNEL_BRIDGE",
)  # fmt: skip
"""The events to ask FreeSWITCH for."""

_MAX_PEERS: Final = 20_000


def read_event(body: bytes) -> Mapping[str, str] | None:
    """The headers of an event in JSON; None for what is none."""
    try:
        event: Any = msgspec.json.decode(body)
    except (msgspec.DecodeError, UnicodeError, RecursionError):
        return None
    if not isinstance(event, dict):
        return None
    return {name: value for name, value in event.items() if isinstance(value, str)}


class Bridges:
    """Remembers who was bridged with whom: a leg that is bridged with another than before was passed on."""

    def __init__(self) -> None:
        self._peers: OrderedDict[str, str] = OrderedDict()

    def facts_in(self, event: Mapping[str, str]) -> Sequence[SwitchEvent]:
        """What an event says about legs; nothing for most."""
        leg = event.get("Unique-ID", "")
        match event.get("Event-Name"):
            case "CHANNEL_HANGUP_COMPLETE" if leg:
                self._peers.pop(leg, None)
                return (LegGone((leg,), event.get("Hangup-Cause", "")[:64]),)
            case "CHANNEL_HOLD" if leg:
                return (LegHeld((leg,)),)
            case "CHANNEL_UNHOLD" if leg:
                return (LegResumed((leg,)),)
            case "CHANNEL_BRIDGE":
                a_leg = event.get("Bridge-A-Unique-ID", leg)
                b_leg = event.get("Bridge-B-Unique-ID", event.get("Other-Leg-Unique-ID", ""))
                return self._bridged(a_leg, b_leg, unit(event.get("Other-Leg-Destination-Number")))
            case _:
                return ()

    def _bridged(self, a_leg: str, b_leg: str, to: str) -> Sequence[SwitchEvent]:
        if not a_leg or not b_leg:
            return ()
        moved = []
        for leg, peer in ((a_leg, b_leg), (b_leg, a_leg)):
            before = self._peers.get(leg)
            self._peers[leg] = peer
            if before is not None and before != peer:
                moved.append(LegMoved((leg,), to))
        while len(self._peers) > _MAX_PEERS:
            self._peers.popitem(last=False)
        return moved
