"""Tuning red to a budget of false alarms."""

import tomllib
from pathlib import Path

import msgspec
import numpy as np
import pytest
import soundfile

from tests.training.evaluation.test_call_tables import call
from tests.training.made import buzz
from voicerisk.scoring.model import Model
from voicerisk.tension import TensionSettings, tension_problems
from voicerisk.tension.settings import DEFAULT_ZONES
from voicerisk.training.corpora import CorpusError
from voicerisk.training.evaluation.calls import Outcome, shipped_settings
from voicerisk.training.tune import outcomes_of_marks, tune


@pytest.fixture
def calls() -> list[Outcome]:
    """Four hours of calls: one calm one peaks at 0.55 for two windows, the angry ones climb to 0.5, 0.7 and 0.9."""
    calm = [call(f"calm{i}", None, [0.2] * 50, seconds=1440.0) for i in range(10)]
    calm[0] = call("calm0", None, [0.2] * 20 + [0.55] * 2 + [0.2] * 20, seconds=1440.0)
    climbing = [[0.2] * 20 + [0.4] * 5 + [top] * 40 for top in (0.5, 0.7, 0.9)]
    return calm + [call(f"angry{i}", 9.6, levels, seconds=60.0) for i, levels in enumerate(climbing)]


def test_budget_of_none_keeps_clear_of_the_calm_peak(calls: list[Outcome]) -> None:
    """With no false alarm allowed the setting raises none, and still alerts whoever climbs well above."""
    found = tune(calls, DEFAULT_ZONES, 0.0)
    assert found.best.per_hour.value == 0.0
    assert found.best.within_10_s.value is not None
    assert found.best.within_10_s.value >= 0.66
    assert found.thresholds.leave < found.thresholds.enter


def test_a_larger_budget_never_alerts_later(calls: list[Outcome]) -> None:
    """More false alarms allowed means alerts at least as early, and the budget is kept."""
    prompt = []
    for budget in (0.0, 0.25, 5.0):
        found = tune(calls, DEFAULT_ZONES, budget)
        best = next(trial for trial in found.trials if trial.enter == found.thresholds.enter)
        assert (found.best.per_hour.value or 0.0) <= budget
        prompt.append(best.promptness)
    assert prompt == sorted(prompt)


def test_tuned_settings_go_into_the_configuration(calls: list[Outcome]) -> None:
    """The TOML that tuning prints is valid configuration and says the thresholds that were found."""
    found = tune(calls, DEFAULT_ZONES, 0.5)
    settings = msgspec.convert(tomllib.loads(found.toml())["tension"], TensionSettings)
    assert tension_problems(settings) == []
    red = settings.boundaries.red
    assert (red.enter, red.leave, red.hold_s) == msgspec.structs.astuple(found.thresholds)


def test_too_little_to_tell_is_said(calls: list[Outcome]) -> None:
    """Three escalations are too few, and four calm hours cannot tell half a false alarm per hour from none."""
    caution = tune(calls, DEFAULT_ZONES, 0.5).caution
    assert "only 3 calls escalate" in caution
    assert "4.0 h of calm calls" in caution


@pytest.mark.parametrize(
    ("kept", "budget", "said"),
    [
        ("calm", 0.5, "none of the calls escalates"),
        ("angry", 0.5, "minutes are marked calm"),
        ("", -1.0, "makes no sense"),
    ],
)
def test_calls_that_cannot_tune_are_refused(calls: list[Outcome], kept: str, budget: float, said: str) -> None:
    """No escalation, no calm stretch or a senseless budget is an error that says what is missing."""
    with pytest.raises(CorpusError, match=said):
        tune([one for one in calls if one.name.startswith(kept)], DEFAULT_ZONES, budget)


def test_marked_calls_run_through_the_chain(loudness: Model, tmp_path: Path) -> None:
    """A marked recording gives its onset and calm stretches, and the levels of the customer's channel (the right)."""
    customer = np.concatenate([buzz(12.0, 0.02), buzz(10.0, 0.5)])
    soundfile.write(tmp_path / "call.wav", np.stack([np.zeros_like(customer), customer], axis=1), 8000)
    marks = "path,start_s,end_s,label,channel\ncall.wav,0,11,calm,1\ncall.wav,12,,tense,1\n"
    (tmp_path / "marks.csv").write_text(marks, encoding="utf-8")
    (outcome,) = outcomes_of_marks(loudness.folder, shipped_settings(loudness.folder), tmp_path / "marks.csv")
    assert (outcome.onset_s, outcome.calm) == (12.0, ((0.0, 11.0),))
    assert len(outcome.alerts_s) == 1
    assert 12 < outcome.alerts_s[0] < 18
    assert [window.at_s for window in outcome.windows[:2]] == [0.24, 0.48]
