"""Resampling to 8 kHz: length, place and pieces."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from voicerisk.media.resample import Resampler

RATES_HZ = (11025, 12000, 16000, 22050, 24000, 32000, 44100, 48000, 64000)


def _tone(rate_hz: int, n_samples: int) -> np.ndarray:
    at_s = np.arange(n_samples) / rate_hz
    return np.rint(8000 * np.sin(2 * np.pi * 440 * at_s + 0.3)).astype(np.int16)


def _through(samples: np.ndarray, rate_hz: int, sizes: list[int]) -> np.ndarray:
    resampler, out, at = Resampler(rate_hz), [], 0
    while at < len(samples):
        for size in sizes:
            out.append(resampler.feed(samples[at : at + size]))
            at += size
    return np.concatenate([*out, resampler.flush()])


@pytest.mark.parametrize("rate_hz", RATES_HZ)
def test_length_and_place_are_kept(rate_hz: int) -> None:
    """A tone comes out as long as it went in and without a shift in time, so that the media clock cannot drift."""
    n_samples = rate_hz + 137
    out = _through(_tone(rate_hz, n_samples), rate_hz, [rate_hz // 50])
    assert len(out) == int(n_samples * 8000 / rate_hz + 0.5)
    expected = _tone(8000, len(out))
    assert np.abs(out[800:-800].astype(int) - expected[800:-800]).max() <= 12


@settings(max_examples=30, deadline=None)
@given(rate_hz=st.sampled_from(RATES_HZ), sizes=st.lists(st.integers(1, 5000), min_size=1, max_size=8))
def test_any_cut_gives_the_same_samples(rate_hz: int, sizes: list[int]) -> None:
    """However the audio is cut into pieces, the same samples come out, bit for bit."""
    noise = np.random.default_rng(rate_hz).integers(-20000, 20000, 6000, np.int16)
    assert np.array_equal(_through(noise, rate_hz, sizes), _through(noise, rate_hz, [len(noise)]))


def test_loud_audio_is_clipped_not_wrapped() -> None:
    """Full-scale square waves, whose filtered peaks overshoot, stay at full scale."""
    square = np.where(np.arange(16000) // 40 % 2, 32767, -32768).astype(np.int16)
    out = _through(square, 16000, [320])
    assert out.max() == 32767
    assert out.min() == -32768
    assert np.abs(np.diff(out[100:-100].astype(int))).max() < 60000


def test_silence_is_counted_like_samples() -> None:
    """Half a minute of silence is fed in small pieces and is as long as it should be."""
    resampler = Resampler(48000)
    n_out = sum(len(piece) for piece in resampler.silence(48000 * 30)) + len(resampler.flush())
    assert n_out == 8000 * 30
