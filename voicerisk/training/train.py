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
import torch
from torch import Tensor

from voicerisk.training import corpora, lessons
from voicerisk.training.calibrate import Platt, fit_platt
from voicerisk.training.committee import Committee, CommitteeSettings, Lesson, fit
from voicerisk.training.corpora.clip import Clip, CorpusError
from voicerisk.training.curves import draw_curves
from voicerisk.training.data import Progress, chunk_sums, load_chunks, pooled_forms, save_chunks
from voicerisk.training.detector import fit_detector, stream_inputs
from voicerisk.training.lessons import Forms
from voicerisk.training.metrics import auc
from voicerisk.training.network import EMOTIONS, SCALES, Ear
from voicerisk.training.settings import TrainSettings, read_settings
from voicerisk.training.split import Part, divide

FRONT_FILE: Final = "front.npz"
DETECTOR_FILE: Final = "detector.pt"
EARS_FILE: Final = "ears.pt"
METRICS_FILE: Final = "metrics.json"
CURVES_FILE: Final = "curves.png"
LOG_FILE: Final = "train.log"
SETTINGS_FILE: Final = "train.toml"

QUIET: Final = frozenset({"neutral", "calm", "sad"})


class LeftOut(msgspec.Struct, frozen=True, kw_only=True):
    """A corpus judged by committees that never heard it.

    Areas under the curve of anger against the rest, and against neutral, calm and sad; by the voice alone, and beside
    the caller's own baseline.
    """

    corpus: str
    rest: float
    calm: float
    rest_known: float
    calm_known: float


class Metrics(msgspec.Struct, frozen=True, kw_only=True):
    """What a run measured on the way; the card's figures come from `evaluate`."""

    left_out: tuple[LeftOut, ...]
    mean_rest: float
    mean_calm: float
    mean_rest_known: float
    mean_calm_known: float
    dev_tension: float
    detector: float
    calibration: dict[str, Platt]


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
    dev: list[int]


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
    losses: dict[str, list[tuple[int, float]]] = {"tone": [], "known": []}
    if not (folder / EARS_FILE).is_file():
        tone_lesson = lessons.tone_lesson(clips, material.forms, material.weights)
        known_lesson = lessons.known_lesson(clips, material.forms, material.weights, settings.baseline, settings.seed)
        tones = _committees("tone", settings, settings.tone, tone_lesson, losses, report)
        knowns = _committees("known", settings, settings.known, known_lesson, losses, report)
        draw_curves(losses, folder / CURVES_FILE)
        metrics = _calibrate(settings, material, tone_lesson, known_lesson, tones, knowns, detector_auc)
        (folder / METRICS_FILE).write_bytes(msgspec.json.format(msgspec.json.encode(metrics)) + b"\n")
        torch.save({"tone": [_packed(c) for c in tones], "known": [_packed(c) for c in knowns]}, folder / EARS_FILE)
    metrics = msgspec.json.decode((folder / METRICS_FILE).read_bytes(), type=Metrics)
    stored = torch.load(folder / EARS_FILE, weights_only=True)
    ears = [
        Ear(_unpacked(tone), _unpacked(known), detector).eval()
        for tone, known in zip(stored["tone"], stored["known"], strict=True)
    ]
    log.info("corpus-out mean %.4f / %.4f, known %.4f / %.4f; development speakers %.4f; speech %.4f",
             metrics.mean_rest, metrics.mean_calm, metrics.mean_rest_known, metrics.mean_calm_known,
             metrics.dev_tension, metrics.detector)  # fmt: skip
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
    return _Material(clips, forms, weights, np.flatnonzero(teaches & in_part["dev"]).tolist())


