"""nEMO: nine Polish actors, six emotions."""

import re
from pathlib import PurePath
from typing import Final

from voicerisk.training.corpora.clip import Corpus, Emotion, Labels

_NAME: Final = re.compile(r"([A-Z]{2}0)_(anger|sadness|fear|happiness|surprised|neutral)_(\d+)")
_WOMEN: Final = frozenset({"EB0", "IC0", "KD0", "MK0"})
_EMOTIONS: Final[dict[str, Emotion]] = {
    "anger": "angry",
    "sadness": "sad",
    "fear": "fearful",
    "happiness": "happy",
    "surprised": "surprised",
    "neutral": "neutral",
}


def parse(path: PurePath) -> Labels | None:
    """Read `EB0_anger_17.wav`: speaker, emotion, sentence."""
    match = _NAME.fullmatch(path.stem)
    if match is None:
        return None
    speaker, raw, sentence = match.groups()
    return Labels(f"nemo_{speaker}", _EMOTIONS[raw], raw, "f" if speaker in _WOMEN else "m", sentence=sentence)


CORPUS: Final = Corpus(
    name="nemo",
    title="nEMO",
    credit='I. Christop, "nEMO: Dataset of Emotional Speech in Polish", LREC-COLING 2024',
    language="pl",
    licence="CC BY-NC-SA 4.0",
    licence_class="nc",
    is_share_alike=True,
    url="https://github.com/amu-cai/nEMO",
    layout="`samples/EB0_anger_17.wav`",
    cautions=("nine speakers only, and the largest corpus here: give it no more weight than its speakers",),
    parse=parse,
)
