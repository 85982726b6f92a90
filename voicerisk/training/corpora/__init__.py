"""Labelled speech to train and test on: one module per corpus, one way to load them all.

The corpora's audio is not part of the project. Put each corpus into a folder of its own name below one root, as its
owners publish it or with a `manifest.csv` (see `manifest.read_manifest`), and name that root by `VOICERISK_CORPORA` or
by an option of the commands.
"""

import os
from collections import Counter
from collections.abc import Iterable
from pathlib import Path
from typing import Final

from voicerisk.training.corpora import (
    ased,
    banglaser,
    baved,
    emodb,
    emogator,
    emospeech,
    fsdd,
    korean,
    nemo,
    noise,
    savee,
    speechocean762,
    turev,
)
from voicerisk.training.corpora.audio import read_file
from voicerisk.training.corpora.clip import Audio, Clip, Corpus, CorpusError
from voicerisk.training.corpora.manifest import MANIFEST, read_manifest, read_official

__all__ = [
    "CORPORA",
    "ROOT_VARIABLE",
    "Clip",
    "Corpus",
    "CorpusError",
    "find_root",
    "load",
    "read_audio",
    "validate",
]

ROOT_VARIABLE: Final = "VOICERISK_CORPORA"

CORPORA: Final[dict[str, Corpus]] = {
    module.CORPUS.name: module.CORPUS
    for module in (
        ased,
        banglaser,
        baved,
        emodb,
        emogator,
        emospeech,
        fsdd,
        korean,
        nemo,
        noise,
        savee,
        speechocean762,
        turev,
    )
}

MAX_DURATION_S: Final = 120.0


def find_root(root: Path | None = None) -> Path:
    """Return the folder that holds the corpora: `root`, else what `VOICERISK_CORPORA` names.

    Raises `CorpusError`, which says what to do, where neither names a folder.
    """
    named = root if root is not None else Path(os.environ.get(ROOT_VARIABLE, ""))
    if str(named) in {"", "."} and root is None:
        raise CorpusError(
            f"No corpora named. Set {ROOT_VARIABLE} (or give --corpora) to a folder with one sub-folder per corpus: "
            f"{', '.join(CORPORA)}. docs/training.md says where to get each."
        )
    if not named.is_dir():
        raise CorpusError(
            f"{named}: no such folder, though {ROOT_VARIABLE} or --corpora names it as the corpora's root"
        )
    return named


def load(root: Path | None = None, names: Iterable[str] | None = None) -> list[Clip]:
    """Return the clips of the named corpora, corpus by corpus, always in the same order.

    `names` None means every known corpus that lies under the root. Raises `CorpusError` for an unknown name, for a
    named corpus that is not there, and for one that cannot be read.
    """
    base = find_root(root)
    wanted = [name for name in CORPORA if (base / name).is_dir()] if names is None else list(names)
    if not wanted:
        raise CorpusError(f"{base}: holds none of the corpora {', '.join(CORPORA)}")
    clips: list[Clip] = []
    for name in wanted:
        if name not in CORPORA:
            raise CorpusError(f"unknown corpus {name!r}; known are {', '.join(CORPORA)}")
        folder = base / name
        if not folder.is_dir():
            raise CorpusError(f"{folder}: corpus {name!r} is not there; get it from {CORPORA[name].url}")
        read = read_manifest if (folder / MANIFEST).is_file() else read_official
        clips += read(CORPORA[name], folder)
    return clips


def read_audio(clip: Clip) -> Audio:
    """Return the clip's voice at 8 kHz with its corpus' known faults mended.

    Shape (n,), float32, full scale = 1.0. Raises `CorpusError` where the file cannot be read.
    """
    audio = read_file(clip.path, channel=clip.channel, start_s=clip.start_s, end_s=clip.end_s)
    corpus = CORPORA.get(clip.corpus)
    return corpus.clean(audio) if corpus is not None else audio


def validate(clips: Iterable[Clip]) -> list[str]:
    """Return what is wrong with the clips in plain words, one line each; empty where all is well."""
    clips = list(clips)
    problems = [f"{name}: two clips with this id" for name, n in Counter(clip.id for clip in clips).items() if n > 1]
    sexes: dict[str, set[str]] = {}
    for clip in clips:
        sexes.setdefault(clip.speaker, set()).add(clip.gender)
        if not clip.path.is_file():
            problems.append(f"{clip.id}: no file {clip.path}")
        if not clip.speaker:
            problems.append(f"{clip.id}: no speaker")
        if not 0.05 <= clip.duration_s <= MAX_DURATION_S:
            problems.append(f"{clip.id}: {clip.duration_s} s long, expected 0.05 to {MAX_DURATION_S:g} s")
    problems += [f"{speaker}: stated as both f and m" for speaker, seen in sexes.items() if {"f", "m"} <= seen]
    return problems
