"""The seven sections of a model card, each from one part of `evaluation.json`."""

from collections.abc import Iterable
from typing import Final

from voicerisk.training.evaluation.call_tables import CallRow
from voicerisk.training.evaluation.clip_tables import ClipRow
from voicerisk.training.evaluation.corpus_out import RANKED
from voicerisk.training.evaluation.results import Evaluation
from voicerisk.training.markdown import NOTHING, figure, table
from voicerisk.training.metrics import Estimate, mean_of


def card_tables(result: Evaluation) -> str:
    """Return all tables of a model card as Markdown."""
    warning = "**Quick run: a smoke test; these figures mean little.**\n\n" if result.quick else ""
    trained = ", ".join(result.trained_on) or "not stated"
    parts = [
        f"{warning}Measured by `voicerisk evaluate` on `{result.sha256[:12]}`, version {result.version}, which learned "
        f"the tone from {trained}. *Test speakers* are those whom the project's split keeps for the end: neither the "
        "training nor the calibration of this model used a clip of theirs. In brackets stands the 95 % interval from "
        "resampling speakers; figures without brackets have none, because there are fewer than three speakers to "
        "resample, or because none was worked out. A dash stands where there are too few clips of what should be told "
        "apart.",
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
    head += ["clips with calm speech before them", "angry / rest without it", "angry / rest with it"]
    head += ["stress", "arousal", "valence", "emotion UAR"]

    def line(row: ClipRow) -> list[str]:
        before = [row.auc_rest, row.auc_calm, row.auc_happy, row.ap_rest]
        own = [str(row.auc_rest_baseline.n), figure(row.auc_rest_alone), figure(row.auc_rest_baseline)]
        after = [row.stress, row.arousal, row.valence, row.uar]
        name = f"language {row.name}" if row.group == "language" else row.name
        return [name, str(row.n), str(row.n_speakers), *map(figure, before), *own, *map(figure, after)]

    yield (
        "### 1. Single clips of test speakers\n\nAs recorded, at most so many of each corpus and emotion. The row "
        "*other corpora*, where it stands, is of corpora that taught this model no tone. AUC, but for average "
        f"precision and UAR. {OWN_CALM}"
    )
    yield table([head, *map(line, result.clips)])
    yield (
        "What the caller's own calm speech buys on all of these clips together, angry against the rest: "
        f"{gained(result.clips[0].gain_rest)}."
    )
    rows = [["line", "angry / rest", "angry / neutral, calm, sad", "emotion UAR", "clips without speech found"]]
    rows += [
        [row.name, figure(row.auc_rest), figure(row.auc_calm), figure(row.uar), f"{row.unheard:.1%}"]
        for row in result.lines
    ]
    yield (
        "Some of the same clips over a telephone (G.711, 300-3400 Hz); the noise under each clip is by chance babble "
        "(half of them), car or office noise:"
    )
    yield table(rows)
    level = result.level
    yield (
        f"From {level.levels_db[0]:g} to {level.levels_db[-1]:g} dBFS the tension of such a clip moves by "
        f"{figure(level.mean, 3)} on average (95 % of clips: at most {level.p95:.3f})."
    )


OWN_CALM: Final = (
    "Some clips could also be heard after the caller's first calm ones, as in one call: each clip over and over until "
    "the window holds nothing else. *With it* is after those calm clips, *without it* the very same sound from a "
    "call's start."
)


def _corpus_out(result: Evaluation) -> Iterable[str]:
    yield f"### 2. Corpora never heard\n\n{_who_judges(result)}"
    if not result.corpus_out:
        return
    yield (
        "**These means flatter.** The way the voice is heard, the committees and their settings were chosen, in some "
        "hundred experiments, by the means over these same corpora (test speakers of theirs included). Expect less of "
        "a corpus that nobody chose by. The brackets of a mean tell of other speakers of the same corpora, not of "
        "other corpora: between those lies far more, as the rows show."
    )
    head = ["left out", "clips", "speakers", "angry / rest", "angry / neutral, calm, sad", "angry / happy"]
    head += ["clips with calm speech before them", "angry / rest without it", "angry / rest with it"]
    head += ["angry / neutral, calm, sad without it", "angry / neutral, calm, sad with it", "calibration error"]
    names = ("auc_rest", "auc_calm", "auc_happy")
    own = ("auc_rest_alone", "auc_rest_baseline", "auc_calm_alone", "auc_calm_baseline")
    rows = [head]
    for entry in result.corpus_out:
        first, second = ([figure(getattr(entry, name)) for name in some] for some in (names, own))
        counts = [str(entry.n), str(entry.n_speakers)]
        rows.append([entry.left_out, *counts, *first, str(entry.auc_rest_baseline.n), *second, figure(entry.ece, 3)])
    ranked = [entry for entry in result.corpus_out if entry.left_out in RANKED]
    first, second = (
        [figure(mean_of([getattr(one, name) for one in ranked])) for name in some] for some in (names, own)
    )
    error = figure(mean_of([entry.ece for entry in ranked]), 3)
    rows.append([f"mean of {len(ranked)}", "", "", *first, "", *second, f"{error}, aim 0.10"])
    yield OWN_CALM
    yield table(rows)
    rest, calm = (mean_of([getattr(entry, name) for entry in ranked]) for name in ("gain_rest", "gain_calm"))
    yield (
        f"What the caller's own calm speech buys, in the mean over these corpora: {gained(rest)} for angry against the "
        f"rest, {gained(calm)} for angry against neutral, calm and sad."
    )


def _who_judges(result: Evaluation) -> str:
    """Whose clips section 2 is about, who judges them, and what the judge knows of them all the same."""
    if not result.corpus_out:
        return "Not measured for this version."
    own = [entry.left_out for entry in result.corpus_out if entry.left_out in result.trained_on]
    other = [entry.left_out for entry in result.corpus_out if entry.left_out not in result.trained_on]
    text = ["All labelled clips of each corpus, of all of its speakers: what a new site will see."]
    if own:
        text.append(
            f"It is not the model that ships that judges {', '.join(own)}, but for each an ear made in the same way "
            "without it: neither the committees of that ear nor their scaling or calibration have known a clip of it. "
            "These ears share one speech detector with the model that ships, though, and that was taught what speech "
            "is, not how it sounds, by training speakers of all corpora, the one left out among them."
        )
    if other:
        text.append(f"The model that ships, which has not heard a clip of them, judges {', '.join(other)}.")
    return " ".join(text)


def gained(gain: Estimate) -> str:
    """Return a difference with its sign and interval: `+0.021 (+0.004 to +0.038)`."""
    if gain.value is None:
        return NOTHING
    bounds = "" if gain.low is None or gain.high is None else f" ({gain.low:+.3f} to {gain.high:+.3f})"
    return f"{gain.value:+.3f}{bounds}"


def _calibration(result: Evaluation) -> Iterable[str]:
    yield "### 3. Calibration\n\n![Reliability diagram of tension](reliability.png)"
    before = figure(result.calibration.raw_ece, 3)
    yield (
        f"Expected calibration error of tension (15 bins): {figure(result.calibration.ece, 3)} on those clips of "
        f"section 1 that are labelled for it; before calibration {before}. No test speaker had a part in the "
        "calibration. For corpora never heard see the last column of section 2."
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
    version = "not installed" if speech.silero_version is None else speech.silero_version
    yield (
        f"### 4. Speech\n\n{speech.n_chunks} chunks of 240 ms of simulated calls of {speech.n_callers} test speakers, "
        "with noise 5-25 dB below the speech, keys, and music on the customer's side. Silero VAD "
        f"({version}) is no neutral judge: on clean voices it also taught the model's detector what speech is. When "
        "the caller spoke is known from the simulator, apart from it."
    )
    yield table(rows)


def _plain(value: float | None) -> str:
    return NOTHING if value is None else f"{value:.2f}"


def _calls(result: Evaluation) -> Iterable[str]:
    red = result.calls.thresholds
    yield (
        "### 5. Whole calls\n\nSimulated with the voices of test speakers and sent through the replay chain; red "
        f"begins at {red.enter:g}, held for {red.hold_s:g} s of speech. Acted clips in random order are no "
        "conversations: this measures the chain's delay and false alarms, not how often real callers get angry."
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
        "librosa functionals (MFCC, pitch, energy, spectrum) of the whole clip with scikit-learn, taught by the very "
        f"corpora and speakers that taught the model (at most {result.baseline.max_per_label} clips of each corpus and "
        "emotion), and judged on the same clips as the model: those of test speakers of its own corpora (section 1), "
        "and all labelled clips of each corpus never heard (section 2)."
    )
    rows = [["clips", "number", "classifier", "clips that taught it", "angry / rest", "angry / neutral, calm, sad"]]
    for row in result.baseline.rows:
        classifier = f"**{row.classifier}**" if row.n_train is None else row.classifier
        taught = "" if row.n_train is None else str(row.n_train)
        figures = [figure(row.auc_rest), figure(row.auc_calm)]
        rows.append([row.name, str(row.auc_rest.n), classifier, taught, *figures])
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
