"""TurEV-DB: single Turkish words, four emotions."""

import re
from pathlib import PurePath
from typing import Final

from voicerisk.training.corpora.clip import Corpus, Emotion, Labels

_NAME: Final = re.compile(r"(?:(Angry|Calm|Happy|Sad)_)?(\d{4})_([a-z]+_\w+)")
_EMOTIONS: Final[dict[str, Emotion]] = {"Angry": "angry", "Calm": "calm", "Happy": "happy", "Sad": "sad"}


def parse(path: PurePath) -> Labels | None:
    """Read `Sound Source/Angry/1157_kz_acik.wav`: the folder is the emotion, the number the speaker."""
    match = _NAME.fullmatch(path.stem)
    raw = (match[1] or path.parent.name) if match else ""
    if match is None or raw not in _EMOTIONS:
        return None
    return Labels(f"turev_{match[2]}", _EMOTIONS[raw], raw, sentence=match[3])


CORPUS: Final = Corpus(
    name="turev",
    title="TurEV-DB",
    credit='S. F. Canpolat, Z. Ormanoğlu, D. Zeyrek, "Turkish Emotion Voice Database (TurEV-DB)", SLTU 2020',
    language="tr",
    licence="CC BY-NC-ND 4.0",
    licence_class="nc",
    url="https://github.com/Xeonen/TurEV-DB",
    layout="`Sound Source/Angry/1157_kz_acik.wav`",
    cautions=("single words of half a second", "the owners state no sex"),
    parse=parse,
)
