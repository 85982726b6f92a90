"""Open items: the longest wait, the callers waiting, promises by their due time."""

from random import Random
from typing import Final

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.risk.gauges.makers import EVERY_KIND, T0, board, customer, event, shown, zones
from voicerisk.risk.gauges import items as items_module
from voicerisk.risk.gauges.board import GaugeBoard

WAIT: Final = EVERY_KIND["wait_s"]
WAITING: Final = EVERY_KIND["waiting"]
OPENS: Final = "call.queued"
CLOSES: Final = "call.answered"


def test_a_wait_turns_red_after_thirty_seconds_by_time_alone() -> None:
    """Nothing needs to happen: the needle is told of at 20 and at 30 s, dated exactly so, and falls with the answer."""
    played = board(wait_s=WAIT)
    moved = played.handle(event(OPENS, T0, call="a", queue="billing"), T0)
    assert played.next_due_s() == T0 + 20
    moved += played.advance(T0 + 300)
    moved += played.handle(event(CLOSES, T0 + 301, call="a"), T0 + 301)
    assert shown(moved, "wait_s") == [(0, 0, "green"), (20, 20, "amber"), (30, 30, "red"), (301, 0, "green")]


def test_the_oldest_caller_is_the_wait() -> None:
    """When the first caller is answered, the second one's own wait counts."""
    played = board(wait_s=WAIT)
    for at_s, call in ((0, "a"), (12, "b"), (20, "c")):
        played.handle(event(OPENS, T0 + at_s, call=call, queue="billing"), T0 + at_s)
    moved = played.handle(event(CLOSES, T0 + 25, call="a"), T0 + 25)
    assert shown(moved, "wait_s")[-1] == (25, 13, "green")
    reading = played.reading("wait_s", "billing", T0 + 26.5)
    assert reading is not None
    assert (reading.value, reading.at_s) == (14.5, T0 + 26.5)


def test_a_queue_may_have_longer_waits() -> None:
    """The queue `tech` turns red at 60 s held for 5, where others turn red at 30."""
    played = board(wait_s=WAIT)
    moved = []
    for call, queue in (("a", "billing"), ("b", "tech")):
        moved += played.handle(event(OPENS, T0, call=call, queue=queue), T0)
    moved += played.advance(T0 + 100)
    red = {m.reading.key: m.reading.since_s - T0 for m in moved if m.reading.zone == "red"}
    assert red == {"billing": 30, "tech": 65}


def test_a_caller_passed_to_another_queue_waits_there() -> None:
    """The wait in the first queue is over, and that in the second begins with its own event."""
    played = board(waiting=WAITING, wait_s=WAIT)
    for at_s, queue in ((0, "billing"), (15, "tech")):
        played.handle(event(OPENS, T0 + at_s, call="a", queue=queue), T0 + at_s)
    values = {(r.gauge, r.key): r.value for r in played.readings(T0 + 18)}
    assert values == {
        ("wait_s", "billing"): 0,
        ("wait_s", "tech"): 3,
        ("waiting", "billing"): 0,
        ("waiting", "tech"): 1,
    }


def test_a_queue_that_repeats_itself_does_not_shorten_the_wait() -> None:
    """A switch that reports every waiting caller again and again still has them wait since the first report."""
    played = board(wait_s=WAIT)
    for at_s in range(0, 29, 2):
        played.handle(event(OPENS, T0 + at_s, call="a", queue="billing"), T0 + at_s)
    assert shown(played.advance(T0 + 31), "wait_s")[-1] == (30, 30, "red")


def test_a_promise_warns_before_it_is_due_and_is_red_when_it_is() -> None:
    """Amber 15 minutes before, red at the due time; kept, nothing is due. The kept event names no customer."""
    played = board(due=EVERY_KIND["due"])
    promise = {"promise": "p", "due_at": T0 + 3600}
    moved = played.handle(event("promise.made", T0, customer=customer(1), data=promise), T0)
    moved += played.advance(T0 + 3700)
    moved += played.handle(event("promise.kept", T0 + 3800, data={"promise": "p"}), T0 + 3800)
    assert shown(moved, "due") == [
        (0, -3600, "green"),
        (2700, -900, "amber"),
        (3600, 0, "red"),
        (3800, -86_400, "green"),
    ]


