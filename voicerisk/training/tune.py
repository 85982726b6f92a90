"""Where red begins and how long it must hold, so that a budget of false alarms is kept and alerts come earliest.

The chain runs once over the calls; then every setting is tried on the levels that it gave. Calls are a site's own
marked ones (`corpora/marks.py`), or simulated ones of the split's development speakers. These a shipped model has
heard in training, so its own red is placed by ears that were kept from the callers (`placing`).
"""

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Final

import msgspec

from voicerisk.events import Role
from voicerisk.floor import FloorSettings
from voicerisk.scoring.model_file import Thresholds
from voicerisk.training.corpora.clip import CorpusError
from voicerisk.training.corpora.marks import Mark, read_marks
from voicerisk.training.evaluation.call_tables import LATE_S, CallRow, alerts_at, call_row, red_from
from voicerisk.training.evaluation.calls import CORPORA, Outcome, replayed, run_calls, specs, with_every_window
from voicerisk.training.simulate import Voice
from voicerisk.zones import Zones

ENTERS: Final = tuple(round(0.30 + 0.02 * step, 2) for step in range(34))
HOLDS_S: Final = (0.48, 0.72, 0.96, 1.2, 1.44, 1.92, 2.4, 3.36, 4.8, 7.2)
MIN_CALM_H: Final = 0.1

Advance = Callable[[int], None]
"""Gets how many calls have been done since the last time."""


class Trial(msgspec.Struct, frozen=True):
    """One setting: where red begins, how long it must hold, and what it gives on the calls."""

    enter: float
    hold_s: float
    promptness: float
    """1 for an alert at the onset, falling to 0 for one 30 s later, before the onset, or none; mean over the calls."""
    row: CallRow


class Tuning(msgspec.Struct, frozen=True, kw_only=True):
    """The outcome of tuning: `best` keeps the budget, `shipped` is what the present settings give on the same calls.

    `thresholds` are what a model's folder suggests (`[thresholds]`); `toml` writes them for a site's configuration.
    """

    thresholds: Thresholds
    best: CallRow
    shipped: CallRow
    budget_per_hour: float
    trials: tuple[Trial, ...]
    """The best trial for each place where red may begin, low to high, whether or not it keeps the budget."""
    caution: str
    """What these calls cannot show, in plain words; empty when there is nothing to warn of."""

    def toml(self) -> str:
        """The zones as they go into the configuration file."""
        zones = red_from(self.thresholds.enter, self.thresholds.hold_s)
        lines: list[str] = []
        for name, edge in (("amber", zones.amber), ("red", zones.red)):
            lines.append(f"[tension.zones.{name}]")
            lines += [f"{key} = {value:g}" for key, value in msgspec.structs.asdict(edge).items()]
            lines.append("")
        return "\n".join(lines)


def tune(outcomes: Sequence[Outcome], present: Zones, budget_per_hour: float) -> Tuning:
    """Return where red must begin to keep the budget of false alarms per calm hour and to alert earliest.

    Of equally prompt settings the one with fewer false alarms wins, then the higher one. `present` are the zones to
    compare with. `outcomes` should come from windows at every block (`TensionSettings.window_every` 1).

    Raises:
        CorpusError: No call escalates, less than six minutes are calm, or no setting keeps the budget.
    """
    n_escalating = sum(outcome.onset_s is not None for outcome in outcomes)
    calm_h = sum(end - start for outcome in outcomes for start, end in outcome.calm) / 3600
    if not n_escalating:
        raise CorpusError("none of the calls escalates: mark at least one stretch as tense")
    if calm_h < MIN_CALM_H:
        raise CorpusError(f"only {calm_h * 60:.1f} minutes are marked calm; {MIN_CALM_H * 60:g} or more are needed")
    if not budget_per_hour >= 0:
        raise CorpusError(f"a budget of {budget_per_hour:g} false alarms per hour makes no sense; write 0 or more")
    best: Trial | None = None
    trials: list[Trial] = []
    for enter in ENTERS:
        here = [_trial(outcomes, enter, hold_s) for hold_s in HOLDS_S]
        kept = [trial for trial in here if (trial.row.per_hour.value or 0.0) <= budget_per_hour]
        trials.append(max(kept or here, key=_worth))
        best = max([*kept, *([best] if best else [])], key=_worth, default=None)
    if best is None:
        raise CorpusError(f"no setting keeps {budget_per_hour:g} false alarms per hour on these calls; allow more")
    shipped = [alerts_at(outcome.windows, present) for outcome in outcomes]
    moved = red_from(best.enter, best.hold_s)
    return Tuning(
        thresholds=Thresholds(enter=best.enter, leave=moved.red.leave, hold_s=best.hold_s),
        best=call_row("tuned", outcomes, [alerts_at(outcome.windows, moved) for outcome in outcomes]),
        shipped=call_row("present", outcomes, shipped),
        budget_per_hour=budget_per_hour,
        trials=tuple(trials),
        caution=_caution(n_escalating, calm_h, budget_per_hour),
    )


