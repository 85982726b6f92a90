"""Every number of a model card, measured: `evaluate` runs it all and writes `evaluation.json` and two pictures.

What training must have left in the model's folder:

- `model.toml` `[training]`: `corpora` (names trained on), `chunk_max_abs_diff` (whole file in torch against 240 ms
  chunks in ONNX Runtime); `[calibration]`: `slope` and `offset` of tension (see `evaluation/calibration.py`).
- `corpus_out.json`: see `evaluation/corpus_out.py` for its format and for the function that makes its entries.

Only speakers of the split's test part are used, which no training may have touched.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np

from voicerisk.floor import FloorSettings
from voicerisk.scoring.model import Model, load_model
from voicerisk.training import callsounds, channel
from voicerisk.training.baseline import BaselineResult, baseline, thinned
from voicerisk.training.corpora import labels, load, read_audio
from voicerisk.training.corpora.clip import Audio, Clip
from voicerisk.training.evaluation.calibration import calibration, draw_reliability
from voicerisk.training.evaluation.call_tables import call_row, curve, draw_curve
from voicerisk.training.evaluation.caller import beside_own_calm
from voicerisk.training.evaluation.calls import Outcome, no_speech, run_calls, run_sounds, shipped_settings, specs
from voicerisk.training.evaluation.clip_tables import (
    LEVELS_DB,
    ClipRow,
    LevelShift,
    LineRow,
    clip_row,
    clip_rows,
    level_shift,
    line_row,
    lines,
    make_babble,
)
from voicerisk.training.evaluation.corpus_out import read_corpus_out
from voicerisk.training.evaluation.cost import cost, invariance
from voicerisk.training.evaluation.results import CallResult, Evaluation, SoundRow, write_evaluation
from voicerisk.training.evaluation.scoring import ClipScores, score_clips
from voicerisk.training.evaluation.speech import SpeechResult, speech_result
from voicerisk.training.simulate import Plan, Voice, simulate, voices
from voicerisk.training.split import Part, divide

RELIABILITY_FILE: Final = "reliability.png"
CURVE_FILE: Final = "calls.png"

Report = Callable[[str, int, int], None]
"""Gets the name of the stage, how much of it is done, and how much there is."""


@dataclass(frozen=True, slots=True)
class Effort:
    """How much is measured; `QUICK` is a smoke run whose numbers mean little."""

    clips_per_label: int
    line_clips: int
    resamples: int
    escalating: int
    calm: int
    harsh: int
    speech_calls: int
    sound_minutes: float
    cost_s: float
    baseline: bool


FULL: Final = Effort(
    clips_per_label=250,
    line_clips=1200,
    resamples=500,
    escalating=76,
    calm=180,
    harsh=38,
    speech_calls=30,
    sound_minutes=30.0,
    cost_s=3.0,
    baseline=True,
)
QUICK: Final = Effort(
    clips_per_label=8,
    line_clips=60,
    resamples=50,
    escalating=4,
    calm=6,
    harsh=2,
    speech_calls=3,
    sound_minutes=1.5,
    cost_s=0.2,
    baseline=False,
)


def evaluate(
    name: str | Path,
    corpora_root: Path | None = None,
    *,
    out: Path | None = None,
    quick: bool = False,
    workers: int = 2,
    report: Report | None = None,
) -> Evaluation:
    """Return all that there is to know about a model, and write it with its pictures to `out`.

    `out` is the model's own folder by default. Raises as `measure` does.
    """
    model = load_model(name)
    result = measure(model, corpora_root, effort=QUICK if quick else FULL, workers=workers, report=report)
    folder = model.folder if out is None else out
    folder.mkdir(parents=True, exist_ok=True)
    write_evaluation(folder, result)
    draw_reliability(result.calibration, folder / RELIABILITY_FILE)
    if result.calls.rows:
        draw_curve(result.calls.curve, result.calls.rows[0], folder / CURVE_FILE)
    return result


def measure(
    model: Model,
    corpora_root: Path | None = None,
    *,
    effort: Effort = FULL,
    workers: int = 2,
    report: Report | None = None,
) -> Evaluation:
    """Return all that there is to know about a model.

    Raises `ModelError` for a model that cannot be loaded, `CorpusError` for corpora that cannot be read. Needs the
    extra `train`. Under ten minutes on two cores; with `quick` under one, for a smoke test.
    """
    tell = report if report is not None else lambda stage, done, total: None
    everyone = load(corpora_root)
    parts = divide(everyone)
    trained_on = tuple(str(corpus) for corpus in model.spec.training.get("corpora", ()))
    test = thinned(parts["test"], effort.clips_per_label)
    levels = [clip for clip in parts["test"] if labels.tension(clip) is None and labels.arousal(clip) is not None]
    test += levels[: effort.clips_per_label]
    audios = _read(test, tell)
    scores = score_clips(model, audios, progress=lambda done, total: tell("clips", done, total))
    scores = beside_own_calm(model, test, audios, scores, lambda done, total: tell("callers", done, total))
    rows = _clip_rows(test, scores, model.spec.emotions, trained_on, effort.resamples)
    heard, level = _lines(model, test, audios, effort, tell)
    known = np.array([labels.tension(clip) is not None for clip in test])
    honest = calibration(
        np.array([labels.tension(clip) for clip in test if labels.tension(clip) is not None], dtype=np.int64),
        scores.tension[known],
        [clip.speaker for clip in test if labels.tension(clip) is not None],
        model.spec.calibration,
        resamples=effort.resamples,
    )
    callers = voices(parts["test"])
    return Evaluation(
        model=model.spec.name,
        version=model.spec.version,
        sha256=model.spec.sha256,
        trained_on=trained_on,
        quick=effort != FULL,
        clips=tuple(rows),
        lines=tuple(heard),
        level=level,
        calibration=honest,
        corpus_out=tuple(read_corpus_out(model.folder)),
        speech=_speech(model, callers, effort, tell),
        calls=_calls(model, callers, effort, workers, tell),
        baseline=_baseline(parts, everyone, trained_on, effort, workers, tell) if effort.baseline else None,
        cost=cost(model, np.concatenate(audios[:20]), seconds=effort.cost_s),
        invariance=invariance(model, audios[:24]),
    )


def _read(clips: Sequence[Clip], tell: Report) -> list[Audio]:
    audios: list[Audio] = []
    for index, clip in enumerate(clips):
        audios.append(read_audio(clip))
        if index % 50 == 49 or index + 1 == len(clips):
            tell("reading", index + 1, len(clips))
    return audios


def _clip_rows(
    clips: Sequence[Clip], scores: ClipScores, emotions: Sequence[str], trained_on: Sequence[str], resamples: int
) -> list[ClipRow]:
    rows = list(clip_rows(clips, scores, emotions, resamples=resamples))
    for name, is_inside in (("corpora trained on", True), ("other corpora", False)):
        which = np.array([(clip.corpus in trained_on) == is_inside for clip in clips])
        if trained_on and which.any() and not which.all():
            inside = [clip for clip, mine in zip(clips, which, strict=True) if mine]
            rows.append(clip_row("all", name, inside, scores.take(which), emotions, resamples=resamples))
    return rows


def _lines(
    model: Model, clips: Sequence[Clip], audios: Sequence[Audio], effort: Effort, tell: Report
) -> tuple[list[LineRow], LevelShift]:
    step = max(1, len(clips) // effort.line_clips)
    some, sounds = clips[::step], audios[::step]
    calm = [audio for clip, audio in zip(clips, audios, strict=True) if clip.emotion in {"neutral", "calm"}]
    babble = make_babble(calm, 60.0, np.random.default_rng(0))
    emotions = model.spec.emotions
    rows = [line_row("as recorded", some, score_clips(model, sounds), emotions, resamples=effort.resamples)]
    by_level: dict[float, ClipScores] = {}
    ways = lines(babble)
    for index, (name, degrade) in enumerate(ways.items()):
        random = np.random.default_rng(index)
        scores = score_clips(model, [degrade(audio, random) for audio in sounds])
        rows.append(line_row(name, some, scores, emotions, resamples=effort.resamples))
        if index < len(LEVELS_DB):
            by_level[LEVELS_DB[index]] = scores
        tell("lines", index + 1, len(ways))
    return rows, level_shift(by_level)


def _calls(model: Model, callers: Sequence[Voice], effort: Effort, workers: int, tell: Report) -> CallResult:
    settings = shipped_settings(model.folder)
    usual = specs(callers, escalating=effort.escalating, calm=effort.calm, seed=0)
    harsh = specs(callers, escalating=effort.harsh, calm=effort.harsh, seed=2, harsh=True)
    done, total = 0, len(usual) + len(harsh)

    def advance(n: int) -> None:
        nonlocal done
        done += n
        tell("calls", done, total)

    outcomes = run_calls(model.folder, settings, usual, workers=workers, advance=advance)
    degraded = run_calls(model.folder, settings, harsh, workers=workers, advance=advance)
    groups: dict[str, list[Outcome]] = {"all calls": outcomes}
    groups["calm customers in high spirits"] = [outcome for outcome in outcomes if "high spirits" in outcome.group]
    for corpus in sorted({outcome.group.split()[0] for outcome in outcomes}):
        groups[corpus] = [outcome for outcome in outcomes if outcome.group.split()[0] == corpus]
    groups["quiet, noisy (8 dB), 3 % lost"] = degraded
    rows = [
        call_row(name, group, [outcome.alerts_s for outcome in group], resamples=effort.resamples)
        for name, group in groups.items()
        if group
    ]
    points = curve(outcomes, settings.tension.boundaries.red.hold_s)
    sounds = _sounds(model, settings, effort, tell)
    return CallResult(thresholds=model.spec.thresholds, rows=tuple(rows), curve=tuple(points), sounds=sounds)


def _sounds(model: Model, settings: FloorSettings, effort: Effort, tell: Report) -> tuple[SoundRow, ...]:
    outcomes = run_sounds(model.folder, settings, no_speech(effort.sound_minutes))
    tell("sounds", 1, 1)
    return tuple(
        SoundRow(
            name=outcome.name,
            minutes=round(outcome.duration_s / 60, 2),
            alerts=len(outcome.alerts_s),
            highest_level=max((window.level for window in outcome.windows), default=0.0),
        )
        for outcome in outcomes
    )


def _speech(model: Model, callers: Sequence[Voice], effort: Effort, tell: Report) -> SpeechResult:
    random = np.random.default_rng(3)
    calls: list[tuple[str, Audio, list[tuple[float, float]]]] = []
    step = max(1, len(callers) // effort.speech_calls)
    for index, customer in enumerate(callers[::step][: effort.speech_calls]):
        agent = next(voice for voice in callers if voice.speaker != customer.speaker)
        kinds: tuple[callsounds.NoiseKind, ...] = ("pink", "car", "hum", "white")
        snr_db = float(random.uniform(5, 25))
        plan = Plan(duration_s=40, noise=kinds[index % 4], snr_db=snr_db, keys="159#", ringback_s=4.0)
        call = simulate(customer, agent, plan, seed=index)
        said = [(u.start_s, u.end_s) for u in call.truth.utterances if u.role == "customer"]
        line = call.samples[:, 0].astype(np.float32) / 32768
        # Music on the customer's own side, as on a mixed leg, where the customer is silent: after the call.
        music = channel.at_level(channel.telephone_band(callsounds.hold_music(8.0, random)), -25)
        calls.append((customer.speaker, channel.g711(np.concatenate([line, music])), said))
        tell("speech", index + 1, effort.speech_calls)
    return speech_result(model, calls, no_speech(effort.sound_minutes, seed=1), resamples=effort.resamples)


def _baseline(
    parts: dict[Part, list[Clip]],
    everyone: Sequence[Clip],
    trained_on: Sequence[str],
    effort: Effort,
    workers: int,
    tell: Report,
) -> BaselineResult:
    def own(clips: Sequence[Clip]) -> list[Clip]:
        return thinned(clip for clip in clips if not trained_on or clip.corpus in trained_on)

    done = 0

    def advance(n: int) -> None:
        nonlocal done
        done += n
        tell("baseline", done, 0)

    train, test = own(parts["train"]), thinned(parts["test"])
    return baseline(train, test, thinned(everyone), resamples=effort.resamples, workers=workers, advance=advance)
