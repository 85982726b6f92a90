"""The board: what holds for gauges of every kind together."""

from collections.abc import Iterable
from random import Random
from time import process_time
from typing import Any

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.plays.play import window
from tests.risk.gauges.makers import (
    EVERY_KIND,
    MOVES,
    SITE,
    T0,
    board,
    customer,
    event,
    gauge,
    happenings,
    shown,
    zones,
)
from voicerisk.events import Event, Zone
from voicerisk.risk.gauges import BoardState, GaugeBoard, GaugeKey, Moved
from voicerisk.risk.intake import Intake

TENSION: dict[str, Any] = {"kind": "level", "key": "call", "of": {"events": ["tension.window"], "field": "level"}}
AT_REST = (0.0, -86_400.0)
"""Values of a needle that shows nothing, by which a forgotten one is the same as an empty one."""


def tense(call: str, at_s: float, level: float) -> Event:
    """A window of a call in which this tension was heard."""
    return msgspec.structs.replace(window(call, 1.0, Zone.GREEN, level), at=T0 + at_s)


def hear(played: GaugeBoard, events: Iterable[Event], now: float | None = None) -> list[Moved]:
    """What the board says when it hears these at the time at which they happened, or all at `now`."""
    return [m for one in events for m in played.handle(one, one.at if now is None else now)]


def values(played: GaugeBoard, now: float) -> dict[tuple[str, str], float]:
    """What every needle shows, but for those that show nothing.

    The strain is left out: it is made of zones, and how long a zone was held depends on when it was known.
    """
    played.advance(now)
    readings = (r for r in played.readings(now) if r.value not in AT_REST and r.gauge != "strain")
    return {(r.gauge, r.key): r.value for r in readings}


