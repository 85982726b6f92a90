"""What may come in: each event once, and only while it still counts.

Ids are remembered in two generations. An event that is admitted is not older than the lateness, so a repetition that
could be admitted comes at most lateness and lead later: a generation of that length, kept for one more, forgets nothing
that matters, and costs the same for every event.
"""

from enum import StrEnum

import msgspec

from voicerisk.events import Event, TensionWindow
from voicerisk.risk.gauges.config import SiteSettings


class RefusalReason(StrEnum):
    """Why an event does not count."""

    DUPLICATE = "duplicate"
    """It was counted before: the sender may take it as delivered."""
    TOO_LATE = "too_late"
    IN_FUTURE = "in_future"


class Refusal(msgspec.Struct, frozen=True, kw_only=True):
    """Why an event does not count, in one word and in plain ones."""

    reason: RefusalReason
    text: str


class IntakeState(msgspec.Struct, frozen=True, kw_only=True):
    """Which ids are remembered. `turned_at_s`: when the younger generation began."""

    young: tuple[str, ...] = ()
    old: tuple[str, ...] = ()
    turned_at_s: float = 0.0


class Intake:
    """Remembers which events came in. Windows of the tension are left out: their media second orders them."""

    __slots__ = ("_old", "_site", "_turned_at_s", "_young", "turned_early")

    def __init__(self, site: SiteSettings) -> None:
        self._site = site
        self._young: dict[str, None] = {}
        self._old: dict[str, None] = {}
        self._turned_at_s = 0.0
        self.turned_early = 0
        """How often ids were forgotten before their time because there were too many."""

    def admit(self, event: Event, now: float, *, own: bool = False) -> Refusal | None:
        """None where the event counts; else why not.

        The service's `own` events, and what it reads back from its own record, are told once and count in any case;
        they are remembered all the same.
        """
        if isinstance(event, TensionWindow):
            return None
        site = self._site
        if not own and event.at < now - site.lateness_s:
            text = f"it happened {now - event.at:.0f} s ago, and counts for {site.lateness_s:g} s at most"
            return Refusal(reason=RefusalReason.TOO_LATE, text=text)
        if not own and event.at > now + site.ahead_s:
            text = f"it is to happen in {event.at - now:.0f} s: is the sender's clock right?"
            return Refusal(reason=RefusalReason.IN_FUTURE, text=text)
        self._turn(now)
        if not own and self.knows(event.id):
            return Refusal(reason=RefusalReason.DUPLICATE, text="an event of this id was counted before")
        self._young[event.id] = None
        return None

    def knows(self, event_id: str) -> bool:
        """Whether an event of this id came in and is remembered."""
        return event_id in self._young or event_id in self._old

    def snapshot(self) -> IntakeState:
        """The ids, to go on with after a restart."""
        return IntakeState(young=tuple(self._young), old=tuple(self._old), turned_at_s=self._turned_at_s)

    def restore(self, state: IntakeState) -> None:
        """Go on with these ids."""
        self._young = dict.fromkeys(state.young)
        self._old = dict.fromkeys(state.old)
        self._turned_at_s = state.turned_at_s

    def _turn(self, now: float) -> None:
        too_many = len(self._young) >= self._site.max_ids // 2
        if not too_many and now - self._turned_at_s < self._site.lateness_s + self._site.ahead_s:
            return
        self.turned_early += too_many
        self._young, self._old = {}, self._young
        self._turned_at_s = now
