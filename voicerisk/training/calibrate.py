"""Calibration: two numbers for each scale, fitted on voices and corpora that the judging committee never heard."""

from collections.abc import Sequence
from typing import Final

import msgspec
import numpy as np
import numpy.typing as npt

LEAST_SLOPE: Final = 0.5

Doubles = npt.NDArray[np.float64]


class Platt(msgspec.Struct, frozen=True):
    """Calibrated log-odds = slope * raw log-odds + offset."""

    slope: float
    offset: float


def fit_platt(raw: Doubles, truth: Doubles, groups: Sequence[str]) -> Platt:
    """Return the slope and offset that make raw log-odds come true, each group (a corpus) weighing the same.

    Args:
        raw: (n,) log-odds.
        truth: (n,) 0 or 1, both present.
        groups: What each belongs to.
    """
    names, sizes = np.unique(np.array(groups), return_counts=True)
    weight = dict(zip(names.tolist(), (1.0 / sizes).tolist(), strict=True))
    return _fitted(raw, truth, np.array([weight[group] for group in groups]))


def fit_platt_of_few(raw: Doubles, truth: Doubles) -> Platt:
    """The same for few clips, whose perfect order would else make the slope endless.

    Targets are drawn in from 0 and 1 the more, the fewer clips there are (Platt, "Probabilistic Outputs for Support
    Vector Machines", 1999). Arguments as for `fit_platt`.
    """
    n_true = truth.sum()
    target = np.where(truth == 1, (n_true + 1) / (n_true + 2), 1 / (len(truth) - n_true + 2))
    sides = np.concatenate([np.ones(len(raw)), np.zeros(len(raw))])
    return _fitted(np.concatenate([raw, raw]), sides, np.concatenate([target, 1 - target]))


def _fitted(raw: Doubles, truth: Doubles, weights: Doubles) -> Platt:
    from sklearn.linear_model import LogisticRegression

    fitted = LogisticRegression(C=1e4).fit(raw[:, None], truth, sample_weight=weights * len(raw))
    slope = float(fitted.coef_[0, 0])
    if slope < LEAST_SLOPE:
        # What does not carry over to other corpora at all must not be turned round for those it was learned on.
        slope = LEAST_SLOPE
        offsets = np.linspace(-6, 6, 1201)
        share = float((weights * truth).sum() / weights.sum())
        means = [(weights / (1 + np.exp(-slope * raw - offset))).sum() / weights.sum() for offset in offsets]
        return Platt(slope, float(offsets[int(np.argmin(np.abs(np.array(means) - share)))]))
    return Platt(slope, float(fitted.intercept_[0]))
