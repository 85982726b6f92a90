"""One labelled piece of speech, and what a corpus must say about itself."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path, PurePath
from typing import Final, Literal, get_args

import numpy as np
import numpy.typing as npt

Audio = npt.NDArray[np.float32]
"""Mono samples, full scale = 1.0."""

Emotion = Literal[
    "neutral", "calm", "happy", "sad", "angry", "fearful", "disgust", "surprised", "other", "tense", "noise"
]
"""What a corpus calls the clip, in common words. `other`: a label that fits none. `tense`: a site's own mark, which
says that the caller is upset but not how. `noise`: no voice at all."""

LicenceClass = Literal["open", "unclear", "nc", "own"]
"""`open`: clearly usable commercially. `unclear`: public, no licence stated. `nc`: research or non-commercial only.
`own`: a site's own recordings."""

EMOTIONS: Final[frozenset[str]] = frozenset(get_args(Emotion))
GENDERS: Final = frozenset({"f", "m", ""})


class CorpusError(ValueError):
    """A corpus or a marks file cannot be used; the text names the file, the line and what would be right."""


@dataclass(frozen=True, slots=True)
class Labels:
    """What a file's name (or its corpus' own tables) says about it; `Clip` without the file itself.

    `name` tells the clip from the corpus' others where the file's own name, without its folders, does not.
    """

    speaker: str
    emotion: Emotion
    label_raw: str
    gender: str = ""
    intensity: str = ""
    sentence: str = ""
    flags: frozenset[str] = frozenset()
    name: str = ""


@dataclass(frozen=True, slots=True)
class Clip:
    """One labelled clip: a whole file, or the part of one between `start_s` and `end_s`.

    `speaker` is unique across corpora (`emodb_03`); `emospeech_unknown` and the like are many people under one name and
    carry the flag `unknown_speaker`. `gender` is "f", "m" or "" (not stated). `channel` is the channel of the file that
    holds the voice. `end_s` None means the end of the file. `name` is empty where the file's own name will do.
    """

    corpus: str
    path: Path
    speaker: str
    gender: str
    emotion: Emotion
    label_raw: str
    intensity: str
    language: str
    sentence: str
    duration_s: float
    licence_class: LicenceClass
    flags: frozenset[str] = frozenset()
    channel: int = 0
    start_s: float = 0.0
    end_s: float | None = None
    name: str = ""

    @property
    def id(self) -> str:
        """A name that is the same on every machine and in every layout: `emodb/03a01Wa`, `marks/call7@12.5`."""
        name = f"{self.corpus}/{self.name or self.path.stem}"
        return name if self.end_s is None and self.start_s == 0 else f"{name}@{self.start_s:g}"

    @property
    def has_known_speaker(self) -> bool:
        """True where the clip's speaker is one person, so that the clip may stand in a test set."""
        return "unknown_speaker" not in self.flags


def _unchanged(audio: Audio) -> Audio:
    return audio


def _no_tables(folder: Path) -> dict[str, str]:
    return {}


@dataclass(frozen=True, slots=True)
class Corpus:
    """What one corpus says about itself, and how its files are read.

    `parse` reads the labels off a file's path relative to the corpus' folder, in the layout that its owners publish;
    None means that the file is not one of the corpus' clips. `clean` mends what is known to be wrong with its audio
    (8 kHz in, 8 kHz out). `genders` reads the owners' table of speakers ("f" or "m"), where the sexes stand in one.
    `credit` is who made it, as attribution is asked for; `url` is where its owners give it away.
    """

    name: str
    title: str
    credit: str
    language: str
    licence: str
    licence_class: LicenceClass
    url: str
    layout: str
    cautions: tuple[str, ...]
    parse: Callable[[PurePath], Labels | None]
    clean: Callable[[Audio], Audio] = _unchanged
    genders: Callable[[Path], dict[str, str]] = _no_tables
    is_share_alike: bool = False
    """Whether the licence asks that what is adapted from the corpus is passed on under the same licence."""
