"""docs/training.md says what the code does."""

import re
from collections import Counter
from pathlib import Path

import numpy as np
import pytest
import soundfile

from voicerisk.cli_training import MARKS_COLUMNS
from voicerisk.training.corpora import CORPORA, ROOT_VARIABLE
from voicerisk.training.corpora.clip import Corpus
from voicerisk.training.corpora.marks import OPTIONAL, REQUIRED, read_marks
from voicerisk.training.experiments import COLUMNS
from voicerisk.training.split import read_split

PAGE = (Path(__file__).parents[2] / "docs" / "training.md").read_text(encoding="utf-8")


@pytest.mark.parametrize("corpus", CORPORA.values(), ids=lambda corpus: corpus.name)
def test_each_corpus_has_its_row(corpus: Corpus) -> None:
    """The table of corpora names each one's folder, address, files, language and licence as its module does."""
    row = (
        f"| `{corpus.name}` | [{corpus.title}]({corpus.url}) | {corpus.layout} | {corpus.language} | {corpus.licence} |"
    )
    assert row in PAGE


def test_the_example_of_marks_is_read(tmp_path: Path) -> None:
    """The five lines of the example are five marks, once there are recordings for them."""
    text = PAGE.split("```csv\n")[1].split("```")[0]
    for name in {line.split(",")[0] for line in text.splitlines()[1:]}:
        (tmp_path / name).parent.mkdir(exist_ok=True)
        soundfile.write(tmp_path / name, np.zeros((8000 * 100, 2)), 8000)
    (tmp_path / "marks.csv").write_text(text, encoding="utf-8")
    marks = read_marks(tmp_path / "marks.csv")
    assert [mark.label for mark in marks] == ["calm", "tense", "calm", "calm", "tense"]
    assert len({mark.speaker for mark in marks}) == 3


def test_all_columns_of_marks_are_named() -> None:
    """The page's table and the commands' help name every column that a marks file may have."""
    for name in (*REQUIRED, *OPTIONAL):
        assert f"`{name}`" in PAGE
        assert re.search(rf"\b{name}\b", MARKS_COLUMNS)


def test_the_parts_have_as_many_speakers_as_it_says() -> None:
    """The table of the split's parts gives the number of speakers in each."""
    for part, n in Counter(read_split().values()).items():
        assert re.search(rf"^\| `{part}` \|.*\| {n} \|$", PAGE, flags=re.MULTILINE)


@pytest.mark.train_extra
def test_names_in_the_page_exist() -> None:
    """Settings, columns of the experiments and the variable that the page names are there under these names."""
    from voicerisk.training.settings import TrainSettings

    assert ROOT_VARIABLE in PAGE
    for name in ("judged_corpora", "speech_corpora", "false_alarms_per_hour", "device", "corpora", "version"):
        assert f"`{name}`" in PAGE
        assert name in TrainSettings.__struct_fields__
    assert {"stage", "what", "kept"} <= set(COLUMNS)
