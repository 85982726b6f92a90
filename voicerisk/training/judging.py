"""What trained committees say of clips that they never heard: their calibration, and how well they tell anger."""

from collections.abc import Mapping, Sequence
from typing import Final

import msgspec
import numpy as np
import numpy.typing as npt
import torch

from voicerisk.training.calibrate import Platt, fit_platt
from voicerisk.training.committee import Committee, Lesson
from voicerisk.training.corpora.clip import Clip
from voicerisk.training.metrics import auc
from voicerisk.training.network import N_OUTPUTS, SCALES

QUIET: Final = frozenset({"neutral", "calm", "sad"})
UPSET: Final = frozenset({"angry", "tense"})
DEVELOPMENT: Final = "development speakers"
"""Name of the group of clips that is left out by speaker, not by corpus."""

Rows = npt.NDArray[np.int64]
Doubles = npt.NDArray[np.float64]


class LeftOut(msgspec.Struct, frozen=True, kw_only=True):
    """Clips judged by committees that never heard their corpus (or, of development speakers, their speakers).

    Areas under the curve of anger against the rest, and against neutral, calm and sad: by the voice alone, and beside
    the caller's own calm baseline. NaN where there is nothing to tell apart.
    """

    name: str
    rest: float
    calm: float
    rest_known: float
    calm_known: float


class Metrics(msgspec.Struct, frozen=True, kw_only=True):
    """What a run measured on the way; means are over corpora. The card's figures come from `evaluate`."""

    left_out: tuple[LeftOut, ...]
    mean_rest: float
    mean_calm: float
    mean_rest_known: float
    mean_calm_known: float
    detector: float
    calibration: dict[str, Platt]


def judged(judges: Mapping[str, tuple[Committee, Rows]], lesson: Lesson) -> Doubles:
    """What each group's judge says of its clips as recorded: raw outputs, (n, N_OUTPUTS), NaN for all others."""
    raw = np.full((len(lesson.classes), N_OUTPUTS), np.nan)
    able = (lesson.weights.sum(0) > 0).numpy()
    for committee, rows in judges.values():
        seen = rows[able[rows]]
        if len(seen):
            with torch.inference_mode():
                raw[seen] = committee(lesson.inputs[0, seen]).double().numpy()
    return raw


def fit_calibration(raw: Doubles, lesson: Lesson, groups: Mapping[str, Rows]) -> dict[str, Platt]:
    """Calibration of each scale by what was said of clips never heard, each group weighing the same."""
    name_of = np.full(len(raw), "", dtype=object)
    for name, rows in groups.items():
        name_of[rows] = name
    fitted = {}
    for index, scale in enumerate(SCALES):
        truth = lesson.scales[:, index].double().numpy()
        clear = np.isin(truth, (0.0, 1.0)) & ~np.isnan(raw[:, index])
        fitted[scale] = fit_platt(raw[clear, index], truth[clear], name_of[clear].tolist())
    return fitted


def calibrate(committees: Sequence[Committee], fitted: Mapping[str, Platt]) -> None:
    """Fold the calibration of the scales into the committees."""
    slopes, offsets = torch.ones(N_OUTPUTS), torch.zeros(N_OUTPUTS)
    for index, scale in enumerate(SCALES):
        slopes[index], offsets[index] = fitted[scale].slope, fitted[scale].offset
    for committee in committees:
        committee.calibrate(slopes, offsets)


def left_out(name: str, rows: Rows, clips: Sequence[Clip], truth: Doubles, alone: Doubles, known: Doubles) -> LeftOut:
    """How well anger is told in the clips `rows`; truth and both tensions are (n,), NaN where there is none."""
    upset_or_quiet = np.array([clips[row].emotion in QUIET | UPSET for row in rows])

    def area(score: Doubles, among: npt.NDArray[np.bool_]) -> float:
        rated = among & ~np.isnan(score[rows]) & ~np.isnan(truth[rows])
        here = rows[rated]
        return round(auc(truth[here].astype(np.int64), score[here], np.ones(len(here))), 4)

    everything = np.ones(len(rows), dtype=np.bool_)
    return LeftOut(
        name=name,
        rest=area(alone, everything),
        calm=area(alone, upset_or_quiet),
        rest_known=area(known, everything),
        calm_known=area(known, upset_or_quiet),
    )


def summary(rows: Sequence[LeftOut], detector: float, calibration: dict[str, Platt]) -> Metrics:
    """All of it, with means over the corpora that were left out."""
    corpora = [row for row in rows if row.name != DEVELOPMENT]

    def mean(values: list[float]) -> float:
        there = [value for value in values if not np.isnan(value)]
        return round(float(np.mean(there)), 4) if there else float("nan")

    return Metrics(
        left_out=tuple(rows),
        mean_rest=mean([row.rest for row in corpora]),
        mean_calm=mean([row.calm for row in corpora]),
        mean_rest_known=mean([row.rest_known for row in corpora]),
        mean_calm_known=mean([row.calm_known for row in corpora]),
        detector=round(detector, 4),
        calibration=calibration,
    )
