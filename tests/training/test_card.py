"""Tables for people, from figures alone."""

import re
import shutil
from dataclasses import replace
from pathlib import Path

import msgspec
import numpy as np
import pytest

from tests.training.evaluation.test_call_tables import call
from tests.training.evaluation.test_caller import scores_of
from tests.training.made import clip
from voicerisk.config import Config
from voicerisk.scoring.model_file import CARD_FILE, TYPED_FILE, Thresholds, read_model_file
from voicerisk.training.baseline import BaselineResult, BaselineRow
from voicerisk.training.card import (
    CARD_MARKS,
    CURVES_FILE,
    README_MARKS,
    RECIPE_FILE,
    between,
    card_body,
    readme_of,
    readme_table,
    shipped_results,
    write_card,
    write_readme,
)
from voicerisk.training.card_sections import card_tables, gained
from voicerisk.training.corpora import CorpusError, labels
from voicerisk.training.evaluation.calibration import Calibration
from voicerisk.training.evaluation.call_tables import call_row, curve
from voicerisk.training.evaluation.clip_tables import LevelShift, clip_rows, line_row
from voicerisk.training.evaluation.corpus_out import RANKED, entry
from voicerisk.training.evaluation.cost import Cost, Invariance
from voicerisk.training.evaluation.results import FILE as EVALUATION_FILE
from voicerisk.training.evaluation.results import CallResult, Evaluation, SoundRow, read_evaluation
from voicerisk.training.evaluation.speech import SpeechResult
from voicerisk.training.experiments import COLUMNS
from voicerisk.training.experiments import FILE as EXPERIMENTS_FILE
from voicerisk.training.markdown import figure
from voicerisk.training.metrics import Bin, Estimate

ROOT = Path(__file__).parents[2]
MODELS = sorted(file.parent for file in (ROOT / "models").glob(f"*/{TYPED_FILE}"))


@pytest.fixture(scope="module")
def result() -> Evaluation:
    """A made-up evaluation with figures that are easy to find again."""
    clips = [clip(s, e) for s in "abcdef" for e in ("angry", "happy", "neutral")]
    scores = replace(scores_of([0.9, 0.5, 0.1] * 6), alone=np.array([0.5, 0.5, 0.1] * 6))
    emotions = labels.EMOTION_CLASSES
    share = Estimate(0.8123, 0.7511, 0.8702, 12, 4)
    calls = [call("calm", None, [0.2] * 50, seconds=3600.0), call("angry", 9.6, [0.3] * 20 + [0.8] * 80)]
    model = BaselineRow(classifier="this model", name="test speakers", n_train=None, auc_rest=share, auc_calm=share)
    plain = msgspec.structs.replace(model, classifier="gradient boosting", n_train=500)
    return Evaluation(
        model="made",
        version="3",
        sha256="ab" * 32,
        trained_on=("ased", "emodb"),
        quick=False,
        clips=tuple(clip_rows(clips, scores, emotions, resamples=0)),
        lines=(line_row("as recorded", clips, scores, emotions, resamples=0),),
        level=LevelShift(levels_db=(-35.0, -6.0), mean=Estimate(0.0312, 0.02, 0.04, 9, 4), p95=0.0987),
        calibration=Calibration(ece=Estimate(0.0456, 0.04, 0.05, 12, 4), bins=(Bin(0.1, 0.1, 12),)),
        corpus_out=(entry(clips, scores, "emodb", ["ased"]), entry(clips, scores, "nemo", ["ased", "emodb"])),
        speech=SpeechResult(
            n_chunks=100,
            n_callers=9,
            silero_version="6.0",
            against_silero=share,
            against_truth=share,
            silero_against_truth=share,
            agreement=0.9,
            false_s_per_min={"hold music": 0.3},
            silero_false_s_per_min={"hold music": 1.2},
        ),
        calls=CallResult(
            thresholds=Thresholds(enter=0.6, leave=0.4, hold_s=1.5),
            rows=(call_row("all calls", calls, [[], [12.0]]),),
            curve=tuple(curve(calls, 1.5)),
            sounds=(SoundRow(name="hold music", minutes=15.0, alerts=0, highest_level=0.31),),
        ),
        baseline=BaselineResult(max_per_label=200, rows=(model, plain)),
        cost=Cost(ms_per_s={1: 5.0, 100: 0.87}, model_bytes=750_000, state_bytes=8804),
        invariance=Invariance(neighbours=0.0, chunks=2e-6),
    )


