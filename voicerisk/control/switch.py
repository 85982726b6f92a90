"""What every switch's adapter can be asked, and what it tells."""

from collections.abc import Callable, Mapping
from typing import Protocol

import msgspec

from voicerisk.control.link import Link
from voicerisk.control.modes import Mode
from voicerisk.control.place import Place


class Seat(msgspec.Struct, frozen=True, kw_only=True):
    """A supervisor's own leg on the switch. `words` say what is left to do by hand, empty where all is done."""

    leg: str
    words: str = ""


class LegGone(msgspec.Struct, frozen=True):
    """A leg has hung up; `names` are the switch's names for it (id, channel name)."""

    names: tuple[str, ...]
    reason: str = ""


class LegHeld(msgspec.Struct, frozen=True):
    """A party was put on hold."""

    names: tuple[str, ...]


class LegResumed(msgspec.Struct, frozen=True):
    """The hold is over."""

    names: tuple[str, ...]


class LegMoved(msgspec.Struct, frozen=True):
    """A party was passed on; `to` is the unit's name or extension, "outside" for a number."""

    names: tuple[str, ...]
    to: str


class SeatGone(msgspec.Struct, frozen=True):
    """The leg of the supervisor whose session has this key has ended."""

    key: str
    words: str = ""


SwitchEvent = LegGone | LegHeld | LegResumed | LegMoved | SeatGone
Tell = Callable[[SwitchEvent], None]


class Switch(Protocol):
    """One gateway's way to act on its calls. Every method may be cancelled, and then leaves nothing running here."""

    @property
    def cannot(self) -> Mapping[Mode, str]:
        """The modes that this switch has no call for, each with why in plain words."""

    @property
    def ring_s(self) -> float:
        """How long `enter` may wait for the supervisor to pick up, besides the switch's own time; 0 if it does not."""

    @property
    def link(self) -> Link | None:
        """The standing connection over which events come, or None where there is none."""

    async def enter(self, mode: Mode, at: Place, seat: Seat | None) -> Seat:
        """The supervisor's seat, in that mode: a new one, or `seat` changed. Raises `SwitchError`."""

    async def leave(self, at: Place, seat: Seat | None) -> str:
        """Takes the supervisor off; gives what is left to do by hand, or "". Raises `SwitchError`.

        Without a seat it removes what an `enter` that was cut short may have left. A leg that is gone counts as done.
        """

    async def follow(self, tell: Tell) -> None:
        """Tells events for as long as it runs, over breaks of the connection; returns where the switch tells none."""

    async def close(self) -> None:
        """Lets go of connections."""
