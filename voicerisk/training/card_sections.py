"""The seven sections of a model card, each from one part of `evaluation.json`."""

from collections.abc import Iterable

from voicerisk.training.evaluation.call_tables import CallRow
from voicerisk.training.evaluation.clip_tables import ClipRow
from voicerisk.training.evaluation.corpus_out import RANKED, mean
from voicerisk.training.evaluation.results import Evaluation
from voicerisk.training.markdown import NOTHING, figure, table


def card_tables(result: Evaluation) -> str:
    """Return all tables of a model card as Markdown."""
    warning = "**Quick run: a smoke test; these figures mean little.**\n\n" if result.quick else ""
    trained = ", ".join(result.trained_on) or "not stated"
    parts = [
        f"{warning}Measured by `voicerisk evaluate` on `{result.sha256[:12]}`, version {result.version}, trained on "
        f"{trained}. Figures are means with 95 % intervals from resampling speakers; where there are fewer than three "
        "speakers there is no interval. Every clip is of a speaker of the test part, whom no training may touch.",
        *_clips(result),
        *_corpus_out(result),
        *_calibration(result),
        *_speech(result),
        *_calls(result),
        *_baseline(result),
        *_cost(result),
    ]
    return "\n\n".join(parts)


def _clips(result: Evaluation) -> Iterable[str]:
    head = ["", "clips", "speakers", "angry / rest", "angry / neutral, calm, sad", "angry / happy", "average precision"]
    head += ["angry / rest, own calm speech known", "stress", "arousal", "valence", "emotion UAR"]

    def line(row: ClipRow) -> list[str]:
        figures = [row.auc_rest, row.auc_calm, row.auc_happy, row.ap_rest, row.auc_rest_baseline]
        figures += [row.stress, row.arousal, row.valence, row.uar]
        name = f"language {row.name}" if row.group == "language" else row.name
        return [name, str(row.n), str(row.n_speakers), *map(figure, figures)]

    yield "### 1. Speakers never trained on\n\nAUC, but for average precision and UAR. Single clips, as recorded."
    yield table([head, *map(line, result.clips)])
    rows = [["line", "angry / rest", "angry / neutral, calm, sad", "emotion UAR", "clips without speech found"]]
    rows += [
        [row.name, figure(row.auc_rest), figure(row.auc_calm), figure(row.uar), f"{row.unheard:.1%}"]
        for row in result.lines
    ]
    yield "The same clips over a telephone (G.711, 300-3400 Hz); noise is babble, car and office noise in turn:"
    yield table(rows)
    level = result.level
    yield (
        f"From {level.levels_db[0]:g} to {level.levels_db[-1]:g} dBFS the tension of a clip moves by {level.mean:.3f} "
        f"on average (95 % of clips: at most {level.p95:.3f})."
    )


def _corpus_out(result: Evaluation) -> Iterable[str]:
    yield (
        "### 2. Corpus-out\n\nFor each corpus a model trained without it, tested on all of it: what a new site will "
        "see. *Own calm speech known*: heard after the caller's first five calm clips, as in one call."
    )
    if not result.corpus_out:
        yield "Not measured for this version."
        return
    head = ["left out", "clips", "speakers", "angry / rest", "angry / neutral, calm, sad", "angry / happy"]
    head += ["angry / rest, own calm speech known", "angry / neutral, calm, sad, own calm speech known", "ECE"]
    names = ("auc_rest", "auc_calm", "auc_happy", "auc_rest_baseline", "auc_calm_baseline")
    rows = [head]
    for entry in result.corpus_out:
        error = NOTHING if entry.ece is None else f"{entry.ece:.3f}"
        figures = [figure(getattr(entry, name)) for name in names]
        rows.append([entry.left_out, str(entry.n), str(entry.n_speakers), *figures, error])
    ranked = [entry for entry in result.corpus_out if entry.left_out in RANKED]
    means = [mean([getattr(entry, name) for entry in ranked]) for name in names]
    rows.append(
        [f"mean of {len(ranked)}", "", "", *(NOTHING if value is None else f"{value:.2f}" for value in means), ""]
    )
    yield table(rows)


def _calibration(result: Evaluation) -> Iterable[str]:
    yield "### 3. Calibration\n\n![Reliability diagram of tension](reliability.png)"
    before = figure(result.calibration.raw_ece, 3)
    yield (
        f"Expected calibration error of tension (15 bins): {figure(result.calibration.ece, 3)} on speakers never "
        f"trained on; before calibration {before}."
    )


