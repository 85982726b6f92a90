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
from voicerisk.training.curves import draw_curves
from voicerisk.training.data import Progress, chunk_sums, load_chunks, pooled_forms, save_chunks
from voicerisk.training.detector import fit_detector, stream_inputs
from voicerisk.training.judging import DEVELOPMENT, Metrics, calibrate, fit_calibration, judged, left_out, summary
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

NONVERBAL: Final = "nonverbal"
"""What corpora of laughs and cries name as their language: they teach the tone, but not what speech is."""


@dataclass(frozen=True, slots=True)
class Trained:
    """A trained ear, those trained without one corpus each, and what was measured."""

    settings: TrainSettings
    ear: Ear
    left_out: dict[str, Ear]
    metrics: Metrics
    folder: Path


@dataclass(frozen=True, slots=True)
class _Material:
    clips: list[Clip]
    forms: Forms
    weights: Tensor
    """(committees, n): to ship, to calibrate (development speakers unheard), then one for each corpus left out"""
    dev: npt.NDArray[np.int64]


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
    losses: dict[str, list[tuple[int, float]]] = {"tone": [], "known": [], "mood": []}
    if not (folder / EARS_FILE).is_file():
        tone_lesson = lessons.tone_lesson(clips, material.forms, material.weights)
        known_lesson = lessons.known_lesson(clips, material.forms, material.weights, settings.baseline, settings.seed)
        tones = _committees("tone", settings, settings.tone, tone_lesson, losses, report)
        knowns = _committees("known", settings, settings.known, known_lesson, losses, report)
        moods = _committees("mood", settings, settings.mood, tone_lesson, losses, report)
        draw_curves(losses, folder / CURVES_FILE)
        metrics = _judge(settings, material, tones, knowns, moods, tone_lesson, detector_auc)
        (folder / METRICS_FILE).write_bytes(msgspec.json.format(msgspec.json.encode(metrics)) + b"\n")
        kinds = {"tone": tones, "known": knowns, "mood": moods}
        torch.save({kind: [_packed(net) for net in nets] for kind, nets in kinds.items()}, folder / EARS_FILE)
    metrics = msgspec.json.decode((folder / METRICS_FILE).read_bytes(), type=Metrics)
    metrics = msgspec.structs.replace(metrics, detector=round(detector_auc, 4))
    stored = torch.load(folder / EARS_FILE, weights_only=True)
    ears = [
        Ear(_unpacked(tone), _unpacked(known), _unpacked(mood), detector).eval()
        for tone, known, mood in zip(stored["tone"], stored["known"], stored["mood"], strict=True)
    ]
    for row in metrics.left_out:
        log.info("%s: %s / %s, known %s / %s", row.name, row.rest, row.calm, row.rest_known, row.calm_known)
    return Trained(settings, ears[0], dict(zip(settings.judged_corpora, ears[2:], strict=True)), metrics, folder)


def _claim(folder: Path, settings: TrainSettings) -> None:
    """Make the folder this run's own; a folder of other settings is refused rather than mixed up."""
    file, written = folder / SETTINGS_FILE, msgspec.toml.encode(settings)
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
        save_chunks(chunks, folder / FRONT_FILE)
    forms = pooled_forms(load_chunks(folder / FRONT_FILE), len(clips), settings.seed)
    teaches = lessons.usable(clips, forms) & np.array([clip.corpus in settings.corpora for clip in clips])
    parts = divide(clips)
    where = {id(clip): index for index, clip in enumerate(clips)}
    in_part = {name: np.zeros(len(clips), dtype=np.bool_) for name in parts}
    for name, members in parts.items():
        in_part[name][[where[id(clip)] for clip in members]] = True
    heard = [teaches & ~in_part["test"], teaches & in_part["train"]]
    heard += [teaches & np.array([clip.corpus != name for clip in clips]) for name in settings.judged_corpora]
    weights = torch.stack([lessons.balanced(clips, each, settings.balance) for each in heard])
    return _Material(clips, forms, weights, np.flatnonzero(teaches & in_part["dev"]))


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
    name: str,
    settings: TrainSettings,
    size: CommitteeSettings,
    lesson: Lesson,
    losses: dict[str, list[tuple[int, float]]],
    report: Progress,
) -> list[Committee]:
    def told(step: int, loss: float) -> None:
        losses[name].append((step, loss))
        report(f"committees, {name}", step, size.steps)

    return fit(lesson, size, settings.importance.weights, len(EMOTIONS), settings.seed, told)


def _judge(
    settings: TrainSettings,
    material: _Material,
    tones: list[Committee],
    knowns: list[Committee],
    moods: list[Committee],
    lesson: Lesson,
    detector_auc: float,
) -> Metrics:
    """Calibrate all committees in place by what they say of clips that they never heard, and return what that shows."""
    clips = material.clips
    corpus = np.array([clip.corpus for clip in clips])
    groups = {name: np.flatnonzero(corpus == name) for name in settings.judged_corpora}
    groups[DEVELOPMENT] = material.dev
    calm_baselines = msgspec.structs.replace(settings.baseline, calm_share=1.0)
    known_lesson = lessons.known_lesson(clips, material.forms[:3], material.weights, calm_baselines, settings.seed + 1)
    said, fitted = {}, {}
    for kind, committees, of in (("tone", tones, lesson), ("known", knowns, known_lesson), ("mood", moods, lesson)):
        # Committee 1 never heard the development speakers; from 2 on, each never heard one corpus.
        places = [*range(2, 2 + len(settings.judged_corpora)), 1]
        judges = {name: (committees[at], rows) for at, (name, rows) in zip(places, groups.items(), strict=True)}
        raw = judged(judges, of)
        fitted[kind] = fit_calibration(raw, of, groups)
        calibrate(committees, fitted[kind])
        said[kind] = raw[:, 0]
    truth = lesson.scales[:, 0].double().numpy()
    rows = [left_out(name, rows, clips, truth, said["tone"], said["known"]) for name, rows in groups.items()]
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
