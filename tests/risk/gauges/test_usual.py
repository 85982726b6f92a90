"""A spike: the last hour by what is usual now."""

from typing import Final

import pytest

from tests.risk.gauges.makers import T0, board, event, zones
from voicerisk.events import Zone
from voicerisk.risk.gauges import GaugeBoard, Moved

SPIKE: Final = {
    "kind": "spike",
    "key": "reason",
    "of": {"events": ["call.reason"]},
    "least_usual": 5,
    "zones": zones(2, 3),
}
HOUR_S: Final = 3600
DAY_S: Final = 24 * HOUR_S


def calls(played: GaugeBoard, reason: str, hour_s: float, n: int, id_: str = "") -> list[Moved]:
    """So many calls about this, spread evenly over an hour."""
    moved = []
    for i in range(n):
        at_s = hour_s + i * HOUR_S / n
        told = event("call.reason", at_s, f"{reason} {at_s} {id_}", {"reason": reason}, call=f"{reason}{at_s}")
        moved += played.handle(told, at_s)
    return moved


def value(played: GaugeBoard, reason: str, at_s: float) -> float:
    """How many times the usual it is."""
    played.advance(at_s)
    reading = played.reading("spike", reason, at_s)
    return reading.value if reading else 0.0


def test_nothing_is_a_spike_before_anything_is_usual() -> None:
    """On the first day of a busy site two hundred calls an hour about one matter are no alarm."""
    played = board(spike=SPIKE)
    moved = [m for hour in range(8) for m in calls(played, "bill", T0 + hour * HOUR_S, 200)]
    assert {m.reading.zone for m in moved} == {Zone.GREEN}


def test_three_times_the_usual_of_this_hour_is_red() -> None:
    """Ten calls at this hour for three days; thirty on the fourth are red, and dated before the hour is over."""
    played = board(spike=SPIKE)
    for day in range(4):
        calls(played, "bill", T0 + day * DAY_S, 10)
    begin_s = T0 + 4 * DAY_S
    moved = calls(played, "bill", begin_s, 40)
    red = [m.reading.at_s for m in moved if m.crossed and m.reading.zone is Zone.RED]
    assert len(red) == 1
    assert begin_s < red[0] < begin_s + HOUR_S
    assert value(played, "bill", begin_s + HOUR_S - 30) == pytest.approx(4.0, rel=0.1)


def test_a_spike_is_over_when_its_hour_is() -> None:
    """An hour after the last call the needle is back in green by time alone."""
    played = board(spike=SPIKE)
    for day in range(3):
        calls(played, "bill", T0 + day * DAY_S, 10)
    calls(played, "bill", T0 + 3 * DAY_S, 40)
    moved = played.advance(T0 + 3 * DAY_S + 3 * HOUR_S)
    assert moved[-1].reading.zone is Zone.GREEN


def test_a_fault_that_nobody_called_about_before_is_a_spike() -> None:
    """A new reason at a site that is known: its usual is none, so fifteen calls are three times the least."""
    played = board(spike=SPIKE)
    for day in range(2):
        calls(played, "bill", T0 + day * DAY_S, 10)
    moved = calls(played, "no internet", T0 + 2 * DAY_S, 16)
    assert moved[-1].reading.zone is Zone.RED


def test_few_calls_are_no_spike() -> None:
    """Four calls where there is usually none are below the least that counts as usual."""
    played = board(spike=SPIKE)
    for day in range(2):
        calls(played, "bill", T0 + day * DAY_S, 10)
    assert {m.reading.zone for m in calls(played, "odd", T0 + 2 * DAY_S, 4)} == {Zone.GREEN}


def test_what_is_usual_differs_by_hour_and_by_weekday() -> None:
    """Forty calls are usual at ten on Sundays, and a spike at ten on Tuesdays once that day is known."""
    played = board(spike=SPIKE)
    for week in range(2):
        for day, n in ((0, 40), (2, 8)):
            calls(played, "bill", T0 + (7 * week + day) * DAY_S, n)
    calls(played, "bill", T0 + 14 * DAY_S, 40, "third week")
    assert value(played, "bill", T0 + 14 * DAY_S + HOUR_S - 30) == pytest.approx(1.0, rel=0.1)
    calls(played, "bill", T0 + 16 * DAY_S, 40, "third week")
    assert value(played, "bill", T0 + 16 * DAY_S + HOUR_S - 30) == pytest.approx(5.0, rel=0.1)


def test_between_two_hours_the_usual_is_between_theirs() -> None:
    """Twenty calls in one hour and none in the next: half an hour later ten are usual, so ten calls are as usual."""
    played = board(spike=SPIKE)
    for day in range(2):
        calls(played, "bill", T0 + day * DAY_S, 20)
    calls(played, "bill", T0 + 2 * DAY_S, 20)
    assert value(played, "bill", T0 + 2 * DAY_S + 1.5 * HOUR_S) == pytest.approx(1.0, rel=0.15)


def test_a_silence_of_half_a_year_costs_no_more_than_a_month() -> None:
    """The hours of a long silence are not learned one by one, and what was usual is still judged by."""
    played = board(spike=SPIKE)
    calls(played, "bill", T0, 10)
    moved = calls(played, "bill", T0 + 180 * DAY_S, 20)
    assert moved[-1].reading.value > 1.0
