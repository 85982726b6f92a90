"""What conditions mean."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.risk.test_grammar import conditions
from voicerisk.events import Zone
from voicerisk.risk.conditions import Condition, Order, ZoneIs, always_true, gauges_in, holds, lingering, values_in
from voicerisk.risk.gauges import Reading
from voicerisk.risk.grammar import parse_condition
from voicerisk.zones import SEVERITY


def reading(gauge: str, zone: Zone, value: float = 0.0) -> Reading:
    """A needle that stands so."""
    return Reading(gauge=gauge, key="k", value=value, zone=zone, at_s=0.0, since_s=0.0)


def true(text: str, labels: dict[str, str] | None = None, **stands: Zone | float) -> bool:
    """Whether the text holds where the needles stand so: in a zone, or in green with a value."""
    needles = {
        gauge: reading(gauge, at) if isinstance(at, Zone) else reading(gauge, Zone.GREEN, at)
        for gauge, at in stands.items()
    }
    return holds(parse_condition(text), needles.get, (labels or {}).get)


@pytest.mark.parametrize("order", Order)
@pytest.mark.parametrize("asked", Zone)
@pytest.mark.parametrize("stands", Zone)
def test_zones_compare_by_how_bad_they_are(order: Order, asked: Zone, stands: Zone) -> None:
    """Every comparison of two zones says what it says of how severe they are."""
    meant = {
        Order.AT_LEAST: SEVERITY[stands] >= SEVERITY[asked],
        Order.ABOVE: SEVERITY[stands] > SEVERITY[asked],
        Order.EQUAL: stands is asked,
        Order.UNEQUAL: stands is not asked,
        Order.AT_MOST: SEVERITY[stands] <= SEVERITY[asked],
        Order.BELOW: SEVERITY[stands] < SEVERITY[asked],
    }
    condition = ZoneIs(gauge="g", zone=asked, order=order)
    assert holds(condition, lambda _: reading("g", stands), lambda _: None) is meant[order]


def test_values_labels_and_joins() -> None:
    """Each construct of the language where it is true and where it is not."""
    assert true("calls_today.value >= 3", calls_today=3.0)
    assert not true("calls_today.value >= 3", calls_today=2.99)
    assert true("a >= red or b >= amber", a=Zone.AMBER, b=Zone.AMBER)
    assert not true("a >= red and b >= amber", a=Zone.AMBER, b=Zone.AMBER)
    assert true("queue in ('billing', 'tech')", {"queue": "tech"})
    assert not true("queue not in ('billing', 'tech')", {"queue": "tech"})
    assert true("not label.vip == 'no'", {"label.vip": "yes"})
    assert true("not (a >= red and queue == 'x')", {"queue": "y"}, a=Zone.RED)


def test_what_is_not_there_makes_no_comparison_true() -> None:
    """A needle that has shown nothing is neither red nor calm, and a label that is not there has no value."""
    assert not true("a >= red")
    assert not true("a < red")
    assert not true("a.value < 5")
    assert not true("label.vip == ''")
    assert true("not a >= red")
    assert true("queue != 'billing'")


@given(conditions, st.dictionaries(st.text(max_size=3), st.sampled_from(Zone)), st.sampled_from(Zone))
def test_whatever_holds_also_lingers(condition: Condition, some: dict[str, Zone], others: Zone) -> None:
    """Nothing is taken to be calm while its condition is true."""

    def needle(gauge: str) -> Reading:
        return reading(gauge, some.get(gauge[:1], others), 1.5)

    if holds(condition, needle, lambda _: "x"):
        assert holds(lingering(condition), needle, lambda _: "x")


def test_a_cause_lingers_in_amber_and_not_in_green() -> None:
    """An alert on red is not calm before its needle is green; what a `not` or a value asks is calm when it ends."""
    assert lingering(parse_condition("a >= red and b == amber")) == parse_condition("a >= amber and b >= amber")
    assert lingering(parse_condition("a < red or a.value > 3")) == parse_condition("a < red or a.value > 3")
    assert lingering(parse_condition("not a >= red")) == parse_condition("not a >= red")


def test_what_a_condition_looks_at_is_known() -> None:
    """Gauges by zone and by value are found wherever they stand, labels are no gauges."""
    condition = parse_condition("a >= red and not (b.value > 1 or queue == 'q')")
    assert gauges_in(condition) == {"a", "b"}
    assert values_in(condition) == {"b"}


def test_a_condition_that_says_nothing_is_known() -> None:
    """In every zone true: such a rule would always alert."""
    assert always_true(parse_condition("a >= green or b >= red"))
    assert always_true(parse_condition("a >= green and a <= red"))
    assert not always_true(parse_condition("a >= green and a >= amber"))
