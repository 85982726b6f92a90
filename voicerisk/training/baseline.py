"""The plain way to do it, as a yardstick: librosa functionals of the whole clip and a classifier from scikit-learn.

Not streaming, not in one graph, far dearer; but taught by the same corpora and speakers as the model, and judged on
the very clips that the model was judged on. What the model is worth shows beside it. Needs the extra `train`.
"""

import warnings
from collections.abc import Iterable, Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor
from contextlib import AbstractContextManager, ExitStack
from dataclasses import dataclass
from multiprocessing import get_context
from typing import Any, Final

import msgspec
import numpy as np
import numpy.typing as npt

from voicerisk.scoring.contract import RATE_HZ
from voicerisk.training import channel
from voicerisk.training.corpora import labels, read_audio
from voicerisk.training.corpora.clip import Audio, Clip
from voicerisk.training.evaluation.corpus_out import CorpusOut
from voicerisk.training.evaluation.scoring import Doubles, Progress
from voicerisk.training.metrics import Estimate, auc, estimate
from voicerisk.training.split import PARTS, Part

MAX_PER_LABEL: Final = 200
"""Clips of one corpus and emotion that teach it: with all of them it would be a classifier of the largest corpora."""
BATCH: Final = 64
MODEL: Final = "this model"
FRAME: Final = 256
HOP: Final = 160
F_MIN_HZ: Final = 65.0
F_MAX_HZ: Final = 500.0
LEVEL_DB: Final = -24.0

Features = npt.NDArray[np.float32]


class BaselineRow(msgspec.Struct, frozen=True, kw_only=True):
    """One classifier, or the model itself, on one set of clips; how many clips those are stands in the figures."""

    classifier: str
    name: str
    n_train: int | None
    """How many clips taught it; None for the model."""
    auc_rest: Estimate
    auc_calm: Estimate


class BaselineResult(msgspec.Struct, frozen=True, kw_only=True):
    """For each set of clips the model's row, then those of the classifiers."""

    max_per_label: int
    """How many clips of one corpus and emotion taught the classifiers at most."""
    rows: tuple[BaselineRow, ...]


@dataclass(frozen=True, slots=True)
class Contest:
    """What teaches the classifiers, the clips that they and the model are judged on, and the model's row."""

    train: Sequence[Clip]
    judged: Sequence[Clip]
    model: BaselineRow


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


def features_of(clips: Sequence[Clip], *, workers: int = 1, progress: Progress | None = None) -> Features:
    """Return the functionals of each clip, (n, 60), in order."""
    rows: list[Features] = []
    with ExitStack() as stack:
        if workers < 2:
            found: Iterable[Features] = map(_batch, _batches(clips))
        else:
            pool = stack.enter_context(ProcessPoolExecutor(workers, mp_context=get_context("spawn")))
            found = pool.map(_batch, _batches(clips))
        for batch in found:
            rows.append(batch)
            if progress is not None:
                progress(sum(map(len, rows)), len(clips))
    return np.concatenate(rows)


def _batches(clips: Sequence[Clip]) -> list[Sequence[Clip]]:
    return [clips[first : first + BATCH] for first in range(0, len(clips), BATCH)]


def _batch(clips: Sequence[Clip]) -> Features:
    with _one_thread():
        return np.stack([functionals(read_audio(clip)) for clip in clips])


def _one_thread() -> AbstractContextManager[object]:
    """Keeps numeric libraries to one thread: work this small would only wait for the other threads."""
    from threadpoolctl import threadpool_limits

    limits: AbstractContextManager[object] = threadpool_limits(1)
    return limits


def thinned(clips: Iterable[Clip], most: int = MAX_PER_LABEL) -> list[Clip]:
    """Return at most so many labelled clips of each corpus and emotion, spread evenly over the speakers."""
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


