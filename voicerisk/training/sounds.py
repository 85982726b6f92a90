"""Sounds of a telephone line that are no caller: hold music, ringing, keys, tones, noise. All synthesised, all seeded.

Every function gives float32 samples at 8 kHz of the asked length, with a peak near 0.5 or an RMS near 0.1; who asks
sets the level.
"""

from collections.abc import Callable
from typing import Final

import numpy as np
from numpy.typing import NDArray

RATE_HZ: Final = 8000
Samples = NDArray[np.float32]
Rng = np.random.Generator

_DTMF_LOW_HZ: Final = (697.0, 770.0, 852.0, 941.0)
_DTMF_HIGH_HZ: Final = (1209.0, 1336.0, 1477.0, 1633.0)
_RINGBACK: Final = (
    ((440.0, 480.0), (2.0, 4.0)),
    ((400.0, 450.0), (0.4, 0.2, 0.4, 2.0)),
    ((425.0,), (1.0, 4.0)),
    ((400.0,), (1.0, 3.0)),
    ((440.0, 480.0), (1.0, 2.0)),
    ((480.0, 620.0), (0.5, 0.5)),
    ((425.0,), (0.25, 0.25)),
    ((350.0, 440.0), (10.0,)),
)
"""Ringing, busy and dial tones of several countries: Hz, then seconds on, off, on ... (ITU-T E.180 supplement 2)."""
_SCALES: Final = ((0, 2, 4, 5, 7, 9, 11), (0, 2, 3, 5, 7, 8, 10), (0, 2, 4, 7, 9), (0, 3, 5, 6, 7, 10))


def _seconds(n_samples: int) -> NDArray[np.float64]:
    return np.arange(n_samples) / RATE_HZ


def coloured_noise(rng: Rng, n_samples: int, exponent: float) -> Samples:
    """Noise of RMS 0.1 whose power falls as frequency**-exponent: 0 is white, 1 pink, 2 brown."""
    spectrum = np.fft.rfft(rng.standard_normal(n_samples))
    hz = np.maximum(np.fft.rfftfreq(n_samples, 1 / RATE_HZ), 20.0)
    noise = np.fft.irfft(spectrum * hz ** (-exponent / 2), n_samples)
    return (0.1 * noise / (noise.std() + 1e-12)).astype(np.float32)


def ringback(rng: Rng, n_samples: int) -> Samples:
    """A ringing, busy or dial tone with its cadence, started anywhere."""
    tones, cadence = _RINGBACK[rng.integers(len(_RINGBACK))]
    t = _seconds(n_samples)
    detune = rng.uniform(0.98, 1.02)
    sound = sum((np.sin(2 * np.pi * hz * detune * t + rng.uniform(0, 6.28)) for hz in tones), np.zeros(n_samples))
    phase = (t + rng.uniform(0, sum(cadence))) % sum(cadence)
    edges = np.cumsum(cadence)
    gate = np.searchsorted(edges, phase, side="right") % 2 == 0
    smooth = np.convolve(gate, np.ones(40) / 40, mode="same")
    return (0.3 * sound * smooth / len(tones)).astype(np.float32)


def keys(rng: Rng, n_samples: int) -> Samples:
    """Telephone keys being pressed: DTMF pairs of 60-250 ms with pauses."""
    out = np.zeros(n_samples)
    at = int(rng.integers(0, 2000))
    while at < n_samples:
        length = int(rng.integers(480, 2000))
        t = _seconds(min(length, n_samples - at))
        out[at : at + len(t)] = np.sin(2 * np.pi * rng.choice(_DTMF_LOW_HZ) * t) + np.sin(
            2 * np.pi * rng.choice(_DTMF_HIGH_HZ) * t
        )
        at += length + int(rng.integers(320, 6000))
    return (0.25 * out).astype(np.float32)


