"""Single clips, for whom and through what line."""

import numpy as np
import pytest

from tests.training.evaluation.test_caller import scores_of
from tests.training.made import buzz, clip
from voicerisk.training.corpora import Clip, CorpusError, labels
from voicerisk.training.corpora.clip import Audio
from voicerisk.training.evaluation.clip_tables import clip_row, clip_rows, level_shift, line_row, lines, make_babble

EMOTIONS = list(labels.EMOTION_CLASSES)


def some_clips() -> tuple[list[Clip], list[float]]:
    """Angry, happy and neutral clips of twelve speakers in two corpora and two languages, women and men."""
    clips: list[Clip] = []
    tension: list[float] = []
    for number in range(12):
        corpus, language = ("nemo", "pl") if number % 2 else ("emodb", "de")
        gender = "f" if number < 6 else "m"
        for emotion, value in (("angry", 0.9 if number < 6 else 0.4), ("happy", 0.5), ("neutral", 0.1)):
            change = {"corpus": corpus, "language": language, "gender": gender}
            clips.append(clip(f"{corpus}_{number}", emotion, **change))  # type: ignore[arg-type]
            tension.append(value)
    return clips, tension


def test_rows_are_for_all_for_each_corpus_and_each_sex() -> None:
    """All clips, each corpus and each sex have a row with its own figures; a language of one corpus has none."""
    clips, tension = some_clips()
    rows = {(row.group, row.name): row for row in clip_rows(clips, scores_of(tension), EMOTIONS, resamples=50)}
    assert list(rows) == [("all", "all"), ("corpus", "emodb"), ("corpus", "nemo"), ("sex", "men"), ("sex", "women")]
    assert rows["sex", "women"].auc_rest.value == 1.0
    assert rows["sex", "men"].auc_rest.value == 0.5
    assert rows["sex", "men"].auc_happy.value == 0.0
    assert rows["all", "all"].auc_rest.value == 0.75
    assert (rows["corpus", "nemo"].n, rows["corpus", "nemo"].n_speakers) == (18, 6)


def test_emotions_are_found_by_name_whatever_their_order() -> None:
    """The model's posteriors are matched to the labels by name; a model without one of the classes is refused."""
    clips, tension = some_clips()
    scores = scores_of(tension)
    shuffled = EMOTIONS[::-1]
    for row, one in enumerate(clips):
        scores.emotion[row] = [float(name == one.emotion) for name in shuffled]
    assert line_row("made", clips, scores, shuffled, resamples=0).uar.value == 1.0
    assert line_row("made", clips, scores, EMOTIONS, resamples=0).uar.value != 1.0
    with pytest.raises(CorpusError, match="no angry"):
        line_row("made", clips, scores, [*EMOTIONS[:3], "rage", *EMOTIONS[4:]], resamples=0)


def test_unheard_clips_are_counted() -> None:
    """The share of clips in which no speech was found is told."""
    clips, tension = some_clips()
    scores = scores_of(tension)
    scores.speech_s[:18] = 0.0
    assert line_row("made", clips, scores, EMOTIONS, resamples=0).unheard == 0.5


def test_level_shift_is_the_widest_spread_of_each_clip() -> None:
    """Clips that move by 0.2, 0.1 and by nothing over the levels move by 0.1 on average; unheard ones do not count."""
    quiet, middle, loud = (
        scores_of(tension) for tension in ([0.3, 0.5, 0.4, 0.0], [0.5, 0.5, 0.3, 0.9], [0.4, 0.5, 0.4, 0.0])
    )
    loud.speech_s[3] = 0.0
    shift = level_shift({-35.0: quiet, -20.0: middle, -6.0: loud}, list("abcd"), resamples=200)
    assert (shift.mean.value, shift.mean.n, shift.levels_db) == (0.1, 3, (-35.0, -20.0, -6.0))
    assert shift.mean.low is not None
    assert shift.mean.high is not None
    assert shift.mean.low < 0.1 < shift.mean.high


def test_one_emotion_alone_has_no_recall_and_few_angry_clips_no_area() -> None:
    """Neutral clips alone show no recall of emotions, and three angry ones among them no area under the curve."""
    clips = [clip(str(number), "neutral") for number in range(9)] + [clip(str(number), "angry") for number in range(3)]
    alone = clip_row("all", "made", clips[:9], scores_of([0.1] * 9), EMOTIONS, resamples=50)
    assert (alone.uar.value, alone.auc_rest.value) == (None, None)
    few = clip_row("all", "made", clips, scores_of([0.1] * 9 + [0.9] * 3), EMOTIONS, resamples=50)
    assert (few.auc_rest.value, few.ap_rest.value) == (None, None)
    assert few.uar.value is not None


@pytest.mark.parametrize("name", sorted(lines(np.zeros(8000, np.float32))))
def test_every_line_changes_the_sound_and_keeps_its_length(name: str) -> None:
    """Each line gives as many samples, all finite, and not those that went in."""
    babble = make_babble([buzz(1.0, 0.1, 90.0), buzz(1.3, 0.1, 210.0)], 20.0, np.random.default_rng(0))
    audio = buzz(2.0, 0.1)
    through: Audio = lines(babble)[name](audio, np.random.default_rng(1))
    assert through.shape == audio.shape
    assert np.isfinite(through).all()
    assert not np.allclose(through, audio, atol=1e-3)


def test_babble_fills_its_time() -> None:
    """Babble sounds in every second of it."""
    babble = make_babble([buzz(1.0, 0.1, 90.0), buzz(1.3, 0.1, 210.0)], 5.0, np.random.default_rng(0))
    assert all(float(np.std(second)) > 0.01 for second in babble.reshape(5, 8000))
