"""What a telephone line does to a voice: level, band, noise, G.711, lost packets. 8 kHz, full scale = 1.0.

These are the exact degradations that the model card reports on; every function returns a new array of the same length.
"""

import io
from typing import Final, Literal

import numpy as np
import soundfile

from voicerisk.scoring.contract import RATE_HZ
from voicerisk.training.corpora.clip import Audio

Law = Literal["ulaw", "alaw"]

FRAME: Final = RATE_HZ // 50
ACTIVE_BELOW_PEAK_DB: Final = 25.0
FLOOR_DB: Final = -100.0


def frame_levels_db(audio: Audio) -> Audio:
    """Return the level of each 20 ms frame in dBFS (a full-scale square wave is 0, silence -100); shape (n // 160,)."""
    n = len(audio) // FRAME
    power = np.square(audio[: n * FRAME].reshape(n, FRAME), dtype=np.float64).mean(axis=1)
    levels_db: Audio = (10 * np.log10(np.maximum(power, 10 ** (FLOOR_DB / 10)))).astype(np.float32)
    return levels_db


def speech_level_db(audio: Audio) -> float:
    """Return the active speech level in dBFS: the mean power of the frames within 25 dB of the loudest.

    -100 for silence, and for audio shorter than one frame. Close to ITU-T P.56 for clean speech.
    """
    levels = frame_levels_db(audio)
    if not levels.size:
        return FLOOR_DB
    active = levels[levels >= levels.max() - ACTIVE_BELOW_PEAK_DB]
    return float(10 * np.log10(np.mean(10 ** (active.astype(np.float64) / 10))))


def amplified(audio: Audio, gain_db: float) -> Audio:
    """Return the audio so many dB louder, clipped at full scale."""
    louder: Audio = np.clip(audio * np.float32(10 ** (gain_db / 20)), -1, 1)
    return louder


def at_level(audio: Audio, level_db: float) -> Audio:
    """Return the audio with an active speech level of `level_db` dBFS, clipped at full scale; silence stays silence."""
    now_db = speech_level_db(audio)
    if now_db <= FLOOR_DB:
        return audio.copy()
    return amplified(audio, level_db - now_db)


def telephone_band(audio: Audio, low_hz: float = 300.0, high_hz: float = 3400.0) -> Audio:
    """Return the audio band-limited as by an analogue line, falling by about 12 dB within a sixth of an octave."""
    if not audio.size:
        return audio.copy()
    n_fft = -(-len(audio) // RATE_HZ) * RATE_HZ  # whole seconds: a length without large primes is far faster
    frequencies_hz = np.fft.rfftfreq(n_fft, 1 / RATE_HZ)
    with np.errstate(divide="ignore"):
        shape = 1 / np.sqrt(1 + (low_hz / frequencies_hz) ** 12) / np.sqrt(1 + (frequencies_hz / high_hz) ** 24)
    return np.fft.irfft(np.fft.rfft(audio, n_fft) * shape, n_fft)[: len(audio)].astype(np.float32)


def g711(audio: Audio, law: Law = "ulaw") -> Audio:
    """Return the audio after coding and decoding by ITU-T G.711."""
    subtype = {"ulaw": "ULAW", "alaw": "ALAW"}[law]
    coded = io.BytesIO()
    soundfile.write(coded, np.clip(audio, -1, 1), RATE_HZ, format="RAW", subtype=subtype)
    coded.seek(0)
    decoded, _ = soundfile.read(coded, dtype="float32", samplerate=RATE_HZ, channels=1, format="RAW", subtype=subtype)
    return np.asarray(decoded, dtype=np.float32)


def with_noise(audio: Audio, noise: Audio, snr_db: float) -> Audio:
    """Return the audio with noise so many dB below its active speech level, clipped at full scale.

    The noise is repeated or cut to the audio's length. Silent audio or silent noise comes back unchanged.
    """
    speech_db = speech_level_db(audio)
    power = float(np.mean(np.square(noise, dtype=np.float64))) if noise.size else 0.0
    if speech_db <= FLOOR_DB or power == 0:
        return audio.copy()
    gain = 10 ** ((speech_db - snr_db) / 20) / np.sqrt(power)
    return np.clip(audio + np.float32(gain) * np.resize(noise, audio.shape), -1, 1)


def with_loss(audio: Audio, share: float, random: np.random.Generator, *, mean_burst: float = 1.5) -> Audio:
    """Return the audio with about `share` of its 20 ms packets lost, as silence, in bursts of `mean_burst` on average.

    Gilbert's two-state model. Silence is what the timeline puts where a gateway conceals nothing.
    """
    stay_lost = 1 - 1 / mean_burst
    become_lost = share / (mean_burst * (1 - share))
    out = audio.copy()
    is_lost = False
    for index, draw in enumerate(random.random(-(-len(audio) // FRAME))):
        is_lost = bool(draw < (stay_lost if is_lost else become_lost))
        if is_lost:
            out[index * FRAME : (index + 1) * FRAME] = 0
    return out
