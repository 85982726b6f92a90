"""Clips through the serving engine."""

import numpy as np
import pytest

from tests.training.made import buzz
from voicerisk.scoring.model import Model
from voicerisk.training.evaluation import scoring
from voicerisk.training.evaluation.scoring import ClipScores, chunk_outputs, n_chunks, score_clips


def test_side_by_side_is_as_alone(loudness: Model) -> None:
    """Scores of clips of many lengths in one batch are those of each clip alone, in the order in which they came."""
    audios = [buzz(seconds, 0.02 * (index + 1)) for index, seconds in enumerate((0.3, 2.0, 0.1, 1.1, 0.9, 3.0))]
    together = chunk_outputs(loudness, audios, ["tension", "level_db", "emotion"], batch=4)
    for audio, row in zip(audios, together, strict=True):
        alone = chunk_outputs(loudness, [audio], ["tension", "level_db", "emotion"], batch=1)[0]
        assert row["tension"].shape == (n_chunks(audio),)
        assert row["emotion"].shape == (n_chunks(audio), 3)
        assert all(np.array_equal(row[name], alone[name]) for name in row)


def test_pooled_scores_follow_the_clip(loudness: Model) -> None:
    """A loud clip is tenser than a quiet one, and silence has no speech."""
    quiet, loud, silent = buzz(2.0, 0.02), buzz(2.0, 0.5), np.zeros(16000, np.float32)
    seen: list[tuple[int, int]] = []
    scores = score_clips(loudness, [loud, silent, quiet], progress=lambda done, total: seen.append((done, total)))
    assert scores.tension[0] > 0.8 > 0.2 > scores.tension[2]
    assert scores.speech_s[1] == 0
    assert scores.take(np.array([2])).tension.tolist() == [scores.tension[2]]
    assert seen == [(3, 3)]


def test_more_processes_change_no_score(loudness: Model, monkeypatch: pytest.MonkeyPatch) -> None:
    """Two processes give the scores of one, in the order of the clips; no clips give no scores."""
    monkeypatch.setattr(scoring, "AT_ONCE", 2)
    audios = [buzz(seconds, 0.02 * (index + 1)) for index, seconds in enumerate((0.3, 2.0, 0.1, 1.1, 0.9))]
    one, two = (score_clips(loudness, audios, workers=workers) for workers in (1, 2))
    for name in ClipScores.__slots__:
        assert np.array_equal(getattr(one, name), getattr(two, name), equal_nan=True)
    assert two.tension.tolist() == [score_clips(loudness, [audio]).tension[0] for audio in audios]
    assert len(score_clips(loudness, [])) == 0


def test_a_failing_model_is_told(loudness: Model) -> None:
    """Audio that the model cannot score is an error, not a silent zero."""
    with pytest.raises(RuntimeError, match="not finite"):
        score_clips(loudness, [np.full(1920, np.nan, np.float32)])