def contests(
    parts: Mapping[Part, Sequence[Clip]],
    trained_on: Sequence[str],
    test: Sequence[Clip],
    tension: Doubles,
    corpus_out: Sequence[CorpusOut],
    *,
    resamples: int,
) -> list[Contest]:
    """Return where the model is met: on the test speakers of its own corpora, and on each corpus it never heard.

    Args:
        parts: All clips, by part of the split.
        trained_on: Corpora that taught the model its tone; empty means that it does not say, and all count.
        test: Test clips that the model has judged.
        tension: What it said of each, (n,).
        corpus_out: What is known of it on corpora that it, or its like taught anew without them, never heard.
        resamples: For the model's intervals on the test clips.
    """

    def taught(by: Sequence[Part], corpora: Sequence[str]) -> list[Clip]:
        return thinned(clip for part in by for clip in parts[part] if not corpora or clip.corpus in corpora)

    own = [not trained_on or clip.corpus in trained_on for clip in test]
    inside = np.array([mine and labels.tension(clip) is not None for clip, mine in zip(test, own, strict=True)])
    clips = [clip for clip, is_judged in zip(test, inside, strict=True) if is_judged]
    model = judged(MODEL, "test speakers", clips, tension[inside], resamples=resamples)
    found = [Contest(taught(("train", "dev"), trained_on), clips, model)]
    for entry in corpus_out:
        clips = [clip for part in PARTS for clip in parts[part] if clip.corpus == entry.left_out]
        clips = [clip for clip in clips if labels.tension(clip) is not None]
        # Where the model itself never heard the corpus, its own speakers taught it. Where another had to be taught
        # without it, all speakers of the other corpora did: none of them is judged.
        by = PARTS if entry.left_out in trained_on else ("train", "dev")
        name = f"{entry.left_out} left out"
        model = BaselineRow(classifier=MODEL, name=name, n_train=None, auc_rest=entry.auc_rest, auc_calm=entry.auc_calm)
        found.append(Contest(taught(by, entry.trained_on), clips, model))
    return [contest for contest in found if contest.judged and len({labels.tension(c) for c in contest.train}) == 2]


def baseline(
    contests: Sequence[Contest], *, resamples: int, workers: int = 1, progress: Progress | None = None
) -> BaselineResult:
    """Return how well the plain way does in each contest, beside the model.

    Args:
        contests: See `contests`.
        resamples: For the intervals.
        workers: Processes that extract features.
        progress: Told of clips whose features are known.
    """
    wanted = {clip.id: clip for contest in contests for clip in (*contest.train, *contest.judged)}
    table = dict(zip(wanted, features_of(list(wanted.values()), workers=workers, progress=progress), strict=True))
    rows: list[BaselineRow] = []
    for contest in contests:
        x, y = _known(table, contest.train)
        seen, _ = _known(table, contest.judged)
        weight = np.where(y == 1, (y == 0).sum() / max(1, (y == 1).sum()), 1.0)
        rows.append(contest.model)
        for classifier, model in _classifiers().items():
            # Both kinds take weights; the logistic regression's pipeline takes them under its step's name.
            weights = {"logistic__sample_weight" if hasattr(model, "steps") else "sample_weight": weight}
            with _one_thread():
                score = model.fit(x, y, **weights).predict_proba(seen)[:, 1]
            name, n = contest.model.name, len(contest.train)
            rows.append(judged(classifier, name, contest.judged, score, n_train=n, resamples=resamples))
    return BaselineResult(max_per_label=MAX_PER_LABEL, rows=tuple(rows))


def _known(table: Mapping[str, Features], clips: Sequence[Clip]) -> tuple[Features, npt.NDArray[np.int64]]:
    truth = np.array([labels.tension(clip) for clip in clips], dtype=np.int64)
    return np.stack([table[clip.id] for clip in clips]), truth


def judged(
    classifier: str, name: str, clips: Sequence[Clip], score: Doubles, *, resamples: int, n_train: int | None = None
) -> BaselineRow:
    """Return the row of a classifier that gave each labelled clip a score."""
    truth = np.array([labels.tension(clip) for clip in clips], dtype=np.int64)
    speakers = np.array([clip.speaker for clip in clips])
    everyone = np.ones(len(clips), dtype=np.bool_)
    quiet = np.array([clip.emotion in labels.QUIET | labels.UPSET for clip in clips], dtype=np.bool_)
    rest, calm = (
        estimate(auc, truth[which], score[which], speakers[which].tolist(), resamples=resamples)
        for which in (everyone, quiet)
    )
    return BaselineRow(classifier=classifier, name=name, n_train=n_train, auc_rest=rest, auc_calm=calm)


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
