"""Counts, ratios and means in windows: equal to a naive recount, whenever the events are heard."""

from collections.abc import Callable
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.risk.gauges.makers import SITE, T0, board, customer, event, shown, zones
from voicerisk.events import Event
from voicerisk.risk.gauges import GaugeBoard, SiteSettings
from voicerisk.risk.gauges.windows import SLOTS, window_seconds

TIMEZONES = ("Asia/Jerusalem", "Europe/Berlin")
CHANGES_S = [
    datetime(2024, month, day, hour, tzinfo=UTC).timestamp() for month, day, hour in ((3, 29, 0), (10, 26, 23))
]
"""An hour about the change of Jerusalem's clock each."""


def counts_at(window: str, timezone: str, at_s: float, now: float) -> bool:
    """Whether what happened at `at_s` is in the window at `now`, by plain arithmetic or the calendar."""
    if (seconds := window_seconds(window)) is not None:
        slot_s = seconds / SLOTS
        return at_s // slot_s > now // slot_s - SLOTS
    then, here = (datetime.fromtimestamp(t, ZoneInfo(timezone)) for t in (at_s, now))
    if window == "local_day":
        return then.date() == here.date()
    return (then.date(), then.hour, then.fold) == (here.date(), here.hour, here.fold)


Heard = list[tuple[float, int, int]]

heards = st.lists(
    st.tuples(st.floats(0, 7200).map(lambda s: round(s, 1)), st.integers(0, 3), st.integers(0, 5)), max_size=40
)
"""When it happened (seconds from the beginning), to which of 4 customers, with which score."""


def play(
    heard: Heard, begin_s: float, site: SiteSettings, make: Callable[[float, int, int], Event], **gauge: object
) -> GaugeBoard:
    """A board that heard all of it, in the order given, in the third hour."""
    played = board(site, g=gauge)
    for n, (at_s, who, score) in enumerate(heard):
        played.handle(make(begin_s + at_s, who, score), begin_s + 7200 + n)
    return played


@settings(max_examples=120, deadline=None)
@given(
    heards,
    st.sampled_from(("90s", "15m", "2h", "local_hour", "local_day")),
    st.sampled_from(TIMEZONES),
    st.sampled_from((T0, *CHANGES_S)),
    st.floats(7300, 4 * 86_400).map(round),
)
def test_a_count_equals_a_recount(heard: Heard, window: str, timezone: str, begin_s: float, later_s: float) -> None:
    """At any later time each customer's count is the number of events that lie in the window by their own time."""
    site = SiteSettings(timezone=timezone, lateness_s=8000)
    now = begin_s + later_s

    def started(at_s: float, who: int, score: int) -> Event:
        return event("call.started", at_s, call="c", customer=customer(who))

    played = play(
        heard, begin_s, site, started, kind="count", key="customer", window=window, of={"events": ["call.started"]}
    )
    played.advance(now)
    for who in range(4):
        recount = sum(w == who and counts_at(window, timezone, begin_s + at_s, now) for at_s, w, _ in heard)
        reading = played.reading("g", customer(who), now)
        assert (reading.value if reading else 0.0) == recount


@settings(max_examples=80, deadline=None)
@given(heards, st.sampled_from(("15m", "2h", "local_hour")), st.floats(7300, 20_000).map(round))
def test_a_distinct_count_equals_a_recount(heard: Heard, window: str, later_s: float) -> None:
    """Different customers in the window, each once, however often and in whatever order they are heard of."""

    def started(at_s: float, who: int, score: int) -> Event:
        return event("call.started", at_s, call="c", customer=customer(who))

    played = play(
        heard, T0, SITE, started, kind="count", per="customer", window=window, of={"events": ["call.started"]}
    )
    now = T0 + later_s
    played.advance(now)
    recount = {who for at_s, who, _ in heard if counts_at(window, SITE.timezone, T0 + at_s, now)}
    reading = played.reading("g", "site", now)
    assert (reading.value if reading else 0.0) == len(recount)


@settings(max_examples=80, deadline=None)
@given(heards, st.sampled_from(("15m", "2h", "local_hour")), st.floats(7300, 20_000).map(round))
def test_a_mean_equals_a_recount(heard: Heard, window: str, later_s: float) -> None:
    """The mean score of the feedback in the window; 0 where there is none."""

    def scored(at_s: float, who: int, score: int) -> Event:
        return event("feedback.received", at_s, customer=customer(who), data={"score": score})

    of = {"events": ["feedback.received"], "field": "score"}
    played = play(heard, T0, SITE, scored, kind="mean", window=window, of=of)
    now = T0 + later_s
    played.advance(now)
    scores = [score for at_s, _, score in heard if counts_at(window, SITE.timezone, T0 + at_s, now)]
    reading = played.reading("g", "site", now)
    assert (reading.value if reading else 0.0) == pytest.approx(sum(scores) / len(scores) if scores else 0.0, abs=1e-4)


