"""The ratio of what is missing: of the calls that needed a note, those that have none some time after their end."""

from collections.abc import Callable, Sequence
from heapq import heappop, heappush
from typing import Final

import msgspec

from voicerisk.risk.gauges.config import GaugeConfig
from voicerisk.risk.gauges.counting import Pair, divided
from voicerisk.risk.gauges.facts import Fact
from voicerisk.risk.gauges.held import NEVER
from voicerisk.risk.gauges.kind import Role
from voicerisk.risk.gauges.picks import item_of
from voicerisk.risk.gauges.sweeping import sweep
from voicerisk.risk.gauges.tally import Tally
from voicerisk.risk.gauges.windows import Slots

MAX_ITEMS: Final = 200_000
"""Items remembered for one gauge; what comes later for one that was forgotten changes nothing any more."""

Reached = Callable[[Fact, bool], bool]
"""Whether a fact's item counts at all, by what other gauges show for it now; True: only those of the item itself."""


class Owed(msgspec.Struct, gc=False):
    """An item, and what is known of it. `fact` is its own event (without its data), None until it is heard."""

    at_s: float
    key: str = ""
    fact: Fact | None = None
    supplied: bool = False
    counts: bool = False
    missing: bool = False
    judged: bool = False


class Gap(msgspec.Struct, gc=False):
    """What one key's items lack: the ratio, and a heap of (when to judge, item)."""

    ratio: Pair[Tally, Tally] = msgspec.field(default_factory=lambda: Pair(Tally(), Tally()))
    waiting: list[tuple[float, str]] = []


class OwedItems(msgspec.Struct):
    """Every item of a gauge."""

    known: dict[str, Owed] = {}


class Lacking:
    """Items `among` that lack one of the events `lacking`, judged `grace_s` after their own event.

    What is supplied after that takes the item out of the gap again, as long as its slot counts.
    """

    meter_type = Gap
    only_falls = False

    def __init__(self, config: GaugeConfig, slots: Slots, lateness_s: float, reached: Reached) -> None:
        self.memory = OwedItems()
        self._item = item_of(config.item)
        self._grace_s = config.grace_s
        self._slots = slots
        self._keep_s = max(lateness_s, config.grace_s)
        self._reached = reached

    def new(self) -> Gap:
        """Nothing owed."""
        return Gap()

    def apply(
        self, role: Role, fact: Fact, number: float, key: str | None, meter: Callable[[str], Gap]
    ) -> Sequence[str]:
        """An item came to its event, or something was supplied for it; in any order."""
        name = self._item(fact)
        if name is None or (role is Role.AMONG and key is None):
            return ()
        known = self.memory.known
        owed = known.get(name)
        if owed is None:
            sweep(known, lambda other: self._done(other, fact.at_s))
            if len(known) >= MAX_ITEMS:
                del known[next(iter(known))]
            owed = known[name] = Owed(at_s=fact.at_s)
        if role is Role.LACKING:
            owed.supplied = True
            if not owed.missing:
                return ()
            owed.missing = False
            meter(owed.key).ratio.over.add(self._slots.slot(owed.at_s), -1.0)
            return (owed.key,)
        if key is None or owed.fact is not None:
            return ()
        owed.key, owed.at_s = key, fact.at_s
        owed.fact = msgspec.structs.replace(fact, data=None)
        # Now, because the customer's next call says nothing of this one; and again when it is judged, because that this
        # call was transferred may be heard late.
        owed.counts = self._reached(fact, False)
        heappush(meter(key).waiting, (fact.at_s + self._grace_s, name))
        return (key,)

    def settle(self, meter: Gap, at_s: float) -> float:
        """Judges the items whose time is up, and drops what is out of the window."""
        while meter.waiting and meter.waiting[0][0] <= at_s:
            owed = self.memory.known.get(heappop(meter.waiting)[1])
            if owed is None or owed.fact is None or owed.judged:
                continue
            owed.judged = True
            if owed.counts or self._reached(owed.fact, True):
                slot = self._slots.slot(owed.at_s)
                meter.ratio.under.add(slot, 1.0)
                if not owed.supplied:
                    owed.missing = True
                    meter.ratio.over.add(slot, 1.0)
        first = self._slots.first(at_s)
        meter.ratio.over.drop(first)
        meter.ratio.under.drop(first)
        return divided(meter.ratio, first)

    def value(self, meter: Gap, at_s: float) -> float:
        """The share of the items that lack it."""
        return divided(meter.ratio, self._slots.first(at_s))

    def due_s(self, meter: Gap, at_s: float) -> float:
        """When the next item is judged, or the oldest slot goes."""
        oldest = meter.ratio.under.oldest
        gone_s = NEVER if oldest is None else self._slots.gone_s(oldest)
        return min(gone_s, meter.waiting[0][0]) if meter.waiting else gone_s

    def at_rest(self, meter: Gap) -> bool:
        """Whether nothing is counted, and nothing waits."""
        return not meter.waiting and meter.ratio.under.oldest is None

    def _done(self, owed: Owed, at_s: float) -> bool:
        if owed.fact is not None and not owed.judged:
            return False
        if owed.missing and self._slots.gone_s(self._slots.slot(owed.at_s)) > at_s:
            return False
        return owed.at_s + self._keep_s < at_s
