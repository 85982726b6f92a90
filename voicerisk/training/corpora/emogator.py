"""EmoGator: non-verbal vocal bursts of 357 people, thirty emotions."""

import re
from pathlib import PurePath
from typing import Final

from voicerisk.training.corpora.clip import Corpus, Emotion, Labels

_NAME: Final = re.compile(r"(\d{6})-(\d\d)-(\d)")
_NAMES: Final = (
    *("Adoration", "Amusement", "Anger", "Awe", "Confusion", "Contempt", "Contentment", "Desire"),
    *("Disappointment", "Disgust", "Distress", "Ecstasy", "Elation", "Embarrassment", "Fear", "Guilt"),
    *("Interest", "Neutral", "Pain", "Pride", "Realization", "Relief", "Romantic Love", "Sadness"),
    *("Serenity", "Shame", "Surprise (Negative)", "Surprise (Positive)", "Sympathy", "Triumph"),
)
_EMOTIONS: Final[dict[str, Emotion]] = {
    "Amusement": "happy",
    "Anger": "angry",
    "Contentment": "calm",
    "Disgust": "disgust",
    "Ecstasy": "happy",
    "Elation": "happy",
    "Fear": "fearful",
    "Neutral": "neutral",
    "Sadness": "sad",
    "Serenity": "calm",
    "Surprise (Negative)": "surprised",
    "Surprise (Positive)": "surprised",
}


def parse(path: PurePath) -> Labels | None:
    """Read `000048-03-2.mp3`: speaker, emotion (1 to 30, in the alphabet's order), take."""
    match = _NAME.fullmatch(path.stem)
    if match is None or not 1 <= int(match[2]) <= len(_NAMES):
        return None
    raw = _NAMES[int(match[2]) - 1]
    return Labels(
        f"emogator_{int(match[1]):04d}", _EMOTIONS.get(raw, "other"), raw, sentence="vocal burst (non-speech)"
    )


CORPUS: Final = Corpus(
    name="emogator",
    title="EmoGator",
    credit='F. W. Buhl, "EmoGator", arXiv:2301.00508, 2023',
    language="nonverbal",
    licence="Apache-2.0",
    licence_class="open",
    url="https://github.com/fredbuhl/EmoGator",
    layout="`data/mp3/000048-03-2.mp3`",
    cautions=("cries, laughs and growls from crowd microphones: arousal and displeasure, no prosody of speech",),
    parse=parse,
)