def test_figures_stand_with_their_interval() -> None:
    """A figure shows its interval where it has one, and a dash where it has no meaning."""
    assert figure(Estimate(0.8123, 0.7511, 0.8702, 12, 4)) == "0.81 (0.75-0.87)"
    assert figure(Estimate(0.8123, None, None, 12, 2), 3) == "0.812"
    assert figure(Estimate(None, None, None, 12, 2)) == figure(None) == "-"


def test_card_says_all_seven_things(result: Evaluation) -> None:
    """The card has a section for each thing that it must report, and the figures in them."""
    text = card_tables(result)
    assert re.findall(r"^### (\d)\.", text, flags=re.MULTILINE) == list("1234567")
    for part in (
        "0.031 (0.020-0.040)",
        "0.81 (0.75-0.87)",
        "0.046",
        "begins at 0.6, held for 1.5 s",
        "0.87 ms",
        "0.75 MB",
        "2e-06",
    ):
        assert part in text
    assert "| hold music | 15.0 | 0 | 0.31 |" in text
    assert "| test speakers | 12 | gradient boosting | 500 | 0.81 (0.75-0.87) | 0.81 (0.75-0.87) |" in text


def test_card_says_who_judges_what_was_left_out(result: Evaluation) -> None:
    """Corpora that were trained on have an ear without them but with a shared detector; others the model itself."""
    text = card_tables(result)
    assert "not the model that ships that judges emodb, but" in text
    assert "one speech detector" in text
    assert "which has not heard a clip of them, judges nemo." in text
    alone = msgspec.structs.replace(result, corpus_out=result.corpus_out[1:])
    assert "speech detector with the model that ships" not in card_tables(alone)
    assert "Not measured" in card_tables(msgspec.structs.replace(result, corpus_out=()))


def test_card_says_what_own_calm_speech_buys(result: Evaluation) -> None:
    """The gain stands in words beside both figures, with its sign: here from 0.75 to 1.00 against the rest."""
    text = card_tables(result)
    assert "+0.250 (+0.250 to +0.250) for angry against the rest, +0.000" in text
    assert "| 18 | 0.75 (0.75-0.75) | 1.00 (1.00-1.00) |" in text
    assert gained(Estimate(-0.0123, None, None, 9, 2)) == "-0.012"
    assert gained(Estimate(None, None, None, 9, 2)) == "-"


def test_tables_are_even(result: Evaluation) -> None:
    """Every row of every table has as many cells as its head."""
    for block in re.findall(
        r"(?:^\|.*\n?)+", card_tables(result) + "\n\n" + readme_table([result]), flags=re.MULTILINE
    ):
        assert len({line.count("|") for line in block.strip().splitlines()}) == 1


def test_a_quick_run_is_never_mistaken(result: Evaluation) -> None:
    """A smoke run says so at the top of the card and of the README's table."""
    quick = msgspec.structs.replace(result, quick=True)
    assert "Quick run" in card_tables(quick)
    assert "Quick run" in readme_table([quick])
    assert "Quick run" not in card_tables(result) + readme_table([result])


def test_card_is_renewed_and_the_rest_is_kept(result: Evaluation, tmp_path: Path) -> None:
    """Writing twice leaves one set of tables, and what people wrote around it stands as it was."""
    card = tmp_path / CARD_FILE
    card.write_text("# Made\n\nWritten by hand.\n", encoding="utf-8")
    write_card(tmp_path, msgspec.structs.replace(result, version="2"))
    write_card(tmp_path, result)
    text = card.read_text(encoding="utf-8")
    assert text.startswith("# Made\n\nWritten by hand.\n")
    assert text.count(CARD_MARKS[0]) == text.count("### 1.") == 1
    assert "version 3" in text
    assert "version 2" not in text


def test_readme_without_marks_is_refused(result: Evaluation, tmp_path: Path) -> None:
    """A README without the marks is not touched; with them only what is between changes."""
    readme = tmp_path / "README.md"
    readme.write_text("# Made\n", encoding="utf-8")
    with pytest.raises(CorpusError, match=re.escape(README_MARKS[0])):
        write_readme(readme, [result])
    readme.write_text(f"# Made\n{README_MARKS[0]}\noutdated\n{README_MARKS[1]}\nend\n", encoding="utf-8")
    write_readme(readme, [result, msgspec.structs.replace(result, model="other")])
    text = readme.read_text(encoding="utf-8")
    assert "outdated" not in text
    assert text.endswith(f"{README_MARKS[1]}\nend\n")
    assert "| `made` | `other` |" in text


