"""Streams that teach what speech is: clips with pauses on all kinds of lines, and everything else that a line carries.

The truth comes from the clean clips (their own level against their loudest), not from another detector.
"""

from collections.abc import Sequence
from typing import Final

import numpy as np
import numpy.typing as npt

from voicerisk.scoring.contract import CHUNK_SAMPLES, RATE_HZ
from voicerisk.training import channel, sounds
from voicerisk.training.augment import LineSettings, gsm, through_a_line
from voicerisk.training.corpora.clip import Audio

STREAM_CHUNKS: Final = 62
STREAM: Final = STREAM_CHUNKS * CHUNK_SAMPLES
SPEECH_SHARE: Final = 0.5
"""Share of the streams that hold speech."""
SPOKEN_DB: Final = 27.0
"""A 20 ms frame within this of the clip's speech level is spoken."""
HANG_FRAMES: Final = 7
"""Frames around a spoken one that still count as speech: gaps between words are not pauses."""

Truth = npt.NDArray[np.float32]


def spoken(audio: Audio) -> npt.NDArray[np.float32]:
    """Return for each sample of a clean clip whether somebody speaks, 0 or 1."""
    out = np.zeros(len(audio), dtype=np.float32)
    levels_db = channel.frame_levels_db(audio)
    if not levels_db.size:
        return out
    loud = levels_db > max(channel.speech_level_db(audio) - SPOKEN_DB, -75.0)
    near = np.convolve(loud, np.ones(2 * HANG_FRAMES + 1))[HANG_FRAMES:-HANG_FRAMES] > HANG_FRAMES / 2
    samples = (loud | near).repeat(channel.FRAME)
    out[: len(samples)] = samples
    return out


def stream(
    voices: Sequence[Audio], noises: Sequence[Audio], line: LineSettings, random: np.random.Generator
) -> tuple[Audio, Truth]:
    """Return 15 s of a line and the share of speech in each of its chunks, (STREAM,) and (STREAM_CHUNKS,)."""
    if random.random() >= SPEECH_SHARE:
        return _without_speech(noises, random), np.zeros(STREAM_CHUNKS, dtype=np.float32)
    audio, truth = np.zeros(STREAM, dtype=np.float32), np.zeros(STREAM, dtype=np.float32)
    at = int(random.integers(RATE_HZ))
    while at < STREAM:
        voice = channel.at_level(voices[int(random.integers(len(voices)))], -20.0)[: STREAM - at]
        audio[at : at + len(voice)] += voice
        truth[at : at + len(voice)] = spoken(voice)
        at += len(voice) + int(random.exponential(RATE_HZ))
    recorded = random.random() < 0.5 and len(noises) > 0
    noise = noises[int(random.integers(len(noises)))] if recorded else sounds.line_noise(random, STREAM)
    other = voices[int(random.integers(len(voices)))]
    heard = through_a_line(audio, other, noise, line, random)
    return heard, truth.reshape(STREAM_CHUNKS, CHUNK_SAMPLES).mean(1)


def _without_speech(noises: Sequence[Audio], random: np.random.Generator) -> Audio:
    make = sounds.KINDS[int(random.integers(len(sounds.KINDS)))]
    audio = make(random, STREAM)
    if random.random() < 0.15 and noises:
        noise = noises[int(random.integers(len(noises)))]
        start = int(random.integers(max(1, len(noise) - STREAM)))
        audio = np.resize(noise[start : start + STREAM], STREAM)
    level = float(np.sqrt(np.mean(np.square(audio)))) or 1.0
    audio = (audio * (10 ** (random.uniform(-50, -12) / 20) / level)).clip(-1, 1).astype(np.float32)
    if random.random() < 0.4:
        audio = (audio + sounds.coloured_noise(random, STREAM, 1.0) * 10 ** (random.uniform(-60, -30) / 20)).astype(
            np.float32
        )
    if random.random() < 0.5:
        audio = channel.telephone_band(audio)
    if random.random() < 0.12:
        audio = gsm(audio)
    return channel.g711(audio, "ulaw" if random.random() < 0.5 else "alaw") if random.random() < 0.75 else audio
