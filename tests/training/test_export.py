"""Export: a model folder that serves, whose scores are the network's."""

from pathlib import Path

import numpy as np
import torch

from voicerisk.scoring.contract import CHUNK_SAMPLES
from voicerisk.training.committee import Committee
from voicerisk.training.graph import largest_difference, to_onnx
from voicerisk.training.network import N_KNOWN_INPUTS, N_OUTPUTS, N_SPEECH_INPUTS, STATES, Ear, first_states
from voicerisk.training.pooling import FUNCTIONALS


def blank_ear() -> Ear:
    """A tiny ear that was taught nothing."""
    n_own = len(FUNCTIONALS)
    sizes = ((n_own, N_OUTPUTS), (N_KNOWN_INPUTS, N_OUTPUTS), (n_own, N_OUTPUTS), (N_SPEECH_INPUTS, 1))
    return Ear(*(Committee(n_inputs, n_outputs, 2, 4, 0.0) for n_inputs, n_outputs in sizes)).eval()


def buzz(seconds: float) -> np.ndarray:
    """A voice-like buzz with pauses."""
    t = np.arange(int(8000 * seconds)) / 8000
    tone = np.sum([np.sin(2 * np.pi * 150 * k * t) / k for k in range(1, 20)], axis=0)
    return (0.1 * tone * (np.sin(2 * np.pi * 1.5 * t) > -0.3)).astype(np.float32)


def test_onnx_chunk_by_chunk_is_torch_over_the_whole_file() -> None:
    """No score of an exported graph differs by more than 1e-4 from the network's over the whole file."""
    torch.manual_seed(0)
    ear = blank_ear()
    audios = [buzz(4.0), np.zeros(5000, np.float32), np.random.default_rng(0).normal(0, 0.1, 9000).astype(np.float32)]
    assert largest_difference(ear, to_onnx(ear), audios) <= 1e-4


def test_a_caller_becomes_known() -> None:
    """The baseline begins with what leaves the window, and stands still once it holds fifteen seconds of speech."""
    torch.manual_seed(0)
    ear = blank_ear()
    with torch.no_grad():
        ear.speech.biases[2].fill_(100.0)  # takes everything for speech
    states, audio, held = first_states(1), torch.from_numpy(buzz(30.0)), []
    with torch.inference_mode():
        for start in range(0, len(audio) - CHUNK_SAMPLES, CHUNK_SAMPLES):
            states = ear(audio[None, start : start + CHUNK_SAMPLES], states).states
            held.append(float(states["base"][0, 3]) / 100)
    assert held[11] == 0.0
    assert held[20] > 0.0
    assert 14.9 <= held[-1] <= 15.3
    assert set(states) == set(STATES)


def test_shipped_settings_are_understood() -> None:
    """Every train.toml that ships is read without complaint and names the folder it lies in."""
    from voicerisk.training.settings import read_settings

    files = sorted(Path("models").glob("*/train.toml"))
    assert files
    for file in files:
        assert read_settings(file).name == file.parent.name
