"""Calibration by what was never heard, and by no test speaker."""

import numpy as np
import torch

from voicerisk.training.committee import Committee, Lesson
from voicerisk.training.judging import calibrated
from voicerisk.training.network import N_OUTPUTS

GROUPS = {"one": np.arange(0, 60), "other": np.arange(60, 120), "speakers of both": np.arange(50, 70)}
UNHEARD = {"one": 1, "other": 2, "speakers of both": 3}


def lesson(scales: torch.Tensor) -> Lesson:
    """A lesson of which only the truth matters here."""
    n = len(scales)
    nothing = torch.zeros(n, dtype=torch.int64)
    return Lesson(torch.zeros(1, n, 1), scales, nothing, nothing, nothing, torch.ones(3, n))


def outputs(scales: torch.Tensor, is_test: np.ndarray) -> list[torch.Tensor]:
    """What four committees say of the same inputs after calibration, the third kept from group `other`."""
    raw = np.random.default_rng(0).normal(size=(120, N_OUTPUTS))
    said = {name: raw[rows] for name, rows in GROUPS.items()}
    torch.manual_seed(0)
    nets = [Committee(1, N_OUTPUTS, 1, 3, 0.0).eval() for _ in range(4)]
    calibrated(nets, UNHEARD, said, lesson(scales), GROUPS, is_test)
    with torch.inference_mode():
        return [net(torch.ones(1, 1)) for net in nets]


def made_up(seed: int) -> torch.Tensor:
    """Truth of 120 clips on four scales."""
    return torch.from_numpy(np.random.default_rng(seed).integers(0, 2, (120, 4)).astype(np.float32))


def test_test_speakers_calibrate_nothing() -> None:
    """Whatever the labels of test speakers say, every committee is calibrated alike."""
    is_test = np.arange(120) % 4 == 0
    scales, other = made_up(1), made_up(1)
    other[::4] = 1 - other[::4]
    for first, second in zip(outputs(scales, is_test), outputs(other, is_test), strict=True):
        assert torch.equal(first, second)


def test_what_was_left_out_is_left_out_of_the_calibration_too() -> None:
    """Labels of a group change the calibration of the committee that ships, not of the one kept from that group."""
    nobody = np.zeros(120, dtype=np.bool_)
    scales, other = made_up(1), made_up(1)
    other[60:] = made_up(2)[60:]
    shipped, heard, kept, _ = zip(outputs(scales, nobody), outputs(other, nobody), strict=True)
    assert not torch.equal(*shipped)
    assert not torch.equal(*heard)
    assert torch.equal(*kept)
