"""The plain way to do it, as a yardstick: librosa functionals of the whole clip and a classifier from scikit-learn.

Not streaming, not in one graph, far dearer, and trained on the same speakers: what a model is worth shows beside it.
Needs the extra `train`.
"""

import warnings
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import ProcessPoolExecutor
from contextlib import AbstractContextManager
from multiprocessing import get_context
from typing import Any, Final

import msgspec
import numpy as np
import numpy.typing as npt

from voicerisk.scoring.contract import RATE_HZ
from voicerisk.training import channel
from voicerisk.training.corpora import labels, read_audio
from voicerisk.training.corpora.clip import Audio, Clip
from voicerisk.training.evaluation.corpus_out import QUIET, RANKED, UPSET
from voicerisk.training.metrics import Estimate, auc, estimate

MAX_PER_LABEL: Final = 60
"""Clips of one corpus and emotion that train it: more make it slower and, within a corpus, hardly better."""
FRAME: Final = 256
HOP: Final = 160
F_MIN_HZ: Final = 65.0
F_MAX_HZ: Final = 500.0
LEVEL_DB: Final = -24.0

Features = npt.NDArray[np.float32]
Advance = Callable[[int], None]
"""Gets how many clips have been done since the last time."""


class BaselineRow(msgspec.Struct, frozen=True, kw_only=True):
    """One classifier on one set of clips."""

    classifier: str
    name: str
    auc_rest: Estimate
    auc_calm: Estimate


class BaselineResult(msgspec.Struct, frozen=True, kw_only=True):
    """The yardstick: on the test speakers, and on each corpus that was left out of its training."""

    n_train: int
    test: tuple[BaselineRow, ...]
    corpus_out: tuple[BaselineRow, ...]


def functionals(audio: Audio) -> Features:
    """Return means, deviations and percentiles of MFCC 1-12, pitch, energy and spectrum over the clip; shape (60,).

    The clip is levelled to -24 dBFS and put through G.711 first. Silence gives numbers, not an error.
    """
    import librosa

    line = channel.g711(channel.at_level(channel.telephone_band(audio), LEVEL_DB))
    if len(line) < FRAME * 4:
        line = np.pad(line, (0, FRAME * 4 - len(line)))
    spectrum = np.abs(librosa.stft(line, n_fft=FRAME, hop_length=HOP)) + 1e-6
    mel = librosa.feature.melspectrogram(S=spectrum**2, sr=RATE_HZ, n_mels=26, fmax=3800)
    mfcc = librosa.feature.mfcc(S=librosa.power_to_db(mel), n_mfcc=13)[1:]
    level = librosa.power_to_db(mel.sum(axis=0))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of frames longer than two periods of the lowest pitch
        pitch_hz = librosa.yin(line, fmin=F_MIN_HZ, fmax=F_MAX_HZ, sr=RATE_HZ, frame_length=FRAME, hop_length=HOP)
    shape = [
        librosa.feature.spectral_centroid(S=spectrum, sr=RATE_HZ)[0],
        librosa.feature.spectral_rolloff(S=spectrum, sr=RATE_HZ)[0],
        librosa.feature.spectral_bandwidth(S=spectrum, sr=RATE_HZ)[0],
        librosa.feature.zero_crossing_rate(line, frame_length=FRAME, hop_length=HOP)[0],
    ]
    n = min(len(pitch_hz), len(level), *(len(row) for row in shape))
    loud = level[:n] > level.max() - 30
    pitch_st = 12 * np.log2(pitch_hz[:n] / 55)
    tracks = [*mfcc[:, :n], level[:n] - level.max(), pitch_st, *(row[:n] for row in shape)]
    values = [value for track in tracks for value in (track[loud].mean(), track[loud].std())]
    deltas = [np.diff(track[:n]).std() for track in mfcc] + [np.diff(pitch_st).std(), np.diff(level[:n]).std()]
    values += [
        *deltas,
        *np.quantile(pitch_st[loud], [0.1, 0.25, 0.5, 0.75, 0.9]),
        *np.quantile(level[:n] - level.max(), [0.2, 0.5, 0.8]),
        loud.mean(),
        len(line) / RATE_HZ,
    ]
    return np.nan_to_num(np.array(values, dtype=np.float32))


def features_of(clips: Sequence[Clip], *, workers: int = 1, advance: Advance | None = None) -> Features:
    """Return the functionals of each clip, (n, 60), in order."""
    size = 64
    batches = [clips[first : first + size] for first in range(0, len(clips), size)]
    rows: list[Features] = []
    if workers < 2:
        for batch in map(_batch, batches):
            rows.append(batch)
            if advance is not None:
                advance(len(batch))
    else:
        with ProcessPoolExecutor(workers, mp_context=get_context("spawn")) as pool:
            for batch in pool.map(_batch, batches):
                rows.append(batch)
                if advance is not None:
                    advance(len(batch))
    return np.concatenate(rows)


