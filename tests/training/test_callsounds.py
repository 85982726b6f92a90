"""What a line carries besides voices."""

import numpy as np
import pytest

from voicerisk.training import callsounds


def peaks_hz(audio: np.ndarray, n: int) -> set[int]:
    """The n strongest frequencies, rounded to 10 Hz."""
    spectrum = np.abs(np.fft.rfft(audio * np.hanning(len(audio)), 8000))
    found: set[int] = set()
    while len(found) < n:
        top = int(spectrum.argmax())
        found.add(round(top, -1))
        spectrum[max(0, top - 30) : top + 30] = 0
    return found


@pytest.mark.parametrize(
    ("key", "pair"), [("1", {700, 1210}), ("5", {770, 1340}), ("#", {940, 1480}), ("D", {940, 1630})]
)
def test_keys_sound_their_two_tones(key: str, pair: set[int]) -> None:
    """A key gives the two frequencies of its row and column."""
    assert peaks_hz(callsounds.dtmf(key, on_s=0.2, off_s=0), 2) == pair


def test_unknown_key_is_refused() -> None:
    """A key that no telephone has is an error that names it; no keys give no sound."""
    with pytest.raises(ValueError, match="'x'"):
        callsounds.dtmf("1x")
    assert len(callsounds.dtmf("")) == 0


def test_ringback_has_its_rhythm() -> None:
    """The European tone sounds for one second in five."""
    ring = callsounds.ringback(10.0, "eu").reshape(10, 8000)
    assert [bool(np.abs(second).max() > 0.1) for second in ring] == [True, False, False, False, False] * 2
    assert peaks_hz(ring[0], 1) <= {420, 430}


@pytest.mark.parametrize("kind", ["white", "pink", "car", "hum"])
def test_noise_has_the_stated_power(kind: callsounds.NoiseKind) -> None:
    """Each noise has a root mean square of 0.1 and the asked length."""
    audio = callsounds.noise(kind, 3.0, np.random.default_rng(0))
    assert len(audio) == 24000
    assert float(np.sqrt(np.mean(audio**2))) == pytest.approx(0.1, rel=1e-3)


def test_music_is_the_generators() -> None:
    """The same generator state gives the same piece, another gives another, and both fill the time without clipping."""
    first, again, other = (callsounds.hold_music(8.0, np.random.default_rng(seed)) for seed in (1, 1, 2))
    assert np.array_equal(first, again)
    assert not np.array_equal(first, other)
    assert float(np.abs(first).max()) == pytest.approx(0.5)
    assert all(np.abs(second).max() > 0.02 for second in first.reshape(8, 8000))
