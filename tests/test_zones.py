"""Zones with enter, leave and hold."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from voicerisk.events import Zone
from voicerisk.zones import SEVERITY, Boundary, Zones, ZoneTracker, zone_problems

ZONES = Zones(
    amber=Boundary(enter=0.6, leave=0.5, hold_s=1.92, leave_hold_s=2.88),
    red=Boundary(enter=0.8, leave=0.6, hold_s=2.4, leave_hold_s=3.6),
)
levels = st.floats(0.0, 1.0)


def zones_of(values: list[float], evidence_s: float = 0.24, zones: Zones = ZONES) -> list[Zone]:
    """The zone after each value."""
    tracker = ZoneTracker(zones)
    return [tracker.step(value, evidence_s) for value in values]


def test_zone_needs_its_hold_to_the_block() -> None:
    """Red comes with the tenth block of 0.24 s above red (2.4 s), not one earlier or later."""
    assert zones_of([0.9] * 10)[-2:] == [Zone.AMBER, Zone.RED]


def test_a_peak_is_not_enough_and_a_dip_does_not_start_anew() -> None:
    """Nine blocks of ten change nothing; one dip in the middle costs about two blocks, not ten."""
    assert Zone.RED not in zones_of([0.9] * 9 + [0.1] * 50)
    dipped = zones_of([0.9] * 5 + [0.1] + [0.9] * 6)
    assert dipped[-2:] == [Zone.AMBER, Zone.RED]


@given(st.lists(levels, max_size=60), st.lists(st.floats(0.6, 0.7999), max_size=200))
def test_noise_within_the_band_never_flaps(past: list[float], noise: list[float]) -> None:
    """Between where red leaves and where it enters, the red boundary never moves, whatever came before."""
    tracker = ZoneTracker(ZONES)
    for value in past:
        tracker.step(value, 0.24)
    red = tracker.zone is Zone.RED
    assert all((tracker.step(value, 0.24) is Zone.RED) == red for value in noise)


@given(st.lists(st.tuples(levels, levels, st.sampled_from([0.0, 0.24, 0.48])), max_size=80))
def test_a_higher_needle_never_gives_a_lower_zone(pairs: list[tuple[float, float, float]]) -> None:
    """Of two needles, one never below the other, the higher is never in the milder zone, at any time."""
    low, high = ZoneTracker(ZONES), ZoneTracker(ZONES)
    for a, b, evidence_s in pairs:
        zone_low, zone_high = low.step(min(a, b), evidence_s), high.step(max(a, b), evidence_s)
        assert SEVERITY[zone_low] <= SEVERITY[zone_high]


@given(st.lists(levels, max_size=40), st.lists(levels, max_size=40))
def test_no_evidence_no_change(past: list[float], unheard: list[float]) -> None:
    """Values without evidence behind them move nothing, now or later."""
    with_gap, without = ZoneTracker(ZONES), ZoneTracker(ZONES)
    for value in past:
        with_gap.step(value, 0.24)
        without.step(value, 0.24)
    for value in unheard:
        assert with_gap.step(value, 0.0) is without.zone
    assert with_gap.step(0.9, 0.24) is without.step(0.9, 0.24)


def test_no_hold_crosses_at_once() -> None:
    """A boundary without hold times is a plain threshold with hysteresis."""
    plain = Zones(amber=Boundary(enter=20.0, leave=15.0), red=Boundary(enter=30.0, leave=30.0))
    assert zones_of([10.0, 21.0, 16.0, 31.0, 29.0, 14.0], 1.0, plain) == [
        Zone.GREEN,
        Zone.AMBER,
        Zone.AMBER,
        Zone.RED,
        Zone.AMBER,
        Zone.GREEN,
    ]


def test_moving_to_other_boundaries_keeps_what_has_gathered() -> None:
    """A needle in red stays there while the new boundaries agree, and leaves by their rules."""
    tracker = ZoneTracker(ZONES)
    for _ in range(20):
        tracker.step(0.9, 0.24)
    tracker.move_to(Zones(amber=Boundary(enter=0.9, leave=0.8), red=Boundary(enter=0.95, leave=0.9)))
    assert tracker.step(0.92, 0.24) is Zone.RED
    assert tracker.step(0.7, 0.24) is Zone.GREEN


@pytest.mark.parametrize(
    ("zones", "where"),
    [
        (Zones(amber=Boundary(enter=0.5, leave=0.6), red=Boundary(enter=0.8, leave=0.6)), "amber.leave"),
        (Zones(amber=Boundary(enter=0.5, leave=0.4), red=Boundary(enter=0.4, leave=0.3)), "red.enter"),
        (Zones(amber=Boundary(enter=0.5, leave=0.4, hold_s=-1), red=Boundary(enter=0.8, leave=0.6)), "amber.hold_s"),
        (
            Zones(amber=Boundary(enter=0.5, leave=0.4), red=Boundary(enter=0.8, leave=0.6, leave_hold_s=float("inf"))),
            "red.leave_hold_s",
        ),
    ],
)
def test_boundaries_that_make_no_sense_are_named(zones: Zones, where: str) -> None:
    """Each mistake is reported at its key; the shipped boundaries have none."""
    assert [problem.where for problem in zone_problems(zones)] == [where]
    assert not zone_problems(ZONES)
