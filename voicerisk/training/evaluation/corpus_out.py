"""Corpus-out: a model trained without a corpus, tested on all of it. It predicts what a new customer will see.

Training writes `models/<name>/corpus_out.json`, a list with one `CorpusOut` per corpus that was left out:

    [{"left_out": "emodb", "trained_on": ["ased", "nemo", ...], "n": 535, "n_speakers": 10,
      "auc_rest": {"value": 0.91, "low": 0.87, "high": 0.95, "n": 535, "n_speakers": 10},
      "auc_calm": {...}, ...}, ...]

Make each entry by `measure_left_out` on a model exported from the left-out training, so that what is measured is the
graph that would serve; `write_corpus_out` writes the list.
"""

from collections.abc import Sequence
from pathlib import Path
from typing import Final

import msgspec
import numpy as np

from voicerisk.scoring.model import Model
from voicerisk.training.corpora import read_audio
from voicerisk.training.corpora.clip import Clip, CorpusError
from voicerisk.training.corpora.labels import QUIET, UPSET, tension
from voicerisk.training.evaluation.caller import beside_own_calm
from voicerisk.training.evaluation.scoring import ClipScores, Doubles, Progress, score_clips
from voicerisk.training.metrics import Estimate, Statistic, auc, auc_gain, ece, estimate, estimate_apart

FILE: Final = "corpus_out.json"
RANKED: Final = ("emodb", "ased", "nemo", "turev", "savee", "korean")
"""The corpora over which the mean is taken."""


class CorpusOut(msgspec.Struct, frozen=True, kw_only=True):
    """One corpus judged by a model that never heard it. Figures are areas under the curve but for `ece`."""

    left_out: str
    trained_on: tuple[str, ...]
    n: int
    n_speakers: int
    auc_rest: Estimate
    """Angry against everything else."""
    auc_calm: Estimate
    """Angry against neutral, calm and sad."""
    auc_happy: Estimate
    """Angry against happy."""
    auc_rest_baseline: Estimate
    """Angry against the rest, heard after the caller's first five calm clips (`evaluation/caller.py`)."""
    auc_calm_baseline: Estimate
    auc_rest_alone: Estimate
    """The same sound of the same clips without those calm clips before it."""
    auc_calm_alone: Estimate
    gain_rest: Estimate
    """By how much the one exceeds the other: what the caller's own calm speech buys."""
    gain_calm: Estimate
    ece: Estimate
    """Expected calibration error of tension."""


def measure_left_out(
    model: Model,
    clips: Sequence[Clip],
    left_out: str,
    trained_on: Sequence[str],
    *,
    workers: int = 1,
    progress: Progress | None = None,
) -> CorpusOut:
    """Return how well a model that never heard a corpus tells its angry clips from the others.

    Workers are as for `score_clips`; progress is told of the second of two passes over the clips. Raises `CorpusError`
    where the corpus was trained on after all, or has no clips here.
    """
    if left_out in trained_on:
        raise CorpusError(f"{left_out} is among the corpora that this model was trained on")
    inside = [clip for clip in clips if clip.corpus == left_out and tension(clip) is not None]
    if not inside:
        raise CorpusError(f"no labelled clips of {left_out}")
    audios = [read_audio(clip) for clip in inside]
    scores = score_clips(model, audios, workers=workers)
    scores = beside_own_calm(model, inside, audios, scores, progress, workers=workers)
    return entry(inside, scores, left_out, trained_on)


def entry(clips: Sequence[Clip], scores: ClipScores, left_out: str, trained_on: Sequence[str]) -> CorpusOut:
    """Return the figures of clips already scored."""
    truth = np.array([tension(clip) for clip in clips], dtype=np.int64)
    judged = ~np.isnan(scores.beside)
    everyone = np.ones(len(clips), dtype=np.bool_)
    quiet = np.array([clip.emotion in QUIET | UPSET for clip in clips])
    happy = np.array([clip.emotion in {"happy"} | UPSET for clip in clips])

    def area(score: Doubles, which: np.ndarray, statistic: Statistic = auc) -> Estimate:
        speakers = [clip.speaker for clip, inside in zip(clips, which, strict=True) if inside]
        return estimate_apart(statistic, truth[which], score[which], speakers)

    both = np.stack([scores.alone, scores.beside], axis=1)

    return CorpusOut(
        left_out=left_out,
        trained_on=tuple(trained_on),
        n=len(clips),
        n_speakers=len({clip.speaker for clip in clips}),
        auc_rest=area(scores.tension, everyone),
        auc_calm=area(scores.tension, quiet),
        auc_happy=area(scores.tension, happy),
        auc_rest_baseline=area(scores.beside, judged),
        auc_calm_baseline=area(scores.beside, judged & quiet),
        auc_rest_alone=area(scores.alone, judged),
        auc_calm_alone=area(scores.alone, judged & quiet),
        gain_rest=area(both, judged, auc_gain),
        gain_calm=area(both, judged & quiet, auc_gain),
        ece=estimate(ece, truth, scores.tension, [clip.speaker for clip in clips]),
    )


def read_corpus_out(folder: Path) -> list[CorpusOut]:
    """Return what training measured, empty where it measured nothing. Raises `CorpusError` for a broken file."""
    file = folder / FILE
    if not file.is_file():
        return []
    try:
        return msgspec.json.decode(file.read_bytes(), type=list[CorpusOut])
    except msgspec.DecodeError as error:
        raise CorpusError(f"{file}: {error}") from error


def write_corpus_out(folder: Path, entries: Sequence[CorpusOut]) -> None:
    """Write the list beside the model."""
    (folder / FILE).write_bytes(msgspec.json.format(msgspec.json.encode(list(entries)), indent=1) + b"\n")
