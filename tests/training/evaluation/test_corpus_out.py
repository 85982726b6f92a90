"""The corpus-out record."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from tests.training.evaluation.test_caller import scores_of
from tests.training.made import clip, made_clips
from voicerisk.scoring.model import Model
from voicerisk.training.corpora import CorpusError
from voicerisk.training.evaluation.corpus_out import (
    entry,
    measure_left_out,
    read_corpus_out,
    write_corpus_out,
)


def test_each_comparison_has_its_own_clips() -> None:
    """Angry against the rest, against the quiet and against the happy are told apart by the clips they take."""
    clips = [clip(s, e) for s in "abcde" for e in ("angry", "happy", "neutral", "sad")]
    found = entry(clips, scores_of([0.6, 0.9, 0.1, 0.1] * 5), "emodb", ["ased"])
    assert (found.n, found.n_speakers) == (20, 5)
    assert [found.auc_rest.value, found.auc_calm.value, found.auc_happy.value] == [pytest.approx(0.6667), 1.0, 0.0]
    assert [found.auc_rest.n, found.auc_calm.n, found.auc_happy.n] == [20, 15, 10]
    assert found.ece.value == pytest.approx((0.4 + 0.9 + 0.1 + 0.1) / 4)


def test_what_calm_speech_buys_is_told_on_the_same_clips() -> None:
    """The gain is the area beside calm speech less the area alone, over the clips that were heard both ways."""
    clips = [clip(s, e) for s in "abcdef" for e in ("angry", "neutral", "happy")]
    beside, alone = np.array([0.9, 0.1, 0.2] * 6), np.array([0.5, 0.1, 0.8] * 6)
    beside[15:] = alone[15:] = np.nan
    found = entry(clips, replace(scores_of([0.5] * 18), beside=beside, alone=alone), "emodb", ["ased"])
    assert (found.auc_rest_baseline.value, found.auc_rest_alone.value, found.gain_rest.value) == (1.0, 0.5, 0.5)
    assert (found.auc_calm_baseline.value, found.auc_calm_alone.value, found.gain_calm.value) == (1.0, 1.0, 0.0)
    assert found.gain_rest.n == found.auc_rest_alone.n == 15


def test_a_left_out_corpus_is_scored_by_the_graph(loudness: Model, corpora_root: Path) -> None:
    """The toy model, which hears loudness, tells the loud (angry) clips of the made-up corpus from all others."""
    found = measure_left_out(loudness, made_clips(corpora_root), "emodb", ["ased", "nemo"])
    assert (found.left_out, found.n, found.n_speakers, found.trained_on) == ("emodb", 72, 4, ("ased", "nemo"))
    assert found.auc_rest.value == 1.0
    assert found.ece.value is not None
    assert found.gain_rest.n == found.auc_rest_baseline.n == 52


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
    clips = [clip(s, e) for s in "abc" for e in ("angry", "neutral")]
    made = [entry(clips, scores_of([0.6, 0.2] * 3), "emodb", ["ased"])]
    assert read_corpus_out(tmp_path) == []
    write_corpus_out(tmp_path, made)
    assert read_corpus_out(tmp_path) == made
    (tmp_path / "corpus_out.json").write_text("[{}]", encoding="utf-8")
    with pytest.raises(CorpusError, match=r"corpus_out\.json"):
        read_corpus_out(tmp_path)
