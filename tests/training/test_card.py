"""Tables for people, from figures alone."""

import re
from pathlib import Path

import msgspec
import pytest

from tests.training.evaluation.test_call_tables import call
from tests.training.evaluation.test_caller import scores_of
from tests.training.made import clip
from voicerisk.config import Config
from voicerisk.scoring.model_file import CARD_FILE, TYPED_FILE, Thresholds, read_model_file
from voicerisk.training.baseline import BaselineResult, BaselineRow
from voicerisk.training.card import (
    CARD_MARKS,
    README_MARKS,
    between,
    readme_table,
    shipped_results,
    write_card,
    write_readme,
)
from voicerisk.training.card_sections import card_tables
from voicerisk.training.corpora import CorpusError, labels
from voicerisk.training.evaluation.calibration import Calibration
from voicerisk.training.evaluation.call_tables import call_row, curve
from voicerisk.training.evaluation.clip_tables import LevelShift, clip_rows, line_row
from voicerisk.training.evaluation.corpus_out import RANKED, entry, mean
from voicerisk.training.evaluation.cost import Cost, Invariance
from voicerisk.training.evaluation.results import CallResult, Evaluation, SoundRow, read_evaluation
from voicerisk.training.evaluation.speech import SpeechResult
from voicerisk.training.experiments import COLUMNS
from voicerisk.training.experiments import FILE as EXPERIMENTS_FILE
from voicerisk.training.markdown import figure
from voicerisk.training.metrics import Bin, Estimate

ROOT = Path(__file__).parents[2]
MODELS = sorted(file.parent for file in (ROOT / "models").glob(f"*/{TYPED_FILE}"))


@pytest.fixture
def result() -> Evaluation:
    """A made-up evaluation with figures that are easy to find again."""
    clips = [clip(s, e) for s in "abcd" for e in ("angry", "happy", "neutral")]  # type: ignore[arg-type]
    scores = scores_of([0.9, 0.5, 0.1] * 4)
    emotions = labels.EMOTION_CLASSES
    share = Estimate(0.8123, 0.7511, 0.8702, 12, 4)
    calls = [call("calm", None, [0.2] * 50, seconds=3600.0), call("angry", 9.6, [0.3] * 20 + [0.8] * 80)]
    row = BaselineRow(classifier="gradient boosting", name="all", auc_rest=share, auc_calm=share)
    left_out = BaselineRow(classifier="gradient boosting", name="emodb", auc_rest=share, auc_calm=share)
    return Evaluation(
        model="made",
        version="3",
        sha256="ab" * 32,
        trained_on=("ased", "emodb"),
        quick=False,
        clips=tuple(clip_rows(clips, scores, emotions, resamples=0)),
        lines=(line_row("as recorded", clips, scores, emotions, resamples=0),),
        level=LevelShift(levels_db=(-35.0, -6.0), mean=0.0312, p95=0.0987),
        calibration=Calibration(ece=Estimate(0.0456, 0.04, 0.05, 12, 4), bins=(Bin(0.1, 0.1, 12),)),
        corpus_out=(entry(clips, scores, "emodb", ["ased"]),),
        speech=SpeechResult(
            n_chunks=100,
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
        baseline=BaselineResult(n_train=5, test=(row,), corpus_out=(left_out,)),
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
    for part in ("0.031", "0.81 (0.75-0.87)", "0.046", "begins at 0.6, held for 1.5 s", "0.87 ms", "0.75 MB", "2e-06"):
        assert part in text
    assert "| hold music | 15.0 | 0 | 0.31 |" in text


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


@pytest.mark.parametrize("folder", MODELS, ids=lambda folder: folder.name)
def test_shipped_cards_show_what_was_measured(folder: Path) -> None:
    """The tables of a shipped card are exactly those of the figures beside it, and the figures are this model's."""
    measured = read_evaluation(folder)
    assert measured.sha256 == read_model_file(folder / TYPED_FILE).sha256, (
        f"run `voicerisk evaluate --model {folder.name}`"
    )
    assert not measured.quick
    text = (folder / CARD_FILE).read_text(encoding="utf-8")
    assert between(text, card_tables(measured), CARD_MARKS, CARD_FILE) == text


def test_readme_shows_what_was_measured() -> None:
    """The README's accuracy table is exactly that of the figures beside the shipped models, the default one first."""
    text = (ROOT / "README.md").read_text(encoding="utf-8")
    measured = shipped_results(ROOT / "models", Config().model)
    assert measured[0].model == Config().model
    assert between(text, readme_table(measured), README_MARKS, "README.md") == text


def test_rows_of_one_name_keep_their_own_figures() -> None:
    """The two rows "held against the caller's own calm speech" show two means, not one of them twice."""
    result = read_evaluation(ROOT / "models" / "tension")
    ranked = [one for one in result.corpus_out if one.left_out in RANKED]
    rows = [row.split(" | ") for row in readme_table([result]).splitlines() if "own calm speech" in row]
    means = [mean([getattr(one, name) for one in ranked]) for name in ("auc_rest_baseline", "auc_calm_baseline")]
    assert [row[2].rstrip(" |") for row in rows] == [f"{value:.2f}" for value in means]


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
