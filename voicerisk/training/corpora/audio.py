"""From a clip's file to mono 8 kHz float samples."""

from pathlib import Path
from typing import Final

import numpy as np
import soundfile
import soxr

from voicerisk.scoring.contract import RATE_HZ
from voicerisk.training.corpora.clip import Audio, CorpusError

SILENCE_FLOOR: Final = 10 ** (-66 / 20)
"""Below this (full scale = 1.0) a sample counts as padding: codecs turn digital silence into a little less than it."""


def read_file(path: Path, *, channel: int = 0, start_s: float = 0.0, end_s: float | None = None) -> Audio:
    """Return one channel of a sound file (or of a part of it) at 8 kHz.

    Shape (n,), float32, full scale = 1.0. Raises `CorpusError` naming the file where it cannot be read, has no such
    channel, or ends before `start_s`.
    """
    try:
        with soundfile.SoundFile(str(path)) as file:
            rate_hz, frames = file.samplerate, file.frames
            first = round(start_s * rate_hz)
            last = frames if end_s is None else min(frames, round(end_s * rate_hz))
            if first >= last:
                raise CorpusError(f"{path}: has {frames / rate_hz:.2f} s, nothing between {start_s} s and {end_s} s")
            if channel >= file.channels:
                raise CorpusError(f"{path}: channel {channel} asked for, but there are {file.channels}")
            file.seek(first)
            samples = file.read(last - first, dtype="float32", always_2d=True)[:, channel]
    except (soundfile.LibsndfileError, OSError) as error:
        raise CorpusError(f"{path}: cannot be read as sound: {error}") from error
    if rate_hz != RATE_HZ:
        samples = soxr.resample(samples, rate_hz, RATE_HZ)
    return np.ascontiguousarray(samples, dtype=np.float32)


def trim_padding(audio: Audio, *, margin_s: float = 0.05) -> Audio:
    """Return the audio without the silence at its ends, which a model would otherwise learn as a mark of the corpus.

    Shape (m,) with m <= n. Samples below -66 dBFS at either end are cut, but for `margin_s`; audio that is silent
    throughout is returned whole.
    """
    loud = np.flatnonzero(np.abs(audio) > SILENCE_FLOOR)
    if loud.size == 0:
        return audio
    margin = round(margin_s * RATE_HZ)
    return audio[max(0, int(loud[0]) - margin) : int(loud[-1]) + 1 + margin]


def remove_offset(audio: Audio) -> Audio:
    """Return the audio with a mean of zero, same shape."""
    return (audio - audio.mean(dtype=np.float64)).astype(np.float32) if audio.size else audio