def beeps(rng: Rng, n_samples: int) -> Samples:
    """Single tones, sweeps and fax-like warbles."""
    t = _seconds(n_samples)
    hz = rng.uniform(300, 2500)
    kind = rng.integers(4)
    if kind == 0:
        track = np.full(n_samples, hz)
    elif kind == 1:
        track = hz * (1 + 0.5 * np.sin(2 * np.pi * rng.uniform(0.2, 3) * t))
    elif kind == 2:
        track = rng.uniform(300, 2500, size=n_samples // 400 + 1).repeat(400)[:n_samples]
    else:
        track = np.where((t * rng.uniform(1, 8)) % 1 < 0.5, hz, hz * rng.uniform(1.1, 1.9))
    gate = np.convolve(
        (t * rng.uniform(0.3, 4) + rng.uniform()) % 1 < rng.uniform(0.2, 1.2), np.ones(80) / 80, mode="same"
    )
    return (0.4 * np.sin(2 * np.pi * np.cumsum(track) / RATE_HZ) * gate).astype(np.float32)


def _note(
    rng: Rng, hz: float, n_samples: int, brightness: float, decay_s: float, vibrato: float
) -> NDArray[np.float64]:
    t = _seconds(n_samples)
    track = hz * (1 + vibrato * np.sin(2 * np.pi * rng.uniform(4, 7) * t + rng.uniform(0, 6.28)))
    phase = 2 * np.pi * np.cumsum(track) / RATE_HZ
    out = np.zeros(n_samples)
    for k in range(1, max(2, int(min(14, 3800 / hz)))):
        out += (
            k**-brightness
            * rng.uniform(0.3, 1.0)
            * np.sin(k * phase + rng.uniform(0, 6.28))
            * np.exp(-t * k**0.5 / decay_s)
        )
    attack = np.minimum(1.0, t / rng.uniform(0.004, 0.09)) * np.minimum(1.0, t[::-1] / 0.02)
    return out * attack


def music(rng: Rng, n_samples: int) -> Samples:
    """Something like hold music: chords, a melody, a bass and perhaps drums in a random key, tempo and instrument."""
    out = np.zeros(n_samples)
    beat = int(RATE_HZ * rng.uniform(0.25, 0.7))
    key_hz = 55.0 * 2 ** (rng.integers(0, 12) / 12)
    scale = _SCALES[rng.integers(len(_SCALES))]

    def hz_of(degree: int, octave: int) -> float:
        return float(key_hz * 2 ** (octave + degree // len(scale) + scale[degree % len(scale)] / 12))

    voices: list[tuple[int, int, float, float, float, float, float]] = []
    if rng.uniform() < 0.8:
        voices.append(
            (int(rng.integers(1, 4)), 2, 4.0, rng.uniform(0.6, 2.0), rng.uniform(0.4, 4.0), rng.uniform(0, 0.004), 0.5)
        )
    if rng.uniform() < 0.8 or not voices:
        voices.append(
            (
                1,
                int(rng.integers(2, 5)),
                float(rng.choice([0.5, 1.0, 2.0])),
                rng.uniform(0.5, 2.0),
                rng.uniform(0.1, 3.0),
                rng.uniform(0, 0.012),
                0.8,
            )
        )
    if rng.uniform() < 0.6:
        voices.append((1, 1, 2.0, rng.uniform(0.8, 2.0), rng.uniform(0.2, 1.0), 0.0, 0.6))
    for notes, octave, beats, brightness, decay_s, vibrato, gain in voices:
        at, degree = 0, int(rng.integers(0, 7))
        while at < n_samples:
            length = min(int(beat * beats * rng.choice([0.5, 1.0, 1.0, 1.0, 2.0])), n_samples - at)
            if length > 80 and rng.uniform() < 0.9:
                for j in range(notes):
                    out[at : at + length] += (
                        gain
                        / notes**0.5
                        * _note(rng, hz_of(degree + 2 * j, octave), length, brightness, decay_s, vibrato)
                    )
            at += max(length, 80)
            degree = int(np.clip(degree + rng.integers(-3, 4), 0, 10))
    if rng.uniform() < 0.5:
        for at in range(0, n_samples, max(beat // 2, 800)):
            length = min(int(rng.uniform(200, 1200)), n_samples - at)
            if rng.uniform() < 0.7:
                out[at : at + length] += (
                    rng.uniform(0.2, 1.0)
                    * rng.standard_normal(length)
                    * np.exp(-np.arange(length) / rng.uniform(60, 300))
                )
    return (0.1 * out / (out.std() + 1e-9)).clip(-1, 1).astype(np.float32)


def line_noise(rng: Rng, n_samples: int) -> Samples:
    """Hiss, hum, room, car: coloured noise that swells slowly; sometimes hum, clicks, or only zeros."""
    if rng.uniform() < 0.12:
        return np.zeros(n_samples, dtype=np.float32)
    out = coloured_noise(rng, n_samples, rng.uniform(0.0, 2.0)).astype(np.float64)
    t = _seconds(n_samples)
    out *= 1 + rng.uniform(0, 0.8) * np.sin(2 * np.pi * rng.uniform(0.05, 3) * t + rng.uniform(0, 6.28))
    if rng.uniform() < 0.25:
        mains = rng.choice([50.0, 60.0])
        for k in range(1, 12):
            out += rng.uniform(0, 0.1) / k * np.sin(2 * np.pi * mains * k * t)
    if rng.uniform() < 0.3:
        for at in rng.integers(0, n_samples, int(rng.integers(1, 4 + n_samples // 4000))):
            length = min(int(rng.integers(8, 400)), n_samples - int(at))
            out[at : at + length] += (
                rng.uniform(0.1, 0.8) * rng.standard_normal(length) * np.exp(-np.arange(length) / rng.uniform(4, 100))
            )
    return out.astype(np.float32)


TONES: Final[tuple[Callable[[Rng, int], Samples], ...]] = (music, music, music, ringback, keys, beeps)
"""Drawn from evenly: music is the hardest and the longest heard, so it comes more often."""
KINDS: Final[tuple[Callable[[Rng, int], Samples], ...]] = (*TONES, line_noise, line_noise)
"""All that a line carries where nobody speaks; also drawn from evenly."""