def _speech(result: Evaluation) -> Iterable[str]:
    speech = result.speech
    rows = [["", "this model", "Silero VAD"]]
    rows.append(["AUC against Silero's decision", figure(speech.against_silero, 3), ""])
    if speech.against_agreed is not None:
        rows.append(["AUC where Silero and the simulator agree", figure(speech.against_agreed, 3), ""])
    rows.append(
        ["AUC against when the caller spoke", figure(speech.against_truth, 3), figure(speech.silero_against_truth, 3)]
    )
    rows += [
        [f"false speech on {name}, s per minute", f"{value:.2f}", _plain(speech.silero_false_s_per_min.get(name))]
        for name, value in speech.false_s_per_min.items()
    ]
    yield (
        f"### 4. Speech\n\n{speech.n_chunks} chunks of 240 ms of simulated calls with noise 5-25 dB below the speech, "
        "keys, and music on the customer's side."
    )
    yield table(rows)


def _plain(value: float | None) -> str:
    return NOTHING if value is None else f"{value:.2f}"


def _calls(result: Evaluation) -> Iterable[str]:
    red = result.calls.thresholds
    yield (
        "### 5. Whole calls\n\nSimulated from speakers never trained on and sent through the replay chain; red begins "
        f"at {red.enter:g}, held for {red.hold_s:g} s of speech. Acted clips in random order are no conversations: "
        "this measures the chain's delay and false alarms, not how often real callers get angry."
    )
    head = ["calls", "escalating", "alerted within 10 s", "within 30 s", "before the onset", "median delay, s"]
    head += ["calm hours", "false alarms per hour"]

    def line(row: CallRow) -> list[str]:
        early = NOTHING if row.before_onset is None else f"{row.before_onset:.0%}"
        alerted = [figure(row.within_10_s), figure(row.within_30_s), early, figure(row.median_delay_s, 1)]
        return [row.name, str(row.n_escalating), *alerted, f"{row.calm_hours:.1f}", figure(row.per_hour)]

    yield table([head, *map(line, result.calls.rows)])
    yield "![Escalations alerted against false alarms per hour](calls.png)"
    rows = [["red begins at", "within 10 s", "within 30 s", "median delay", "false alarms per hour"]]
    for point in result.calls.curve[::2]:
        delay = NOTHING if point.median_delay_s is None else f"{point.median_delay_s:.1f} s"
        shares = [f"{point.enter:.2f}", f"{point.within_10_s:.2f}", f"{point.within_30_s:.2f}"]
        rows.append([*shares, delay, f"{point.per_hour:.2f}"])
    yield table(rows)
    rows = [["nobody speaks", "minutes", "alerts", "highest level"]]
    rows += [
        [row.name, f"{row.minutes:.1f}", str(row.alerts), f"{row.highest_level:.2f}"] for row in result.calls.sounds
    ]
    yield table(rows)


def _baseline(result: Evaluation) -> Iterable[str]:
    yield "### 6. Beside a plain baseline"
    if result.baseline is None:
        yield "Not measured."
        return
    yield (
        f"librosa functionals (MFCC, pitch, energy, spectrum) of the whole clip with scikit-learn, trained on "
        f"{result.baseline.n_train} clips of the same training speakers; *left out* rows without that corpus."
    )
    rows = [["clips", "classifier", "angry / rest", "angry / neutral, calm, sad"]]
    whole = result.clips[0]
    rows.append(["test speakers", "**this model**", figure(whole.auc_rest), figure(whole.auc_calm)])
    rows += [
        ["test speakers", row.classifier, figure(row.auc_rest), figure(row.auc_calm)] for row in result.baseline.test
    ]
    measured = {entry.left_out: entry for entry in result.corpus_out}
    for row in result.baseline.corpus_out:
        if row.classifier == result.baseline.corpus_out[0].classifier and (entry := measured.get(row.name)):
            rows.append([f"{row.name} left out", "**this model**", figure(entry.auc_rest), figure(entry.auc_calm)])
        rows.append([f"{row.name} left out", row.classifier, figure(row.auc_rest), figure(row.auc_calm)])
    yield table(rows)


def _cost(result: Evaluation) -> Iterable[str]:
    yield "### 7. Cost and sameness"
    rows = [["", ""]]
    for batch, value in result.cost.ms_per_s.items():
        rows.append([f"CPU per second of audio and call, {batch} side by side", f"{value:.2f} ms"])
    rows.append(["model file", f"{result.cost.model_bytes / 1e6:.2f} MB"])
    rows.append(["state of one call", f"{result.cost.state_bytes / 1e3:.1f} kB"])
    rows.append(["largest difference that neighbours make to a score", f"{result.invariance.neighbours:.1g}"])
    chunks = result.invariance.chunks
    rows.append(["largest difference that chunking makes", NOTHING if chunks is None else f"{chunks:.1g}"])
    yield table(rows)
