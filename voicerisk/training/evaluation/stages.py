"""The stages of an evaluation that make sound of their own: clips through telephone lines, speech, and whole calls."""

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Final

import numpy as np

from voicerisk.floor import FloorSettings
from voicerisk.scoring.model import Model
from voicerisk.training import callsounds, channel
from voicerisk.training.corpora import labels, read_audio
from voicerisk.training.corpora.clip import Audio, Clip
from voicerisk.training.evaluation.call_tables import call_row, curve
from voicerisk.training.evaluation.calls import (
    Outcome,
    degraded,
    no_speech,
    run_calls,
    run_sounds,
    shipped_settings,
    specs,
    with_every_window,
)
from voicerisk.training.evaluation.clip_tables import (
    LEVELS_DB,
    LevelShift,
    LineRow,
    level_shift,
    line_row,
    lines,
    make_babble,
)
from voicerisk.training.evaluation.effort import Effort, Report, counted
from voicerisk.training.evaluation.results import CallResult, SoundRow
from voicerisk.training.evaluation.scoring import ClipScores, in_processes, score_clips
from voicerisk.training.evaluation.speech import SpeechResult, speech_result
from voicerisk.training.simulate import Plan, Voice, simulate

AS_RECORDED: Final = "as recorded"
HALF: Final = "half of the calls, to compare with the next row"
HALF_DEGRADED: Final = "the same half, quiet, noisy (8 dB), 3 % lost"


def read_clips(clips: Sequence[Clip], workers: int, tell: Report) -> list[Audio]:
    """Return the audio of each clip. Raises `CorpusError` where a file cannot be read."""
    audios: list[Audio] = []
    tell("reading", 0, len(clips))
    # Threads are enough: decoding and resampling, which take the time, let go of the interpreter.
    with ThreadPoolExecutor(workers) as pool:
        for audio in pool.map(read_audio, clips):
            audios.append(audio)
            if len(audios) % 50 == 0 or len(audios) == len(clips):
                tell("reading", len(audios), len(clips))
    return audios


def through_lines(
    model: Model, clips: Sequence[Clip], audios: Sequence[Audio], effort: Effort, workers: int, tell: Report
) -> tuple[list[LineRow], LevelShift]:
    """Return the figures of some of the clips as recorded and after each line, and how far the level moves tension."""
    step = max(1, len(clips) // effort.line_clips)
    some, sounds = clips[::step], audios[::step]
    calm = [audio for clip, audio in zip(clips, audios, strict=True) if clip.emotion in labels.CALM]
    babble = make_babble(calm, 60.0, np.random.default_rng(0))
    names = [AS_RECORDED, *lines(babble)]
    rows: list[LineRow] = []
    heard: list[ClipScores] = []
    jobs = [(seed, name, babble, sounds) for seed, name in enumerate(names)]
    tell("lines", 0, len(names))
    for name, scores in zip(names, in_processes(_through, model, jobs, workers), strict=True):
        heard.append(scores)
        rows.append(line_row(name, some, scores, model.spec.emotions, resamples=effort.resamples))
        tell("lines", len(heard), len(names))
    by_level = dict(zip(LEVELS_DB, heard[1:], strict=False))
    return rows, level_shift(by_level, [clip.speaker for clip in some], resamples=effort.resamples)


def _through(model: Model, job: tuple[int, str, Audio, Sequence[Audio]]) -> ClipScores:
    """What the model makes of sounds at the end of the named line."""
    seed, name, babble, sounds = job
    if name != AS_RECORDED:
        degrade, random = lines(babble)[name], np.random.default_rng(seed)
        sounds = [degrade(audio, random) for audio in sounds]
    return score_clips(model, sounds)


def speech(model: Model, callers: Sequence[Voice], effort: Effort, tell: Report) -> SpeechResult:
    """Return how the model hears speech in simulated calls of these callers, and in sounds that hold none."""
    random = np.random.default_rng(3)
    callers = [voice for voice in callers if voice.language != labels.NONVERBAL]  # a laugh or a cry is no speech
    calls: list[tuple[str, Audio, list[tuple[float, float]]]] = []
    step = max(1, len(callers) // effort.speech_calls)
    tell("speech", 0, effort.speech_calls)
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
        tell("speech", index, effort.speech_calls)
    result = speech_result(model, calls, no_speech(effort.sound_minutes, seed=1), resamples=effort.resamples)
    tell("speech", effort.speech_calls, effort.speech_calls)
    return result


def whole_calls(model: Model, callers: Sequence[Voice], effort: Effort, workers: int, tell: Report) -> CallResult:
    """Return what the chain makes of simulated calls of these callers, of half of them on a bad line, and of sounds."""
    settings = with_every_window(shipped_settings(model.folder))
    usual = specs(callers, escalating=effort.escalating, calm=effort.calm, seed=0)
    kinds = [[i for i, spec in enumerate(usual) if (spec.plan.onset_s is None) == calm] for calm in (False, True)]
    again = [index for kind in kinds for index in kind[: -(-len(kind) // 2)]]
    wanted = [*usual, *(degraded(usual[index]) for index in again)]
    advance = counted(tell, "calls", len(wanted))
    everything = run_calls(model.folder, settings, wanted, workers=workers, advance=advance)
    outcomes = everything[: len(usual)]
    groups: dict[str, list[Outcome]] = {"all calls": outcomes}
    groups["calm customers in high spirits"] = [outcome for outcome in outcomes if "high spirits" in outcome.group]
    for corpus in sorted({outcome.group.split()[0] for outcome in outcomes}):
        groups[corpus] = [outcome for outcome in outcomes if outcome.group.split()[0] == corpus]
    groups[HALF] = [outcomes[index] for index in again]
    groups[HALF_DEGRADED] = everything[len(usual) :]
    rows = [
        call_row(name, group, [outcome.alerts_s for outcome in group], resamples=effort.resamples)
        for name, group in groups.items()
        if group
    ]
    points = curve(outcomes, settings.tension.boundaries.red.hold_s)
    sounds = _sounds(model, settings, effort, tell)
    return CallResult(thresholds=model.spec.thresholds, rows=tuple(rows), curve=tuple(points), sounds=sounds)


def _sounds(model: Model, settings: FloorSettings, effort: Effort, tell: Report) -> tuple[SoundRow, ...]:
    tell("sounds", 0, 1)
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
