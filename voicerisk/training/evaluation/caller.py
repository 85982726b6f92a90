"""What a caller's own calm speech is worth: clips heard after the caller's first calm ones, and without them."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Final

import numpy as np

from voicerisk.scoring.contract import RATE_HZ
from voicerisk.scoring.engine import ChannelState
from voicerisk.scoring.model import Model
from voicerisk.training.corpora.clip import Audio, Clip
from voicerisk.training.corpora.labels import CALM
from voicerisk.training.evaluation.scoring import (
    AT_ONCE,
    ClipScores,
    Doubles,
    Progress,
    chunk_outputs,
    in_processes,
    states_after,
)

FIRST_CLIPS: Final = 5
MIN_CLIPS: Final = 3
WINDOWS: Final = 1.3
"""A clip is played over and over until it has lasted so many windows: the window must hold nothing else."""


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
    model: Model,
    clips: Sequence[Clip],
    audios: Sequence[Audio],
    scores: ClipScores,
    progress: Progress | None = None,
    *,
    workers: int = 1,
) -> ClipScores:
    """Return the scores with `beside` and `alone` filled in for each clip that may be judged beside calm speech.

    Both are the window's tension at the end of the clip played over and over: once after the calm clips, once from a
    call's start. A caller's calm clips are heard once, padded with silence to whole chunks of 240 ms; each clip of that
    caller goes on from there. Workers and errors are as for `score_clips`.
    """
    before = calm_before(clips, scores)
    heard_first = list({tuple(first) for first in before.values()})
    states = states_after(model, [np.concatenate([audios[index] for index in first]) for first in heard_first])
    start_of = dict(zip(heard_first, states, strict=True))
    order = sorted(before, key=lambda index: -len(audios[index]))
    parts = [order[first : first + AT_ONCE] for first in range(0, len(order), AT_ONCE)]
    items = [[(audios[index], start_of[tuple(before[index])]) for index in part] for part in parts]
    beside, alone = np.full(len(clips), np.nan), np.full(len(clips), np.nan)
    done = 0
    for part, (after_calm, from_start) in zip(parts, in_processes(_both, model, items, workers), strict=True):
        beside[part], alone[part] = after_calm, from_start
        done += len(part)
        if progress is not None:
            progress(done, len(order))
    return replace(scores, beside=beside, alone=alone)


def _both(model: Model, items: Sequence[tuple[Audio, ChannelState]]) -> tuple[Doubles, Doubles]:
    """The window's tension at the end of each clip: after its calm speech, and without it."""
    audios = [_played_over(audio, model) for audio, _ in items]
    after_calm = chunk_outputs(model, audios, ("tension",), starts=[start for _, start in items])
    from_start = chunk_outputs(model, audios, ("tension",))
    return _at_end(after_calm), _at_end(from_start)


def _at_end(rows: Sequence[dict[str, Doubles]]) -> Doubles:
    return np.array([row["tension"][-1] for row in rows])


def _played_over(audio: Audio, model: Model) -> Audio:
    """The clip as often as fills the model's window."""
    needed = WINDOWS * model.spec.window.speech_s * RATE_HZ
    times = max(1, -(-int(needed) // max(1, len(audio))))
    return np.tile(audio, times).astype(np.float32)