def test_a_promise_with_a_new_time_is_due_then() -> None:
    """The latest word on when counts."""
    played = board(due=EVERY_KIND["due"])
    for at_s, due_s in ((0, 600), (300, 5000)):
        promise = {"promise": "p", "due_at": T0 + due_s}
        played.handle(event("promise.made", T0 + at_s, customer=customer(1), data=promise), T0 + at_s)
    reading = played.reading("due", customer(1), T0 + 1000)
    assert reading is not None
    assert (reading.value, reading.zone) == (-4000, "green")


def test_what_is_observed_to_be_open_grows_old() -> None:
    """A measure that says since when something is open turns amber and red by time, and falls when nothing is."""
    played = board(unowned=EVERY_KIND["unowned"])
    moved = played.observe("open.unowned", "site", T0, T0 + 10)
    moved += played.advance(T0 + 2000)
    moved += played.observe("open.unowned", "site", None, T0 + 2001)
    assert shown(moved, "unowned") == [(10, 10, "green"), (300, 300, "amber"), (900, 900, "red"), (2001, 0, "green")]


Told = list[tuple[float, str, str, str]]


def naive(told: Told, now: float) -> dict[str, tuple[int, float]]:
    """How many calls wait in each queue, and for how long the first of them, by looking at each call's whole story."""
    waiting: dict[str, tuple[int, float]] = {}
    for call in "abc":
        story = [entry for entry in sorted(told, key=lambda e: (e[0], e[1] == CLOSES)) if entry[2] == call]
        since_s = queue = None
        for at_s, type_, _, where in story:
            if type_ == CLOSES:
                since_s = queue = None
            elif where != queue and (since_s, queue) != (at_s, where):
                since_s, queue = at_s, where
        if queue is not None and since_s is not None:
            n, age_s = waiting.get(queue, (0, 0.0))
            waiting[queue] = (n + 1, max(age_s, now - since_s))
    return waiting


@settings(max_examples=150, deadline=None)
@given(
    st.lists(
        st.tuples(
            st.integers(0, 60).map(float),
            st.sampled_from((OPENS, CLOSES)),
            st.sampled_from("abc"),
            st.sampled_from("xy"),
        ),
        max_size=14,
        unique_by=lambda entry: (entry[0], entry[2]),
    ),
    st.randoms(use_true_random=False),
)
def test_waits_equal_a_look_at_each_calls_story_in_any_order(told: Told, random: Random) -> None:
    """Whatever the order in which openings and closings are heard, the same calls wait, and for as long."""
    shuffled = list(told)
    random.shuffle(shuffled)
    played = board(waiting=WAITING, wait_s={**WAIT, "zones": zones(1000, 2000), "queues": {}})
    for at_s, type_, call, queue in shuffled:
        played.handle(event(type_, T0 + at_s, f"{at_s}{call}", call=call, queue=queue), T0 + 60)
    assert waits(played, T0 + 100) == naive(told, 100)


def waits(played: GaugeBoard, now: float) -> dict[str, tuple[int, float]]:
    """How many calls wait in each queue, and for how long the first of them."""
    readings = {(r.gauge, r.key): r.value for r in played.readings(now)}
    return {key: (int(n), readings["wait_s", key]) for (gauge, key), n in readings.items() if gauge == "waiting" and n}


def test_items_that_are_long_closed_are_forgotten() -> None:
    """After three thousand calls, each answered, what is remembered is only what may still be heard late."""
    played = board(waiting=WAITING)
    for n in range(3000):
        at_s = T0 + 10 * n
        played.handle(event(OPENS, at_s, call=f"c-{n}", queue="billing"), at_s)
        played.handle(event(CLOSES, at_s + 5, call=f"c-{n}"), at_s + 5)
    assert len(played.snapshot().dials["waiting"]) < 60_000
    assert waits_left(played) == 0


def waits_left(played: GaugeBoard) -> float:
    """Callers that wait at last."""
    reading = played.reading("waiting", "billing")
    return reading.value if reading else 0.0


def test_more_items_than_there_is_room_for_give_up_the_oldest(monkeypatch: pytest.MonkeyPatch) -> None:
    """With room for three waiting callers the fourth drives out the first, who then no longer counts."""
    monkeypatch.setattr(items_module, "MAX_ITEMS", 3)
    played = board(waiting=WAITING)
    for n in range(5):
        played.handle(event(OPENS, T0 + n, call=f"c-{n}", queue="billing"), T0 + n)
    assert waits_left(played) == 3
