"""The speech detector: what it is taught, and that it learns it."""

from pathlib import Path

import numpy as np
import pytest
import torch

from voicerisk.training.augment import LineSettings
from voicerisk.training.committee import CommitteeSettings
from voicerisk.training.corpora.audio import read_file
from voicerisk.training.detector import fit_detector, stream_inputs
from voicerisk.training.network import N_SPEECH_INPUTS
from voicerisk.training.streams import STREAM_CHUNKS

pytestmark = pytest.mark.train_extra

FIXTURES = Path(__file__).parents[1] / "fixtures"


def silent(done: int, of: int) -> None:
    """Reports nothing."""


def test_what_is_speech_does_not_depend_on_the_line() -> None:
    """A line whose noise drowns the voice changes what is heard of it, not where it is said to have spoken."""
    voice = read_file(FIXTURES / "calm.flac")
    good, bad = (LineSettings(noise_share=1, babble_share=0, snr_db=(snr_db, snr_db)) for snr_db in (60.0, 0.0))
    heard, truth = stream_inputs(4, [voice], [], good, 3, silent)
    drowned, same = stream_inputs(4, [voice], [], bad, 3, silent)
    assert heard.shape == drowned.shape == (4 * STREAM_CHUNKS, N_SPEECH_INPUTS)
    assert torch.equal(truth, same)
    assert not torch.allclose(heard, drowned)
    assert 0.1 < float((truth == 1).float().mean()) < 0.9


def test_the_detector_learns_what_is_clear() -> None:
    """It tells speech by the input that tells it, and chunks in doubt, wrongly marked on purpose, teach it nothing."""
    torch.manual_seed(0)
    inputs = torch.randn(600, N_SPEECH_INPUTS)
    clue = inputs[:, 0]
    truth = torch.where(clue > 0.3, 1.0, torch.where(clue < -0.3, 0.0, 0.2))
    small = CommitteeSettings(members=1, hidden=8, steps=120, batch=128, learning_rate=1e-2, dropout=0.0)
    net = fit_detector(inputs, truth, small, 1)
    with torch.inference_mode():
        said = net(inputs)[:, 0]
    assert np.mean((said > 0)[clue > 0.3].numpy()) > 0.95
    assert np.mean((said < 0)[clue < -0.3].numpy()) > 0.95
