"""What a caller's own calm speech is worth."""

import numpy as np

from tests.training.made import clip
from voicerisk.training.corpora import Clip
from voicerisk.training.evaluation.caller import relative_tension
from voicerisk.training.evaluation.scoring import ClipScores
from voicerisk.training.metrics import auc


def scores_of(tension: list[float], speech_s: float = 3.0) -> ClipScores:
    """Scores that say this of tension and the same of all else."""
    n = len(tension)
    same = np.full(n, 0.5)
    return ClipScores(
        tension=np.array(tension),
        stress=same,
        arousal=same,
        valence=same,
        emotion=np.full((n, 7), 1 / 7),
        speech_s=np.full(n, speech_s),
        level_db=np.full(n, -24.0),
        pitch_st=np.full(n, 15.0),
    )


def two_callers() -> tuple[list[Clip], list[float]]:
    """One caller always sounds tense to the model, one never does; each is tenser when angry."""
    clips: list[Clip] = []
    tension: list[float] = []
    for speaker, calm, angry in (("tense", 0.55, 0.75), ("soft", 0.05, 0.5)):
        clips += [clip(speaker, "neutral", n) for n in range(8)] + [clip(speaker, "angry", n) for n in range(3)]
        tension += [calm] * 8 + [angry] * 3
    return clips, tension


def test_own_calm_speech_parts_the_angry_from_the_always_tense() -> None:
    """Held against their own calm clips, the angry clips come out above all calm ones; by themselves not."""
    clips, tension = two_callers()
    relative, judged = relative_tension(clips, scores_of(tension))
    truth = np.array([int(one.emotion == "angry") for one in clips])
    ones = np.ones(len(clips))
    assert auc(truth[judged], np.array(tension)[judged], ones[judged]) < 1
    assert auc(truth[judged], relative[judged], ones[judged]) == 1


def test_what_was_learned_from_is_not_judged() -> None:
    """Nobody is judged on the first five calm clips, nor with fewer than three, nor as an unknown speaker."""
    clips, tension = two_callers()
    clips += [clip("brief", "neutral", n) for n in range(2)] + [clip("brief", "angry")]
    clips += [clip("nobody", "neutral", n, flags=frozenset({"unknown_speaker"})) for n in range(6)]
    _, judged = relative_tension(clips, scores_of([*tension, *[0.5] * 9]))
    assert judged.tolist() == ([False] * 5 + [True] * 6) * 2 + [False] * 9


def test_unheard_clips_teach_nothing() -> None:
    """Calm clips in which the model heard no speech are no baseline."""
    clips, tension = two_callers()
    _, judged = relative_tension(clips, scores_of(tension, speech_s=0.0))
    assert not judged.any()
