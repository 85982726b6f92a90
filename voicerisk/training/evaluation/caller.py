"""What a caller's own calm speech is worth: clips held against the caller's first calm ones by the shipped law."""

import math
from collections.abc import Sequence
from typing import Final

import numpy as np
import numpy.typing as npt

from voicerisk.tension import TensionSettings
from voicerisk.tension.baseline import Usual, log_odds, probability
from voicerisk.tension.law import Present, weigh
from voicerisk.training.corpora.clip import Clip, Emotion
from voicerisk.training.evaluation.scoring import ClipScores, Doubles

CALM: Final[frozenset[Emotion]] = frozenset({"neutral", "calm"})
FIRST_CLIPS: Final = 5
MIN_CLIPS: Final = 3


def relative_tension(
    clips: Sequence[Clip], scores: ClipScores, settings: TensionSettings | None = None
) -> tuple[Doubles, npt.NDArray[np.bool_]]:
    """Return each clip's tension relative to its caller, 0..1, and which clips may be judged by it; both (n,).

    The first five calm clips of a speaker are what the caller said so far; they are not judged, nor is any clip of a
    speaker who has fewer than three. Level counts only as far as the corpus has not levelled its clips.
    """
    settings = TensionSettings() if settings is None else settings
    relative = np.zeros(len(clips))
    judged = np.zeros(len(clips), dtype=np.bool_)
    by_speaker: dict[str, list[int]] = {}
    for index, clip in enumerate(clips):
        if clip.has_known_speaker:
            by_speaker.setdefault(clip.speaker, []).append(index)
    for members in by_speaker.values():
        calm = [index for index in members if clips[index].emotion in CALM and scores.speech_s[index] > 0]
        first = calm[:FIRST_CLIPS]
        if len(first) < MIN_CLIPS:
            continue
        usual = Usual(
            learned_s=float(scores.speech_s[first].sum()),
            level_db=_median(scores.level_db[first]),
            pitch_st=_median(scores.pitch_st[first]),
            tension_log_odds=float(np.median([log_odds(p) for p in scores.tension[first]])),
        )
        for index in set(members) - set(first):
            present = Present(
                tension=float(scores.tension[index]),
                level_db=_number(scores.level_db[index]),
                pitch_st=_number(scores.pitch_st[index]),
            )
            relative[index] = probability(weigh(settings, present, usual).total)
            judged[index] = True
    return relative, judged


def _number(value: float) -> float | None:
    return None if math.isnan(value) else float(value)


def _median(values: Doubles) -> float | None:
    heard = values[~np.isnan(values)]
    return float(np.median(heard)) if heard.size else None
