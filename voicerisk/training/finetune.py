"""A shipped ear taught a site's own voices: the stretches of calls that its reviewers marked as tense or calm.

The committees go on from where the shipped model stands, gently and for a short time, and are calibrated anew on
callers that they did not hear. The speech detector stays as it is.
"""

from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Final

import msgspec
import numpy as np
import onnx
import torch
from onnx import numpy_helper
from torch import Tensor

from voicerisk.scoring.model import Model
from voicerisk.scoring.model_file import GRAPH_FILE, ModelFile, write_model_folder
from voicerisk.training import lessons
from voicerisk.training.augment import LineSettings
from voicerisk.training.calibrate import fit_platt
from voicerisk.training.committee import Committee, CommitteeSettings, Lesson, fit
from voicerisk.training.corpora.clip import Clip, CorpusError
from voicerisk.training.corpora.marks import clips_of, read_marks
from voicerisk.training.data import Progress, chunk_sums, pooled_forms
from voicerisk.training.export import ExportError, to_onnx
from voicerisk.training.metrics import auc
from voicerisk.training.network import EMOTIONS, SCALES, Ear
from voicerisk.training.settings import BaselineSettings, Importance
from voicerisk.training.split import divide, draw

PIECE_S: Final = 4.0
"""Marked stretches are cut into pieces of about so many seconds, the length of what the model judges."""
MIN_PIECES: Final = 20
"""Pieces of either label that must be there to teach anything."""


