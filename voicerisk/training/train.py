"""A training run, from a settings file to a trained ear: front end, speech detector, committees, calibration, figures.

Every stage leaves a file in the run folder and is skipped where that file is there already, so a run that was cut short
goes on where it stopped. The same settings, corpora and machine give the same ear.
"""

import hashlib
import logging
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Final

import msgspec
import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from voicerisk.training import corpora, lessons
from voicerisk.training.committee import Committee, CommitteeSettings, Lesson, fit
from voicerisk.training.corpora.clip import Clip, CorpusError
from voicerisk.training.corpora.labels import NONVERBAL
from voicerisk.training.curves import draw_curves
from voicerisk.training.data import Progress, chunk_sums, load_chunks, pooled_forms, save_chunks
from voicerisk.training.detector import fit_detector, stream_inputs
from voicerisk.training.judging import DEVELOPMENT, Groups, Metrics, calibrated, judged, left_out, summary
from voicerisk.training.lessons import Forms
from voicerisk.training.metrics import auc
from voicerisk.training.network import EMOTIONS, Ear
from voicerisk.training.settings import TrainSettings, read_settings
from voicerisk.training.split import Part, divide

FRONT_FILE: Final = "front.npz"
DETECTOR_FILE: Final = "detector.pt"
EARS_FILE: Final = "ears.pt"
METRICS_FILE: Final = "metrics.json"
CURVES_FILE: Final = "curves.png"
LOG_FILE: Final = "train.log"
SETTINGS_FILE: Final = "train.toml"


@dataclass(frozen=True, slots=True)
class Trained:
    """A trained ear, those trained without one corpus each, and what was measured."""

    settings: TrainSettings
    ear: Ear
    left_out: dict[str, Ear]
    unheard: Ear
    """Trained without the development speakers: what choices are made by."""
    metrics: Metrics
    folder: Path


@dataclass(frozen=True, slots=True)
class _Material:
    clips: list[Clip]
    forms: Forms
    weights: Tensor
    """(committees, n): to ship, to calibrate (development speakers unheard), then one for each corpus left out"""
    groups: Groups
    """What committee 2, 3, ... never heard, and last what committee 1 never heard: each corpus left out, all of it, and
    the development speakers"""
    is_test: npt.NDArray[np.bool_]
    """(n,) whose speaker is of the test part: never calibrated on"""


def train(config: Path, folder: Path, root: Path | None = None, report: Progress = lambda *_: None) -> Trained:
    """Return the ear trained as a settings file says; goes on with whatever `folder` holds of an earlier run.

    Args:
        config: A `train.toml`, see `settings.TrainSettings`.
        folder: Run folder: checkpoints of each stage, log, curves (PNG), metrics (JSON), the settings used.
        root: Folder of the corpora; None: what `VOICERISK_CORPORA` names.
        report: Told of progress.

    Raises:
        CorpusError: The settings or the corpora cannot be used, or `folder` holds a run of other settings.
    """
    settings = read_settings(config)
    folder.mkdir(parents=True, exist_ok=True)
    _claim(folder, settings)
    log = _logger(folder)
    clips = corpora.load(root, dict.fromkeys((*settings.corpora, *settings.speech_corpora)))
    log.info("%d clips of %s", len(clips), ", ".join((*settings.corpora, *settings.speech_corpora)))
    material = _material(settings, clips, folder, report)
    detector, detector_auc = _detector(settings, clips, folder, report)
    if not (folder / EARS_FILE).is_file():
        tone_lesson = lessons.tone_lesson(clips, material.forms, material.weights)
        known_lesson = lessons.known_lesson(clips, material.forms, material.weights, settings.baseline, settings.seed)
        kinds = {
            "tone": _committees("tone", settings, settings.tone, tone_lesson, folder, report),
            "known": _committees("known", settings, settings.known, known_lesson, folder, report),
            "mood": _committees("mood", settings, settings.mood, tone_lesson, folder, report),
        }
        draw_curves({kind: losses for kind, (_, losses) in kinds.items()}, folder / CURVES_FILE)
        committees = {kind: nets for kind, (nets, _) in kinds.items()}
        metrics = _judge(settings, material, committees, tone_lesson, detector_auc)
        (folder / METRICS_FILE).write_bytes(msgspec.json.format(msgspec.json.encode(metrics)) + b"\n")
        torch.save({kind: [_packed(net) for net in nets] for kind, nets in committees.items()}, folder / EARS_FILE)
    metrics = msgspec.json.decode((folder / METRICS_FILE).read_bytes(), type=Metrics)
    metrics = msgspec.structs.replace(metrics, detector=round(detector_auc, 4))
    stored = torch.load(folder / EARS_FILE, weights_only=True)
    ears = [
        Ear(_unpacked(tone), _unpacked(known), _unpacked(mood), detector).eval()
        for tone, known, mood in zip(stored["tone"], stored["known"], stored["mood"], strict=True)
    ]
    for row in metrics.left_out:
        log.info("%s: %s / %s, known %s / %s", row.name, row.rest, row.calm, row.rest_known, row.calm_known)
    without = dict(zip(settings.judged_corpora, ears[2:], strict=True))
    return Trained(settings, ears[0], without, ears[1], metrics, folder)


