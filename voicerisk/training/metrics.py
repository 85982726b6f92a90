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
MIN_SPEAKERS: Final = 3
"""From so many speakers on there is an interval."""
MIN_EACH: Final = 5
"""With fewer clips of either class an area under a curve says nothing."""


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


def auc_gain(truth: Ints, score: Floats, weight: Floats) -> float:
    """By how much the area under the curve of the second score exceeds that of the first; score is (n, 2)."""
    return auc(truth, score[:, 1], weight) - auc(truth, score[:, 0], weight)


def average(truth: Ints, score: Floats, weight: Floats) -> float:
    """The mean of the score, whatever the truth. NaN where nothing has weight."""
    total = weight.sum()
    return float((weight * score).sum() / total) if total > 0 else float("nan")


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
    if len(names) >= MIN_SPEAKERS and resamples:
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


def estimate_apart(
    statistic: Statistic,
    truth: Ints,
    score: Floats,
    speakers: Sequence[str],
    *,
    resamples: int = RESAMPLES,
    min_each: int = MIN_EACH,
) -> Estimate:
    """Return the estimate of a statistic that tells classes apart, where there is enough of each class to tell.

    It has no value with one class alone, or fewer than `min_each` clips of one; and no interval where one class is
    spoken by fewer than three speakers: a draw of speakers would then as likely as not lack the class, and the interval
    would tell how the other classes vary. Arguments are as for `estimate`.
    """
    who = np.asarray(speakers)
    classes, counts = np.unique(truth, return_counts=True)
    if len(classes) < 2 or counts.min() < min_each:
        return Estimate(None, None, None, len(truth), len(set(speakers)))
    fewest = min(len(np.unique(who[truth == one])) for one in classes)
    return estimate(statistic, truth, score, speakers, resamples=resamples if fewest >= MIN_SPEAKERS else 0)


def mean_of(estimates: Sequence[Estimate]) -> Estimate:
    """Return the mean of the figures that exist, each weighing the same, with its 95 % interval.

    The figures must share no speaker. The interval of the mean then follows from theirs: the distances of the bounds
    from the figures add up as squares (Zou, Donner, "Construction of confidence limits about effect measures",
    Statistics in Medicine 27, 2008). There is none where one of the figures has none.
    """
    known = [one for one in estimates if one.value is not None]
    n, n_speakers = sum(one.n for one in known), sum(one.n_speakers for one in known)
    if not known:
        return Estimate(None, None, None, 0, 0)
    values = np.array([one.value for one in known], dtype=np.float64)
    value = float(values.mean())
    if any(one.low is None or one.high is None for one in known):
        return Estimate(round(value, DECIMALS), None, None, n, n_speakers)
    low, high = (np.array(bounds, dtype=np.float64) for bounds in zip(*((o.low, o.high) for o in known), strict=True))
    # An interval need not hold its figure: an error drawn anew is larger, as a rule.
    below, above = (
        float(np.linalg.norm(np.maximum(apart, 0.0))) / len(known) for apart in (values - low, high - values)
    )
    return Estimate(
        round(value, DECIMALS), round(value - below, DECIMALS), round(value + above, DECIMALS), n, n_speakers
    )
