"""How good a score is, and how sure we can be of that: each metric with a 95 % interval by resampling speakers.

Clips of one speaker resemble each other, so an interval from resampling clips would be far too narrow. Every metric
here takes a weight per clip; resampling speakers with replacement is then nothing but counting each speaker's clips as
often as the speaker was drawn.
"""

from collections.abc import Callable, Sequence
from typing import Any, Final

import msgspec
import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.floating[Any]]
Ints = npt.NDArray[np.integer[Any]]
Statistic = Callable[[Ints, Floats, Floats], float]
"""From truth (n,), score (n,) or (n, k), and weights (n,) to one figure; NaN where it has no meaning."""

RESAMPLES: Final = 500
CONFIDENCE: Final = 0.95
N_BINS: Final = 15
DECIMALS: Final = 4


class Estimate(msgspec.Struct, frozen=True):
    """A figure with its 95 % interval.

    `value` is None where it has no meaning (only one class there, say); `low` and `high` are None where there are fewer
    than three speakers to resample.
    """

    value: float | None
    low: float | None
    high: float | None
    n: int
    n_speakers: int


class Bin(msgspec.Struct, frozen=True):
    """One bar of a reliability diagram: the mean of what was predicted, the share that was true, and how many."""

    predicted: float
    observed: float
    n: int


def auc(truth: Ints, score: Floats, weight: Floats) -> float:
    """Area under the ROC curve: the chance that a true one scores above a false one, ties counting half.

    Truth is 0 or 1. NaN where one of the two has no weight.
    """
    order = np.argsort(score, kind="stable")
    sorted_score = score[order]
    positive, negative = (np.where(truth[order] == side, weight[order], 0.0) for side in (1, 0))
    starts = np.flatnonzero(np.r_[True, sorted_score[1:] != sorted_score[:-1]]) if len(order) else np.zeros(0, np.intp)
    if not starts.size:
        return float("nan")
    p, n = np.add.reduceat(positive, starts), np.add.reduceat(negative, starts)
    total = p.sum() * n.sum()
    return float((p * (np.cumsum(n) - n / 2)).sum() / total) if total > 0 else float("nan")


def average_precision(truth: Ints, score: Floats, weight: Floats) -> float:
    """Mean precision over the ranks of the true ones, highest score first; tied scores count together. NaN if none."""
    order = np.argsort(-score, kind="stable")
    sorted_score = score[order]
    positive, every = np.where(truth[order] == 1, weight[order], 0.0), weight[order]
    if not positive.sum() > 0:
        return float("nan")
    starts = np.flatnonzero(np.r_[True, sorted_score[1:] != sorted_score[:-1]])
    gained, seen = np.add.reduceat(positive, starts), np.cumsum(np.add.reduceat(every, starts))
    precision = np.divide(np.cumsum(gained), seen, out=np.zeros_like(seen), where=seen > 0)
    return float((precision * gained).sum() / gained.sum())


def uar(truth: Ints, score: Floats, weight: Floats) -> float:
    """Unweighted average recall of the class with the highest score, over the classes that occur; NaN if none."""
    hit = np.where(score.argmax(axis=1) == truth, weight, 0.0)
    per_class = np.bincount(truth, weight, minlength=score.shape[1])
    hits = np.bincount(truth, hit, minlength=score.shape[1])
    present = per_class > 0
    return float(np.mean(hits[present] / per_class[present])) if present.any() else float("nan")


def ece(truth: Ints, score: Floats, weight: Floats) -> float:
    """Expected calibration error: how far predicted and observed lie apart on average, in 15 bins of equal width.

    Naeini, Cooper, Hauskrecht, "Obtaining Well Calibrated Probabilities Using Bayesian Binning", AAAI 2015.
    """
    which = np.clip((score * N_BINS).astype(np.intp), 0, N_BINS - 1)
    predicted = np.bincount(which, weight * score, minlength=N_BINS)
    observed = np.bincount(which, weight * truth, minlength=N_BINS)
    total = weight.sum()
    return float(np.abs(predicted - observed).sum() / total) if total > 0 else float("nan")


def reliability(truth: Ints, score: Floats) -> list[Bin]:
    """The bars of a reliability diagram, low to high, empty ones left out; the same bins as `ece`."""
    which = np.clip((score * N_BINS).astype(np.intp), 0, N_BINS - 1)
    bars: list[Bin] = []
    for index in range(N_BINS):
        inside = which == index
        if inside.any():
            predicted, observed = float(score[inside].mean()), float(truth[inside].mean())
            bars.append(Bin(round(predicted, DECIMALS), round(observed, DECIMALS), int(inside.sum())))
    return bars


def estimate(
    statistic: Statistic,
    truth: Ints,
    score: Floats,
    speakers: Sequence[str],
    *,
    resamples: int = RESAMPLES,
    seed: int = 0,
) -> Estimate:
    """Return the statistic of all clips, and the middle 95 % of what it is when speakers are drawn with replacement.

    Args:
        statistic: One of this module's.
        truth: (n,) of 0 and 1, or of class numbers.
        score: (n,) or (n, classes).
        speakers: Who speaks each clip, n of them.
        resamples: How often speakers are drawn; draws without a meaningful figure are left out.
        seed: Of the draws.
    """
    names, which = np.unique(np.asarray(speakers), return_inverse=True)
    n = len(truth)
    if not n:
        return Estimate(None, None, None, 0, 0)
    value = statistic(truth, score, np.ones(n))
    if np.isnan(value):
        return Estimate(None, None, None, n, len(names))
    low = high = None
    if len(names) > 2 and resamples:
        if score.ndim == 1:  # sorted once here, the sorting inside each draw costs next to nothing
            order = np.argsort(score, kind="stable")
            truth, score, which = truth[order], score[order], which[order]
        random = np.random.default_rng(seed)
        drawn = random.multinomial(len(names), np.full(len(names), 1 / len(names)), size=resamples)
        values = np.array([statistic(truth, score, counts[which].astype(np.float64)) for counts in drawn])
        values = values[~np.isnan(values)]
        if values.size >= resamples // 2:
            tail = (1 - CONFIDENCE) / 2
            low, high = (round(float(edge), DECIMALS) for edge in np.quantile(values, [tail, 1 - tail]))
    return Estimate(round(value, DECIMALS), low, high, n, len(names))
