"""What a simulated call carries besides voices, synthesised: hold music, ringback, keys, noise. 8 kHz, full scale 1.

Made apart from the sounds that training mixes in, so that a model is judged on music and noise it has not met.
Everything is drawn from the generator that is passed in: the same generator state gives the same sound.
"""

from typing import Final, Literal

import numpy as np
import numpy.typing as npt

from voicerisk.scoring.contract import RATE_HZ
from voicerisk.training.corpora.clip import Audio

Doubles = npt.NDArray[np.float64]
NoiseKind = Literal["white", "pink", "car", "hum"]

DTMF_ROWS_HZ: Final = (697.0, 770.0, 852.0, 941.0)
DTMF_COLUMNS_HZ: Final = (1209.0, 1336.0, 1477.0, 1633.0)
DTMF_KEYS: Final = ("123A", "456B", "789C", "*0#D")

RINGBACKS: Final = {
    # frequencies in Hz, seconds on, seconds off (ITU-T E.180, national tones)
    "eu": ((425.0,), 1.0, 4.0),
    "us": ((440.0, 480.0), 2.0, 4.0),
    "il": ((400.0,), 1.0, 3.0),
}

_CHORDS: Final = ((0, 4, 7), (5, 9, 12), (7, 11, 14), (9, 12, 16), (2, 5, 9), (4, 7, 11))
_SCALE: Final = (0, 2, 4, 5, 7, 9, 11, 12, 14, 16)


def ringback(duration_s: float, country: str = "eu") -> Audio:
    """Return the tone that a caller hears while it rings ("eu", "us" or "il"); shape (n,), peak 0.2."""
    frequencies_hz, on_s, off_s = RINGBACKS[country]
    audio = np.zeros(round(duration_s * RATE_HZ), dtype=np.float32)
    period, tone = round((on_s + off_s) * RATE_HZ), _faded(_tones(frequencies_hz, on_s))
    for start in range(0, len(audio), period):
        part = audio[start : start + len(tone)]
        part += 0.2 * tone[: len(part)]
    return audio


def dtmf(keys: str, *, on_s: float = 0.1, off_s: float = 0.12) -> Audio:
    """Return the tones of the keys `0-9 A-D * #` (ITU-T Q.23), each `on_s` long and followed by `off_s` of silence.

    Peak 0.3. Raises ValueError for a key that no telephone has.
    """
    pieces: list[Audio] = []
    for key in keys:
        row = next((i for i, line in enumerate(DTMF_KEYS) if key in line), None)
        if row is None:
            raise ValueError(f"no telephone has the key {key!r}")
        pair = (DTMF_ROWS_HZ[row], DTMF_COLUMNS_HZ[DTMF_KEYS[row].index(key)])
        pieces += [0.3 * _faded(_tones(pair, on_s)), np.zeros(round(off_s * RATE_HZ), dtype=np.float32)]
    return np.concatenate(pieces) if pieces else np.zeros(0, dtype=np.float32)