def _claim(folder: Path, settings: TrainSettings) -> None:
    """Make the folder this run's own; a folder of other settings is refused rather than mixed up."""
    said = {name: value for name, value in msgspec.to_builtins(settings).items() if value is not None}
    file, written = folder / SETTINGS_FILE, msgspec.toml.encode(said)
    if file.is_file() and file.read_bytes() != written:
        raise CorpusError(f"{folder}: holds a run with other settings; name another run folder, or remove this one")
    file.write_bytes(written)


def _logger(folder: Path) -> logging.Logger:
    log = logging.getLogger(f"voicerisk.training.{hashlib.sha256(str(folder).encode()).hexdigest()[:8]}")
    log.setLevel(logging.INFO)
    if not log.handlers:
        handler = logging.FileHandler(folder / LOG_FILE, encoding="utf-8")
        handler.setFormatter(logging.Formatter("%(asctime)s %(message)s"))
        log.addHandler(handler)
    return log


def _material(settings: TrainSettings, clips: list[Clip], folder: Path, report: Progress) -> _Material:
    """The clips as the committees hear them, and how often each of them hears which."""
    if not (folder / FRONT_FILE).is_file():
        chunks = chunk_sums(clips, settings.corpora, settings.copies, settings.line, settings.seed, report)
        save_chunks(chunks, clips, folder / FRONT_FILE)
    forms = pooled_forms(load_chunks(folder / FRONT_FILE, clips), len(clips), settings.seed)
    teaches = lessons.usable(clips, forms) & np.array([clip.corpus in settings.corpora for clip in clips])
    parts = divide(clips)
    where = {id(clip): index for index, clip in enumerate(clips)}
    in_part = {name: np.zeros(len(clips), dtype=np.bool_) for name in parts}
    for name, members in parts.items():
        in_part[name][[where[id(clip)] for clip in members]] = True
    heard = [teaches & ~in_part["test"], teaches & in_part["train"]]
    heard += [teaches & np.array([clip.corpus != name for clip in clips]) for name in settings.judged_corpora]
    weights = torch.stack([lessons.balanced(clips, each, settings.balance) for each in heard])
    groups = {name: np.array([clip.corpus == name for clip in clips]) for name in settings.judged_corpora}
    groups[DEVELOPMENT] = teaches & in_part["dev"]
    where_in = {name: np.flatnonzero(inside) for name, inside in groups.items()}
    return _Material(clips, forms, weights, where_in, in_part["test"])


