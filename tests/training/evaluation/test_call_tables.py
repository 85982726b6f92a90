"""From alerts to shares, delays and false alarms per hour."""

from pathlib import Path

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from voicerisk.tension.settings import DEFAULT_ZONES
from voicerisk.training.evaluation.call_tables import alerts_at, call_row, curve, draw_curve, red_from
from voicerisk.training.evaluation.calls import Outcome, Window


def call(name: str, onset_s: float | None, levels: list[float] | None = None, *, seconds: float = 100.0) -> Outcome:
    """A call whose level is given for every 0.48 s of speech."""
    windows = tuple(Window(round(0.48 * (i + 1), 2), level, 0.48) for i, level in enumerate(levels or []))
    calm = ((0.0, seconds),) if onset_s is None else ()
    return Outcome(
        name=name, speaker=name, group="made", duration_s=seconds, onset_s=onset_s, calm=calm, windows=windows
    )


def test_shares_count_alerts_after_the_onset() -> None:
    """At 5 s, at 20 s, at 40 s, before the onset and never: one in five within 10 s, two within 30 s, one too early."""
    calls = [call(str(i), 50.0) for i in range(5)]
    row = call_row("made", calls, [[55.0], [70.0], [90.0], [40.0, 60.0], []])
    assert (row.within_10_s.value, row.within_30_s.value, row.before_onset) == (0.2, 0.4, 0.2)
    assert row.median_delay_s.value == 20.0
    assert row.per_hour.value is None
    assert row.n_escalating == 5


def test_median_delay_has_an_interval_by_speaker() -> None:
    """Delays of 2 to 10 s: the median is 6 s, within an interval that the slowest and fastest do not reach alone."""
    calls = [call(str(i), 50.0) for i in range(9)]
    delay = call_row("made", calls, [[52.0 + i] for i in range(9)]).median_delay_s
    assert delay.value == 6.0
    assert delay.low is not None
    assert delay.high is not None
    assert 2.0 < delay.low < 6.0 < delay.high < 10.0
    alike = call_row("made", calls, [[55.0], *[[]] * 8]).median_delay_s
    assert (alike.value, alike.low, alike.high) == (5.0, 5.0, 5.0)


def test_false_alarms_are_per_hour_of_calm() -> None:
    """Three alerts in twenty calm calls of 90 s are six an hour, with an interval around it; there is no share."""
    calls = [call(str(i), None, seconds=90.0) for i in range(20)]
    row = call_row("made", calls, [[10.0], [20.0, 30.0], *[[]] * 18])
    assert row.per_hour.value == pytest.approx(6.0)
    assert row.per_hour.low is not None
    assert row.per_hour.high is not None
    assert row.per_hour.low < 6 < row.per_hour.high
    assert (row.calm_hours, row.n_calm, row.within_10_s.value, row.median_delay_s.value) == (0.5, 20, None, None)


def test_no_false_alarm_is_not_certainty() -> None:
    """None in half an hour is still compatible with six an hour: the interval says so, and narrows with more hours."""
    half = call_row("made", [call(str(i), None, seconds=90.0) for i in range(20)], [[]] * 20)
    assert (half.per_hour.value, half.per_hour.low, half.per_hour.high) == (0.0, 0.0, 6.0)
    more = call_row("made", [call(str(i), None, seconds=900.0) for i in range(20)], [[]] * 20)
    assert more.per_hour.high == 0.6


def test_marked_stretches_alone_count_as_calm() -> None:
    """Where a reviewer marked only a part as calm, alerts elsewhere are no false alarms, and hours are those marked."""
    marked = msgspec.structs.replace(call("a", None), calm=((10.0, 46.0),))
    row = call_row("made", [marked], [[5.0, 20.0, 48.0, 90.0]])
    assert row.calm_hours == 0.01
    assert row.per_hour.value == pytest.approx(2 * 100)


def test_alerts_come_when_red_has_held() -> None:
    """Red entered at 0.65 and held for 2.4 s alerts with the fifth window above it, once, until it has been left."""
    levels = [0.3] * 10 + [0.9] * 10 + [0.1] * 20 + [0.9] * 5
    assert alerts_at(call("a", None, levels).windows, DEFAULT_ZONES) == [
        pytest.approx(15 * 0.48),
        pytest.approx(45 * 0.48),
    ]


@settings(max_examples=50, deadline=None)
@given(
    levels=st.lists(st.floats(0, 1), max_size=80),
    lower=st.floats(0.1, 0.9),
    higher=st.floats(0.1, 0.9),
    hold_s=st.sampled_from([0.48, 0.96, 2.4]),
)
def test_a_higher_red_never_alerts_sooner(levels: list[float], lower: float, higher: float, hold_s: float) -> None:
    """Moving red up never makes the first alert come earlier."""
    lower, higher = sorted((round(lower, 3), round(higher, 3)))
    windows = call("a", None, levels).windows
    first = [min(alerts_at(windows, red_from(enter, hold_s)), default=float("inf")) for enter in (lower, higher)]
    assert first[0] <= first[1]


def test_curve_falls_as_red_rises() -> None:
    """With one calm call at 0.5 and one escalating to 0.8, red between them alerts the one and not the other."""
    calls = [call("calm", None, [0.5] * 100, seconds=3600.0), call("angry", 9.6, [0.3] * 20 + [0.8] * 80)]
    points = curve(calls, 0.96)
    by_enter = {point.enter: point for point in points}
    assert (by_enter[0.4].per_hour, by_enter[0.4].within_10_s) == (1.0, 1.0)
    assert (by_enter[0.6].per_hour, by_enter[0.6].within_10_s) == (0.0, 1.0)
    assert (by_enter[0.9].per_hour, by_enter[0.9].within_10_s) == (0.0, 0.0)
    assert by_enter[0.6].median_delay_s == pytest.approx(0.96)


@pytest.mark.train_extra
def test_curve_is_drawn(tmp_path: Path) -> None:
    """The curve becomes a PNG file."""
    calls = [call("calm", None, [0.5] * 100), call("angry", 9.6, [0.3] * 20 + [0.8] * 80)]
    draw_curve(curve(calls, 0.96), call_row("all", calls, [[], [12.0]]), tmp_path / "calls.png")
    assert (tmp_path / "calls.png").read_bytes().startswith(b"\x89PNG")