@settings(max_examples=80, deadline=None)
@given(heards, st.sampled_from(("15m", "2h")), st.floats(7300, 20_000).map(round))
def test_contacts_per_incident_equal_a_recount(heard: Heard, window: str, later_s: float) -> None:
    """Contacts in the window by the different incidents that they were about."""

    def contact(at_s: float, who: int, score: int) -> Event:
        return event("incident.contact", at_s, data={"incident": f"i-{who}"})

    played = play(
        heard, T0, SITE, contact, kind="mean", per="incident", window=window, of={"events": ["incident.contact"]}
    )
    now = T0 + later_s
    played.advance(now)
    live = [who for at_s, who, _ in heard if counts_at(window, SITE.timezone, T0 + at_s, now)]
    reading = played.reading("g", "site", now)
    assert (reading.value if reading else 0.0) == pytest.approx(len(live) / len(set(live)) if live else 0.0, abs=1e-4)


def test_a_customer_who_calls_for_the_third_time_is_red_until_midnight() -> None:
    """Red with the third call of the day; green at the site's midnight, dated by midnight."""
    calls = {"kind": "count", "key": "customer", "window": "local_day", "of": {"events": ["call.started"]}}
    played = board(g={**calls, "zones": zones(2, 3)})
    moved = []
    for minute in (0, 20, 50):
        at_s = T0 + 60 * minute
        moved += played.handle(event("call.started", at_s, call=f"c-{minute}", customer=customer(1)), at_s)
    moved += played.advance(T0 + 86_400)
    assert shown(moved, "g") == [(0, 1, "green"), (1200, 2, "amber"), (3000, 3, "red"), (7200, 0, "green")]


def test_an_event_of_yesterday_counts_for_yesterday() -> None:
    """A call of 23:59 that is heard of at 00:10 does not count for the new day."""
    calls = {"kind": "count", "key": "customer", "window": "local_day", "of": {"events": ["call.started"]}}
    played = board(g={**calls, "zones": zones(1, 3)})
    moved = played.handle(event("call.started", T0 + 7140, call="c", customer=customer(1)), T0 + 7800)
    assert shown(moved, "g") == [(7140, 1, "amber"), (7200, 0, "green")]


def test_a_share_that_falls_by_time_alone_is_told_when_it_leaves_its_zone() -> None:
    """One caller of two gave up: red; when both have left the window, green, without any event."""
    of, among = {"events": ["call.abandoned"]}, {"events": ["call.queued"]}
    gave_up = {"kind": "ratio", "key": "queue", "of": of, "among": among, "window": "10m", "zones": zones(0.3, 0.5)}
    played = board(g=gave_up)
    for call in "ab":
        played.handle(event("call.queued", T0, call=call, queue="q"), T0)
    moved = played.handle(event("call.abandoned", T0 + 30, call="a"), T0 + 30)
    assert shown(moved, "g") == [(30, 0.5, "red")]
    (gone,) = played.advance(T0 + 86_400)
    assert shown([gone], "g")[0][1:] == (0.0, "green")
    assert 630 - SLOTS < gone.reading.at_s - T0 <= 630


def test_a_low_value_can_be_what_is_bad() -> None:
    """A feedback of 2 of 5 is red, 3 amber, 4 green; a score out of 10 is brought to 5."""
    score = {"kind": "last", "of": {"events": ["feedback.received"], "field": "score_of_5"}, "worse": "low"}
    played = board(g={**score, "key": "customer", "zones": zones(3, 2)})
    told = [
        played.handle(event("feedback.received", T0 + n, customer=customer(1), data=data), T0 + n)
        for n, data in enumerate(({"score": 2}, {"score": 3}, {"score": 4}, {"score": 4, "best": 10}))
    ]
    assert [shown(moved, "g")[0][1:] for moved in told] == [(2, "red"), (3, "amber"), (4, "green"), (2, "red")]


def test_attempts_outside_hours_are_counted_by_the_sites_hour() -> None:
    """22:30 in Jerusalem is its hour 22, and has a needle of its own."""
    played = board(g={"kind": "count", "key": "hour", "window": "local_week", "of": {"events": ["call.offhours"]}})
    for minute in (30, 45, 75):
        played.handle(event("call.offhours", T0 + 60 * minute), T0 + 60 * minute)
    assert {r.key: r.value for r in played.readings(T0 + 5000)} == {"22": 2, "23": 1}


def test_needles_have_a_bound_and_those_given_up_are_counted() -> None:
    """With room for ten customers the eleventh takes the place of the one longest unmoved."""
    calls = {"kind": "count", "key": "customer", "window": "local_day", "of": {"events": ["call.started"]}}
    played = board(g={**calls, "max_keys": 10})
    for n in range(25):
        played.handle(event("call.started", T0 + n, call=f"c-{n}", customer=customer(n)), T0 + n)
    assert len(list(played.readings(T0 + 30))) == 10
    assert played.given_up() == {"g": 15}
