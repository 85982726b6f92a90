"""A shipped ear taught a site's own voices: the stretches of calls that its reviewers marked as tense or calm.

The committees go on from where the shipped model stands, gently and for a short time, and are calibrated anew on
callers that they did not hear. The speech detector stays as it is.
"""

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Annotated, Final

import msgspec
import numpy as np
import numpy.typing as npt
import torch

from voicerisk.scoring.model import Model, load_model
from voicerisk.scoring.model_file import (
    CARD_FILE,
    GRAPH_FILE,
    TYPED_FILE,
    ModelFile,
    read_model_file,
    write_model_folder,
)
from voicerisk.training import lessons
from voicerisk.training.augment import LineSettings
from voicerisk.training.calibrate import fit_platt_of_few
from voicerisk.training.committee import Committee, CommitteeSettings, Lesson, fit
from voicerisk.training.corpora import read_audio
from voicerisk.training.corpora.clip import Audio, Clip, CorpusError
from voicerisk.training.corpora.marks import CORPUS_NAME, clips_of, read_marks
from voicerisk.training.data import Progress, chunk_sums, pooled_forms
from voicerisk.training.graph import checked, to_onnx
from voicerisk.training.judging import calibrate
from voicerisk.training.metrics import auc
from voicerisk.training.network import EMOTIONS, Ear
from voicerisk.training.reopen import ear_of
from voicerisk.training.settings import BaselineSettings, Importance
from voicerisk.training.split import divide, draw
from voicerisk.training.taught import STARTED_FROM, Gain, Share, Taught, card_text, model_file

PIECE_S: Final = 4.0
"""Marked stretches are cut into pieces of about so many seconds, the length of what the model judges."""
MIN_PIECES: Final = 20
"""Pieces of either label, with a voice in them, that must be there to teach anything."""
MIN_JUDGED: Final = 10
"""Pieces of either label that callers must have who are kept to judge by, or all callers teach."""
CHECKED_PIECES: Final = 12
CHECKED_AT_ONCE: Final = 4
"""So many pieces after each other are long enough for the caller's own baseline to be filled and used."""

Mask = npt.NDArray[np.bool_]
LABELS: Final = ("tense", "calm")