def _batch(clips: Sequence[Clip]) -> Features:
    with _one_thread():
        return np.stack([functionals(read_audio(clip)) for clip in clips])


def _one_thread() -> AbstractContextManager[object]:
    """Keeps numeric libraries to one thread: work this small would only wait for the other threads."""
    from threadpoolctl import threadpool_limits  # type: ignore[import-not-found, import-untyped, unused-ignore]

    limits: AbstractContextManager[object] = threadpool_limits(1)
    return limits


def thinned(clips: Iterable[Clip], most: int = MAX_PER_LABEL) -> list[Clip]:
    """Return at most so many clips of each corpus, emotion and level of intensity, spread evenly over the speakers."""
    groups: dict[tuple[str, str], list[Clip]] = {}
    for clip in clips:
        if labels.tension(clip) is not None:
            groups.setdefault((clip.corpus, clip.emotion), []).append(clip)
    chosen: list[Clip] = []
    for group in groups.values():
        spread = sorted(group, key=lambda clip: clip.id)
        step = max(1.0, len(spread) / most)
        chosen += [spread[int(index * step)] for index in range(min(most, len(spread)))]
    return chosen


def baseline(
    train: Sequence[Clip],
    test: Sequence[Clip],
    everyone: Sequence[Clip],
    *,
    resamples: int,
    workers: int = 1,
    advance: Advance | None = None,
) -> BaselineResult:
    """Return how well the plain way does.

    Args:
        train: Clips of the training speakers.
        test: Clips of the test speakers.
        everyone: All clips, for leaving out one corpus at a time.
        resamples: For the intervals.
        workers: Processes that extract features.
        advance: Told of each batch of clips done.
    """
    wanted = {clip.id: clip for clips in (train, test, everyone) for clip in clips}
    names = list(wanted)
    table = dict(zip(names, features_of(list(wanted.values()), workers=workers, advance=advance), strict=True))
    corpus_out: list[BaselineRow] = []
    corpora = {clip.corpus for clip in everyone}
    for left_out in (name for name in RANKED if name in corpora):
        others = [clip for clip in everyone if clip.corpus != left_out]
        inside = [clip for clip in everyone if clip.corpus == left_out]
        corpus_out += _rows(table, others, inside, left_out, resamples)
    return BaselineResult(
        n_train=len(train), test=tuple(_rows(table, train, test, "all", resamples)), corpus_out=tuple(corpus_out)
    )


def _rows(
    table: dict[str, Features], train: Sequence[Clip], test: Sequence[Clip], name: str, resamples: int
) -> list[BaselineRow]:
    x, y = np.stack([table[clip.id] for clip in train]), np.array([labels.tension(clip) for clip in train])
    seen, truth = np.stack([table[clip.id] for clip in test]), np.array([labels.tension(clip) for clip in test])
    quiet = np.array([clip.emotion in QUIET | UPSET for clip in test])
    speakers = np.array([clip.speaker for clip in test])
    weight = np.where(y == 1, (y == 0).sum() / max(1, (y == 1).sum()), 1.0)
    rows: list[BaselineRow] = []
    for classifier, model in _classifiers().items():
        # Both kinds take weights; the logistic regression's pipeline takes them under its step's name.
        weights = {"logistic__sample_weight" if hasattr(model, "steps") else "sample_weight": weight}
        with _one_thread():
            score = model.fit(x, y, **weights).predict_proba(seen)[:, 1]
        rest, calm = (
            estimate(auc, truth[which], score[which], speakers[which].tolist(), resamples=resamples)
            for which in (np.ones(len(test), dtype=np.bool_), quiet)
        )
        rows.append(BaselineRow(classifier=classifier, name=name, auc_rest=rest, auc_calm=calm))
    return rows


def _classifiers() -> dict[str, Any]:
    from sklearn.ensemble import HistGradientBoostingClassifier
    from sklearn.linear_model import LogisticRegression
    from sklearn.pipeline import Pipeline
    from sklearn.preprocessing import StandardScaler

    logistic = [("scale", StandardScaler()), ("logistic", LogisticRegression(C=0.1, max_iter=2000))]
    return {
        "logistic regression": Pipeline(logistic),
        "gradient boosting": HistGradientBoostingClassifier(max_iter=150, learning_rate=0.08, random_state=0),
    }
