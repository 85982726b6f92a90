"""Calibration before and after."""

from pathlib import Path

import numpy as np
import pytest

from voicerisk.training.evaluation.calibration import calibration, draw_reliability


def honest(n: int = 4000) -> tuple[np.ndarray, np.ndarray, list[str]]:
    """Scores that come true as often as they say."""
    random = np.random.default_rng(0)
    score = random.uniform(0.02, 0.98, n)
    return (random.random(n) < score).astype(np.int64), score, [str(i % 40) for i in range(n)]


def test_what_calibration_did_is_undone() -> None:
    """From calibrated scores and the fitted slope and offset comes the error before calibration, which is larger."""
    truth, score, speakers = honest()
    found = calibration(truth, score, speakers, {"slope": 0.5, "offset": -1.0}, resamples=20)
    assert found.ece.value is not None
    assert found.raw_ece is not None
    assert found.raw_ece.value is not None
    assert found.ece.value < 0.03 < 0.1 < found.raw_ece.value


@pytest.mark.parametrize("fitted", [{}, {"slope": 0, "offset": 1}, {"slope": "steep", "offset": 1}, {"slope": 2.0}])
def test_without_the_fit_there_is_no_before(fitted: dict[str, object]) -> None:
    """Where the model's folder does not say how it was calibrated, nothing is made up."""
    found = calibration(*honest(), fitted, resamples=0)
    assert (found.raw_ece, found.raw_bins) == (None, ())
    assert sum(bar.n for bar in found.bins) == 4000


@pytest.mark.train_extra
def test_diagram_is_drawn(tmp_path: Path) -> None:
    """The diagram becomes a PNG file."""
    draw_reliability(calibration(*honest(), {"slope": 0.5, "offset": -1.0}, resamples=0), tmp_path / "r.png")
    assert (tmp_path / "r.png").read_bytes().startswith(b"\x89PNG")
