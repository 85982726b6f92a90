"""What a caller's own calm speech is worth: clips heard after the caller's first calm ones, as in one call."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Final

import numpy as np

from voicerisk.scoring.contract import RATE_HZ
from voicerisk.scoring.model import Model
from voicerisk.training.corpora.clip import Audio, Clip, Emotion
from voicerisk.training.evaluation.scoring import ClipScores, Progress, chunk_outputs

CALM: Final[frozenset[Emotion]] = frozenset({"neutral", "calm"})
FIRST_CLIPS: Final = 5
MIN_CLIPS: Final = 3
WINDOWS: Final = 1.3
"""A clip is played over and over until it has lasted so many windows: the window must hold nothing else."""
AT_ONCE: Final = 512


def calm_before(clips: Sequence[Clip], scores: ClipScores) -> dict[int, list[int]]:
    """Return for each clip that may be judged beside its caller's calm speech the indices of what is heard before it.

    That is the first five calm clips of its speaker in which speech was found; these are not judged, nor is any clip
    of an unknown speaker, or of one who has fewer than three.
    """
    by_speaker: dict[str, list[int]] = {}
    for index, clip in enumerate(clips):
        if clip.has_known_speaker:
            by_speaker.setdefault(clip.speaker, []).append(index)
    before: dict[int, list[int]] = {}
    for members in by_speaker.values():
        calm = [index for index in members if clips[index].emotion in CALM and scores.speech_s[index] > 0]
        first = calm[:FIRST_CLIPS]
        if len(first) >= MIN_CLIPS:
            before |= {index: first for index in members if index not in first}
    return before


def beside_own_calm(
    model: Model, clips: Sequence[Clip], audios: Sequence[Audio], scores: ClipScores, progress: Progress | None = None
) -> ClipScores:
    """Return the scores with `beside` filled in: the window's tension at the end of each clip that may be judged."""
    before = calm_before(clips, scores)
    beside = np.full(len(clips), np.nan)
    order = sorted(before, key=lambda index: len(audios[index]))
    for start in range(0, len(order), AT_ONCE):
        part = order[start : start + AT_ONCE]
        calls = [_call([audios[calm] for calm in before[index]], audios[index], model) for index in part]
        heard = chunk_outputs(model, calls, ("tension",))
        beside[part] = [float(outputs["tension"][-1]) for outputs in heard]
        if progress is not None:
            progress(min(start + AT_ONCE, len(order)), len(order))
    return replace(scores, beside=beside)


def _call(calm: Sequence[Audio], audio: Audio, model: Model) -> Audio:
    """The calm clips, then the clip as often as fills the model's window."""
    needed = WINDOWS * model.spec.window.speech_s * RATE_HZ
    times = max(1, -(-int(needed) // max(1, len(audio))))
    return np.concatenate([*calm, *[audio] * times]).astype(np.float32)
