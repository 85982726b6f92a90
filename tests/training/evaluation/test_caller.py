"""What a caller's own calm speech is worth."""

import numpy as np

from tests.training.made import buzz, clip
from voicerisk.scoring.contract import CHUNK_SAMPLES
from voicerisk.scoring.model import Model
from voicerisk.training.corpora import Clip
from voicerisk.training.evaluation.caller import beside_own_calm, calm_before
from voicerisk.training.evaluation.scoring import ClipScores, chunk_outputs


def scores_of(tension: list[float], speech_s: float = 3.0) -> ClipScores:
    """Scores that say this of tension, with and without a past, and the same of all else."""
    n = len(tension)
    same = np.full(n, 0.5)
    return ClipScores(
        tension=np.array(tension),
        stress=same,
        arousal=same,
        valence=same,
        emotion=np.full((n, 7), 1 / 7),
        speech_s=np.full(n, speech_s),
        beside=np.array(tension),
        alone=np.array(tension),
    )


def some_clips() -> list[Clip]:
    """Two callers with eight calm clips and three angry ones each; one who says too little; one whom nobody knows."""
    clips: list[Clip] = []
    for speaker in ("first", "second"):
        clips += [clip(speaker, "neutral", n) for n in range(8)] + [clip(speaker, "angry", n) for n in range(3)]
    clips += [clip("brief", "neutral", n) for n in range(2)] + [clip("brief", "angry")]
    return clips + [clip("nobody", "neutral", n, flags=frozenset({"unknown_speaker"})) for n in range(6)]


def test_what_was_heard_before_is_not_judged() -> None:
    """Nobody is judged on the first five calm clips, nor with fewer than three, nor as an unknown speaker."""
    clips = some_clips()
    before = calm_before(clips, scores_of([0.5] * len(clips)))
    assert sorted(before) == [*range(5, 11), *range(16, 22)]
    assert before[5] == [0, 1, 2, 3, 4]
    assert before[21] == [11, 12, 13, 14, 15]


def test_unheard_clips_are_no_past() -> None:
    """Calm clips in which the model heard no speech are no baseline."""
    clips = some_clips()
    assert calm_before(clips, scores_of([0.5] * len(clips), speech_s=0.0)) == {}


def test_a_clip_is_judged_by_itself_at_the_end_of_the_call(loudness: Model) -> None:
    """After soft calm clips, a loud clip shorter than the window is as loud to the model as one that fills it."""
    clips = [clip("one", "neutral", n) for n in range(5)] + [clip("one", "angry", n) for n in range(2)]
    audios = [buzz(1.0, 0.01) for _ in range(5)] + [buzz(0.8, 0.5), buzz(8.0, 0.5)]
    found = beside_own_calm(loudness, clips, audios, scores_of([0.5] * 7)).beside
    assert np.isnan(found[:5]).all()
    assert found[5] > 0.5
    assert abs(found[5] - found[6]) < 0.05


def test_calm_speech_heard_once_is_as_heard_before_every_clip(loudness: Model) -> None:
    """What each clip gets after its caller's calm speech is, to the bit, what the whole call sent through gives."""
    clips = some_clips()
    audios = [buzz(0.5 + 0.07 * (index % 7), 0.02 + 0.015 * (index % 11)) for index in range(len(clips))]
    found = beside_own_calm(loudness, clips, audios, scores_of([0.5] * len(clips)))
    for index, first in calm_before(clips, found).items():
        calm = np.concatenate([audios[calm] for calm in first])
        calm = np.pad(calm, (0, -len(calm) % CHUNK_SAMPLES))
        over = np.tile(audios[index], 20)[: _loops(audios[index]) * len(audios[index])]
        (whole,), (alone,) = (chunk_outputs(loudness, [call], ["tension"]) for call in (np.r_[calm, over], over))
        assert found.beside[index] == whole["tension"][-1]
        assert found.alone[index] == alone["tension"][-1]


def _loops(audio: np.ndarray) -> int:
    """How often a clip must sound to last 1.3 windows of 3.12 s."""
    return int(np.ceil(1.3 * 3.12 * 8000 / len(audio)))


def test_without_the_calm_speech_nothing_of_it_is_left(loudness: Model) -> None:
    """`alone` is there where `beside` is, and does not depend on who spoke before."""
    clips = [clip("one", "neutral", n) for n in range(5)] + [clip("one", "angry", n) for n in range(2)]
    found = [
        beside_own_calm(loudness, clips, [buzz(1.0, level)] * 5 + [buzz(0.8, 0.2)] * 2, scores_of([0.5] * 7))
        for level in (0.01, 0.4)
    ]
    assert np.array_equal(np.isnan(found[0].alone), np.isnan(found[0].beside))
    assert np.array_equal(found[0].alone, found[1].alone, equal_nan=True)
