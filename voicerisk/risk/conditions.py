"""What a rule asks, as a tree: zones and values of needles, labels of the place, joined by and, or, not.

A needle that has shown nothing yet, or a label that is not there, makes a comparison false, whatever it compares with.
"""

from collections.abc import Callable, Iterator
from enum import StrEnum
from typing import Final

import msgspec

from voicerisk.events import Zone
from voicerisk.risk.gauges import Reading
from voicerisk.zones import SEVERITY

PLAIN_LABELS: Final = ("call", "customer", "incident", "queue", "reason")
"""Labels that are written bare; all others are the call's own and are written with `label.` before them."""


class Order(StrEnum):
    """How a zone or a value is compared; for zones, worse is more."""

    AT_LEAST = ">="
    ABOVE = ">"
    EQUAL = "=="
    UNEQUAL = "!="
    AT_MOST = "<="
    BELOW = "<"


class ZoneIs(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """True while the gauge stands in this zone or a worse one (or as `order` says)."""

    gauge: str
    zone: Zone = Zone.RED
    order: Order = Order.AT_LEAST


class ValueIs(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """True while the gauge's value, in its own unit, compares so with the number."""

    gauge: str
    order: Order
    number: float


class LabelIs(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """True where the label has one of these values; `label` is one of `PLAIN_LABELS`, or "label.<name>"."""

    label: str
    values: tuple[str, ...]


class Not(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """True where `part` is not."""

    part: "Condition"


class AllOf(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """True where every part is: two or more, none of them an `AllOf`."""

    parts: tuple["Condition", ...]


class AnyOf(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """True where at least one part is: two or more, none of them an `AnyOf`."""

    parts: tuple["Condition", ...]


Leaf = ZoneIs | ValueIs | LabelIs
Condition = Leaf | Not | AllOf | AnyOf

ReadingOf = Callable[[str], Reading | None]
LabelOf = Callable[[str], str | None]


def holds(condition: Condition, reading_of: ReadingOf, label_of: LabelOf) -> bool:
    """Whether the condition is true where `reading_of` gives the needle of a gauge and `label_of` the label's value."""
    match condition:
        case ZoneIs(gauge=gauge, zone=zone, order=order):
            reading = reading_of(gauge)
            return reading is not None and compare(SEVERITY[reading.zone], order, SEVERITY[zone])
        case ValueIs(gauge=gauge, order=order, number=number):
            reading = reading_of(gauge)
            return reading is not None and compare(reading.value, order, number)
        case LabelIs(label=label, values=values):
            return label_of(label) in values
        case Not(part=part):
            return not holds(part, reading_of, label_of)
        case AllOf(parts=parts):
            return all(holds(part, reading_of, label_of) for part in parts)
        case AnyOf(parts=parts):
            return any(holds(part, reading_of, label_of) for part in parts)


def compare(left: float, order: Order, right: float) -> bool:
    """Whether the two stand in this order."""
    match order:
        case Order.AT_LEAST:
            return left >= right
        case Order.ABOVE:
            return left > right
        case Order.EQUAL:
            return left == right
        case Order.UNEQUAL:
            return left != right
        case Order.AT_MOST:
            return left <= right
        case Order.BELOW:
            return left < right


def lingering(condition: Condition) -> Condition:
    """The condition with every zone that has to be reached lowered to amber: while it is true, nothing is calm yet.

    It is true wherever `condition` is. What stands under a `not` stays as it is.
    """
    match condition:
        case ZoneIs(gauge=gauge) if not compare(SEVERITY[Zone.GREEN], condition.order, SEVERITY[condition.zone]):
            return ZoneIs(gauge=gauge, zone=Zone.AMBER)
        case AllOf(parts=parts):
            return AllOf(parts=tuple(map(lingering, parts)))
        case AnyOf(parts=parts):
            return AnyOf(parts=tuple(map(lingering, parts)))
        case _:
            return condition


def leaves(condition: Condition) -> Iterator[Leaf]:
    """Every comparison in the condition, from left to right."""
    match condition:
        case Not(part=part):
            yield from leaves(part)
        case AllOf(parts=parts) | AnyOf(parts=parts):
            for part in parts:
                yield from leaves(part)
        case _:
            yield condition


def gauges_in(condition: Condition) -> frozenset[str]:
    """The gauges that the condition looks at."""
    return frozenset(leaf.gauge for leaf in leaves(condition) if not isinstance(leaf, LabelIs))


def values_in(condition: Condition) -> frozenset[str]:
    """The gauges whose very value the condition looks at, so that it may change without a zone being crossed."""
    return frozenset(leaf.gauge for leaf in leaves(condition) if isinstance(leaf, ValueIs))


def always_true(condition: Condition) -> bool:
    """Whether every needle at green, and any label, make it true: then it says nothing."""
    match condition:
        case ZoneIs(zone=zone, order=order):
            return all(compare(SEVERITY[stands], order, SEVERITY[zone]) for stands in Zone)
        case AllOf(parts=parts):
            return all(map(always_true, parts))
        case AnyOf(parts=parts):
            return any(map(always_true, parts))
        case _:
            return False


def written(condition: Condition) -> str:
    """The condition in the one way to write it; `grammar.parse_condition` makes the same condition of it again."""
    match condition:
        case ZoneIs(gauge=gauge, zone=zone, order=order):
            return f"{gauge} {order} {zone}"
        case ValueIs(gauge=gauge, order=order, number=number):
            return f"{gauge}.value {order} {_number(number)}"
        case LabelIs(label=label, values=(value,)):
            return f"{label} == {_quoted(value)}"
        case LabelIs(label=label, values=values):
            return f"{label} in ({', '.join(map(_quoted, values))})"
        case Not(part=LabelIs(label=label, values=(value,))):
            return f"{label} != {_quoted(value)}"
        case Not(part=LabelIs(label=label, values=values)):
            return f"{label} not in ({', '.join(map(_quoted, values))})"
        case Not(part=AllOf() | AnyOf() as part):
            return f"not ({written(part)})"
        case Not(part=part):
            return f"not {written(part)}"
        case AllOf(parts=parts):
            return " and ".join(f"({written(part)})" if isinstance(part, AnyOf) else written(part) for part in parts)
        case AnyOf(parts=parts):
            return " or ".join(map(written, parts))


def _number(number: float) -> str:
    return repr(number).removesuffix(".0")


def _quoted(text: str) -> str:
    escaped = text.replace("\\", "\\\\").replace("'", "\\'")
    return f"'{escaped}'"
