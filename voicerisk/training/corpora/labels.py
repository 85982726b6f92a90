"""What a clip's label says about each of the model's heads; None where it says nothing."""

from typing import Final

from voicerisk.training.corpora.clip import Clip, Emotion

EMOTION_CLASSES: Final = ("neutral", "happy", "sad", "angry", "fearful", "disgusted", "surprised")
"""The model's emotion classes; `calm` counts as neutral."""

NONVERBAL: Final = "nonverbal"
"""What corpora of laughs and cries name as their language: they teach the tone, but not what speech is."""

UPSET: Final[frozenset[Emotion]] = frozenset({"angry", "tense"})
"""What tension is to be told by."""
CALM: Final[frozenset[Emotion]] = frozenset({"neutral", "calm"})
"""What a caller's own baseline is made of."""
QUIET: Final[frozenset[Emotion]] = CALM | {"sad"}
"""What anger must be told from before all: nobody should mistake these for it."""

_AROUSED: Final[frozenset[Emotion]] = frozenset({"angry", "happy", "fearful", "surprised", "tense"})
_UNAROUSED: Final[frozenset[Emotion]] = frozenset({"neutral", "calm", "sad"})
_UNSAID: Final[frozenset[Emotion]] = frozenset({"other", "noise"})
_BORED: Final = "Langeweile/boredom"
_BAVED_AROUSAL: Final = {"level0": 0, "level1": 0, "level2": 1}


def tension(clip: Clip) -> int | None:
    """Return 1 for anger (or a site's mark `tense`), 0 for every other named emotion, None where nobody said."""
    if clip.label_raw == _BORED:
        return 0
    return None if clip.emotion in _UNSAID else int(clip.emotion in UPSET)


def stress(clip: Clip) -> int | None:
    """Return 1 for high arousal that is unpleasant (anger, fear, distress), 0 for the rest, None where nobody said."""
    if clip.label_raw == "Distress":
        return 1
    if clip.label_raw == _BORED:
        return 0
    return None if clip.emotion in _UNSAID else int(clip.emotion in UPSET or clip.emotion == "fearful")


def arousal(clip: Clip) -> int | None:
    """Return 1 for a stirred voice, 0 for a quiet one, None for disgust and where nobody said."""
    if clip.corpus == "baved":
        return _BAVED_AROUSAL.get(clip.intensity)
    if clip.label_raw == _BORED:
        return 0
    if clip.emotion in _AROUSED:
        return 1
    return 0 if clip.emotion in _UNAROUSED else None


def valence(clip: Clip) -> int | None:
    """Return 1 for pleasant (happy, calm), 0 for unpleasant (anger, fear, sadness, disgust), else None."""
    if clip.emotion in {"happy", "calm"}:
        return 1
    return 0 if clip.emotion in {"angry", "tense", "fearful", "sad", "disgust"} else None


def emotion_class(clip: Clip) -> int | None:
    """Return the index into `EMOTION_CLASSES`, or None where the label is none of them."""
    name = {"calm": "neutral", "disgust": "disgusted"}.get(clip.emotion, clip.emotion)
    return EMOTION_CLASSES.index(name) if name in EMOTION_CLASSES else None