def test_only_models_that_ship_stand_in_the_readme(tmp_path: Path) -> None:
    """A model taught further, without the settings of a training, and a model elsewhere have no column there."""
    assert readme_of(ROOT / "models" / "tension") == ROOT / "README.md"
    ours, elsewhere = tmp_path / "models" / "ours", tmp_path / "models" / "tension"
    for folder in (ours, elsewhere):
        folder.mkdir(parents=True)
        (folder / EVALUATION_FILE).write_text("{}", encoding="utf-8")
    (tmp_path / "README.md").write_text("# Ours\n", encoding="utf-8")
    shutil.copy(ROOT / "models" / "tension" / RECIPE_FILE, elsewhere)
    assert readme_of(elsewhere) is None
    assert readme_of(ours) is None
    with pytest.raises(CorpusError, match="tension"):  # it ships from there, and would be read
        shipped_results(tmp_path / "models", "tension")
    (elsewhere / RECIPE_FILE).unlink()
    assert shipped_results(tmp_path / "models", "tension") == []


@pytest.mark.parametrize("folder", MODELS, ids=lambda folder: folder.name)
def test_shipped_cards_show_what_was_measured(folder: Path) -> None:
    """The tables of a shipped card are exactly those of the figures beside it, and the figures are this model's."""
    measured = read_evaluation(folder)
    assert measured.sha256 == read_model_file(folder / TYPED_FILE).sha256, (
        f"run `voicerisk evaluate --model {folder.name}`"
    )
    assert not measured.quick
    text = (folder / CARD_FILE).read_text(encoding="utf-8")
    assert between(text, card_body(folder, measured), CARD_MARKS, CARD_FILE) == text


def test_readme_shows_what_was_measured() -> None:
    """The README's accuracy table is exactly that of the figures beside the shipped models, the default one first."""
    text = (ROOT / "README.md").read_text(encoding="utf-8")
    measured = shipped_results(ROOT / "models", Config().model)
    assert measured[0].model == Config().model
    assert between(text, readme_table(measured), README_MARKS, "README.md") == text


def test_readme_compares_models_over_the_same_corpora(result: Evaluation) -> None:
    """A mean over all corpora stands only for a model that heard none of them; the rows below it are over the same."""
    one = result.corpus_out[0]
    entries = {
        name: msgspec.structs.replace(one, left_out=name, auc_rest=Estimate(0.5 + 0.05 * at, 0.5, 0.9, 9, 4))
        for at, name in enumerate(RANKED)
    }
    every = msgspec.structs.replace(result, corpus_out=tuple(entries.values()))
    some = msgspec.structs.replace(every, model="other", corpus_out=every.corpus_out[1:])
    rows = [[cell.strip() for cell in row.split("|")[1:-1]] for row in readme_table([every, some]).splitlines()]
    rest = [row for row in rows if row and row[0].startswith("angry against the rest, ")]
    first, second = (row for row in rest if "own" not in row[0] and "speakers" not in row[0])
    assert first[0] == "angry against the rest, 6 corpora never heard"
    assert (first[2][:4], first[3]) == ("0.62", "-")
    assert second[0] == "angry against the rest, the same 5 for every model"
    assert second[2][:4] == second[3][:4] == "0.65"
    assert f"for every model: {', '.join(RANKED[1:])}." in readme_table([every, some])
    assert "for every model" not in readme_table([every, every])


def test_card_shows_the_pictures_that_lie_beside_it(result: Evaluation, tmp_path: Path) -> None:
    """The curves of training are shown where the folder has them, and not where it has not."""
    assert CURVES_FILE not in card_body(tmp_path, result)
    (tmp_path / CURVES_FILE).write_bytes(b"")
    body = card_body(tmp_path, result)
    assert all(f"]({picture})" in body for picture in (CURVES_FILE, "calls.png", "reliability.png"))


def test_card_ends_with_what_was_tried(result: Evaluation, tmp_path: Path) -> None:
    """The table of experiments in a model's folder stands in its card by stage; a broken line is named."""
    file = tmp_path / EXPERIMENTS_FILE
    file.write_text(",".join(COLUMNS) + '\nsequences,"GRU, 32 wide",0.678,,0.791,no\nint8,all of it,,,,no | slow\n')
    write_card(tmp_path, result)
    text = (tmp_path / CARD_FILE).read_text(encoding="utf-8")
    assert "**Sequences**" in text
    assert "| GRU, 32 wide | 0.678 | - | 0.791 | no |" in text
    assert "| all of it | - | - | - | no / slow |" in text
    file.write_text(",".join(COLUMNS) + "\nint8,all of it\n")
    with pytest.raises(CorpusError, match="line 2: has 2 fields instead of 6"):
        write_card(tmp_path, result)