class FinetuneSettings(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """How gently.

    Attributes:
        copies: How often each piece is heard through a line drawn at random, besides as recorded.
        steps: Training steps.
        learning_rate: The highest; a tenth of what the shipped model was trained with.
        seed: Of everything.
    """

    copies: Annotated[int, msgspec.Meta(ge=0, le=20)] = 2
    steps: Annotated[int, msgspec.Meta(ge=10, le=100_000)] = 200
    learning_rate: Annotated[float, msgspec.Meta(gt=0.0, le=0.1)] = 4e-4
    seed: int = 0


@dataclass(frozen=True, slots=True)
class _Material:
    clips: list[Clip]
    forms: lessons.Forms
    taught: Mask
    judged: Mask
    """Both (n,): pieces with a voice in them, of callers who teach and of those who judge"""


def finetune(
    init: Model, marks: Path, folder: Path, settings: FinetuneSettings | None = None, report: Progress = lambda *_: None
) -> tuple[ModelFile, Taught]:
    """Write to `folder` the model `init` taught by a site's marks; return its model.toml and what came of it.

    Args:
        init: The model to start from, made by this package's `export`.
        marks: See `corpora.marks`.
        folder: Of the new model, which takes its name; a model fine-tuned into it before is replaced.
        settings: How gently.
        report: Told of progress.

    Raises:
        CorpusError: The marks cannot be read, or hold too little of either label, or the folder is not to be had.
        ExportError: `init` was not made by this version of the package, or the new graph differs from the network.
    """
    settings = settings or FinetuneSettings()
    version = _claimed(folder, init)
    clips = [piece for clip in clips_of(read_marks(marks)) for piece in pieces(clip)]
    some = _sounds(clips, settings.seed)
    ear = ear_of(init)
    other = f"{init.folder}: was not made by this version of voicerisk, so it cannot be taught further"
    checked(ear, (init.folder / GRAPH_FILE).read_bytes(), some, other)
    material = _material(clips, marks, settings, report)
    tone, known, outcome = _teach(ear, material, settings, report)
    new = Ear(tone, known, ear.mood, ear.speech).eval()
    graph = to_onnx(new)
    difference = checked(new, graph, some, f"{folder}: not written, for its graph does not do what the network does")
    method = msgspec.structs.asdict(settings)
    spec = model_file(folder.name, version, init.spec, outcome, method, difference)
    card = file.read_text(encoding="utf-8") if (file := init.folder / CARD_FILE).is_file() else ""
    written = write_model_folder(folder, graph, spec, card_text(folder.name, init.spec, card, outcome, method))
    load_model(folder)
    return written, outcome


def pieces(clip: Clip) -> list[Clip]:
    """The clip cut into pieces of about four seconds each."""
    n = max(1, round(clip.duration_s / PIECE_S))
    length_s = clip.duration_s / n
    starts_s = [clip.start_s + index * length_s for index in range(n)]
    return [replace(clip, start_s=start_s, end_s=start_s + length_s, duration_s=length_s) for start_s in starts_s]


def _claimed(folder: Path, init: Model) -> str:
    """The version of the model to be written to the folder: one more than that of the fine-tuned one there, else 1."""
    if not re.fullmatch("[a-z0-9][a-z0-9_-]{0,63}", folder.name):
        raise CorpusError(
            f"{folder}: the folder's name becomes the model's; it must be of lower-case letters, digits, - and _"
        )
    if not (folder / TYPED_FILE).exists():
        return "1"
    there = read_model_file(folder / TYPED_FILE)
    if STARTED_FROM not in there.training or folder.resolve() == init.folder.resolve():
        raise CorpusError(
            f"{folder}: holds the model {there.name}, which is not to be overwritten; name another folder"
        )
    return str(int(there.version) + 1) if there.version.isdecimal() else "1"


def _sounds(clips: Sequence[Clip], seed: int) -> list[Audio]:
    """A few stretches of the marked speech, to check graphs by."""
    drawn = np.random.default_rng(seed).permutation(len(clips))[:CHECKED_PIECES].tolist()
    groups = [drawn[first : first + CHECKED_AT_ONCE] for first in range(0, len(drawn), CHECKED_AT_ONCE)]
    return [np.concatenate([read_audio(clips[index]) for index in group]) for group in groups]


def _count(clips: Sequence[Clip], among: Mask, label: str) -> int:
    return sum(clips[index].emotion == label for index in np.flatnonzero(among).tolist())


def _share(clips: Sequence[Clip], among: Mask) -> Share:
    callers = {clips[index].speaker for index in np.flatnonzero(among).tolist()}
    return Share(_count(clips, among, "tense"), _count(clips, among, "calm"), len(callers))


def _kept_to_judge(clips: Sequence[Clip], able: Mask) -> Mask:
    """Which pieces are of callers kept to judge by, (n,): none where too little of either label would be on a side."""
    parts = divide(clips, draw(clips))
    kept = {clip.speaker for clip in (*parts["dev"], *parts["test"])}
    judged = np.array([clip.speaker in kept for clip in clips])
    enough = all(
        _count(clips, able & judged, label) >= MIN_JUDGED and _count(clips, able & ~judged, label) >= MIN_PIECES
        for label in LABELS
    )
    return judged if enough else np.zeros(len(clips), dtype=np.bool_)


def _material(clips: list[Clip], marks: Path, settings: FinetuneSettings, report: Progress) -> _Material:
    """The pieces as the committees hear them, and who teaches. Raises `CorpusError` where they are too few."""
    chunks = chunk_sums(clips, {CORPUS_NAME}, settings.copies, LineSettings(), settings.seed, report)
    forms = pooled_forms(chunks, len(clips), settings.seed)
    able = lessons.usable(clips, forms)
    for label in LABELS:
        if (n := _count(clips, able, label)) < MIN_PIECES:
            raise CorpusError(
                f"{marks}: {n} pieces of {PIECE_S:g} s with a voice in them are marked {label}; at least {MIN_PIECES} "
                "are needed"
            )
    judged = able & _kept_to_judge(clips, able)
    return _Material(clips, forms, able & ~judged, judged)


def _teach(
    ear: Ear, material: _Material, settings: FinetuneSettings, report: Progress
) -> tuple[Committee, Committee, Taught]:
    """The committees for tension taught on and calibrated: by the voice alone, beside the caller's own; what came."""
    clips, forms = material.clips, material.forms
    weights = lessons.balanced(clips, material.taught, 1.0)[None]
    alone = lessons.tone_lesson(clips, forms, weights)
    beside = lessons.known_lesson(clips, forms, weights, BaselineSettings(), settings.seed)
    # Whoever judges is held against other, calm pieces of the same caller, as in a call.
    calm_only = BaselineSettings(calm_share=1.0)
    to_judge = lessons.balanced(clips, material.judged, 0.0)[None]
    judging = lessons.known_lesson(clips, forms[:3], to_judge, calm_only, settings.seed + 1)
    is_known_taught = all(_count(clips, _drawn(beside), label) >= MIN_PIECES for label in LABELS)
    tone, known = _taught(ear.tone, alone, settings, partial(report, "voice alone")), ear.known
    if is_known_taught:
        known = _taught(known, beside, settings, partial(report, "beside calm speech"))
    outcome = Taught(
        taught=_share(clips, material.taught),
        judged=_share(clips, material.judged),
        alone=_judge(ear.tone, tone, alone, material.judged),
        known=_judge(ear.known, known, judging, _drawn(judging)),
        known_taught=is_known_taught,
    )
    for committee, gain in ((tone, outcome.alone), (known, outcome.known)):
        if gain is not None:
            calibrate([committee], {"tension": gain.calibration})
    return tone, known, outcome


def _drawn(lesson: Lesson) -> Mask:
    """Which clips a lesson ever draws, (n,)."""
    drawn: Mask = (lesson.weights.sum(0) > 0).numpy()
    return drawn


def _taught(
    start: Committee, lesson: Lesson, settings: FinetuneSettings, report: Callable[[int, int], None]
) -> Committee:
    size = CommitteeSettings(
        members=start.weights[0].shape[0],
        hidden=start.weights[0].shape[2],
        steps=settings.steps,
        learning_rate=settings.learning_rate,
        adversary=0.0,
    )

    def told(step: int, _loss: float) -> None:
        report(step, settings.steps)

    # Marks say nothing about emotions; their loss weighs nothing where nothing is said.
    return fit(lesson, size, Importance().weights, len(EMOTIONS), settings.seed, told, start)[0]


def _judge(before: Committee, after: Committee, lesson: Lesson, judged: Mask) -> Gain | None:
    """What both say of pieces that taught nothing; None where there are too few of either label."""
    rows = np.flatnonzero(judged)
    truth = lesson.scales[rows, 0].double().numpy()
    if min(int((truth == 1).sum()), int((truth == 0).sum())) < MIN_JUDGED:
        return None
    with torch.inference_mode():
        old, new = (net(lesson.inputs[0, rows])[:, 0].double().numpy() for net in (before, after))
    area_before, area_after = (auc(truth.astype(np.int64), said, np.ones(len(rows))) for said in (old, new))
    return Gain(len(rows), area_before, area_after, fit_platt_of_few(new, truth))
