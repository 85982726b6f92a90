"""The caller's own usual."""

from statistics import median_low

import pytest
from hypothesis import given
from hypothesis import strategies as st

from voicerisk.tension.baseline import Baseline, RunningMedian, log_odds, probability


@given(st.lists(st.floats(-90.0, 0.0), min_size=1, max_size=200))
def test_running_median_is_the_median_to_half_a_bin(values: list[float]) -> None:
    """After any values, in any order, the running median lies within half a bin of the true one."""
    running = RunningMedian(-90.0, 0.0, 0.5)
    for value in values:
        running.add(value)
    assert running.value == pytest.approx(median_low(values), abs=0.25 + 1e-9)


def test_running_median_keeps_values_beyond_its_ends_in_the_end_bins() -> None:
    """An absurd value cannot grow the memory nor throw the median off the scale."""
    running = RunningMedian(0.0, 48.0, 0.25)
    for value in (-1e9, 1e9, 1e9):
        running.add(value)
    assert running.value == 48.0


def test_no_values_no_median() -> None:
    """Nothing learned is None, not zero."""
    assert RunningMedian(0.0, 1.0, 0.1).value is None
    assert Baseline().usual().tension is None


def test_usual_is_solid_after_three_seconds_only() -> None:
    """Numbers are named to a person once they stand on three seconds of speech."""
    baseline = Baseline()
    for _ in range(12):
        baseline.learn_tension(log_odds(0.3), 0.24)
        baseline.learn_voice(-30.0, 12.0)
    assert not baseline.usual().solid
    baseline.learn_tension(log_odds(0.3), 0.24)
    usual = baseline.usual()
    assert usual.solid
    assert usual.level_db == -30.0
    assert usual.pitch_st == 12.0
    assert usual.tension == pytest.approx(0.3, abs=0.02)


@given(st.floats(0.001, 0.999))
def test_log_odds_and_back(p: float) -> None:
    """A probability survives the way to log-odds and back."""
    assert probability(log_odds(p)) == pytest.approx(p, abs=1e-12)
