"""Single clips of speakers never trained on: how well each head orders them, for whom, and through what line."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Final

import msgspec
import numpy as np
import numpy.typing as npt

from voicerisk.scoring.contract import RATE_HZ
from voicerisk.training import callsounds, channel
from voicerisk.training.corpora import labels
from voicerisk.training.corpora.clip import Audio, Clip, CorpusError
from voicerisk.training.corpora.labels import QUIET, UPSET
from voicerisk.training.evaluation.scoring import ClipScores, Doubles
from voicerisk.training.metrics import (
    DECIMALS,
    MIN_EACH,
    Estimate,
    Statistic,
    auc,
    auc_gain,
    average,
    average_precision,
    estimate,
    estimate_apart,
    uar,
)

Mask = npt.NDArray[np.bool_]
Label = Callable[[Clip], int | None]


class ClipRow(msgspec.Struct, frozen=True, kw_only=True):
    """One group of clips. Figures have no value where the group lacks what they tell apart."""

    group: str
    name: str
    n: int
    n_speakers: int
    auc_rest: Estimate
    """Angry against everything else."""
    auc_calm: Estimate
    """Angry against neutral, calm and sad."""
    auc_happy: Estimate
    """Angry against happy."""
    ap_rest: Estimate
    auc_rest_baseline: Estimate
    """Angry against the rest, held against the caller's own first calm clips."""
    auc_rest_alone: Estimate
    """The same sound of the same clips without those calm clips before it."""
    gain_rest: Estimate
    """By how much the one exceeds the other."""
    stress: Estimate
    arousal: Estimate
    valence: Estimate
    uar: Estimate


class LineRow(msgspec.Struct, frozen=True, kw_only=True):
    """The same clips through one line."""

    name: str
    auc_rest: Estimate
    auc_calm: Estimate
    uar: Estimate
    unheard: float
    """Share of clips in which the model found no speech."""


class LevelShift(msgspec.Struct, frozen=True, kw_only=True):
    """How far tension moves when the same clip comes quieter or louder."""

    levels_db: tuple[float, ...]
    mean: Estimate
    """Mean over clips of the largest difference between any two of the levels."""
    p95: float


LEVELS_DB: Final = (-35.0, -20.0, -6.0)


def clip_row(
    group: str, name: str, clips: Sequence[Clip], scores: ClipScores, emotions: Sequence[str], *, resamples: int
) -> ClipRow:
    """Return the figures of one group of clips; `emotions` are the names of the model's posteriors."""
    kinds = np.array([clip.emotion for clip in clips])
    upset, quiet, happy = (np.isin(kinds, list(some)) for some in (UPSET, QUIET, {"happy"}))
    judged = ~np.isnan(scores.beside)
    everyone = np.ones(len(clips), dtype=np.bool_)

    def figure(statistic: Statistic, label: Label, score: Doubles, which: Mask) -> Estimate:
        return labelled(statistic, clips, label, score, which, resamples=resamples)

    return ClipRow(
        group=group,
        name=name,
        n=len(clips),
        n_speakers=len({clip.speaker for clip in clips}),
        auc_rest=figure(auc, labels.tension, scores.tension, everyone),
        auc_calm=figure(auc, labels.tension, scores.tension, upset | quiet),
        auc_happy=figure(auc, labels.tension, scores.tension, upset | happy),
        ap_rest=figure(average_precision, labels.tension, scores.tension, everyone),
        auc_rest_baseline=figure(auc, labels.tension, scores.beside, judged),
        auc_rest_alone=figure(auc, labels.tension, scores.alone, judged),
        gain_rest=figure(auc_gain, labels.tension, np.stack([scores.alone, scores.beside], axis=1), judged),
        stress=figure(auc, labels.stress, scores.stress, everyone),
        arousal=figure(auc, labels.arousal, scores.arousal, everyone),
        valence=figure(auc, labels.valence, scores.valence, everyone),
        uar=figure(uar, labels.emotion_class, scores.emotion[:, _columns(emotions)], everyone),
    )


def labelled(
    statistic: Statistic, clips: Sequence[Clip], label: Label, score: Doubles, which: Mask, *, resamples: int
) -> Estimate:
    """Return a statistic over those of the chosen clips that have the label, where there is enough of each class."""
    truth = [label(clip) for clip in clips]
    keep = np.array([inside and known is not None for inside, known in zip(which, truth, strict=True)], dtype=np.bool_)
    known = np.array([value for value, inside in zip(truth, keep, strict=True) if inside], dtype=np.int64)
    speakers = [clip.speaker for clip, inside in zip(clips, keep, strict=True) if inside]
    # A class of emotion may be rare: what matters to the mean of the recalls is that there are several.
    min_each = 1 if statistic is uar else MIN_EACH
    return estimate_apart(statistic, known, score[keep], speakers, resamples=resamples, min_each=min_each)


