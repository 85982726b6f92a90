"""What is missing: calls that needed a note and have none."""

from random import Random
from typing import Any, Final

from hypothesis import given, settings
from hypothesis import strategies as st

from tests.risk.gauges.makers import MOVES, T0, board, customer, event, shown, zones
from voicerisk.risk.gauges import GaugeBoard

GAP: Final[dict[str, Any]] = {
    "kind": "ratio",
    "key": "queue",
    "window": "local_day",
    "among": {"events": ["call.ended"]},
    "lacking": {"events": ["call.note_written"]},
    "grace_s": 300,
    "zones": zones(0.05, 0.5),
}
TRANSFERS: Final = {"kind": "count", "key": "call", "of": {"events": MOVES}}
CALLS_TODAY: Final = {
    "kind": "count",
    "key": "customer",
    "window": "local_day",
    "of": {"events": ["call.started"]},
}


def test_a_call_without_a_note_is_a_gap_after_the_time_for_writing() -> None:
    """Nothing is said for five minutes; then the share is red; a note written late takes it back."""
    played = board(gap=GAP)
    moved = played.handle(event("call.ended", T0, call="a", queue="q"), T0)
    moved += played.advance(T0 + 1000)
    moved += played.handle(event("call.note_written", T0 + 1001, call="a"), T0 + 1001)
    assert shown(moved, "gap") == [(0, 0, "green"), (300, 1, "red"), (1001, 0, "green")]


def test_a_note_written_during_the_call_is_enough() -> None:
    """The note may come before the end of the call."""
    played = board(gap=GAP)
    played.handle(event("call.note_written", T0, call="a", queue="q"), T0)
    played.handle(event("call.ended", T0 + 60, call="a", queue="q"), T0 + 60)
    played.advance(T0 + 1000)
    assert gap(played) == 0


def test_only_repeat_and_transferred_calls_need_a_note() -> None:
    """Of five calls the transferred one and a customer's second and third count; two of these have no note."""
    need = {**GAP, "only_if_any": {"transfers": 1, "calls_today": 2}}
    played = board(transfers=TRANSFERS, calls_today=CALLS_TODAY, gap=need)
    for n, (who, passed_on, noted) in enumerate(
        ((1, False, False), (2, True, False), (1, False, True), (3, False, False), (1, False, False))
    ):
        labels = {"call": f"c-{n}", "customer": customer(who), "queue": "q"}
        at_s = T0 + 60 * n
        played.handle(event("call.started", at_s, **labels), at_s)
        if passed_on:
            played.handle(event("call.transferred", at_s + 10, data={"to": "tech"}, **labels), at_s + 10)
        if noted:
            played.handle(event("call.note_written", at_s + 15, **labels), at_s + 15)
        played.handle(event("call.ended", at_s + 20, **labels), at_s + 20)
    played.advance(T0 + 3000)
    assert gap(played) == round(2 / 3, 4)


def test_the_days_calls_are_looked_at_as_of_their_own_day() -> None:
    """A second call that ends a minute before midnight still counts when it is judged after midnight."""
    played = board(calls_today=CALLS_TODAY, gap={**GAP, "only_if_any": {"calls_today": 2}, "window": "2h"})
    for n in range(2):
        labels = {"call": f"c-{n}", "customer": customer(1), "queue": "q"}
        played.handle(event("call.started", T0 + 7000 + n, **labels), T0 + 7000 + n)
        played.handle(event("call.ended", T0 + 7140 + n, **labels), T0 + 7140 + n)
    played.advance(T0 + 7500)
    assert gap(played) == 1


@settings(max_examples=100, deadline=None)
@given(
    st.lists(st.tuples(st.integers(0, 500), st.one_of(st.none(), st.integers(0, 500))), max_size=8),
    st.randoms(use_true_random=False),
)
def test_the_gap_equals_a_recount_in_any_order(calls: list[tuple[int, int | None]], random: Random) -> None:
    """When all is heard, the share is that of the calls of which no note was heard, whatever came first."""
    told = []
    for n, (ended_s, noted_s) in enumerate(calls):
        told.append(event("call.ended", T0 + ended_s, call=f"c-{n}", queue="q"))
        if noted_s is not None:
            told.append(event("call.note_written", T0 + noted_s, call=f"c-{n}", queue="q"))
    random.shuffle(told)
    played = board(gap=GAP)
    for n, one in enumerate(told):
        played.handle(one, T0 + 500 + 20 * n)
    played.advance(T0 + 2000)
    missing = sum(noted_s is None for _, noted_s in calls)
    assert gap(played) == (round(missing / len(calls), 4) if calls else 0)


def gap(played: GaugeBoard) -> float:
    """The share without a note; 0 where nothing was counted."""
    reading = played.reading("gap", "q")
    return reading.value if reading else 0