def noise(kind: NoiseKind, duration_s: float, random: np.random.Generator) -> Audio:
    """Return noise with the spectrum of its kind, root mean square 0.1; shape (n,).

    `white` is flat, `pink` falls by 3 dB per octave (an office afar), `car` lies below 400 Hz, `hum` is 50 Hz mains
    with its overtones over a little hiss.
    """
    n = round(duration_s * RATE_HZ)
    if n == 0:
        return np.zeros(0, dtype=np.float32)
    n_fft = -(-n // RATE_HZ) * RATE_HZ  # whole seconds: a length without large primes is far faster
    spectrum = np.fft.rfft(random.standard_normal(n_fft))
    frequencies_hz = np.fft.rfftfreq(n_fft, 1 / RATE_HZ)
    match kind:
        case "white":
            shape = np.ones_like(frequencies_hz)
        case "pink":
            shape = 1 / np.sqrt(np.maximum(frequencies_hz, 30))
        case "car":
            shape = 1 / (1 + (frequencies_hz / 120) ** 2) + 0.002
        case "hum":
            shape = np.full_like(frequencies_hz, 0.02)
            for overtone in range(1, 12):
                shape += np.exp(-(((frequencies_hz - 50 * overtone) / 1.5) ** 2)) / overtone
    audio = np.fft.irfft(spectrum * shape, n_fft)[:n]
    return _float(0.1 * audio / np.sqrt(np.mean(audio**2)))


def hold_music(duration_s: float, random: np.random.Generator) -> Audio:
    """Return chords, bass, a melody with vibrato and brushed drums in a tempo and key of their own; (n,), peak 0.5.

    Every call with a fresh generator is another piece. The melody lies where voices lie, on purpose: a detector that
    takes any gliding harmonic sound for speech must fail on it.
    """
    audio = np.zeros(round(duration_s * RATE_HZ), dtype=np.float64)
    beat_s = 60 / random.uniform(70, 130)
    root_hz = 55 * 2 ** (random.integers(0, 12) / 12)
    brightness = random.uniform(0.25, 0.8)
    has_drums = random.random() < 0.7
    vibrato_hz, vibrato_depth = random.uniform(4, 6.5), random.uniform(0, 0.012)
    for bar in range(int(duration_s / (4 * beat_s)) + 1):
        chord = _CHORDS[int(random.integers(len(_CHORDS)))]
        bar_s = bar * 4 * beat_s
        for step in chord:
            _add(audio, bar_s, _note(root_hz * 2 * 2 ** (step / 12), 4 * beat_s, brightness * 0.6, 0.0, 0.0), 0.12)
        _add(audio, bar_s, _note(root_hz * 2 ** (chord[0] / 12), 2 * beat_s, 0.5, 0.0, 0.0), 0.2)
        beat = 0.0
        while beat < 4:
            length = float(random.choice([0.5, 1.0, 1.5, 2.0]))
            pitch_hz = root_hz * 4 * 2 ** (_SCALE[int(random.integers(len(_SCALE)))] / 12)
            if random.random() < 0.8:
                tone = _note(pitch_hz, length * beat_s, brightness, vibrato_hz, vibrato_depth)
                _add(audio, bar_s + beat * beat_s, tone, 0.25)
            beat += length
        if has_drums:
            for tick in range(8):
                hit = random.standard_normal(round(0.06 * RATE_HZ)) * np.exp(-np.arange(round(0.06 * RATE_HZ)) / 90)
                _add(audio, bar_s + tick * beat_s / 2, hit, 0.10 if tick % 2 else 0.04)
    return _float(0.5 * audio / np.abs(audio).max(initial=1e-9))


def _float(audio: Doubles) -> Audio:
    return audio.astype(np.float32)


def _time(duration_s: float) -> Doubles:
    return np.arange(round(duration_s * RATE_HZ), dtype=np.float64) / RATE_HZ


def _tones(frequencies_hz: tuple[float, ...], duration_s: float) -> Audio:
    waves = np.stack([np.sin(2 * np.pi * f * _time(duration_s)) for f in frequencies_hz])
    return _float(waves.mean(axis=0))


def _faded(audio: Audio, fade_s: float = 0.005) -> Audio:
    n = min(round(fade_s * RATE_HZ), len(audio) // 2)
    if n:
        ramp = np.linspace(0.0, 1.0, n, dtype=np.float32)
        audio[:n] *= ramp
        audio[-n:] *= ramp[::-1]
    return audio


def _note(pitch_hz: float, duration_s: float, brightness: float, vibrato_hz: float, depth: float) -> Doubles:
    time_s = _time(duration_s)
    swing = depth / (2 * np.pi * max(vibrato_hz, 1)) * np.cos(2 * np.pi * vibrato_hz * time_s)
    phase = 2 * np.pi * pitch_hz * (time_s - swing)
    tone = np.zeros_like(time_s)
    for overtone in range(1, 9):
        if overtone * pitch_hz < 3600:
            tone += brightness ** (overtone - 1) * np.sin(overtone * phase)
    attack = np.minimum(time_s / 0.02, 1)
    release = np.minimum((duration_s - time_s) / 0.04, 1).clip(0)
    tone *= attack * release * np.exp(-time_s / max(duration_s, 0.1))
    return tone


def _add(audio: Doubles, at_s: float, sound: Doubles, gain: float) -> None:
    start = round(at_s * RATE_HZ)
    part = audio[start : start + len(sound)]
    part += gain * sound[: len(part)]