def _detector(settings: TrainSettings, clips: list[Clip], folder: Path, report: Progress) -> tuple[Committee, float]:
    """The speech detector, and its area under the curve on streams of development speakers."""
    file = folder / DETECTOR_FILE
    if not file.is_file():
        parts = divide(clips)
        noises = [corpora.read_audio(clip) for clip in clips if clip.emotion == "noise"]
        random = np.random.default_rng(settings.seed)
        scores = []
        net: Committee | None = None
        plan: tuple[tuple[Part, int], ...] = (("train", settings.streams), ("dev", max(40, settings.streams // 6)))
        for part, n_streams in plan:
            members = [clip for clip in parts[part] if clip.emotion != "noise"]
            voices = [corpora.read_audio(members[i]) for i in random.permutation(len(members))[: 3 * n_streams]]
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


def _calibrate(
    settings: TrainSettings,
    material: _Material,
    tone_lesson: Lesson,
    known_lesson: Lesson,
    tones: list[Committee],
    knowns: list[Committee],
    detector_auc: float,
) -> Metrics:
    """Calibrate all committees in place by what they say of clips they never heard, and return what that shows."""
    clips, n = material.clips, len(material.clips)
    corpus = np.array([clip.corpus for clip in clips])
    judges = {name: np.flatnonzero(corpus == name) for name in settings.judged_corpora}
    fitted: dict[str, Platt] = {}
    unheard: dict[str, np.ndarray] = {}
    for kind, lesson, committees in (("tone", tone_lesson, tones), ("known", known_lesson, knowns)):
        seen = [(committees[2 + i], rows, name) for i, (name, rows) in enumerate(judges.items())]
        seen.append((committees[1], np.array(material.dev), "dev"))
        able = ((material.weights if kind == "tone" else lesson.weights).sum(0) > 0).numpy()
        raw = np.full((n, len(SCALES) + len(EMOTIONS)), np.nan)
        samples: list[tuple[np.ndarray, np.ndarray, str]] = []
        for committee, rows, name in seen:
            rows = rows[able[rows]]
            if not len(rows):
                continue
            with torch.inference_mode():
                said = committee(lesson.inputs[0, rows]).double().numpy()
            samples.append((rows, said, name))
            if name != "dev":
                raw[rows] = said
            else:
                unheard[f"{kind}_dev"] = said[:, 0]
        unheard[kind] = raw
        slopes, offsets = torch.ones(raw.shape[1]), torch.zeros(raw.shape[1])
        for index, scale in enumerate(SCALES):
            truth = lesson.scales[:, index].double().numpy()
            known = [(said[:, index], truth[rows], [name] * len(rows)) for rows, said, name in samples]
            x, y, groups = (np.concatenate(part) for part in zip(*known, strict=True))
            clear = np.isin(y, (0.0, 1.0))
            platt = fit_platt(x[clear], y[clear], groups[clear].tolist())
            fitted[f"{kind}_{scale}"] = platt
            slopes[index], offsets[index] = platt.slope, platt.offset
        for committee in committees:
            committee.calibrate(slopes, offsets)
    truth = tone_lesson.scales[:, 0].double().numpy()
    quiet = np.array([clip.emotion in QUIET or clip.emotion in {"angry", "tense"} for clip in clips])
    rows_out = []
    for name, rows in judges.items():
        figures = {}
        for kind in ("tone", "known"):
            score = unheard[kind][rows, 0]
            ok = ~np.isnan(score) & ~np.isnan(truth[rows])
            for against, mask in (("rest", ok), ("calm", ok & quiet[rows])):
                figures[against + ("" if kind == "tone" else "_known")] = _area(truth[rows][mask], score[mask])
        rows_out.append(LeftOut(corpus=name, **figures))
    dev = np.array([i for i in material.dev if (material.weights.sum(0) > 0)[i]])
    known = ~np.isnan(truth[dev])
    means = {
        key: float(np.nanmean([getattr(row, key) for row in rows_out]))
        for key in ("rest", "calm", "rest_known", "calm_known")
    }
    return Metrics(
        left_out=tuple(rows_out),
        **{f"mean_{key}": round(value, 4) for key, value in means.items()},
        dev_tension=_area(truth[dev][known], unheard["tone_dev"][known]),
        detector=round(detector_auc, 4),
        calibration=fitted,
    )


def _area(truth: np.ndarray, score: np.ndarray) -> float:
    return round(auc(truth.astype(np.int64), score.astype(np.float64), np.ones(len(truth))), 4)


def _packed(net: Committee) -> dict[str, Tensor]:
    return {name: value.detach().clone() for name, value in net.state_dict().items()}


def _unpacked(state: dict[str, Tensor]) -> Committee:
    first, last = state["weights.0"], state["weights.2"]
    net = Committee(first.shape[1], last.shape[2], first.shape[0], first.shape[2], 0.0)
    net.load_state_dict(state)
    return net.eval()
