"""Every number of a model card, measured: `evaluate` runs it all and writes `evaluation.json` and two pictures.

What training must have left in the model's folder:

- `model.toml` `[training]`: `corpora` (names trained on), `chunk_max_abs_diff` (whole file in torch against 240 ms
  chunks in ONNX Runtime); `[calibration]`: `slope` and `offset` of tension (see `evaluation/calibration.py`).
- `corpus_out.json`: see `evaluation/corpus_out.py` for its format and for the function that makes its entries.

Only speakers of the split's test part are used, which no training may have touched; but for a corpus that the model, or
one like it, was trained without: there the figures are training's, and the baseline beside them is judged on all of it.
"""

from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import Final

import numpy as np

from voicerisk.scoring.model import Model, load_model
from voicerisk.training.baseline import baseline, contests, thinned
from voicerisk.training.corpora import labels, load, validate
from voicerisk.training.corpora.clip import Clip, CorpusError
from voicerisk.training.evaluation import stages
from voicerisk.training.evaluation.calibration import calibration, draw_reliability
from voicerisk.training.evaluation.call_tables import draw_curve
from voicerisk.training.evaluation.caller import beside_own_calm
from voicerisk.training.evaluation.clip_tables import ClipRow, clip_row, clip_rows
from voicerisk.training.evaluation.corpus_out import read_corpus_out
from voicerisk.training.evaluation.cost import cost, invariance
from voicerisk.training.evaluation.effort import FULL, QUICK, Effort, Report
from voicerisk.training.evaluation.results import Evaluation, write_evaluation
from voicerisk.training.evaluation.scoring import ClipScores, score_clips
from voicerisk.training.simulate import voices
from voicerisk.training.split import divide, missing_test_speakers

RELIABILITY_FILE: Final = "reliability.png"
CURVE_FILE: Final = "calls.png"
SHOWN_PROBLEMS: Final = 5


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
    """Return all that there is to know about a model. Needs the extra `train`.

    Args:
        model: The model.
        corpora_root: Folder of the corpora; None: what `VOICERISK_CORPORA` names.
        effort: How much is measured: `FULL` takes under ten minutes on two cores, `QUICK` under one.
        workers: Processes that work side by side; they change no figure but that of the cost.
        report: Told of progress.

    Raises:
        ModelError: The model cannot be loaded.
        CorpusError: `corpus_out.json` or the corpora cannot be read, or these are not sound; or, where everything is to
            be measured, test speakers of the split are missing, without whom figures of two models would not compare.
    """
    tell = report if report is not None else lambda stage, done, total: None
    corpus_out = read_corpus_out(model.folder)
    everyone = load(corpora_root)
    check(everyone, whole=effort == FULL)
    parts = divide(everyone)
    trained_on = tuple(str(corpus) for corpus in model.spec.training.get("corpora", ()))
    test = thinned(parts["test"], effort.clips_per_label)
    levels = [clip for clip in parts["test"] if labels.tension(clip) is None and labels.arousal(clip) is not None]
    test += levels[: effort.clips_per_label]
    audios = stages.read_clips(test, workers, tell)
    tell("clips", 0, len(test))
    scores = score_clips(model, audios, workers=workers, progress=partial(tell, "clips"))
    tell("callers", 0, len(test))
    scores = beside_own_calm(model, test, audios, scores, partial(tell, "callers"), workers=workers)
    rows = _clip_rows(test, scores, model.spec.emotions, trained_on, effort.resamples)
    heard, level = stages.through_lines(model, test, audios, effort, workers, tell)
    known = np.array([labels.tension(clip) is not None for clip in test])
    honest = calibration(
        np.array([labels.tension(clip) for clip in test if labels.tension(clip) is not None], dtype=np.int64),
        scores.tension[known],
        [clip.speaker for clip in test if labels.tension(clip) is not None],
        model.spec.calibration,
        resamples=effort.resamples,
    )
    plain = None
    if effort.baseline:
        met = contests(parts, trained_on, test, scores.tension, corpus_out, resamples=effort.resamples)
        plain = baseline(met, resamples=effort.resamples, workers=workers, progress=partial(tell, "baseline"))
    callers = voices(parts["test"])
    speech = stages.speech(model, callers, effort, tell)
    calls = stages.whole_calls(model, callers, effort, workers, tell)
    tell("cost", 0, 1)
    spent, same = cost(model, np.concatenate(audios[:20]), seconds=effort.cost_s), invariance(model, audios[:24])
    tell("cost", 1, 1)
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
        corpus_out=tuple(corpus_out),
        speech=speech,
        calls=calls,
        baseline=plain,
        cost=spent,
        invariance=same,
    )


def check(clips: Sequence[Clip], *, whole: bool) -> None:
    """Raise `CorpusError` where clips are not sound, and with `whole` where test speakers of the split are missing."""
    if problems := validate(clips):
        more = f"; and {len(problems) - SHOWN_PROBLEMS} more" if len(problems) > SHOWN_PROBLEMS else ""
        raise CorpusError(f"the corpora are not sound: {'; '.join(problems[:SHOWN_PROBLEMS])}{more}")
    if whole and (missing := missing_test_speakers(clips)):
        named = ", ".join(f"{n} of {corpus}" for corpus, n in missing.items())
        raise CorpusError(
            "a full evaluation needs every test speaker, or its figures would not compare with other models'; missing: "
            f"{named}. docs/training.md says where to get each corpus; --quick makes do with what is there"
        )


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
