"""Sums and distinct counts over the slots of a window; an old slot is dropped as a whole."""

from math import fsum
from typing import Final

import msgspec

MAX_ITEMS: Final = 500_000
"""Distinct items remembered for one needle; beyond it the one longest unheard of no longer counts."""

_SWEEP: Final = 2
"""Items that no longer count, cleared at each new one: what comes in pays for what goes."""


class Tally(msgspec.Struct, gc=False):
    """A sum for each slot; `total` is that of the slots from `first` on, `oldest` the earliest slot with something."""

    slots: dict[int, float] = {}
    first: int = 0
    total: float = 0.0
    oldest: int | None = None

    def add(self, slot: int, number: float) -> None:
        """So much more in this slot; one that is gone already is not counted any more."""
        if slot < self.first:
            return
        self.slots[slot] = self.slots.get(slot, 0.0) + number
        self.total += number
        if self.oldest is None or slot < self.oldest:
            self.oldest = slot

    def drop(self, first: int) -> None:
        """Slots before `first` stop counting."""
        if first <= self.first:
            return
        self.first = first
        if self.oldest is not None and self.oldest < first:
            self.slots = {slot: number for slot, number in self.slots.items() if slot >= first}
            self.total = fsum(self.slots.values())
            self.oldest = min(self.slots, default=None)

    def clear(self, slot: int) -> None:
        """Nothing is in this slot any more."""
        self.total -= self.slots.pop(slot)
        if slot == self.oldest:
            self.oldest = min(self.slots, default=None)

    def at(self, first: int) -> float:
        """The sum of the slots from `first` on; changes nothing."""
        if first <= self.first:
            return self.total
        return fsum(number for slot, number in self.slots.items() if slot >= first)


class Distinct(msgspec.Struct, gc=False):
    """How many different items there were: each counts in the latest slot in which it was seen."""

    latest: dict[str, int] = {}
    tally: Tally = msgspec.field(default_factory=Tally)

    def add(self, slot: int, item: str) -> None:
        """The item was seen in this slot."""
        if slot < self.tally.first:
            return
        known = self.latest.pop(item, None)
        if known is not None and known >= self.tally.first:
            slot = max(slot, known)
            self.tally.add(known, -1)
            if not self.tally.slots[known]:
                self.tally.clear(known)
        self._sweep()
        self.latest[item] = slot
        self.tally.add(slot, 1)

    def drop(self, first: int) -> None:
        """Slots before `first` stop counting."""
        self.tally.drop(first)

    def at(self, first: int) -> float:
        """How many different items there were from slot `first` on; changes nothing."""
        return self.tally.at(first)

    @property
    def oldest(self) -> int | None:
        """The earliest slot in which something still counts."""
        return self.tally.oldest

    def _sweep(self) -> None:
        for _ in range(_SWEEP):
            front = next(iter(self.latest), None)
            if front is None:
                return
            if (slot := self.latest[front]) >= self.tally.first:
                if len(self.latest) < MAX_ITEMS:
                    return
                self.tally.add(slot, -1)
            del self.latest[front]
