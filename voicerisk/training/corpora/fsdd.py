"""FSDD: spoken English digits, natively 8 kHz."""

import re
from pathlib import PurePath
from typing import Final

from voicerisk.training.corpora.clip import Corpus, Labels

_NAME: Final = re.compile(r"(\d)_([a-z]+)_(\d+)")


def parse(path: PurePath) -> Labels | None:
    """Read `7_jackson_32.wav`: digit, speaker, take."""
    match = _NAME.fullmatch(path.stem)
    if match is None:
        return None
    return Labels(f"fsdd_{match[2]}", "neutral", "read digit, no emotion label (native 8 kHz)", sentence=match[1])


CORPUS: Final = Corpus(
    name="fsdd",
    title="Free Spoken Digit Dataset",
    credit="Z. Jackson et al., 2018",
    language="en",
    licence="CC BY-SA 4.0",
    licence_class="open",
    is_share_alike=True,
    url="https://github.com/Jakobovski/free-spoken-digit-dataset",
    layout="`recordings/7_jackson_32.wav`",
    cautions=("no emotion label: read digits, taken as neutral; few microphones: beware of a model that learns them",),
    parse=parse,
)
