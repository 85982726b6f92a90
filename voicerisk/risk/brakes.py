"""Brakes: what an automatic step may never do unless the site says so in words, and how often it may do the rest.

An automatic step may add help: staff, messages to staff, tasks. It puts nobody into a call and writes to no customer
unless the site's configuration holds the very sentence that says it may; and it does nothing more often than the set
number of times an hour. A person's own hand is never braked.
"""

from collections import deque
from typing import Annotated, Final

import msgspec

from voicerisk.risk.procedures import Reach

HOUR_S: Final = 3600.0

SENTENCES: Final = {
    Reach.CALL: "Voicerisk may put a supervisor into a call without a person's decision.",
    Reach.CUSTOMER: "Voicerisk may write to customers without a person's decision.",
}
"""What a site has to write out, letter for letter, before an automatic step may reach so far."""

AtLeastOne = Annotated[int, msgspec.Meta(ge=1)]


class BrakesConfig(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """How far and how often automatic steps may go.

    Attributes:
        per_procedure_per_hour: Automatic actions of one procedure in any sixty minutes.
        per_site_per_hour: Automatic actions of all procedures together in any sixty minutes.
        allow_automatic: Sentences of `SENTENCES`, written out.
    """

    per_procedure_per_hour: AtLeastOne = 12
    per_site_per_hour: AtLeastOne = 60
    allow_automatic: tuple[str, ...] = ()

    def allows(self, reach: Reach) -> bool:
        """Whether an automatic action may reach so far at all."""
        return reach not in SENTENCES or SENTENCES[reach] in self.allow_automatic


class BrakesState(msgspec.Struct, kw_only=True):
    """When each procedure's automatic actions ran, epoch seconds, the oldest first; nothing older than an hour."""

    ran_at_s: dict[str, list[float]] = {}


class Brakes:
    """Counts what ran by itself, and says no in time."""

    def __init__(self, config: BrakesConfig) -> None:
        self._config = config
        self._ran: dict[str, deque[float]] = {}

    def refusal(self, procedure: str, reach: Reach, now: float) -> str | None:
        """Why this action may not run by itself at `now`, in words; None: it may, and is counted as run."""
        if not self._config.allows(reach):
            return f"never by itself: [risk.brakes] allow_automatic does not hold the sentence {SENTENCES[reach]!r}"
        self._forget(now)
        mine = self._ran.get(procedure, ())
        if len(mine) >= (most := self._config.per_procedure_per_hour):
            return f"this procedure has acted by itself {len(mine)} times within the hour; {most} is the most"
        all_ = sum(map(len, self._ran.values()))
        if all_ >= (most := self._config.per_site_per_hour):
            return f"procedures have acted by themselves {all_} times within the hour; {most} is the most"
        self._ran.setdefault(procedure, deque()).append(now)
        return None

    def snapshot(self) -> BrakesState:
        """What has to be remembered over a restart."""
        return BrakesState(ran_at_s={name: list(times) for name, times in self._ran.items()})

    def restore(self, state: BrakesState) -> None:
        """Go on from a snapshot."""
        self._ran = {name: deque(times) for name, times in state.ran_at_s.items()}

    def _forget(self, now: float) -> None:
        for name, times in list(self._ran.items()):
            while times and now - times[0] >= HOUR_S:
                times.popleft()
            if not times:
                del self._ran[name]
