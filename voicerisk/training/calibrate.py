"""Calibration: two numbers for each scale, fitted on voices and corpora that the judging committee never heard."""

from collections.abc import Sequence

import msgspec
import numpy as np
import numpy.typing as npt

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
    return Platt(float(fitted.coef_[0, 0]), float(fitted.intercept_[0]))
