"""Whether a tension of 0.7 comes true seven times in ten: reliability diagram and expected calibration error.

Before and after: the graph gives calibrated scores. Training keeps the calibration of tension as `slope` and `offset`
in model.toml's `[calibration]` (calibrated log-odds = slope * raw log-odds + offset), from which the raw score follows.
"""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
import numpy.typing as npt

from voicerisk.training.evaluation.scoring import Doubles
from voicerisk.training.metrics import Bin, Estimate, ece, estimate, reliability


class Calibration(msgspec.Struct, frozen=True, kw_only=True):
    """How honest tension is on speakers never trained on; `raw` is what it would be without calibration, if known."""

    ece: Estimate
    bins: tuple[Bin, ...]
    raw_ece: Estimate | None = None
    raw_bins: tuple[Bin, ...] = ()


def calibration(
    truth: npt.NDArray[np.int64],
    tension: Doubles,
    speakers: Sequence[str],
    fitted: Mapping[str, Any],
    *,
    resamples: int,
) -> Calibration:
    """Return the calibration of n clips; `truth` is 1 for tense, `fitted` is model.toml's `[calibration]`."""
    after = estimate(ece, truth, tension, speakers, resamples=resamples)
    bins = tuple(reliability(truth, tension))
    slope, offset = fitted.get("slope"), fitted.get("offset")
    if not isinstance(slope, int | float) or not isinstance(offset, int | float) or slope == 0:
        return Calibration(ece=after, bins=bins)
    clipped = np.clip(tension, 1e-4, 1 - 1e-4)
    raw = 1 / (1 + np.exp(-(np.log(clipped / (1 - clipped)) - offset) / slope))
    return Calibration(
        ece=after,
        bins=bins,
        raw_ece=estimate(ece, truth, raw, speakers, resamples=resamples),
        raw_bins=tuple(reliability(truth, raw)),
    )


def draw_reliability(result: Calibration, file: Path) -> None:
    """Write the reliability diagram as PNG. Needs matplotlib (extra `train`)."""
    import matplotlib

    matplotlib.use("Agg")
    from matplotlib import pyplot

    figure, (upper, lower) = pyplot.subplots(
        2, 1, figsize=(5, 6), height_ratios=(4, 1), sharex=True, layout="constrained"
    )
    upper.plot([0, 1], [0, 1], color="0.7", linewidth=1)
    if result.raw_bins:
        upper.plot(*_curve(result.raw_bins), "o--", color="0.55", label=f"before, ECE {_value(result.raw_ece)}")
    upper.plot(*_curve(result.bins), "o-", color="#c0392b", label=f"calibrated, ECE {_value(result.ece)}")
    upper.set(xlim=(0, 1), ylim=(0, 1), ylabel="share that is angry", title="Tension, speakers never trained on")
    upper.legend(frameon=False)
    lower.bar([bar.predicted for bar in result.bins], [bar.n for bar in result.bins], width=0.05, color="#c0392b")
    lower.set(xlabel="tension", ylabel="clips")
    figure.savefig(file, dpi=120, metadata={"Software": None})
    pyplot.close(figure)


def _curve(bins: Sequence[Bin]) -> tuple[list[float], list[float]]:
    return [bar.predicted for bar in bins], [bar.observed for bar in bins]


def _value(figure: Estimate | None) -> str:
    return "-" if figure is None or figure.value is None else f"{figure.value:.3f}"
