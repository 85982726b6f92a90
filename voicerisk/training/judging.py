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
from voicerisk.training.corpora.labels import QUIET, UPSET
from voicerisk.training.metrics import auc
from voicerisk.training.network import N_OUTPUTS, SCALES

DEVELOPMENT: Final = "development speakers"
"""Name of the group of clips that is left out by speaker, not by corpus."""

Rows = npt.NDArray[np.int64]
Groups = Mapping[str, Rows]
"""Rows of clips, by the name of what they have in common."""
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


def judged(judges: Mapping[str, Committee], groups: Groups, lesson: Lesson) -> dict[str, Doubles]:
    """What each group's judge says of the group's clips as recorded: raw outputs, (rows, N_OUTPUTS), NaN for none."""
    able = (lesson.weights.sum(0) > 0).numpy()
    said = {}
    for name, rows in groups.items():
        said[name] = np.full((len(rows), N_OUTPUTS), np.nan)
        if able[rows].any():
            with torch.inference_mode():
                said[name][able[rows]] = judges[name](lesson.inputs[0, rows[able[rows]]]).double().numpy()
    return said


def calibrated(
    committees: Sequence[Committee],
    unheard: Mapping[str, int],
    said: Mapping[str, Doubles],
    lesson: Lesson,
    groups: Groups,
    is_test: npt.NDArray[np.bool_],
) -> dict[str, Platt]:
    """Calibrate committees in place, none by a clip of a test speaker or of what it was kept from; say how the first.

    Args:
        committees: The first is the one that ships.
        unheard: Which committee was kept from which group.
        said: What the committee that was kept from a group says of its clips, (rows, N_OUTPUTS).
        lesson: The truth.
        groups: Clips that a committee never heard, by name; a clip may stand in several.
        is_test: (n,) clips of test speakers.
    """
    shipped = fit_calibration(said, lesson, groups, ~is_test)
    calibrate(committees[:1], shipped)
    for name, at in unheard.items():
        allowed = ~is_test
        allowed[groups[name]] = False
        # Of a single group, what is left out cannot be left out of the calibration too.
        fitted = fit_calibration(said, lesson, groups, allowed if len(groups) > 1 else ~is_test)
        calibrate(committees[at : at + 1], fitted)
    return shipped


def fit_calibration(
    said: Mapping[str, Doubles], lesson: Lesson, groups: Groups, allowed: npt.NDArray[np.bool_]
) -> dict[str, Platt]:
    """Calibration of each scale by what was said of the groups' allowed clips, (n,), each group weighing the same."""
    rows = np.concatenate(list(groups.values()))
    raw = np.concatenate([said[name] for name in groups])
    names = np.repeat(np.array(list(groups)), [len(members) for members in groups.values()])
    fitted = {}
    for index, scale in enumerate(SCALES):
        truth = lesson.scales[:, index].double().numpy()[rows]
        clear = np.isin(truth, (0.0, 1.0)) & ~np.isnan(raw[:, index]) & allowed[rows]
        both = len(np.unique(truth[clear])) == 2
        # A scale that nobody labelled both ways is left as it is.
        fitted[scale] = fit_platt(raw[clear, index], truth[clear], names[clear].tolist()) if both else Platt(1.0, 0.0)
    return fitted


def calibrate(committees: Sequence[Committee], fitted: Mapping[str, Platt]) -> None:
    """Fold the calibration of the scales into the committees; outputs that it does not name stay as they are."""
    slopes, offsets = torch.ones(N_OUTPUTS), torch.zeros(N_OUTPUTS)
    for scale, platt in fitted.items():
        slopes[SCALES.index(scale)], offsets[SCALES.index(scale)] = platt.slope, platt.offset
    for committee in committees:
        committee.calibrate(slopes, offsets)


def left_out(name: str, rows: Rows, clips: Sequence[Clip], truth: Doubles, alone: Doubles, known: Doubles) -> LeftOut:
    """How well anger is told in the clips `rows`; truth is (n,), both tensions are (rows,), NaN where there is none."""
    upset_or_quiet = np.array([clips[row].emotion in QUIET | UPSET for row in rows])

    def area(score: Doubles, among: npt.NDArray[np.bool_]) -> float | None:
        here = among & ~np.isnan(score) & ~np.isnan(truth[rows])
        value = auc(truth[rows[here]].astype(np.int64), score[here], np.ones(int(here.sum())))
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
