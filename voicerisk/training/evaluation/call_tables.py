"""How soon escalating calls are alerted and how often calm ones are: at the shipped settings, and as a curve."""

from collections.abc import Sequence
from pathlib import Path
from typing import Final

import msgspec
import numpy as np

from voicerisk.tension import TensionSettings
from voicerisk.tension.baseline import log_odds, probability
from voicerisk.tension.settings import DEFAULT_ZONES, with_suggestion
from voicerisk.training.evaluation.calls import Outcome, Window
from voicerisk.training.metrics import DECIMALS, RESAMPLES
from voicerisk.zones import Latch, Zones

SOON_S: Final = 10.0
LATE_S: Final = 30.0
ENTERS: Final = tuple(round(0.20 + 0.025 * step, 3) for step in range(32))
"""Where red begins, for the curve."""
LAG_S: Final = 3.0
"""An alert this soon after a calm stretch still rests on it: the model looks back 3 s."""


class Share(msgspec.Struct, frozen=True):
    """A figure with its 95 % interval from resampling speakers; None where there are no calls to tell."""

    value: float | None
    low: float | None
    high: float | None


class CallRow(msgspec.Struct, frozen=True, kw_only=True):
    """Escalating and calm calls under one setting."""

    name: str
    n_escalating: int
    n_calm: int
    calm_hours: float
    within_10_s: Share
    """Share of escalating calls whose first alert comes within 10 s of the onset, and not before it."""
    within_30_s: Share
    before_onset: float | None
    """Share of escalating calls that alerted while the caller was still calm."""
    median_delay_s: Share
    """Of the first alerts that come after the onset; calls that never alert do not count."""
    per_hour: Share
    """Alerts per hour of calm calls."""


class CurvePoint(msgspec.Struct, frozen=True):
    """What one place for red to begin at would have given."""

    enter: float
    within_10_s: float
    within_30_s: float
    median_delay_s: float | None
    per_hour: float


def alerts_at(windows: Sequence[Window], zones: Zones) -> list[float]:
    """Return the media seconds at which the level would have entered red, had the zones been these."""
    if max((window.level for window in windows), default=0.0) < zones.red.enter:
        return []  # saves most of the work when many settings are tried
    red = Latch(zones.red)
    found: list[float] = []
    for window in windows:
        before = red.on
        if red.step(window.level, window.evidence_s) and not before:
            found.append(window.at_s)
    return found


def red_from(enter: float, hold_s: float) -> Zones:
    """Return the zones with red beginning elsewhere; where it ends, and amber, keep their distance in log-odds."""
    apart = log_odds(DEFAULT_ZONES.red.leave) - log_odds(DEFAULT_ZONES.red.enter)
    leave = round(probability(log_odds(enter) + apart), DECIMALS)
    return with_suggestion(TensionSettings(), enter=enter, leave=leave, hold_s=hold_s).boundaries


def call_row(
    name: str, outcomes: Sequence[Outcome], alerts: Sequence[Sequence[float]], *, resamples: int = RESAMPLES
) -> CallRow:
    """Return the figures of calls whose alerts (media seconds) are given beside them, with intervals by speaker."""
    rows = [_judge(outcome, seconds) for outcome, seconds in zip(outcomes, alerts, strict=True)]
    draws = _draws([outcome.speaker for outcome in outcomes], resamples)
    onset, calm_s = (np.array([row[key] for row in rows], dtype=np.float64) for key in ("escalates", "calm_s"))

    def share(hits: str, base: np.ndarray, scale: float = 1.0) -> Share:
        hit = np.array([row[hits] for row in rows], dtype=np.float64)

        def figure(weight: np.ndarray) -> float:
            total = float((base * weight).sum())
            return scale * float((hit * weight).sum()) / total if total > 0 else float("nan")

        value = figure(np.ones(len(rows)))
        if np.isnan(value):
            return Share(None, None, None)
        if scale != 1.0 and not hit.any():
            # None seen: resampling would say "none, for certain". Poisson's 95 % bound is 3 in the time listened.
            return Share(0.0, 0.0, round(3.0 * scale / float(base.sum()), DECIMALS))
        return _with_interval(value, [figure(counts) for counts in draws])

    return CallRow(
        name=name,
        n_escalating=int(onset.sum()),
        n_calm=int((calm_s > 0).sum()),
        calm_hours=round(float(calm_s.sum()) / 3600, 2),
        within_10_s=share("soon", onset),
        within_30_s=share("late", onset),
        before_onset=share("early", onset).value,
        median_delay_s=_median(np.array([row["delay_s"] for row in rows]), draws),
        per_hour=share("false", calm_s, 3600.0),
    )


