"""Zones held by time."""

from hypothesis import given, settings
from hypothesis import strategies as st

from tests.risk.gauges.makers import T0, board, event, zones
from voicerisk.events import Zone
from voicerisk.risk.gauges.held import NEVER, move, new_held
from voicerisk.zones import SEVERITY, Boundary, Zones, ZoneTracker

HELD = Zones(
    amber=Boundary(enter=1.0, leave=0.8, hold_s=5.0, leave_hold_s=10.0),
    red=Boundary(enter=2.0, leave=1.5, hold_s=3.0, leave_hold_s=0.0),
)

steps = st.lists(st.tuples(st.sampled_from((0.0, 0.9, 1.2, 1.7, 2.5)), st.integers(1, 8)), min_size=1, max_size=20)
"""Values, and for how many half seconds each stands."""


@settings(max_examples=200, deadline=None)
@given(steps)
def test_time_holds_a_zone_as_evidence_does(story: list[tuple[float, int]]) -> None:
    """Where every half second is evidence, zones held by time are those of the tracker of evidence, at every step."""
    tracker, held, at_s = ZoneTracker(HELD), new_held(), 0.0
    for value, halves in story:
        move(held, HELD, value, at_s)
        for _ in range(halves):
            by_evidence = tracker.step(value, 0.5)
            at_s += 0.5
            if held.due_s <= at_s:
                move(held, HELD, value, at_s)
            assert held.zone is by_evidence or (value, by_evidence) == (0.0, Zone.RED)


@settings(max_examples=200, deadline=None)
@given(steps)
def test_a_crossing_is_known_beforehand(story: list[tuple[float, int]]) -> None:
    """A zone changes when a value does, or exactly at `due_s`, however seldom somebody looks."""
    often, seldom, at_s = new_held(), new_held(), 0.0
    for value, halves in story:
        move(often, HELD, value, at_s)
        move(seldom, HELD, value, at_s)
        end_s = at_s + halves / 2
        for held, stops in ((often, [at_s + n / 8 for n in range(1, 4 * halves)]), (seldom, [])):
            for stop_s in stops:
                while held.due_s <= stop_s:
                    move(held, HELD, value, held.due_s)
            while held.due_s < end_s:
                move(held, HELD, value, held.due_s)
        assert (often.zone, often.due_s) == (seldom.zone, seldom.due_s)
        at_s = end_s


@given(steps)
def test_a_higher_needle_is_never_in_a_lower_zone(story: list[tuple[float, int]]) -> None:
    """Of two needles that move together the higher one stands in the same zone or a worse one."""
    low, high, at_s = new_held(), new_held(), 0.0
    for value, halves in story:
        move(low, HELD, value, at_s)
        move(high, HELD, value + 0.4, at_s)
        assert SEVERITY[high.zone] >= SEVERITY[low.zone]
        at_s += halves / 2


def test_a_needle_left_alone_in_green_needs_no_time() -> None:
    """What is empty and below amber has nothing due."""
    held = new_held()
    move(held, HELD, 0.2, 10.0)
    assert held.empty
    assert held.due_s == NEVER


def test_a_short_peak_is_not_enough_and_the_crossing_is_dated_by_the_hold() -> None:
    """Ready agents fall to one for 4 s: nothing; for longer than the 5 s of the hold: amber, dated 5 s after."""
    ready = {"kind": "last", "key": "queue", "of": {"events": ["agents.ready"], "field": "ready"}, "worse": "low"}
    played = board(ready={**ready, "zones": zones(1, 0, hold_s=5, leave_hold_s=1)})
    moved = []
    for at_s, n in ((0, 4), (10, 1), (14, 4), (60, 1)):
        moved += played.handle(event("agents.ready", T0 + at_s, queue="q", data={"ready": n}), T0 + at_s)
    moved += played.advance(T0 + 600)
    assert [(m.reading.since_s - T0, m.reading.zone.value) for m in moved if m.crossed] == [(65, "amber")]
