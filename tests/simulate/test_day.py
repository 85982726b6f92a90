"""A made-up day: the same from the same seed, true to its own count, and digested by the gauges that ship."""

from collections import Counter
from hashlib import sha256

import pytest

from voicerisk.events import (
    CallAbandoned,
    CallStarted,
    CallTransferred,
    Crossing,
    Event,
    TensionZone,
    Zone,
    decode_event,
    encode_event,
    event_type,
)
from voicerisk.risk import library
from voicerisk.risk.gauges import GaugeBoard, SiteSettings
from voicerisk.risk.intake import Intake, RefusalReason
from voicerisk.simulate.day import Day, Heard

MIDNIGHT_S = 1_732_140_000.0
SITE = SiteSettings(timezone="Asia/Jerusalem", week_starts="sunday")
N_CALLS = 600


@pytest.fixture(scope="module")
def day() -> Day:
    """A day whose events have been taken."""
    return Day(1, MIDNIGHT_S, N_CALLS)


@pytest.fixture(scope="module")
def heard(day: Day) -> list[Heard]:
    """Its events as they are heard."""
    return list(day.events())


@pytest.fixture(scope="module")
def events(heard: list[Heard]) -> list[Event]:
    """Its events, each once."""
    return list({one.event.id: one.event for one in heard}.values())


def test_the_same_seed_gives_the_same_bytes(heard: list[Heard]) -> None:
    """Byte for byte the same day wherever and whenever it is made up; another seed gives another."""
    digest = sha256(b"".join(b"%.3f " % one.at_s + encode_event(one.event) for one in heard)).hexdigest()
    assert digest == "a27a5a6fcba4280cb800d9b9d803b0ddd30babd5da3d8e6a6cda738bfb0b7fac"
    other = next(Day(2, MIDNIGHT_S, N_CALLS).events())
    assert other != heard[0]


def test_the_day_is_heard_in_order_with_some_events_late_and_some_twice(heard: list[Heard]) -> None:
    """Hearing times never go back, nothing is heard before it happens, and late and repeated events are there."""
    times = [one.at_s for one in heard]
    assert times == sorted(times)
    assert all(one.at_s >= one.event.at for one in heard)
    assert sum(one.at_s - one.event.at > 10.0 for one in heard) > len(heard) // 500
    assert len({one.event.id for one in heard}) < len(heard)


def test_every_event_is_one_that_the_service_accepts(events: list[Event]) -> None:
    """What was made up passes the same checks as what comes in from outside."""
    for event in events:
        assert decode_event(encode_event(event)) == event


def test_the_truth_is_what_the_events_say(day: Day, events: list[Event]) -> None:
    """The day's own count equals a count over its events."""
    types = Counter(event_type(event) for event in events)
    assert day.truth.calls == N_CALLS == types[event_type(next(e for e in events if isinstance(e, CallStarted)))]
    assert day.truth.events == len(events)
    assert day.truth.abandoned == sum(isinstance(event, CallAbandoned) for event in events) > 0
    assert day.truth.transfers == sum(isinstance(event, CallTransferred) for event in events) > 0
    assert day.truth.promises == types["promise.made"] > 0
    assert day.truth.tense == len(unhappy(events)) > 0


def test_the_gauges_that_ship_digest_the_day(day: Day, heard: list[Heard], events: list[Event]) -> None:
    """Each unhappy call is counted once, each customer's calls are right, and nothing is left open that is not."""
    board, intake = GaugeBoard(library.gauges(), SITE), Intake(SITE)
    most: Counter[str] = Counter()
    for one in heard:
        refusal = intake.admit(one.event, one.at_s)
        assert refusal is None or refusal.reason is RefusalReason.DUPLICATE
        if refusal is None:
            for moved in board.handle(one.event, one.at_s):
                name = f"{moved.reading.gauge} {moved.reading.key}"
                most[name] = max(most[name], round(moved.reading.value))
    assert most["unhappy_today site"] == len(unhappy(events))
    calls = Counter(event.customer for event in events if isinstance(event, CallStarted))
    assert {name: n for name, n in most.items() if name.startswith("calls_today")} == {
        f"calls_today {customer}": n for customer, n in calls.items()
    }
    readings = {(r.gauge, r.key): r.value for r in board.readings(MIDNIGHT_S + 86_000)}
    assert {value for (gauge, _), value in readings.items() if gauge == "waiting"} == {0.0}


def unhappy(events: list[Event]) -> set[str]:
    """The calls that were red."""
    return {
        e.call
        for e in events
        if isinstance(e, TensionZone) and isinstance(e.data, Crossing) and e.data.zone is Zone.RED
    }
