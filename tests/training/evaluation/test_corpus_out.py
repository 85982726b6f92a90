"""The corpus-out record."""

from pathlib import Path

import pytest

from tests.training.evaluation.test_caller import scores_of
from tests.training.made import clip, made_clips
from voicerisk.scoring.model import Model
from voicerisk.training.corpora import CorpusError
from voicerisk.training.evaluation.corpus_out import (
    entry,
    mean,
    measure_left_out,
    read_corpus_out,
    write_corpus_out,
)
from voicerisk.training.metrics import Estimate


def test_each_comparison_has_its_own_clips() -> None:
    """Angry against the rest, against the quiet and against the happy are told apart by the clips they take."""
    clips = [clip(s, e) for s in "abc" for e in ("angry", "happy", "neutral", "sad")]  # type: ignore[arg-type]
    found = entry(clips, scores_of([0.6, 0.9, 0.1, 0.1] * 3), "emodb", ["ased"])
    assert (found.n, found.n_speakers) == (12, 3)
    assert [found.auc_rest.value, found.auc_calm.value, found.auc_happy.value] == [pytest.approx(0.6667), 1.0, 0.0]
    assert found.auc_rest.n == 12
    assert found.auc_calm.n == 9
    assert found.auc_happy.n == 6


def test_a_left_out_corpus_is_scored_by_the_graph(loudness: Model, corpora_root: Path) -> None:
    """The toy model, which hears loudness, tells the loud (angry) clips of the made-up corpus from all others."""
    found = measure_left_out(loudness, made_clips(corpora_root), "emodb", ["ased", "nemo"])
    assert (found.left_out, found.n, found.n_speakers, found.trained_on) == ("emodb", 72, 4, ("ased", "nemo"))
    assert found.auc_rest.value == 1.0
    assert found.ece is not None


@pytest.mark.parametrize(
    ("left_out", "trained_on", "said"),
    [("emodb", ["emodb", "ased"], "trained on"), ("nemo", ["ased"], "no labelled clips")],
)
def test_a_corpus_that_was_not_left_out_is_refused(
    loudness: Model, corpora_root: Path, left_out: str, trained_on: list[str], said: str
) -> None:
    """A corpus that was trained on, or that has no clips, gives an error and no figure."""
    with pytest.raises(CorpusError, match=said):
        measure_left_out(loudness, made_clips(corpora_root), left_out, trained_on)


def test_record_reads_back(tmp_path: Path) -> None:
    """What is written is read back the same; no file is an empty list; a broken one is named."""
    clips = [clip(s, e) for s in "abc" for e in ("angry", "neutral")]  # type: ignore[arg-type]
    made = [entry(clips, scores_of([0.6, 0.2] * 3), "emodb", ["ased"])]
    assert read_corpus_out(tmp_path) == []
    write_corpus_out(tmp_path, made)
    assert read_corpus_out(tmp_path) == made
    (tmp_path / "corpus_out.json").write_text("[{}]", encoding="utf-8")
    with pytest.raises(CorpusError, match=r"corpus_out\.json"):
        read_corpus_out(tmp_path)


def test_mean_leaves_out_what_has_no_figure() -> None:
    """The mean is over the corpora that have a figure; none gives none."""
    some = [Estimate(value, None, None, 1, 1) for value in (0.8, None, 0.9)]
    assert mean(some) == pytest.approx(0.85)
    assert mean([]) is None