def _median(delays_s: np.ndarray, draws: np.ndarray) -> Share:
    """The median of the delays that are known (not NaN), with its interval."""
    known = ~np.isnan(delays_s)
    if not known.any():
        return Share(None, None, None)
    repeats = draws[:, known].astype(np.intp)
    drawn = [float(np.median(np.repeat(delays_s[known], times))) for times in repeats if times.any()]
    return _with_interval(float(np.median(delays_s[known])), drawn, decimals=2)


def _with_interval(value: float, drawn: Sequence[float], *, decimals: int = DECIMALS) -> Share:
    """A figure with the middle 95 % of what it was in the draws, those without a meaning (NaN) left out."""
    known = np.array([one for one in drawn if not np.isnan(one)])
    if not known.size:
        return Share(round(value, decimals), None, None)
    low, high = (round(float(edge), decimals) for edge in np.quantile(known, [0.025, 0.975]))
    return Share(round(value, decimals), low, high)


def _draws(speakers: Sequence[str], resamples: int) -> np.ndarray:
    """How often each call counts in each draw of speakers with replacement, (resamples, calls); none if under three."""
    names, which = np.unique(np.asarray(speakers), return_inverse=True)
    if len(names) < 3 or not resamples:
        return np.zeros((0, len(speakers)))
    random = np.random.default_rng(0)
    counts = random.multinomial(len(names), np.full(len(names), 1 / len(names)), size=resamples)
    return np.asarray(counts[:, which], dtype=np.float64)


def _judge(outcome: Outcome, alerts: Sequence[float]) -> dict[str, float]:
    """What one call adds to the figures."""
    false = sum(any(start <= at <= end + LAG_S for start, end in outcome.calm) for at in alerts)
    onset_s = outcome.onset_s
    delay_s = float("nan") if onset_s is None else min(alerts, default=float("inf")) - onset_s
    return {
        "escalates": float(onset_s is not None),
        "soon": float(0 <= delay_s <= SOON_S),
        "late": float(0 <= delay_s <= LATE_S),
        "early": float(delay_s < 0),
        "delay_s": delay_s if 0 <= delay_s < float("inf") else float("nan"),
        "calm_s": sum(end - start for start, end in outcome.calm),
        "false": float(false),
    }


def curve(outcomes: Sequence[Outcome], hold_s: float) -> list[CurvePoint]:
    """Return what each place for red to begin at would have given, held for `hold_s` of speech; low to high."""
    points: list[CurvePoint] = []
    for enter in ENTERS:
        zones = red_from(enter, hold_s)
        row = call_row("", outcomes, [alerts_at(outcome.windows, zones) for outcome in outcomes], resamples=0)
        points.append(
            CurvePoint(
                enter,
                row.within_10_s.value or 0.0,
                row.within_30_s.value or 0.0,
                row.median_delay_s.value,
                row.per_hour.value or 0.0,
            )
        )
    return points


def draw_curve(points: Sequence[CurvePoint], shipped: CallRow, file: Path) -> None:
    """Write the curve of false alarms against alerted escalations as PNG. Needs matplotlib (extra `train`)."""
    import matplotlib

    matplotlib.use("Agg")
    from matplotlib import pyplot

    figure, axes = pyplot.subplots(figsize=(6, 4.5), layout="constrained")
    hours = [point.per_hour for point in points]
    axes.plot(hours, [point.within_10_s for point in points], ".-", color="#c0392b", label="within 10 s of onset")
    axes.plot(hours, [point.within_30_s for point in points], ".-", color="#2c3e50", label="within 30 s of onset")
    at = shipped.per_hour.value or 0.0
    shown = [share.value for share in (shipped.within_10_s, shipped.within_30_s) if share.value is not None]
    axes.plot([at] * len(shown), shown, "o", markersize=10, fillstyle="none", color="black", label="as shipped")
    axes.axvline(0.5, color="0.7", linewidth=1)
    axes.set(xscale="symlog", xlabel="false alarms per hour of calm calls", ylabel="escalating calls alerted")
    axes.set(ylim=(0, 1.02), xlim=(0, None), title="Simulated calls of speakers never trained on")
    axes.legend(frameon=False, loc="lower right")
    figure.savefig(file, dpi=120, metadata={"Software": None})
    pyplot.close(figure)
