"""Lines drawn at random: they change a voice, never its length, and the same draw gives the same line."""

import numpy as np
import pytest

from voicerisk.training import channel
from voicerisk.training.augment import LineSettings, gsm, levelled, low_rate_opus, through_a_line

RATE_HZ = 8000


def voice(seconds: float = 1.0) -> np.ndarray:
    """A buzz of 150 Hz that comes and goes."""
    t = np.arange(int(RATE_HZ * seconds)) / RATE_HZ
    buzz = np.sum([np.sin(2 * np.pi * 150 * k * t) / k for k in range(1, 20)], axis=0)
    return (0.1 * buzz * (1 + np.sin(2 * np.pi * 3 * t))).astype(np.float32)


@pytest.mark.parametrize("seed", range(12))
def test_a_line_keeps_length_and_range(seed: int) -> None:
    """Whatever is drawn, as many samples come out, all finite and within full scale, at about the level asked for."""
    settings = LineSettings(level_db=(-30.0, -30.0), overdrive_share=0.0)
    noise = np.random.default_rng(1).standard_normal(4000).astype(np.float32)
    heard = through_a_line(voice(), voice(0.5), noise, settings, np.random.default_rng(seed))
    assert heard.shape == voice().shape
    assert np.isfinite(heard).all()
    assert np.abs(heard).max() <= 1.0
    assert channel.speech_level_db(heard) == pytest.approx(-30.0, abs=3.0)


def test_the_same_draw_gives_the_same_line() -> None:
    """One generator state, one result; another state, another."""
    noise = np.ones(10, np.float32)
    first, again, other = (
        through_a_line(voice(), voice(), noise, LineSettings(), np.random.default_rng(seed)) for seed in (3, 3, 4)
    )
    assert np.array_equal(first, again)
    assert not np.array_equal(first, other)


@pytest.mark.parametrize("codec", [gsm, low_rate_opus])
@pytest.mark.parametrize("n_samples", [0, 100, 161, 8000, 12345])
def test_codecs_keep_the_length(codec, n_samples: int) -> None:  # noqa: ANN001
    """A coded voice is as long as before, however its blocks fall."""
    audio = np.resize(voice(), n_samples).astype(np.float32)
    assert codec(audio).shape == (n_samples,)


def test_gsm_still_sounds_like_the_voice() -> None:
    """GSM keeps the voice: most of its power is the voice's own."""
    audio = voice()
    assert np.corrcoef(gsm(audio)[800:-800], audio[800:-800])[0, 1] > 0.9


def test_gain_control_evens_out() -> None:
    """A voice that drops by 20 dB drops by less after gain control."""
    audio = np.concatenate([voice(2.0), voice(2.0) * np.float32(0.1)])
    out = levelled(audio, strength=0.8)
    drop = [
        channel.speech_level_db(part[: 2 * RATE_HZ]) - channel.speech_level_db(part[3 * RATE_HZ :])
        for part in (audio, out)
    ]
    assert drop[0] == pytest.approx(20.0, abs=1.0)
    assert drop[1] < 10.0
