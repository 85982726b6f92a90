"""Frame features: known sounds give known values, and gain changes none of them."""

import numpy as np
import numpy.typing as npt
import pytest
import torch

from voicerisk.training.features import NAMES, PITCH, TAIL, FrameFeatures

RATE_HZ = 8000


def voice(f0_hz: float, seconds: float = 1.0, brightness: float = 1.5) -> npt.NDArray[np.float32]:
    """A buzz of harmonics that fall by `brightness` octave by octave."""
    t = np.arange(int(RATE_HZ * seconds)) / RATE_HZ
    tones = [k**-brightness * np.sin(2 * np.pi * f0_hz * k * t) for k in range(1, int(3600 / f0_hz))]
    return (0.1 * np.sum(tones, axis=0)).astype(np.float32)


def features_of(audio: npt.NDArray[np.float32]) -> tuple[npt.NDArray[np.float32], ...]:
    """Values, level and periodicity of the frames of a sound, without those that reach into the silence before it."""
    padded = np.concatenate([np.zeros(TAIL, np.float32), audio[: len(audio) // 80 * 80]])
    frames = FrameFeatures()(torch.from_numpy(padded[None]))
    return tuple(part[0, 8:].numpy() for part in frames)


@pytest.mark.parametrize("f0_hz", [80.0, 120.0, 210.0, 330.0, 480.0])
def test_pitch_of_a_buzz_is_found(f0_hz: float) -> None:
    """The pitch of a steady buzz is right to a tenth of a semitone, over the range of speaking voices."""
    values, _, periodicity = features_of(voice(f0_hz))
    assert np.median(values[:, PITCH]) == pytest.approx(12 * np.log2(f0_hz / 55.0), abs=0.1)
    assert np.median(periodicity) > 0.9


def test_pitch_is_found_without_the_fundamental() -> None:
    """A telephone takes away what lies below 300 Hz; the pitch of what is left is the same."""
    t = np.arange(RATE_HZ) / RATE_HZ
    audio = 0.05 * np.sum([np.sin(2 * np.pi * 120.0 * k * t) for k in range(3, 20)], axis=0).astype(np.float32)
    values, _, _ = features_of(audio)
    assert np.median(values[:, PITCH]) == pytest.approx(12 * np.log2(120.0 / 55.0), abs=0.2)


def test_gain_changes_loudness_and_nothing_else() -> None:
    """A voice 20 dB softer has the same values, but for its loudness and level."""
    loud, soft = features_of(voice(150.0)), features_of(voice(150.0) * np.float32(0.1))
    assert np.median(loud[1] - soft[1]) == pytest.approx(20.0, abs=0.1)
    apart = np.abs(np.median(loud[0], axis=0) - np.median(soft[0], axis=0))
    for name, difference in zip(NAMES[1:], apart[1:], strict=True):
        assert difference < 0.1, name


def test_level_is_that_of_the_samples() -> None:
    """The level of a frame is its mean square in dB below full scale, whatever DC lies under it."""
    audio = voice(200.0) + np.float32(0.2)
    _, level_db, _ = features_of(audio)
    wanted = 10 * np.log10(np.mean(np.square(voice(200.0), dtype=np.float64)))
    assert np.median(level_db) == pytest.approx(wanted, abs=0.5)


def test_a_pressed_voice_is_brighter() -> None:
    """Less fall from octave to octave lowers alpha ratio and Hammarberg index and raises the slopes."""
    soft, pressed = (np.median(features_of(voice(150.0, brightness=b))[0], axis=0) for b in (2.5, 0.8))
    change = dict(zip(NAMES, pressed - soft, strict=True))
    assert change["alpha_db"] < -5
    assert change["hammarberg_db"] < -5
    assert change["slope_mid"] > 3


def test_silence_and_noise_are_not_periodic() -> None:
    """Digital silence gives finite values and no periodicity; white noise little of it."""
    values, level_db, periodicity = features_of(np.zeros(RATE_HZ, np.float32))
    assert np.isfinite(values).all()
    assert level_db.max() < -90
    assert periodicity.max() < 0.1
    noise = np.random.default_rng(0).standard_normal(RATE_HZ).astype(np.float32) * 0.05
    assert np.median(features_of(noise)[2]) < 0.45
