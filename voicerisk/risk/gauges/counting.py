"""Kinds that count in a window: `count`, `ratio` and `mean`."""

from collections.abc import Callable, Sequence
from typing import Any, Final, Generic, TypeVar

import msgspec

from voicerisk.risk.gauges.config import GaugeConfig, GaugeKind
from voicerisk.risk.gauges.facts import Fact
from voicerisk.risk.gauges.held import NEVER
from voicerisk.risk.gauges.kind import Role
from voicerisk.risk.gauges.picks import item_of
from voicerisk.risk.gauges.tally import Distinct, Tally
from voicerisk.risk.gauges.windows import Slots

DECIMALS: Final = 4
"""Values are rounded before any decision."""

A = TypeVar("A", Tally, Distinct)
B = TypeVar("B", Tally, Distinct)


class Count:
    """Events in the window, or the sum of `of.field`."""

    meter_type = Tally
    memory = None
    only_falls = True

    def __init__(self, slots: Slots) -> None:
        self._slots = slots

    def new(self) -> Tally:
        """Nothing counted."""
        return Tally()

    def apply(
        self, role: Role, fact: Fact, number: float, key: str | None, meter: Callable[[str], Tally]
    ) -> Sequence[str]:
        """One more, in the slot of its own time."""
        if key is None:
            return ()
        meter(key).add(self._slots.slot(fact.at_s), number)
        return (key,)

    def settle(self, meter: Tally, at_s: float) -> float:
        """Drops what is out of the window; how many are left."""
        meter.drop(self._slots.first(at_s))
        return round(meter.total, DECIMALS)

    def value(self, meter: Tally, at_s: float) -> float:
        """How many."""
        return round(meter.at(self._slots.first(at_s)), DECIMALS)

    def due_s(self, meter: Tally, at_s: float) -> float:
        """When the oldest slot goes."""
        return _next_gone_s(self._slots, meter)

    def at_rest(self, meter: Tally) -> bool:
        """Whether nothing is in the window."""
        return not meter.slots


class CountDistinct:
    """Different calls, customers or incidents in the window."""

    meter_type = Distinct
    memory = None
    only_falls = True

    def __init__(self, slots: Slots, per: str) -> None:
        self._slots = slots
        self._item = item_of(per)

    def new(self) -> Distinct:
        """Nothing counted."""
        return Distinct()

    def apply(
        self, role: Role, fact: Fact, number: float, key: str | None, meter: Callable[[str], Distinct]
    ) -> Sequence[str]:
        """This one was seen, in the slot of its own time."""
        item = self._item(fact)
        if key is None or item is None:
            return ()
        meter(key).add(self._slots.slot(fact.at_s), item)
        return (key,)

    def settle(self, meter: Distinct, at_s: float) -> float:
        """Drops what is out of the window; how many different ones are left."""
        meter.drop(self._slots.first(at_s))
        return round(meter.tally.total, DECIMALS)

    def value(self, meter: Distinct, at_s: float) -> float:
        """How many different ones."""
        return round(meter.at(self._slots.first(at_s)), DECIMALS)

    def due_s(self, meter: Distinct, at_s: float) -> float:
        """When the oldest slot goes."""
        return _next_gone_s(self._slots, meter)

    def at_rest(self, meter: Distinct) -> bool:
        """Whether nothing is in the window."""
        return not meter.tally.slots


class Pair(msgspec.Struct, Generic[A, B], gc=False):
    """What is divided, and by what."""

    over: A
    under: B


class Divided:
    """`ratio` and `mean`: what counts above the line and below it depends on the configuration.

    | kind  | given      | above                 | below                         |
    |-------|------------|-----------------------|-------------------------------|
    | ratio |            | `of`                  | `among`                       |
    | ratio | `per`      | distinct `per` in `of`| distinct in `of` or `among`   |
    | mean  | `of.field` | sum of the field      | `of`                          |
    | mean  | `per`      | `of`                  | distinct in `of` or `among`   |
    | mean  | `among`    | `of`                  | `among`                       |
    """

    memory = None
    only_falls = False

    def __init__(self, slots: Slots, config: GaugeConfig) -> None:
        self._slots = slots
        self._per = item_of(config.per) if config.per else None
        self._distinct_over = config.kind is GaugeKind.RATIO and config.per is not None
        self._of_below = config.kind is GaugeKind.MEAN and config.of is not None and config.of.field != ""
        over: Any = Distinct if self._distinct_over else Tally
        under: Any = Distinct if config.per else Tally
        self._over, self._under = over, under
        self.meter_type: Any = Pair[over, under]

    def new(self) -> Pair[Any, Any]:
        """Nothing counted."""
        return Pair(self._over(), self._under())

    def apply(
        self, role: Role, fact: Fact, number: float, key: str | None, meter: Callable[[str], Pair[Any, Any]]
    ) -> Sequence[str]:
        """Counts above or below the line, in the slot of the fact's own time."""
        item = self._per(fact) if self._per else None
        if key is None or (self._per and item is None):
            return ()
        pair = meter(key)
        slot = self._slots.slot(fact.at_s)
        if role is Role.OF:
            pair.over.add(slot, item if self._distinct_over else number)
        if self._per:
            pair.under.add(slot, item)
        elif role is Role.AMONG:
            pair.under.add(slot, number)
        elif self._of_below:
            pair.under.add(slot, 1.0)
        return (key,)

    def settle(self, meter: Pair[Any, Any], at_s: float) -> float:
        """Drops what is out of the window; above by below of what is left."""
        first = self._slots.first(at_s)
        meter.over.drop(first)
        meter.under.drop(first)
        return divided(meter, first)

    def value(self, meter: Pair[Any, Any], at_s: float) -> float:
        """Above by below; 0 where there is nothing below."""
        return divided(meter, self._slots.first(at_s))

    def due_s(self, meter: Pair[Any, Any], at_s: float) -> float:
        """When the oldest slot goes."""
        return min(_next_gone_s(self._slots, meter.over), _next_gone_s(self._slots, meter.under))

    def at_rest(self, meter: Pair[Any, Any]) -> bool:
        """Whether nothing is in the window."""
        return meter.over.oldest is None and meter.under.oldest is None


def divided(pair: Pair[Any, Any], first: int) -> float:
    """What is above by what is below the line from slot `first` on; 0 where there is nothing below."""
    below = pair.under.at(first)
    return round(pair.over.at(first) / below, DECIMALS) if below > 0.0 else 0.0


def _next_gone_s(slots: Slots, counted: Tally | Distinct) -> float:
    oldest = counted.oldest
    return NEVER if oldest is None else slots.gone_s(oldest)
