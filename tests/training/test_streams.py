"""Streams that teach what speech is, and the sounds that are none."""

import numpy as np
import pytest

from voicerisk.training import sounds
from voicerisk.training.augment import LineSettings
from voicerisk.training.streams import STREAM, STREAM_CHUNKS, spoken, stream

RATE_HZ = 8000


def voice() -> np.ndarray:
    """Half a second of silence, one of buzz, half of silence."""
    t = np.arange(RATE_HZ) / RATE_HZ
    buzz = 0.1 * np.sum([np.sin(2 * np.pi * 150 * k * t) / k for k in range(1, 20)], axis=0)
    return np.concatenate([np.zeros(4000), buzz, np.zeros(4000)]).astype(np.float32)


def test_truth_is_where_the_voice_is() -> None:
    """The buzz is spoken and the silence around it is not, but for a short hang."""
    truth = spoken(voice())
    assert truth[4200:11800].all()
    assert not truth[:2500].any()
    assert not truth[-2500:].any()


@pytest.mark.parametrize("n_samples", [0, 100, 161, 700])
def test_truth_of_very_short_clips(n_samples: int) -> None:
    """Clips shorter than a frame, and odd lengths, have a truth of their own length."""
    assert spoken(np.ones(n_samples, np.float32) * 0.1).shape == (n_samples,)


@pytest.mark.parametrize("seed", range(8))
def test_a_stream_and_its_truth(seed: int) -> None:
    """Any stream is of the fixed length, finite, within full scale, with a share of speech for each chunk."""
    audio, truth = stream([voice()], [], LineSettings(), np.random.default_rng(seed))
    assert audio.shape == (STREAM,)
    assert truth.shape == (STREAM_CHUNKS,)
    assert np.isfinite(audio).all()
    assert np.abs(audio).max() <= 1.0
    assert ((truth >= 0) & (truth <= 1)).all()


def test_half_of_the_streams_hold_speech() -> None:
    """Both kinds are drawn."""
    held = [stream([voice()], [], LineSettings(), np.random.default_rng(seed))[1].any() for seed in range(30)]
    assert 5 < sum(held) < 25


@pytest.mark.parametrize("make", sorted(set(sounds.KINDS), key=lambda kind: kind.__name__))
def test_sounds_are_seeded_and_sane(make) -> None:  # noqa: ANN001
    """Each kind of sound is of the asked length, finite, not clipped flat, and the same for the same seed."""
    first, again, other = (make(np.random.default_rng(seed), 3 * RATE_HZ) for seed in (2, 2, 3))
    assert first.shape == (3 * RATE_HZ,)
    assert first.dtype == np.float32
    assert np.isfinite(first).all()
    assert np.abs(first).max() <= 2.0
    assert np.array_equal(first, again)
    assert not np.array_equal(first, other)


def test_keys_are_two_tones() -> None:
    """Keys hold nothing outside the eight frequencies of DTMF."""
    power = np.abs(np.fft.rfft(sounds.keys(np.random.default_rng(0), 4 * RATE_HZ))) ** 2
    hz = np.fft.rfftfreq(4 * RATE_HZ, 1 / RATE_HZ)
    tones = np.array([697, 770, 852, 941, 1209, 1336, 1477, 1633])
    near = (np.abs(hz[:, None] - tones) < 40).any(1)
    assert power[near].sum() / power.sum() > 0.9