@settings(max_examples=60, deadline=None)
@given(happenings(), st.randoms(use_true_random=False), st.floats(0, 4000))
def test_shuffled_and_repeated_events_equal_ordered_ones_once(
    events: list[Event], random: Random, later_s: float
) -> None:
    """Heard in any order and some of them twice, the same needles show the same values as heard in order once."""
    now = events[-1].at + 1.0
    ordered, jumbled, intake = board(**EVERY_KIND), board(**EVERY_KIND), Intake(SITE)
    hear(ordered, events)
    told = events + random.sample(events, len(events) // 2)
    random.shuffle(told)
    for one in told:
        if intake.admit(one, now) is None:
            jumbled.handle(one, now)
    assert values(jumbled, now + later_s) == values(ordered, now + later_s)


@settings(max_examples=40, deadline=None)
@given(happenings(), st.lists(st.floats(0, 200), max_size=10))
def test_it_does_not_matter_how_often_somebody_looks(events: list[Event], looks: list[float]) -> None:
    """With the time advanced in between as often as one likes, the same moves are told of, in the same order."""
    seldom, often = board(**EVERY_KIND), board(**EVERY_KIND)
    alone, watched = hear(seldom, events), []
    for one in events:
        for look_s in sorted(looks):
            watched += often.advance(min(one.at, T0 + 10 * look_s))
        watched += often.handle(one, one.at)
        list(often.readings(one.at))
    end_s = events[-1].at + 5000
    assert watched + often.advance(end_s) == alone + seldom.advance(end_s)
    assert often.snapshot() == seldom.snapshot()


@settings(max_examples=40, deadline=None)
@given(happenings(), st.data())
def test_a_restored_board_goes_on_as_if_nothing_had_happened(events: list[Event], data: st.DataObject) -> None:
    """Snapshot, msgpack, a new board: from any point on it tells the same moves and shows the same needles."""
    cut = data.draw(st.integers(0, len(events)))
    whole, first, second = board(**EVERY_KIND), board(**EVERY_KIND), board(**EVERY_KIND)
    hear(whole, events[:cut])
    hear(first, events[:cut])
    second.restore(msgspec.msgpack.decode(msgspec.msgpack.encode(first.snapshot()), type=BoardState))
    assert hear(second, events[cut:]) == hear(whole, events[cut:])
    end_s = events[-1].at + 5000
    assert second.next_due_s() == whole.next_due_s()
    assert second.advance(end_s) == whole.advance(end_s)
    assert second.snapshot() == whole.snapshot()


@settings(max_examples=40, deadline=None)
@given(happenings())
def test_after_advancing_nothing_is_overdue(events: list[Event]) -> None:
    """`next_due_s` is always later than the time that has been reached."""
    played = board(**EVERY_KIND)
    for one in events:
        played.handle(one, one.at)
        due_s = played.next_due_s()
        assert due_s is None or due_s > one.at


def test_the_load_is_callers_by_ready_agents() -> None:
    """Three waiting callers and two agents are 1.5, amber after its hold, and calm when two more agents come."""
    load = {name: EVERY_KIND[name] for name in ("waiting", "ready", "load")}
    played = board(**load)
    moved = hear(played, [event("agents.ready", T0, queue="q", data={"ready": 2})])
    moved += hear(played, [event("call.queued", T0 + n, call=f"c-{n}", queue="q") for n in range(3)])
    moved += played.advance(T0 + 60)
    moved += hear(played, [event("agents.ready", T0 + 60, queue="q", data={"ready": 4})]) + played.advance(T0 + 100)
    crossed = [m.reading for m in moved if m.reading.gauge == "load" and m.crossed]
    assert [(reading.at_s - T0, reading.since_s - T0) for reading in crossed] == [(21, 21), (22, 22), (70, 70)]


def test_the_floor_is_strained_when_all_are_amber_and_red_when_two_are_red() -> None:
    """Tension, wait and load: the worst needle of each counts, and the call's end takes its tension away."""
    plain = {"kind": "last", "key": "queue", "zones": zones(1, 2)}
    played = board(
        tension={**TENSION, "zones": zones(0.6, 0.8)},
        wait={**plain, "of": {"events": ["agents.ready"], "where": {"queue": "w"}, "field": "ready"}},
        load={**plain, "of": {"events": ["agents.ready"], "where": {"queue": "l"}, "field": "ready"}},
        strain={
            "kind": "level",
            "formula": {"kind": "strain", "gauges": ["tension", "wait", "load"]},
            "zones": zones(1, 2),
        },
    )
    moved = hear(played, [tense("c", 1, 0.7)])
    moved += hear(played, [event("agents.ready", T0 + 2, queue=queue, data={"ready": 1}) for queue in "wl"])
    moved += hear(played, [event("agents.ready", T0 + 3, queue=queue, data={"ready": 2}) for queue in "wl"])
    moved += hear(played, [event("agents.ready", T0 + 4, queue="w", data={"ready": 1})])
    assert [value for _, value, _ in shown(moved, "strain")] == [0, 1, 2, 1]
    over = played.handle(event("call.ended", T0 + 50, call="c"), T0 + 50)
    assert [value for _, value, _ in shown(over, "strain")] == [0]


def test_a_call_that_is_over_shows_nothing_and_still_counts() -> None:
    """After its end a call's needle is out of sight and silent; a late event counts in it for a while, then it goes."""
    played = board(transfers={"kind": "count", "key": "call", "of": {"events": MOVES}, "zones": zones(1, 2)})
    hear(played, [event("call.transferred", T0, call="c", data={"to": "tech"}), event("call.ended", T0 + 9, call="c")])
    assert list(played.readings(T0 + 10)) == []
    assert hear(played, [event("call.redirected", T0 + 5, call="c", data={"to": "outside"})], T0 + 10) == []
    reading = played.reading("transfers", "c")
    assert reading is not None
    assert reading.value == 2
    hear(played, [event("call.ended", T0 + 4000, call="d")])
    assert played.reading("transfers", "c") is None


def test_a_call_without_a_needle_gets_none_after_its_end() -> None:
    """News of a call that is over makes no new needle that nobody would ever take away."""
    played = board(transfers={"kind": "count", "key": "call", "of": {"events": MOVES}, "zones": zones(1, 2)})
    hear(played, [event("call.ended", T0 + 9, call="c")])
    assert hear(played, [event("call.transferred", T0, call="c", data={"to": "tech"})], T0 + 10) == []
    assert list(played.readings(T0 + 10)) == []


def test_a_lost_call_is_forgotten_when_told() -> None:
    """`forget` takes the call's needles away, and what they did to the floor."""
    played = board(
        tension={**TENSION, "zones": zones(0.6, 0.8)},
        strain={"kind": "level", "formula": {"kind": "strain", "gauges": ["tension"], "red": 1}, "zones": zones(1, 2)},
    )
    assert shown(hear(played, [tense("c", 1, 0.9)]), "strain")[0][1] == 2
    assert shown(played.forget(GaugeKey.CALL, "c", T0 + 50), "strain")[0][1] == 0
    assert played.reading("tension", "c") is None


def test_a_watched_value_is_told_of_by_time_alone() -> None:
    """A wait is told of at 45 s when a rule asks for it, between amber and red."""
    wait = {**EVERY_KIND["wait_s"], "zones": zones(20, 60), "queues": {}}
    played = board(watch={"wait_s": (45.0,)}, wait_s=wait)
    moved = hear(played, [event("call.queued", T0, call="a", queue="q")]) + played.advance(T0 + 100)
    assert [value for _, value, _ in shown(moved, "wait_s")] == [0, 20, 45, 60]


def test_what_a_call_said_once_need_not_be_said_again() -> None:
    """A call's queue and customer are known from its first event, and a late event does not overrule a newer one."""
    played = board(
        gave_up={**EVERY_KIND["gave_up"], "window": "15m"},
        calls={"kind": "count", "key": "customer", "of": {"events": ["call.transferred"]}},
    )
    told = [
        event("call.queued", T0, call="a", queue="new", customer=customer(1)),
        event("call.started", T0 - 5, call="a", queue="old"),
        event("call.transferred", T0 + 2, call="a", data={"to": "tech"}),
        event("call.abandoned", T0 + 3, call="a"),
    ]
    hear(played, told, T0 + 4)
    assert {(r.gauge, r.key) for r in played.readings(T0 + 5)} == {("gave_up", "new"), ("calls", customer(1))}


def test_a_group_has_one_needle_and_an_agent_none() -> None:
    """Transfers of three agents of one group move the group's needle; agents of no group move nothing."""
    site = msgspec.structs.replace(SITE, groups={"evening": ("a-1", "a-2", "a-3")})
    played = board(site, g={"kind": "count", "key": "group", "of": {"events": MOVES}, "window": "15m"})
    hear(played, [event("call.transferred", T0, f"{n}", {"to": "tech"}, call=f"{n}", agent=f"a-{n}") for n in range(6)])
    assert {r.key: r.value for r in played.readings(T0)} == {"evening": 3}


def test_time_in_red_is_kept() -> None:
    """A wait that was red for 60 of 200 s: a share of 30 %."""
    played = board(wait_s={**EVERY_KIND["wait_s"], "queues": {}})
    hear(played, [event("call.queued", T0, call="a", queue="q"), event("call.answered", T0 + 90, call="a")])
    times = played.time_in_zones(T0 + 200)["wait_s"]
    assert (times.needles_s, times.red_s, times.any_red_s, times.red_share) == (200, 60, 60, 0.3)


def test_other_zones_after_a_restart_are_held_against_the_old_counts() -> None:
    """What was counted stays when only the zones change; a gauge that measures something else starts anew."""
    calls: dict[str, Any] = EVERY_KIND["calls_today"]
    before = board(calls_today=calls, callers=EVERY_KIND["callers"])
    hear(before, [event("call.started", T0 + n, call=f"{n}", customer=customer(1)) for n in range(2)])
    after = board(calls_today={**calls, "zones": zones(1, 2)}, callers={**EVERY_KIND["callers"], "window": "30m"})
    after.restore(before.snapshot())
    reading = after.reading("calls_today", customer(1))
    assert reading is not None
    assert (reading.value, reading.zone) == (2, Zone.RED)
    assert after.reading("callers", "site") is None


def test_the_cost_of_an_event_does_not_grow_with_the_events_before_it() -> None:
    """The last hundreds of 3 900 calls cost what the first did (within a factor of three)."""
    played = board(**EVERY_KIND)
    costs = []
    for batch in range(13):
        told = [one for n in range(300) for one in a_call(300 * batch + n)]
        began_s = process_time()
        hear(played, told)
        costs.append(process_time() - began_s)
    assert min(costs[-3:]) < 3 * min(costs[1:4])


def a_call(n: int) -> list[Event]:
    """One short call of a customer of its own."""
    labels = {"call": f"c-{n}", "customer": customer(n), "queue": "billing"}
    types = ("call.started", "call.queued", "call.answered", "call.ended")
    return [event(type_, T0 + 2 * n + i, f"{type_}{n}", **labels) for i, type_ in enumerate(types)]


@pytest.mark.parametrize(
    "gauges",
    [
        {"a": {"kind": "level", "formula": {"kind": "strain", "gauges": ["b"]}}},
        {"a": {"kind": "level", "formula": {"kind": "strain", "gauges": ["a"]}}},
        {"a": {"kind": "count", "of": {"events": ["call.started"]}, "window": "never"}},
    ],
)
def test_a_board_that_makes_no_sense_is_refused(gauges: dict[str, Any]) -> None:
    """A formula over nothing, over itself, or a window that is none."""
    with pytest.raises(ValueError, match=r"no such gauge|looks at itself|no window"):
        GaugeBoard({name: gauge(**keys) for name, keys in gauges.items()}, SITE)
