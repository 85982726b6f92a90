"""Made-up speakers for the tests of the training side: buzzes that stand for voices, as files in the owners' layout."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import soundfile

from voicerisk.training.corpora import Clip, load
from voicerisk.training.corpora.clip import Audio, Emotion

LETTERS: dict[str, tuple[Emotion, float]] = {"N": ("neutral", 0.02), "F": ("happy", 0.05), "W": ("angry", 0.5)}
"""EmoDB's letter of an emotion, and the amplitude that stands for it: the toy model hears loudness alone."""


def buzz(seconds: float, amplitude: float, pitch_hz: float = 150.0) -> Audio:
    """A square wave that comes and goes three times a second, like syllables."""
    time_s = np.arange(round(seconds * 8000)) / 8000
    wave = np.sign(np.sin(2 * np.pi * pitch_hz * time_s)) * (0.6 + 0.4 * np.sin(2 * np.pi * 3 * time_s))
    return (amplitude * wave).astype(np.float32)


def write_emodb(root: Path, speakers: tuple[str, ...] = ("03", "09", "11", "13"), n: int = 6) -> Path:
    """Write a small corpus in EmoDB's layout below `root`, and return the root."""
    for speaker in speakers:
        for letter, (_, amplitude) in LETTERS.items():
            for number in range(n):
                file = root / "emodb" / "wav" / f"{speaker}a0{number}{letter}a.wav"
                file.parent.mkdir(parents=True, exist_ok=True)
                soundfile.write(file, buzz(1.0 + 0.1 * number, amplitude, 100.0 + 8 * int(speaker)), 8000)
    return root


def made_clips(root: Path) -> list[Clip]:
    """The clips of `write_emodb`."""
    return load(root, ["emodb"])


def clip(speaker: str, emotion: Emotion, number: int = 0, **change: object) -> Clip:
    """One clip without a file."""
    made = Clip(
        corpus="emodb",
        path=Path(f"/made/{speaker}-{emotion}-{number}.wav"),
        speaker=speaker,
        gender="f",
        emotion=emotion,
        label_raw="",
        intensity="",
        language="de",
        sentence="",
        duration_s=1.0,
        licence_class="open",
    )
    return replace(made, **change)  # type: ignore[arg-type]
