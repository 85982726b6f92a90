"""What a supervisor asks for, what is on offer, and why it may not even be tried."""

from collections.abc import Mapping, Sequence
from typing import Final

import msgspec

from voicerisk.control.modes import Mode
from voicerisk.control.settings import SwitchControl
from voicerisk.control.switch import Switch

LEAVE: Final = "leave"


class UnknownCallError(LookupError):
    """There is no such live call."""


class NotConfirmedError(ValueError):
    """A customer would hear it, and the person has not said twice that it is wanted."""


class Order(msgspec.Struct, frozen=True, kw_only=True):
    """Who asks, on which call, because of which alert; `confirmed` is True for what was asked for twice."""

    call_id: str
    person: str
    alert_id: str | None = None
    confirmed: bool = False


class Offer(msgspec.Struct, frozen=True, kw_only=True):
    """What one gateway's switch can do, and how the connection to it stands. For screens and for health checks."""

    kind: str
    modes: tuple[Mode, ...]
    cannot: Mapping[Mode, str]
    confirm: tuple[Mode, ...]
    events: bool
    problem: str | None
    """Why the standing connection is down; None where it stands or there is none."""


def offer_of(settings: SwitchControl, switch: Switch, confirm: Sequence[Mode]) -> Offer:
    """What a switch can do, and how it stands now."""
    return Offer(
        kind=str(settings.__struct_config__.tag),
        modes=tuple(mode for mode in Mode if mode not in switch.cannot),
        cannot=switch.cannot,
        confirm=tuple(mode for mode in confirm if mode not in switch.cannot),
        events=switch.link is not None,
        problem=None if switch.link is None else switch.link.problem,
    )