def _detector(settings: TrainSettings, clips: list[Clip], folder: Path, report: Progress) -> tuple[Committee, float]:
    """The speech detector, and its area under the curve on streams of development speakers."""
    file = folder / DETECTOR_FILE
    if not file.is_file():
        # In the order of their names, so that settings that list the corpora otherwise draw the same streams.
        clips = sorted(clips, key=lambda clip: clip.corpus)
        parts = divide(clips)
        noises = [corpora.read_audio(clip) for clip in clips if clip.emotion == "noise"]
        random = np.random.default_rng(settings.seed)
        scores = []
        net: Committee | None = None
        plan: tuple[tuple[Part, int], ...] = (("train", settings.streams), ("dev", max(4, settings.streams // 6)))
        for part, n_streams in plan:
            members = [clip for clip in parts[part] if clip.emotion != "noise"]
            drawn = [members[i] for i in random.permutation(len(members))[: 3 * n_streams]]
            voices = [corpora.read_audio(clip) for clip in drawn if clip.language != NONVERBAL]
            if not voices:
                raise CorpusError(f"none of {', '.join(settings.corpora)} teaches what speech is: add one with words")
            told = partial(report, f"streams of {part} speakers")
            seed = 2 * settings.seed + (part == "dev")
            inputs, truth = stream_inputs(n_streams, voices, noises, settings.line, seed, told)
            net = net or fit_detector(inputs, truth, settings.speech, settings.seed)
            with torch.inference_mode():
                scores = [_area((truth > 0.35).numpy(), net(inputs)[:, 0].double().numpy())]
        assert net is not None
        torch.save({"net": _packed(net), "auc": float(scores[0])}, file)
    stored = torch.load(file, weights_only=True)
    return _unpacked(stored["net"]), float(stored["auc"])


def _committees(
    name: str, settings: TrainSettings, size: CommitteeSettings, lesson: Lesson, folder: Path, report: Progress
) -> tuple[list[Committee], list[tuple[int, float]]]:
    """The committees of one kind as they were taught, not calibrated yet, and the losses on the way."""
    file = folder / f"{name}.pt"
    if not file.is_file():
        losses: list[tuple[int, float]] = []

        def told(step: int, loss: float) -> None:
            losses.append((step, loss))
            report(f"committees, {name}", step, size.steps)

        device = torch.device("cuda" if _wants_cuda(settings) else "cpu")
        importance = settings.mood_importance if name == "mood" else settings.importance
        nets = fit(lesson, size, importance.weights, len(EMOTIONS), settings.seed, told, device=device)
        torch.save({"nets": [_packed(net) for net in nets], "losses": losses}, file)
    stored = torch.load(file, weights_only=True)
    return [_unpacked(net) for net in stored["nets"]], stored["losses"]


def _wants_cuda(settings: TrainSettings) -> bool:
    if settings.device == "cuda" and not torch.cuda.is_available():
        raise CorpusError('the settings ask for device = "cuda", but torch finds no NVIDIA card; use "auto"')
    return settings.device != "cpu" and torch.cuda.is_available()


def _judge(
    settings: TrainSettings,
    material: _Material,
    committees: dict[str, list[Committee]],
    lesson: Lesson,
    detector_auc: float,
) -> Metrics:
    """Calibrate all committees in place by what they say of clips that they never heard, and return what that shows."""
    clips, groups = material.clips, material.groups
    calm_baselines = msgspec.structs.replace(settings.baseline, calm_share=1.0)
    known_lesson = lessons.known_lesson(clips, material.forms[:3], material.weights, calm_baselines, settings.seed + 1)
    # Committee 1 never heard the development speakers, the last group; from 2 on, each never heard one corpus.
    unheard = dict(zip(groups, [*range(2, 2 + len(settings.judged_corpora)), 1], strict=True))
    tension, fitted = {}, {}
    for kind, nets in committees.items():
        of = known_lesson if kind == "known" else lesson
        said = judged({name: nets[at] for name, at in unheard.items()}, groups, of)
        fitted[kind] = calibrated(nets, unheard, said, of, groups, material.is_test)
        tension[kind] = {name: outputs[:, 0] for name, outputs in said.items()}
    truth = lesson.scales[:, 0].double().numpy()
    rows = [
        left_out(name, rows, clips, truth, tension["tone"][name], tension["known"][name])
        for name, rows in groups.items()
    ]
    calibration = {f"{kind}_{scale}": platt for kind, of in fitted.items() for scale, platt in of.items()}
    return summary(rows, detector_auc, calibration)


def _area(truth: npt.NDArray[np.bool_], score: npt.NDArray[np.float64]) -> float:
    return auc(truth.astype(np.int64), score, np.ones(len(truth)))


def _packed(net: Committee) -> dict[str, Tensor]:
    return {name: value.detach().clone() for name, value in net.state_dict().items()}


def _unpacked(state: dict[str, Tensor]) -> Committee:
    first, last = state["weights.0"], state["weights.2"]
    net = Committee(first.shape[1], last.shape[2], first.shape[0], first.shape[2], 0.0)
    net.load_state_dict(state)
    return net.eval()
