"""The plain baseline."""

from collections import Counter
from pathlib import Path

import numpy as np
import pytest

from tests.training.evaluation.test_caller import scores_of
from tests.training.made import buzz, clip, made_clips
from voicerisk.training.baseline import MODEL, Contest, baseline, contests, functionals, judged, thinned
from voicerisk.training.corpora import Clip
from voicerisk.training.evaluation.corpus_out import CorpusOut, entry
from voicerisk.training.split import PARTS, Part


def test_thinning_keeps_every_label_and_spreads_over_speakers() -> None:
    """Of each corpus and emotion at most so many clips stay, from all over the list; unlabelled ones go."""
    clips = [clip(f"s{i // 10}", "neutral", i) for i in range(100)] + [clip("s1", "angry", i) for i in range(3)]
    clips += [clip("s1", "other", i) for i in range(5)]
    kept = thinned(clips, 20)
    assert Counter(one.emotion for one in kept) == {"neutral": 20, "angry": 3}
    assert len({one.speaker for one in kept if one.emotion == "neutral"}) == 10


@pytest.mark.parametrize("seconds", [0.01, 0.3, 2.0])
@pytest.mark.train_extra
def test_functionals_are_finite_whatever_the_length(seconds: float) -> None:
    """Short clips, long ones and silence all give sixty finite numbers."""
    for audio in (buzz(seconds, 0.2), np.zeros(round(seconds * 8000), np.float32)):
        values = functionals(audio)
        assert values.shape == (60,)
        assert np.isfinite(values).all()


@pytest.mark.train_extra
def test_functionals_do_not_hear_the_level() -> None:
    """The same sound 14 dB louder gives nearly the same numbers: the baseline cannot win by loudness."""
    quiet, loud = functionals(buzz(2.0, 0.1)), functionals(buzz(2.0, 0.5))
    assert np.corrcoef(quiet, loud)[0, 1] > 0.999


def made_parts(corpora: tuple[str, ...] = ("emodb", "ased", "fsdd")) -> dict[Part, list[Clip]]:
    """Of each corpus one speaker trains, one chooses and one judges, calm and angry twice each; fsdd is calm only."""
    return {
        part: [
            clip(f"{corpus}_{part}", emotion, number, corpus=corpus)
            for corpus in corpora
            for emotion in (("neutral",) if corpus == "fsdd" else ("neutral", "angry"))
            for number in range(2)
        ]
        for part in PARTS
    }


def unheard(corpus: str, trained_on: list[str]) -> CorpusOut:
    """What a model said of a corpus that it never heard: nothing worth knowing."""
    clips = [clip(f"{corpus}_test", emotion, 0, corpus=corpus) for emotion in ("neutral", "angry")]
    return entry(clips, scores_of([0.3, 0.6]), corpus, trained_on)


def test_baseline_learns_from_the_models_own_speakers() -> None:
    """On test speakers the classifiers learn from the model's corpora, all parts but test, and nothing else."""
    parts = made_parts()
    (contest,) = contests(parts, ["emodb"], parts["test"], np.arange(10.0), [], resamples=0)
    assert {one.speaker for one in contest.train} == {"emodb_train", "emodb_dev"}
    assert {one.speaker for one in contest.judged} == {"emodb_test"}
    assert (contest.model.name, contest.model.n_train, contest.model.auc_rest.n) == ("test speakers", None, 4)
    assert contest.model.auc_rest.value == 1.0  # the angry ones come last, and were given the higher scores


def test_left_out_corpus_teaches_nobody_and_is_judged_whole() -> None:
    """Without a corpus of the model's, all speakers of its others teach; of a foreign one, the model's own do."""
    parts = made_parts()
    out = [unheard("emodb", ["ased"]), unheard("fsdd", ["emodb", "ased"])]
    _, emodb, fsdd = contests(parts, ["emodb", "ased"], parts["test"], np.zeros(10), out, resamples=0)
    assert {one.speaker for one in emodb.train} == {"ased_train", "ased_dev", "ased_test"}
    assert {one.speaker for one in emodb.judged} == {"emodb_train", "emodb_dev", "emodb_test"}
    assert emodb.model.auc_rest == out[0].auc_rest
    assert {one.speaker for one in fsdd.train} == {"emodb_train", "emodb_dev", "ased_train", "ased_dev"}
    assert [contest.model.name for contest in (emodb, fsdd)] == ["emodb left out", "fsdd left out"]


@pytest.mark.train_extra
def test_classifiers_and_model_are_judged_on_the_same_clips(corpora_root: Path) -> None:
    """The model's row comes first, then both classifiers', on as many clips; features are made once for each clip."""
    clips = made_clips(corpora_root)
    train, test = (
        [one for one in clips if (one.speaker in {"emodb_11", "emodb_13"}) == side] for side in (True, False)
    )
    told: list[tuple[int, int]] = []
    model = judged(MODEL, "test speakers", test, np.zeros(len(test)), resamples=0)
    found = baseline(
        [Contest(train, test, model)], resamples=0, progress=lambda done, total: told.append((done, total))
    )
    assert [row.classifier for row in found.rows] == [MODEL, "logistic regression", "gradient boosting"]
    assert [row.n_train for row in found.rows] == [None, len(train), len(train)]
    assert told[-1] == (len(clips), len(clips))
    assert {row.auc_rest.n for row in found.rows} == {len(test)}
    assert found.rows[0] == model
