"""Streams that teach what speech is: clips with pauses on all kinds of lines, and everything else that a line carries.

The truth comes from the clean clips: their own level against their loudest, or what another detector makes of them
before the line has added anything.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Final

import numpy as np
import numpy.typing as npt

from voicerisk.scoring.contract import CHUNK_SAMPLES, RATE_HZ
from voicerisk.training import channel, sounds
from voicerisk.training.augment import LineSettings, gsm, through_a_line
from voicerisk.training.corpora.clip import Audio

STREAM_CHUNKS: Final = 62
STREAM: Final = STREAM_CHUNKS * CHUNK_SAMPLES
SPEECH_SHARE: Final = 0.65
"""Share of the streams that hold speech."""
BETWEEN_SHARE: Final = 0.12
"""Share of the pauses in which the line plays music, rings or beeps, or keys are pressed."""
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


@dataclass(frozen=True, slots=True)
class Stream:
    """15 s of a line. Arrays are not to be changed."""

    audio: Audio = field(repr=False)
    """(STREAM,) what the line delivers"""
    clean: Audio | None = field(repr=False)
    """(STREAM,) what the voices said before the line; None where nobody speaks"""
    truth: Truth = field(repr=False)
    """(STREAM_CHUNKS,) share of speech in each chunk, by the level of the clean clips"""


def stream(voices: Sequence[Audio], noises: Sequence[Audio], line: LineSettings, random: np.random.Generator) -> Stream:
    """Return 15 s of a line drawn at random, with voices or without."""
    if random.random() >= SPEECH_SHARE:
        return Stream(_without_speech(noises, random), None, np.zeros(STREAM_CHUNKS, dtype=np.float32))
    clean, truth, between = (np.zeros(STREAM, dtype=np.float32) for _ in range(3))
    at = int(random.integers(RATE_HZ))
    while at < STREAM:
        voice = channel.at_level(voices[int(random.integers(len(voices)))], float(random.normal(-20.0, 2.0)))
        voice = voice[: STREAM - at]
        clean[at : at + len(voice)] += voice
        truth[at : at + len(voice)] = spoken(voice)
        at += len(voice)
        if random.random() < BETWEEN_SHARE:
            sound = _sound(int(random.uniform(0.6, 4.0) * RATE_HZ), random)[: max(0, STREAM - at)]
            between[at : at + len(sound)] = sound
            at += len(sound)
        at += int(random.exponential(RATE_HZ))
    recorded = random.random() < 0.5 and len(noises) > 0
    noise = noises[int(random.integers(len(noises)))] if recorded else sounds.line_noise(random, STREAM)
    other = voices[int(random.integers(len(voices)))]
    heard = through_a_line(clean + between, other, noise, line, random)
    return Stream(heard, clean, truth.reshape(STREAM_CHUNKS, CHUNK_SAMPLES).mean(1))


def _sound(n_samples: int, random: np.random.Generator) -> Audio:
    """What a line may carry between two utterances, from well below the voice to above it."""
    make = sounds.TONES[int(random.integers(len(sounds.TONES)))]
    audio = make(random, n_samples)
    level = float(np.sqrt(np.mean(np.square(audio)))) or 1.0
    return (audio * (10 ** (random.uniform(-40, -14) / 20) / level)).astype(np.float32)


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
