"""The plain baseline."""

from collections import Counter
from pathlib import Path

import numpy as np
import pytest

from tests.training.made import buzz, clip, made_clips
from voicerisk.training.baseline import baseline, functionals, thinned


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


@pytest.mark.train_extra
def test_baseline_is_trained_without_what_it_is_tested_on(corpora_root: Path) -> None:
    """Rows come for both classifiers on the test clips; with one corpus alone nothing can be left out."""
    clips = made_clips(corpora_root)
    train, test = (
        [one for one in clips if (one.speaker in {"emodb_11", "emodb_13"}) == side] for side in (True, False)
    )
    told: list[int] = []
    found = baseline(train, test, [], resamples=0, advance=told.append)
    assert [row.classifier for row in found.test] == ["logistic regression", "gradient boosting"]
    assert (found.n_train, sum(told), found.corpus_out) == (len(train), len(clips), ())
    assert {row.auc_rest.n for row in found.test} == {len(test)}