def clip_rows(
    clips: Sequence[Clip], scores: ClipScores, emotions: Sequence[str], *, resamples: int
) -> Iterator[ClipRow]:
    """Yield the figures of all clips, of each corpus, each language of several corpora, and each sex."""
    yield clip_row("all", "all", clips, scores, emotions, resamples=resamples)
    groups: Mapping[str, Callable[[Clip], str]] = {
        "corpus": lambda clip: clip.corpus,
        "language": lambda clip: clip.language,
        "sex": lambda clip: {"f": "women", "m": "men"}.get(clip.gender, "not stated"),
    }
    for group, key in groups.items():
        keys = np.array([key(clip) for clip in clips])
        for name in sorted(set(keys.tolist())):
            which = keys == name
            inside = [clip for clip, mine in zip(clips, which, strict=True) if mine]
            if group == "language" and len({clip.corpus for clip in inside}) < 2:
                continue  # it would repeat the corpus' own row
            yield clip_row(group, name, inside, scores.take(which), emotions, resamples=resamples)


def line_row(
    name: str, clips: Sequence[Clip], scores: ClipScores, emotions: Sequence[str], *, resamples: int
) -> LineRow:
    """Return the figures of the same clips after one line."""
    kinds = np.array([clip.emotion for clip in clips])
    everyone, calm = np.ones(len(clips), dtype=np.bool_), np.isin(kinds, list(UPSET | QUIET))
    posteriors = scores.emotion[:, _columns(emotions)]
    return LineRow(
        name=name,
        auc_rest=labelled(auc, clips, labels.tension, scores.tension, everyone, resamples=resamples),
        auc_calm=labelled(auc, clips, labels.tension, scores.tension, calm, resamples=resamples),
        uar=labelled(uar, clips, labels.emotion_class, posteriors, everyone, resamples=resamples),
        unheard=round(float(np.mean(scores.speech_s <= 0)), 4),
    )


def _columns(emotions: Sequence[str]) -> list[int]:
    """Where the model has each of the common emotion classes. Raises `CorpusError` where it lacks one."""
    missing = [name for name in labels.EMOTION_CLASSES if name not in emotions]
    if missing:
        raise CorpusError(f"the model has no {', '.join(missing)} among its emotions {', '.join(emotions)}")
    return [emotions.index(name) for name in labels.EMOTION_CLASSES]


def lines(babble: Audio) -> dict[str, Callable[[Audio, np.random.Generator], Audio]]:
    """Return the lines to judge through, by name; `babble` is several people talking, for half of the noise.

    All end in G.711, as a telephone does. Noise comes before it: for each clip by chance, in half of them babble, in
    the others car or office noise.
    """

    def line(audio: Audio, law: channel.Law = "ulaw") -> Audio:
        return channel.g711(channel.telephone_band(audio), law)

    def at(level_db: float) -> Callable[[Audio, np.random.Generator], Audio]:
        return lambda audio, random: channel.g711(
            channel.at_level(channel.telephone_band(audio), level_db), "alaw" if random.random() < 0.5 else "ulaw"
        )

    def noisy(snr_db: float) -> Callable[[Audio, np.random.Generator], Audio]:
        def degrade(audio: Audio, random: np.random.Generator) -> Audio:
            length_s = len(audio) / RATE_HZ
            kind = int(random.integers(4))
            if kind < 2 and len(babble) > len(audio):
                start = int(random.integers(len(babble) - len(audio)))
                noise = babble[start : start + len(audio)]
            else:
                noise = callsounds.noise("car" if kind == 3 else "pink", length_s, random)
            return line(channel.with_noise(channel.at_level(audio, -24), noise, snr_db))

        return degrade

    return {
        **{f"G.711 at {level_db:g} dBFS": at(level_db) for level_db in LEVELS_DB},
        **{f"noise, {snr_db} dB below speech": noisy(float(snr_db)) for snr_db in (20, 10, 5)},
        "3 % packets lost": lambda audio, random: channel.with_loss(line(channel.at_level(audio, -24)), 0.03, random),
    }


def level_shift(by_level: Mapping[float, ClipScores], speakers: Sequence[str], *, resamples: int) -> LevelShift:
    """Return how far tension moves over the levels, on clips that were heard at all of them; `speakers` say who is."""
    tension = np.stack([scores.tension for scores in by_level.values()])
    heard = np.all([scores.speech_s > 0 for scores in by_level.values()], axis=0)
    spread = np.ptp(tension[:, heard], axis=0)
    who = [speaker for speaker, inside in zip(speakers, heard, strict=True) if inside]
    return LevelShift(
        levels_db=tuple(by_level),
        mean=estimate(average, np.zeros(len(who), dtype=np.int64), spread, who, resamples=resamples),
        p95=round(float(np.quantile(spread, 0.95)), DECIMALS) if len(who) else 0.0,
    )


def make_babble(audios: Sequence[Audio], seconds: float, random: np.random.Generator, n_talkers: int = 6) -> Audio:
    """Return several people talking at once, each at the same level; (n,), root mean square about 0.1."""
    n = round(seconds * RATE_HZ)
    mixed = np.zeros(n, dtype=np.float32)
    for _ in range(n_talkers):
        at = 0
        while at < n and len(audios):
            audio = channel.at_level(audios[int(random.integers(len(audios)))], -28)
            mixed[at : at + len(audio)] += audio[: n - at]
            at += max(1, len(audio))
    return mixed