def _trial(outcomes: Sequence[Outcome], enter: float, hold_s: float) -> Trial:
    moved = red_from(enter, hold_s)
    alerts = [alerts_at(outcome.windows, moved) for outcome in outcomes]
    prompt = [
        max(0.0, 1 - delay_s / LATE_S)
        if (delay_s := min(seconds, default=float("inf")) - outcome.onset_s) >= 0
        else 0.0
        for outcome, seconds in zip(outcomes, alerts, strict=True)
        if outcome.onset_s is not None
    ]
    row = call_row("", outcomes, alerts, resamples=0)
    return Trial(enter, hold_s, round(sum(prompt) / len(prompt), 4), row)


def _worth(trial: Trial) -> tuple[float, float, float, float]:
    return trial.promptness, -(trial.row.per_hour.value or 0.0), trial.enter, trial.hold_s


def _caution(n_escalating: int, calm_h: float, budget_per_hour: float) -> str:
    said: list[str] = []
    if n_escalating < 20:
        said.append(f"only {n_escalating} calls escalate; with fewer than 20 the delay is little more than a guess")
    if calm_h * max(budget_per_hour, 0.05) < 3:
        # The rule of three: none seen in h hours is still compatible with 3 / h per hour.
        said.append(
            f"{calm_h:.1f} h of calm calls cannot tell fewer than {3 / calm_h:.1f} false alarms per hour from none"
        )
    return "; ".join(said)


def outcomes_of_marks(
    model_folder: Path, settings: FloorSettings, marks_file: Path, *, advance: Advance | None = None
) -> list[Outcome]:
    """Return what the chain makes of a site's marked calls, a recording each.

    A recording's onset is the start of its first stretch marked tense; false alarms count in stretches marked calm.
    Raises `CorpusError` for a marks file that cannot be used, and where the customer's channel is neither 0 nor 1.
    """
    settings = with_every_window(settings)
    by_recording: dict[tuple[Path, int], list[Mark]] = {}
    for mark in read_marks(marks_file):
        by_recording.setdefault((mark.path, mark.channel), []).append(mark)
    done: list[Outcome] = []
    for (path, channel), marks in by_recording.items():
        if channel > 1:
            raise CorpusError(f"{path}: the customer's channel is {channel}; recordings have one channel or two")
        roles = None if channel == 0 else (Role.AGENT, Role.CUSTOMER)
        tense = [mark.start_s for mark in marks if mark.label == "tense"]
        known = Outcome(
            name=path.stem,
            speaker=marks[0].speaker,
            group="marks",
            duration_s=max(mark.end_s for mark in marks),
            onset_s=min(tense, default=None),
            calm=tuple((mark.start_s, mark.end_s) for mark in marks if mark.label == "calm"),
        )
        done += replayed(model_folder, settings, {path: known}, roles=roles)
        if advance is not None:
            advance(1)
    return done


def outcomes_of_simulation(
    model_folder: Path,
    settings: FloorSettings,
    callers: Sequence[Voice],
    *,
    escalating: int = 80,
    calm: int = 240,
    seed: int = 1,
    workers: int = 1,
    advance: Advance | None = None,
) -> list[Outcome]:
    """Return what the chain makes of simulated calls of these callers.

    240 calm calls last six hours: the least that can tell half a false alarm per hour from none. Raises `CorpusError`
    where nobody among the callers can play an escalating call.
    """
    wanted = specs(callers, escalating=escalating, calm=calm, seed=seed)
    if not any(spec.plan.onset_s is not None for spec in wanted):
        raise CorpusError(
            "no escalating call can be simulated: of no speaker are there both calm and angry clips, beside another "
            f"speaker to be the agent; the corpora for that are {', '.join(CORPORA)}"
        )
    return run_calls(model_folder, with_every_window(settings), wanted, workers=workers, advance=advance)
