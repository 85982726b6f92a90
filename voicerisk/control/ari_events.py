"""What Asterisk's ARI events mean for us. Pure.

Source: https://docs.asterisk.org/Asterisk_22_Documentation/API_Documentation/Asterisk_REST_Interface/
"""

from collections.abc import Mapping, Sequence
from typing import Any, Final

import msgspec

from voicerisk.control.switch import LegGone, LegHeld, LegMoved, LegResumed, SwitchEvent
from voicerisk.control.units import unit

WANTED: Final = (
    "StasisStart",
    "StasisEnd",
    "ChannelDestroyed",
    "ChannelHold",
    "ChannelUnhold",
    "BridgeBlindTransfer",
    "BridgeAttendedTransfer",
    "ApplicationReplaced",
)
"""The types to ask Asterisk for; all others are of no use here and many."""


class AriEvent(msgspec.Struct, frozen=True):
    """The type of an event, and its channel's id and name ("" where it has none)."""

    kind: str
    channel: str
    name: str
    cause: int
    facts: Sequence[SwitchEvent]


def read_event(text: str | bytes) -> AriEvent | None:
    """The event in a websocket message, with what it says about legs; None for what is no event."""
    try:
        event = msgspec.json.decode(text)
    except (msgspec.DecodeError, UnicodeError, RecursionError):
        return None
    if not isinstance(event, dict) or not isinstance(event.get("type"), str):
        return None
    kind = event["type"]
    channel, name = _names(event.get("channel"))
    cause = event.get("cause")
    return AriEvent(
        kind=kind,
        channel=channel,
        name=name,
        cause=cause if isinstance(cause, int) else 0,
        facts=_facts(kind, event),
    )


def _facts(kind: str, event: Mapping[str, Any]) -> Sequence[SwitchEvent]:
    own = _known(event.get("channel"))
    match kind:
        case "ChannelDestroyed":
            reason = event.get("cause_txt")
            return (LegGone(own, reason[:64] if isinstance(reason, str) else ""),) if own else ()
        case "ChannelHold":
            return (LegHeld(own),) if own else ()
        case "ChannelUnhold":
            return (LegResumed(own),) if own else ()
        case "BridgeBlindTransfer" if event.get("result") == "Success":
            names = (*_known(event.get("transferee")), *_known(event.get("channel")))
            return (LegMoved(names, unit(event.get("exten"))),) if names else ()
        case "BridgeAttendedTransfer" if event.get("result") == "Success":
            names = (*_known(event.get("transferee")), *_known(event.get("transferer_first_leg")))
            return (LegMoved(names, unit(_extension(event.get("transfer_target")))),) if names else ()
        case _:
            return ()


def _names(channel: Any) -> tuple[str, str]:
    if not isinstance(channel, dict):
        return "", ""
    id_, name = channel.get("id"), channel.get("name")
    return (id_ if isinstance(id_, str) else "", name if isinstance(name, str) else "")


def _known(channel: Any) -> tuple[str, ...]:
    return tuple(name for name in _names(channel) if name)


def _extension(channel: Any) -> Any:
    """The extension that a channel stands at in the dialplan."""
    dialplan = channel.get("dialplan") if isinstance(channel, dict) else None
    return dialplan.get("exten") if isinstance(dialplan, dict) else None
