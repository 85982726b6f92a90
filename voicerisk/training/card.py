"""From `evaluation.json` to the tables of `CARD.md` and of the README, between marks: no figure is typed by hand."""

from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Final

from voicerisk.scoring.model_file import CARD_FILE
from voicerisk.training.corpora.clip import CorpusError
from voicerisk.training.evaluation.call_tables import CallRow, Share
from voicerisk.training.evaluation.clip_tables import ClipRow
from voicerisk.training.evaluation.corpus_out import RANKED, mean
from voicerisk.training.evaluation.results import FILE, Evaluation, read_evaluation
from voicerisk.training.experiments import HEAD, experiments
from voicerisk.training.metrics import Estimate

CARD_MARKS: Final = ("<!-- evaluation:begin -->", "<!-- evaluation:end -->")
README_MARKS: Final = ("<!-- accuracy:begin -->", "<!-- accuracy:end -->")
NOTHING: Final = "-"

Table = Sequence[Sequence[str]]


def write_card(folder: Path, result: Evaluation) -> None:
    """Write the tables into the model's `CARD.md`, between its marks, or at its end where it has none yet.

    What was tried on the way (`experiments.csv` in the folder) comes last.
    """
    file = folder / CARD_FILE
    text = file.read_text(encoding="utf-8") if file.is_file() else f"# {result.model}\n"
    if CARD_MARKS[0] not in text:
        text = f"{text.rstrip()}\n\n{CARD_MARKS[0]}\n{CARD_MARKS[1]}\n"
    tables = "\n\n".join((card_tables(result), *_experiments(folder)))
    file.write_text(between(text, tables, CARD_MARKS, file.name), encoding="utf-8")


def write_readme(file: Path, results: Sequence[Evaluation]) -> None:
    """Write the accuracy table of these models into the README. Raises `CorpusError` where it has no marks for it."""
    text = file.read_text(encoding="utf-8")
    file.write_text(between(text, readme_table(results), README_MARKS, file.name), encoding="utf-8")


def shipped_results(models: Path, default: str) -> list[Evaluation]:
    """Return the results of all measured models in a folder of models, the default one first, then by name."""
    folders = sorted(file.parent for file in models.glob(f"*/{FILE}"))
    return [read_evaluation(folder) for folder in sorted(folders, key=lambda folder: folder.name != default)]


def between(text: str, body: str, marks: tuple[str, str], name: str) -> str:
    """Return the text with what stands between two marks replaced. Raises `CorpusError` where they are not there."""
    start, end = text.find(marks[0]), text.find(marks[1])
    if start < 0 or end < start:
        raise CorpusError(f"{name}: has no lines {marks[0]} and, after it, {marks[1]}, for the tables to stand between")
    return f"{text[: start + len(marks[0])]}\n{body.strip()}\n{text[end:]}"


def figure(value: Estimate | Share | None, digits: int = 2) -> str:
    """Return a figure with its interval: `0.87 (0.82-0.91)`, or a dash where it has no meaning."""
    if value is None or value.value is None:
        return NOTHING
    if value.low is None or value.high is None:
        return f"{value.value:.{digits}f}"
    return f"{value.value:.{digits}f} ({value.low:.{digits}f}-{value.high:.{digits}f})"


def table(rows: Table) -> str:
    """Return rows as a Markdown table, the first one its head."""
    head, *body = rows
    return "\n".join(f"| {' | '.join(row)} |" for row in (head, ["---"] * len(head), *body))


def readme_table(results: Sequence[Evaluation]) -> str:
    """Return the headline figures of several models side by side, with what the project aims at."""
    columns = [_headline(result) for result in results]
    rows = [["", "aim", *(f"`{result.model}`" for result in results)]]
    rows += [[name, aim, *figures] for (name, aim), *figures in zip(_AIMS, *columns, strict=True)]
    note = "Quick run: these figures mean little.\n\n" if any(result.quick for result in results) else ""
    links = ", ".join(f"[{result.model}](models/{result.model}/{CARD_FILE})" for result in results)
    return f"{note}{table(rows)}\n\nMean and 95 % interval by speaker; where each comes from: {links}."


_AIMS: Final = (
    ("angry against the rest, corpus never heard (mean of six; five where one was learned)", "0.82"),
    ("... held against the caller's own calm speech", "0.87"),
    ("angry against neutral, calm, sad, corpus never heard", "0.88"),
    ("... held against the caller's own calm speech", "0.93"),
    ("angry against the rest, speakers never heard", "0.95"),
    ("arousal, speakers never heard", "0.95"),
    ("emotion, unweighted recall of seven", "0.60"),
    ("expected calibration error, speakers never heard", "0.05"),
    ("level: -35 to -6 dBFS moves tension by", "0.05"),
    ("simulated escalations alerted within 10 s", "0.80"),
    ("simulated escalations alerted within 30 s", "0.95"),
    ("false alarms per hour of calm calls", "0.5"),
    ("alerts in 30 min of hold music, ringing, keys, noise", "0"),
    ("speech against Silero VAD, AUC at 240 ms", "0.98"),
    ("CPU per second of audio and call, 100 side by side", "1.5 ms"),
)


def _headline(result: Evaluation) -> list[str]:
    """The figures in the order of `_AIMS`."""
    ranked = [entry for entry in result.corpus_out if entry.left_out in RANKED]
    means = [
        mean([getattr(entry, name) for entry in ranked])
        for name in ("auc_rest", "auc_rest_baseline", "auc_calm", "auc_calm_baseline")
    ]
    whole = next((row for row in result.clips if row.name == "corpora trained on"), result.clips[0])
    calls = result.calls.rows[0] if result.calls.rows else None
    return [
        *(NOTHING if value is None else f"{value:.2f}" for value in means),
        figure(whole.auc_rest),
        figure(whole.arousal),
        figure(whole.uar),
        figure(result.calibration.ece, 3),
        f"{result.level.mean:.3f}",
        figure(calls.within_10_s) if calls else NOTHING,
        figure(calls.within_30_s) if calls else NOTHING,
        figure(calls.per_hour) if calls else NOTHING,
        str(sum(row.alerts for row in result.calls.sounds)),
        figure(result.speech.against_silero, 3),
        f"{result.cost.ms_per_s[100]:.2f} ms",
    ]


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
    head = ["calls", "escalating", "alerted within 10 s", "within 30 s", "before the onset", "median delay"]
    head += ["calm hours", "false alarms per hour"]

    def line(row: CallRow) -> list[str]:
        early = NOTHING if row.before_onset is None else f"{row.before_onset:.0%}"
        delay = NOTHING if row.median_delay_s is None else f"{row.median_delay_s:.1f} s"
        hours = [f"{row.calm_hours:.1f}", figure(row.per_hour)]
        return [row.name, str(row.n_escalating), figure(row.within_10_s), figure(row.within_30_s), early, delay, *hours]

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


def _experiments(folder: Path) -> Iterable[str]:
    stages = experiments(folder)
    if stages:
        yield (
            "### Experiments\n\nWhat was tried on the way, and what was kept. Figures are AUC, means over the corpora "
            "that were left out in turn; between two seeds they differ by about 0.003."
        )
    for stage, rows in stages.items():
        cells = [[cell.replace("|", "/") or NOTHING for cell in row] for row in rows]
        yield f"**{stage[:1].upper()}{stage[1:]}**\n\n{table([HEAD, *cells])}"
