import pytest

from voicerisk.events import Zone
from voicerisk.review.red import red_costs, stays_in_red
from voicerisk.risk import library
from voicerisk.store.history import Crossed

GAUGES = library.gauges()
T0 = 1_732_226_400.0


def crossed(gauge: str, key: str, at_s: float, zone: Zone) -> Crossed:
    """A needle that goes into this zone."""
    return Crossed(gauge=gauge, key=key, previous=Zone.AMBER, zone=zone, value=1.0, at_s=T0 + at_s)


def test_minutes_in_red_are_cut_off_at_the_span_and_not_counted_twice() -> None:
    """What was red before counts from the beginning, what still is to the end; overlapping needles are one time."""
    before = [crossed("wait_s", "tech", -900.0, Zone.RED), crossed("wait_s", "sales", -900.0, Zone.AMBER)]
    crossings = [
        crossed("wait_s", "tech", 120.0, Zone.GREEN),
        crossed("wait_s", "billing", 60.0, Zone.RED),
        crossed("wait_s", "billing", 180.0, Zone.AMBER),
        crossed("wait_s", "tech", 540.0, Zone.RED),
    ]
    stays = stays_in_red(before, crossings, T0, T0 + 600.0, GAUGES, {})
    (cost,) = red_costs(stays, GAUGES)
    assert cost.gauge == "wait_s"
    assert cost.minutes == pytest.approx(3.0 + 1.0)
    assert cost.needle_minutes == pytest.approx(2.0 + 2.0 + 1.0)
    assert (cost.times, cost.longest_minutes) == (3, pytest.approx(2.0))


def test_a_call_s_needle_goes_with_its_call() -> None:
    """No crossing ends it: the call's end does, and of a call that was never heard of again an hour is counted."""
    crossings = [crossed("transfers", "c-1", 0.0, Zone.RED), crossed("transfers", "c-2", 0.0, Zone.RED)]
    stays = stays_in_red([], crossings, T0, T0 + 86_400.0, GAUGES, {"c-1": T0 + 90.0})
    assert {stay.key: stay.to_s - T0 for stay in stays} == {"c-1": 90.0, "c-2": 3600.0}


def test_the_dearest_comes_first_and_a_gauge_of_the_past_is_told_by_its_name() -> None:
    """Ordered by minutes; without a title where it is configured no more."""
    crossings = [
        crossed("an_old_one", "x", 0.0, Zone.RED), crossed("load", "tech", 30.0, Zone.RED),
        crossed("load", "tech", 60.0, Zone.GREEN),
    ]  # fmt: skip
    costs = red_costs(stays_in_red([], crossings, T0, T0 + 600.0, GAUGES, {}), GAUGES)
    assert [(cost.gauge, bool(cost.title)) for cost in costs] == [("an_old_one", False), ("load", True)]
