"""From `evaluation.json` to the tables of `CARD.md` and of the README, between marks: no figure is typed by hand."""

from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Final

from voicerisk.scoring.model_file import CARD_FILE
from voicerisk.training.card_sections import card_tables
from voicerisk.training.corpora.clip import CorpusError
from voicerisk.training.evaluation.corpus_out import RANKED
from voicerisk.training.evaluation.results import FILE, Evaluation, read_evaluation
from voicerisk.training.experiments import HEAD, experiments
from voicerisk.training.markdown import NOTHING, figure, table
from voicerisk.training.metrics import mean_of

CARD_MARKS: Final = ("<!-- evaluation:begin -->", "<!-- evaluation:end -->")
README_FILE: Final = "README.md"
MODELS: Final = Path(__file__).resolve().parents[2] / "models"
"""Where the models that ship lie in a checkout."""
RECIPE_FILE: Final = "train.toml"
README_MARKS: Final = ("<!-- accuracy:begin -->", "<!-- accuracy:end -->")
CURVES_FILE: Final = "curves.png"


def write_card(folder: Path, result: Evaluation) -> None:
    """Write the tables into the model's `CARD.md`, between its marks, or at its end where it has none yet."""
    file = folder / CARD_FILE
    text = file.read_text(encoding="utf-8") if file.is_file() else f"# {result.model}\n"
    if CARD_MARKS[0] not in text:
        text = f"{text.rstrip()}\n\n{CARD_MARKS[0]}\n{CARD_MARKS[1]}\n"
    file.write_text(between(text, card_body(folder, result), CARD_MARKS, file.name), encoding="utf-8")


def card_body(folder: Path, result: Evaluation) -> str:
    """Return what stands between the marks of a model's card: the tables, and what its folder keeps of its training.

    That is the picture of the losses, and last what was tried on the way (`experiments.csv`).
    """
    return "\n\n".join((card_tables(result), *_training(folder), *_experiments(folder)))


def write_readme(file: Path, results: Sequence[Evaluation]) -> None:
    """Write the accuracy table of these models into the README. Raises `CorpusError` where it has no marks for it."""
    text = file.read_text(encoding="utf-8")
    file.write_text(between(text, readme_table(results), README_MARKS, file.name), encoding="utf-8")


def readme_of(folder: Path) -> Path | None:
    """Return the README whose table a model folder belongs in: the project's own, of a checkout, if the model ships."""
    readme = folder.resolve().parent.parent / README_FILE
    return readme if _ships(folder) and folder.resolve().parent == MODELS and readme.is_file() else None


def _ships(folder: Path) -> bool:
    # A model that a site has taught further may lie in models/ too, but without the settings of a training.
    return (folder / RECIPE_FILE).is_file()


def shipped_results(models: Path, default: str) -> list[Evaluation]:
    """Return the results of the measured models that ship from a folder, the default one first, then by name."""
    folders = sorted(file.parent for file in models.glob(f"*/{FILE}") if _ships(file.parent))
    return [read_evaluation(folder) for folder in sorted(folders, key=lambda folder: folder.name != default)]


def between(text: str, body: str, marks: tuple[str, str], name: str) -> str:
    """Return the text with what stands between two marks replaced. Raises `CorpusError` where they are not there."""
    start, end = text.find(marks[0]), text.find(marks[1])
    if start < 0 or end < start:
        raise CorpusError(f"{name}: has no lines {marks[0]} and, after it, {marks[1]}, for the tables to stand between")
    return f"{text[: start + len(marks[0])]}\n{body.strip()}\n{text[end:]}"


def readme_table(results: Sequence[Evaluation]) -> str:
    """Return the headline figures of several models side by side, with what the project aims at."""
    rows = [["", "aim", *(f"`{result.model}`" for result in results)], *_corpora_never_heard(results)]
    columns = [_headline(result) for result in results]
    rows += [[name, aim, *figures] for (name, aim), *figures in zip(_AIMS, *columns, strict=True)]
    note = "Quick run: these figures mean little.\n\n" if any(result.quick for result in results) else ""
    links = ", ".join(f"[{result.model}](models/{result.model}/{CARD_FILE})" for result in results)
    common = _left_out_of_all(results)
    same = "" if common == RANKED else f"; the same for every model: {', '.join(common) or 'none'}"
    return (
        f"{note}{table(rows)}\n\nIn brackets the 95 % interval from resampling speakers; figures without brackets have "
        f"none. Corpora never heard: {', '.join(RANKED)}"
        f"{same}. Their means flatter: the "
        "design was chosen by them, in some hundred experiments, so expect less of your own calls. Where each figure "
        f"comes from: {links}."
    )


def _left_out_of_all(results: Sequence[Evaluation]) -> tuple[str, ...]:
    """The ranked corpora that every model was judged on without having heard them."""
    judged = [{entry.left_out for entry in result.corpus_out} for result in results]
    return tuple(name for name in RANKED if all(name in names for names in judged))


def _corpora_never_heard(results: Sequence[Evaluation]) -> Iterable[list[str]]:
    """Rows of means over all ranked corpora, and over those that are there for every model where these are fewer."""
    left_out = [{entry.left_out: entry for entry in result.corpus_out} for result in results]
    common = _left_out_of_all(results)
    groups: list[tuple[str, tuple[str, ...], bool]] = [(f"{len(RANKED)} corpora never heard", RANKED, True)]
    if common and common != RANKED:
        groups.append((f"the same {len(common)} for every model", common, False))
    for where, names, has_aim in groups:
        for what, field, aim, digits in _FIGURES:
            means = [
                mean_of([getattr(entries[name], field) for name in names]) if entries.keys() >= set(names) else None
                for entries in left_out
            ]
            yield [f"{what}, {where}", aim if has_aim else "", *(figure(value, digits) for value in means)]


_FIGURES: Final = (
    ("angry against the rest", "auc_rest", "0.82", 2),
    ("angry against the rest, own calm speech known", "auc_rest_baseline", "0.87", 2),
    ("angry against neutral, calm, sad", "auc_calm", "0.88", 2),
    ("angry against neutral, calm, sad, own calm speech known", "auc_calm_baseline", "0.93", 2),
    ("expected calibration error", "ece", "0.10", 3),
)
_AIMS: Final = (
    ("angry against the rest, speakers never heard", "0.95"),
    ("arousal, speakers never heard", "0.95"),
    ("emotion, unweighted recall of seven, speakers never heard", "0.60"),
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
    whole = next((row for row in result.clips if row.name == "corpora trained on"), result.clips[0])
    calls = result.calls.rows[0] if result.calls.rows else None
    return [
        figure(whole.auc_rest),
        figure(whole.arousal),
        figure(whole.uar),
        figure(result.calibration.ece, 3),
        figure(result.level.mean, 3),
        figure(calls.within_10_s) if calls else NOTHING,
        figure(calls.within_30_s) if calls else NOTHING,
        figure(calls.per_hour) if calls else NOTHING,
        str(sum(row.alerts for row in result.calls.sounds)),
        figure(result.speech.against_silero, 3),
        f"{result.cost.ms_per_s[100]:.2f} ms",
    ]


def _training(folder: Path) -> Iterable[str]:
    if (folder / CURVES_FILE).is_file():
        yield f"### Training\n\n![Losses of the committees over the steps of training]({CURVES_FILE})"


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
