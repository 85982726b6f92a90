"""EmoDB: German actors, ten sentences, seven emotions."""

import re
from pathlib import PurePath
from typing import Final

from voicerisk.training.corpora.clip import Corpus, Emotion, Labels

_NAME: Final = re.compile(r"(03|08|09|1[0-6])([ab]\d\d)([WLEAFTN])[a-z]")
_WOMEN: Final = frozenset({"08", "09", "13", "14", "16"})
_EMOTIONS: Final[dict[str, tuple[Emotion, str]]] = {
    "W": ("angry", "Wut/anger"),
    "L": ("other", "Langeweile/boredom"),
    "E": ("disgust", "Ekel/disgust"),
    "A": ("fearful", "Angst/anxiety-fear"),
    "F": ("happy", "Freude/happiness"),
    "T": ("sad", "Trauer/sadness"),
    "N": ("neutral", "neutral"),
}


def parse(path: PurePath) -> Labels | None:
    """Read `03a01Wa.wav`: speaker, sentence, emotion (first letter of its German name), version."""
    match = _NAME.fullmatch(path.stem)
    if match is None:
        return None
    speaker, sentence, letter = match.groups()
    emotion, raw = _EMOTIONS[letter]
    return Labels(f"emodb_{speaker}", emotion, raw, "f" if speaker in _WOMEN else "m", sentence=sentence)


CORPUS: Final = Corpus(
    name="emodb",
    title="Berlin Database of Emotional Speech",
    credit='F. Burkhardt et al., "A Database of German Emotional Speech", Interspeech 2005',
    language="de",
    licence="CC0-1.0",
    licence_class="open",
    url="https://zenodo.org/records/7447302",
    layout="`wav/03a01Wa.wav`",
    cautions=(
        "ten speakers who say the same ten sentences",
        "peak-normalised by its owners: level carries no information",
    ),
    parse=parse,
)
