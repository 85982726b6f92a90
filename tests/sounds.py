"""Audio files for tests."""

from pathlib import Path

import numpy as np
import soundfile

RATE_HZ = 8000


def tone(seconds: float, amplitude: float = 0.3, rate_hz: int = RATE_HZ) -> np.ndarray:
    """A 220 Hz tone, int16; the toy model takes a loud one for a tense voice."""
    at_s = np.arange(round(seconds * rate_hz)) / rate_hz
    return (32767 * amplitude * np.sin(2 * np.pi * 220 * at_s)).astype(np.int16)


def trouble(calm_s: float = 10.0, upset_s: float = 8.0, rate_hz: int = RATE_HZ) -> np.ndarray:
    """A caller who, to the toy model, is calm and then is not."""
    return np.concatenate([tone(calm_s, 0.02, rate_hz), tone(upset_s, 0.5, rate_hz)])


def write(path: Path, *channels: np.ndarray, rate_hz: int = RATE_HZ, subtype: str = "PCM_16") -> Path:
    """A file of these channels."""
    soundfile.write(path, np.stack(channels, axis=1), rate_hz, subtype=subtype)
    return path
