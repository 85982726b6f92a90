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
    from sklearn.linear_model import LogisticRegression

    names, sizes = np.unique(np.array(groups), return_counts=True)
    weight = dict(zip(names.tolist(), (1.0 / sizes).tolist(), strict=True))
    fitted = LogisticRegression(C=1e4).fit(
        raw[:, None], truth, sample_weight=[weight[group] * len(raw) for group in groups]
    )
    slope = float(fitted.coef_[0, 0])
    if slope < LEAST_SLOPE:
        # What does not carry over to other corpora at all must not be turned round for those it was learned on.
        slope = LEAST_SLOPE
        offsets = np.linspace(-6, 6, 1201)
        weights = np.array([weight[group] for group in groups])
        share = float((weights * truth).sum() / weights.sum())
        means = [(weights / (1 + np.exp(-slope * raw - offset))).sum() / weights.sum() for offset in offsets]
        return Platt(slope, float(offsets[int(np.argmin(np.abs(np.array(means) - share)))]))
    return Platt(slope, float(fitted.intercept_[0]))
