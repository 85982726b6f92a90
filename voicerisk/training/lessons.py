"""Lessons for the committees: what each clip's label says, how often it is heard, and what it is held against."""

from collections.abc import Sequence
from typing import Final

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from voicerisk.training.committee import Lesson
from voicerisk.training.corpora import labels
from voicerisk.training.corpora.clip import Clip
from voicerisk.training.data import SPEAKER_COPIES
from voicerisk.training.network import known_inputs
from voicerisk.training.pooling import functionals
from voicerisk.training.settings import BaselineSettings

MIN_VOICED_FRAMES: Final = 5.0
"""A clip needs so many voiced frames, in every copy, to teach or to be judged."""
MIN_BASELINE_CLIPS: Final = 2

Forms = npt.NDArray[np.float32]
"""(3 * copies, n_clips, N_SUMS), see `data.pooled_forms`."""


def targets(clips: Sequence[Clip]) -> tuple[Tensor, Tensor]:
    """Targets of the four scales, (n, 4) with NaN for unknown, and emotion classes, (n,) with -1 for unknown."""
    rows = [
        [float("nan") if value is None else float(value) for value in (head(clip) for head in HEADS)] for clip in clips
    ]
    classes = [labels.emotion_class(clip) for clip in clips]
    return torch.tensor(rows), torch.tensor([-1 if index is None else index for index in classes])


def domains(clips: Sequence[Clip]) -> Tensor:
    """Index of each clip's corpus, (n,)."""
    names = {name: index for index, name in enumerate(sorted({clip.corpus for clip in clips}))}
    return torch.tensor([names[clip.corpus] for clip in clips])


def voices(clips: Sequence[Clip]) -> Tensor:
    """Index of the speaker of each calm clip of a known speaker, (n,); -1 for all other clips."""
    names = {name: index for index, name in enumerate(sorted({clip.speaker for clip in clips}))}
    return torch.tensor(
        [names[clip.speaker] if clip.emotion in labels.CALM and clip.has_known_speaker else -1 for clip in clips]
    )


HEADS: Final = (labels.tension, labels.stress, labels.arousal, labels.valence)


def usable(clips: Sequence[Clip], forms: Forms) -> npt.NDArray[np.bool_]:
    """Which clips have a voice and a label that says anything about the tone, (n,)."""
    scales, classes = targets(clips)
    says = (~scales.isnan()).any(1).numpy() | (classes >= 0).numpy()
    voiced: npt.NDArray[np.bool_] = (forms[::3, :, 0] >= MIN_VOICED_FRAMES).all(0) & says
    return voiced


def balanced(clips: Sequence[Clip], heard: npt.NDArray[np.bool_], balance: float) -> Tensor:
    """How often each clip is drawn, (n,): a corpus' angry and other clips each weigh their number ** (1 - balance)."""
    groups: dict[tuple[str, bool], list[int]] = {}
    for index in np.flatnonzero(heard).tolist():
        clip = clips[index]
        groups.setdefault((clip.corpus, labels.tension(clip) == 1), []).append(index)
    weights = torch.zeros(len(clips))
    for members in groups.values():
        weights[members] = len(members) ** -balance
    return weights


def tone_lesson(clips: Sequence[Clip], forms: Forms, weights: Tensor) -> Lesson:
    """What the voice as such teaches."""
    inputs = torch.stack([functionals(torch.from_numpy(form)) for form in forms])
    return Lesson(inputs, *targets(clips), domains(clips), voices(clips), weights)


def known_lesson(clips: Sequence[Clip], forms: Forms, weights: Tensor, settings: BaselineSettings, seed: int) -> Lesson:
    """What the voice teaches beside the caller's own baseline: other clips of the speaker over the same line."""
    random = np.random.default_rng(seed)
    by_speaker: dict[str, tuple[list[int], list[int]]] = {}
    for index in np.flatnonzero(weights.sum(0).numpy() > 0).tolist():
        if clips[index].has_known_speaker:
            everything, calm = by_speaker.setdefault(clips[index].speaker, ([], []))
            everything.append(index)
            if clips[index].emotion in labels.CALM:
                calm.append(index)
    used = [row for row in range(len(forms)) if row // 3 in SPEAKER_COPIES]
    inputs, has = [], torch.ones(len(clips))
    for row in used:
        base = np.zeros_like(forms[row])
        for index, clip in enumerate(clips):
            everything, calm = by_speaker.get(clip.speaker, ([], []))
            source = calm if random.random() < settings.calm_share else everything
            others = [other for other in source if other != index]
            if len(others) < MIN_BASELINE_CLIPS:
                has[index] = 0.0
                continue
            n = int(random.integers(MIN_BASELINE_CLIPS, settings.clips + 1))
            base[index] = forms[3 * (row // 3), random.permutation(others)[:n]].sum(0)
        inputs.append(known_inputs(*(functionals(torch.from_numpy(sums)) for sums in (forms[row], base))))
    return Lesson(torch.stack(inputs), *targets(clips), domains(clips), voices(clips), weights * has)
