"""Items that are open: how many (`count`), and how old the oldest is (`max_age`)."""

from bisect import insort
from collections.abc import Callable, Sequence
from functools import partial
from heapq import heapify, heappop, heappush
from itertools import takewhile
from typing import Final

import msgspec

from voicerisk.risk.gauges.config import GaugeConfig
from voicerisk.risk.gauges.counting import DECIMALS
from voicerisk.risk.gauges.facts import Fact
from voicerisk.risk.gauges.held import NEVER
from voicerisk.risk.gauges.kind import Role
from voicerisk.risk.gauges.picks import item_of, label
from voicerisk.risk.gauges.sweeping import sweep

MAX_ITEMS: Final = 200_000
"""Items remembered for one gauge, open or closed; beyond it the one longest unheard of is given up."""
_MAX_OPENINGS: Final = 8


class Opening(msgspec.Struct, frozen=True, order=True, gc=False):
    """When an item was opened, for which key, and by when it is due (epoch seconds; without a due time, `at_s`)."""

    at_s: float
    key: str
    ref_s: float


class Item(msgspec.Struct, gc=False):
    """What is known of one item: when it was last closed, what opened it since, and where it counts now.

    An opening that is heard of after its own closing is thereby known to be over.
    """

    closed_at_s: float = -1.0
    openings: list[Opening] = []
    key: str | None = None
    ref_s: float = 0.0


class OpenItems(msgspec.Struct, gc=False):
    """The open items of one key: how many, and a heap of (when its age begins, item, key), some of it out of date."""

    n_open: int = 0
    heap: list[tuple[float, str, str]] = []


class Items(msgspec.Struct):
    """Every item of a gauge; `given_up` counts those for which there was no more room."""

    known: dict[str, Item] = {}
    given_up: int = 0


class Open:
    """Items between their opening and their closing event; events may come in any order."""

    meter_type = OpenItems

    def __init__(self, config: GaugeConfig, lateness_s: float, marks: Sequence[float] | None) -> None:
        """Ages where `marks` are given: the ages that matter, in rising order; else numbers."""
        self.memory = Items()
        self.only_falls = marks is None
        self._item = item_of(config.item)
        self._due = config.due
        self._least = -config.notice_s if config.due else 0.0
        self._marks = marks
        self._lateness_s = lateness_s

    def new(self) -> OpenItems:
        """Nothing is open."""
        return OpenItems()

    def apply(
        self, role: Role, fact: Fact, number: float, key: str | None, meter: Callable[[str], OpenItems]
    ) -> Sequence[str]:
        """Opens or closes the fact's item. An item that is opened elsewhere moves there."""
        name = self._item(fact)
        if name is None or (role is Role.OPENS and key is None):
            return ()
        known = self.memory.known
        item = known.get(name)
        if item is None:
            sweep(known, partial(_is_past, fact.at_s - self._lateness_s))
            item = known[name] = Item()
        if role is Role.CLOSES:
            item.closed_at_s = max(item.closed_at_s, fact.at_s)
            if item.openings:
                item.openings = [opening for opening in item.openings if opening.at_s > item.closed_at_s]
        elif key is not None and fact.at_s > item.closed_at_s:
            ref_s = label(fact, self._due) if self._due else fact.at_s
            insort(item.openings, Opening(fact.at_s, key, fact.at_s if ref_s is None else ref_s))
            if len(item.openings) > _MAX_OPENINGS:
                # The first opening says since when, the last one where and by when: what lies between may go.
                del item.openings[1]
        moved = self._place(name, item, meter)
        if len(known) <= MAX_ITEMS:
            return moved
        front = next(iter(known))
        given_up = known[front]
        given_up.openings = []
        moved = (*moved, *self._place(front, given_up, meter))
        del known[front]
        self.memory.given_up += 1
        return tuple(dict.fromkeys(moved))

    def settle(self, meter: OpenItems, at_s: float) -> float:
        """Clears what is out of date at the top of the heap."""
        while meter.heap and not self._counts(*meter.heap[0]):
            heappop(meter.heap)
        return self.value(meter, at_s)

    def value(self, meter: OpenItems, at_s: float) -> float:
        """How many, or the age of the oldest in seconds."""
        if self._marks is None:
            return float(meter.n_open)
        return max(self._least, round(at_s - meter.heap[0][0], DECIMALS)) if meter.heap else self._least

    def due_s(self, meter: OpenItems, at_s: float) -> float:
        """When the oldest reaches the next age that matters."""
        if self._marks is None or not meter.heap:
            return NEVER
        ref_s = meter.heap[0][0]
        age_s = round(at_s - ref_s, DECIMALS)
        return next((ref_s + mark for mark in self._marks if mark > age_s), NEVER)

    def at_rest(self, meter: OpenItems) -> bool:
        """Whether nothing is open."""
        return meter.n_open == 0

    def _place(self, name: str, item: Item, meter: Callable[[str], OpenItems]) -> tuple[str, ...]:
        key, ref_s = item.key, item.ref_s
        if item.openings:
            last = item.openings[-1]
            # Opened again for the same key, it is one wait; elsewhere, or with a new due time, the latest word counts.
            run = takewhile(lambda opening: opening.key == last.key, reversed(item.openings))
            item.key, item.ref_s = last.key, last.ref_s if self._due else min(opening.at_s for opening in run)
        else:
            item.key = None
        if item.key == key and item.ref_s == ref_s:
            return ()
        if key is not None:
            self._tidy(meter(key), -1 if item.key != key else 0)
        if item.key is None:
            return () if key is None else (key,)
        there = meter(item.key)
        there.n_open += item.key != key
        heappush(there.heap, (item.ref_s, name, item.key))
        return (item.key,) if key is None or key == item.key else (key, item.key)

    def _tidy(self, meter: OpenItems, more: int) -> None:
        # A needle that was given up starts at nothing, while what it counted may still be closed.
        meter.n_open = max(0, meter.n_open + more)
        if len(meter.heap) > 2 * meter.n_open + 16:
            meter.heap = [entry for entry in meter.heap if self._counts(*entry)]
            heapify(meter.heap)

    def _counts(self, ref_s: float, name: str, key: str) -> bool:
        item = self.memory.known.get(name)
        return item is not None and item.key == key and item.ref_s == ref_s


def _is_past(before_s: float, item: Item) -> bool:
    return item.key is None and item.closed_at_s < before_s