class FinetuneSettings(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """How gently.

    Attributes:
        copies: How often each piece is heard through a line drawn at random, besides as recorded.
        steps: Training steps.
        learning_rate: The highest; a tenth of what the shipped model was trained with.
        seed: Of everything.
    """

    copies: int = 2
    steps: int = 200
    learning_rate: float = 4e-4
    seed: int = 0


@dataclass(frozen=True, slots=True)
class Finetuned:
    """What came of it: areas under the curve of tension on callers that taught nothing; NaN if there were none."""

    spec: ModelFile
    n_taught: int
    n_judged: int
    auc_before: float
    auc_after: float


def finetune(
    init: Model, marks: Path, folder: Path, settings: FinetuneSettings | None = None, report: Progress = lambda *_: None
) -> Finetuned:
    """Write to `folder` the model `init` taught by a site's marks; its name is the folder's.

    Args:
        init: The model to start from, made by this package's `export`.
        marks: See `corpora.marks`.
        folder: Of the new model.
        settings: How gently.
        report: Told of progress.

    Raises:
        CorpusError: The marks cannot be read, or hold too little of either label.
        ExportError: `init` was not made by this package.
    """
    settings = settings or FinetuneSettings()
    ear = ear_of(init)
    clips = [piece for clip in clips_of(read_marks(marks)) for piece in pieces(clip)]
    for label in ("tense", "calm"):
        n = sum(clip.emotion == label for clip in clips)
        if n < MIN_PIECES:
            raise CorpusError(
                f"{marks}: {n} pieces of {PIECE_S:g} s are marked {label}; at least {MIN_PIECES} are needed"
            )
    names = {clip.corpus for clip in clips}
    forms = pooled_forms(
        chunk_sums(clips, names, settings.copies, LineSettings(), settings.seed, report), len(clips), settings.seed
    )
    able = lessons.usable(clips, forms)
    parts = divide(clips, draw(clips))
    judged = {id(clip) for clip in (*parts["dev"], *parts["test"])}
    is_judged = np.array([id(clip) in judged for clip in clips])
    weights = lessons.balanced(clips, able & ~is_judged, 1.0)[None]
    tone_lesson = lessons.tone_lesson(clips, forms, weights)
    known_lesson = lessons.known_lesson(clips, forms, weights, BaselineSettings(), settings.seed)
    rows = np.flatnonzero(able & is_judged)
    before = _area(ear.tone, tone_lesson, rows)
    tone = _taught(ear.tone, tone_lesson, settings)
    known = _taught(ear.known, known_lesson, settings) if bool((known_lesson.weights > 0).any()) else ear.known
    after = _area(tone, tone_lesson, rows)
    _calibrate(tone, tone_lesson, rows)
    _calibrate(known, known_lesson, rows[able[rows]])
    graph = to_onnx(Ear(tone, known, ear.mood, ear.speech).eval())
    training: dict[str, Any] = {**init.spec.training, "taught_by_marks": len(clips), "started_from": init.spec.name}
    spec = msgspec.structs.replace(init.spec, name=folder.name, training=training)
    card = f"# {folder.name}\n\n`{init.spec.name}` taught by {len(clips)} marked pieces of the site's own calls.\n"
    written = write_model_folder(folder, graph, spec, card)
    return Finetuned(written, int((weights > 0).sum()), len(rows), before, after)


def pieces(clip: Clip) -> list[Clip]:
    """The clip cut into pieces of about four seconds each."""
    n = max(1, round(clip.duration_s / PIECE_S))
    length_s = clip.duration_s / n
    starts_s = [clip.start_s + index * length_s for index in range(n)]
    return [replace(clip, start_s=start_s, end_s=start_s + length_s, duration_s=length_s) for start_s in starts_s]


def ear_of(model: Model) -> Ear:
    """The trainable ear inside a model folder. Raises `ExportError` where the graph is not one of this package's."""
    graph = onnx.load_from_string((model.folder / GRAPH_FILE).read_bytes()).graph
    state: dict[str, Tensor] = {}
    for item in graph.initializer:
        if item.name.startswith("ear."):
            state[item.name.removeprefix("ear.")] = torch.from_numpy(numpy_helper.to_array(item).copy())
    try:
        committees = [_committee(state, name) for name in ("tone", "known", "mood", "speech")]
    except (KeyError, RuntimeError) as error:
        raise ExportError(f"{model.folder}: holds no trainable ear of this package ({error})") from error
    return Ear(*committees).eval()


def _committee(state: dict[str, Tensor], name: str) -> Committee:
    own = {key.removeprefix(f"{name}."): value for key, value in state.items() if key.startswith(f"{name}.")}
    if name == "mood":
        # It is scaled by the same numbers as "tone", and the exporter writes equal tensors once.
        own = {part: state[f"tone.{part}"] for part in ("centre", "scale")} | own
    first, last = own["weights.0"], own["weights.2"]
    net = Committee(first.shape[1], last.shape[2], first.shape[0], first.shape[2], 0.0)
    net.load_state_dict(own)
    return net.eval()


def _taught(start: Committee, lesson: Lesson, settings: FinetuneSettings) -> Committee:
    size = CommitteeSettings(
        members=start.weights[0].shape[0],
        hidden=start.weights[0].shape[2],
        steps=settings.steps,
        learning_rate=settings.learning_rate,
        adversary=0.0,
    )
    # Marks say nothing about emotions; their loss weighs nothing where nothing is said.
    return fit(lesson, size, Importance().weights, len(EMOTIONS), settings.seed, start=start)[0]


def _said(net: Committee, lesson: Lesson, rows: np.ndarray) -> np.ndarray:
    with torch.inference_mode():
        said: np.ndarray = net(lesson.inputs[0, rows]).double().numpy()
    return said


def _area(net: Committee, lesson: Lesson, rows: np.ndarray) -> float:
    truth = lesson.scales[rows, 0].numpy()
    if not len(rows):
        return float("nan")
    return auc(truth.astype(np.int64), _said(net, lesson, rows)[:, 0], np.ones(len(rows)))


def _calibrate(net: Committee, lesson: Lesson, rows: np.ndarray) -> None:
    """Calibrate tension anew where callers of both labels are left to do it with; else it stays as shipped."""
    truth = lesson.scales[rows, 0].double().numpy()
    if len(np.unique(truth)) < 2:
        return
    platt = fit_platt(_said(net, lesson, rows)[:, 0], truth, ["marks"] * len(rows))
    slopes, offsets = torch.ones(len(SCALES) + len(EMOTIONS)), torch.zeros(len(SCALES) + len(EMOTIONS))
    slopes[0], offsets[0] = platt.slope, platt.offset
    net.calibrate(slopes, offsets)
