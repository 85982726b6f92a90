"""SAVEE: four English men, seven emotions."""

import re
from pathlib import PurePath
from typing import Final

from voicerisk.training.corpora.audio import remove_offset
from voicerisk.training.corpora.clip import Corpus, Emotion, Labels

_NAME: Final = re.compile(r"(?:(DC|JE|JK|KL)_)?(sa|su|a|d|f|h|n)(\d\d)")
_SPEAKERS: Final = frozenset({"DC", "JE", "JK", "KL"})
_EMOTIONS: Final[dict[str, tuple[Emotion, str]]] = {
    "a": ("angry", "anger"),
    "d": ("disgust", "disgust"),
    "f": ("fearful", "fear"),
    "h": ("happy", "happiness"),
    "n": ("neutral", "neutral"),
    "sa": ("sad", "sadness"),
    "su": ("surprised", "surprise"),
}


def parse(path: PurePath) -> Labels | None:
    """Read `AudioData/DC/a01.wav` or `ALL/DC_a01.wav`: speaker, emotion, sentence."""
    match = _NAME.fullmatch(path.stem)
    speaker = (match[1] or path.parent.name) if match else ""
    if match is None or speaker not in _SPEAKERS:
        return None
    emotion, raw = _EMOTIONS[match[2]]
    sentence = match[2] + match[3]
    return Labels(f"savee_{speaker}", emotion, raw, "m", sentence=sentence, name=f"{speaker}_{sentence}")


CORPUS: Final = Corpus(
    name="savee",
    title="Surrey Audio-Visual Expressed Emotion",
    credit="S. Haq, P. J. B. Jackson, University of Surrey, 2009",
    language="en",
    licence="none in the copy; the owners: research use",
    licence_class="nc",
    url="http://kahlan.eps.surrey.ac.uk/savee/",
    layout="`AudioData/DC/a01.wav`",
    cautions=("DC offset of about 0.04: removed here", "the four speakers' levels lie far apart"),
    parse=parse,
    clean=remove_offset,
)
