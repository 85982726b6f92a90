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
    the caller's own calm baseline. None where there is nothing to tell apart.
    """

    name: str
    rest: float | None
    calm: float | None
    rest_known: float | None
    calm_known: float | None


class Metrics(msgspec.Struct, frozen=True, kw_only=True):
    """What a run measured on the way; means are over corpora. The card's figures come from `evaluate`."""

    left_out: tuple[LeftOut, ...]
    mean_rest: float | None
    mean_calm: float | None
    mean_rest_known: float | None
    mean_calm_known: float | None
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
        both = len(np.unique(truth[clear])) == 2
        # A scale that nobody labelled both ways is left as it is.
        fitted[scale] = fit_platt(raw[clear, index], truth[clear], name_of[clear].tolist()) if both else Platt(1.0, 0.0)
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

    def area(score: Doubles, among: npt.NDArray[np.bool_]) -> float | None:
        here = rows[among & ~np.isnan(score[rows]) & ~np.isnan(truth[rows])]
        value = auc(truth[here].astype(np.int64), score[here], np.ones(len(here)))
        return None if np.isnan(value) else round(value, 4)

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

    def mean(values: list[float | None]) -> float | None:
        there = [value for value in values if value is not None]
        return round(float(np.mean(there)), 4) if there else None

    return Metrics(
        left_out=tuple(rows),
        mean_rest=mean([row.rest for row in corpora]),
        mean_calm=mean([row.calm for row in corpora]),
        mean_rest_known=mean([row.rest_known for row in corpora]),
        mean_calm_known=mean([row.calm_known for row in corpora]),
        detector=round(detector, 4),
        calibration=calibration,
    )
