"""BanglaSER Extended: Bengali, disgust and fear only."""

import re
from pathlib import PurePath
from typing import Final

from voicerisk.training.corpora.clip import Corpus, Emotion, Labels

_NAME: Final = re.compile(r"03-\d\d-(0[67])-(0[123])-(\d\d)-(\d\d)-(\d\d)")
_EMOTIONS: Final[dict[str, tuple[Emotion, str]]] = {"06": ("disgust", "disgust"), "07": ("fearful", "fear")}
_INTENSITY: Final = {"01": "mild", "02": "normal", "03": "strong"}


def parse(path: PurePath) -> Labels | None:
    """Read `03-01-07-02-05-01-36.wav`: speech, scripted, emotion, intensity, sentence, repetition, actor."""
    match = _NAME.fullmatch(path.stem)
    if match is None:
        return None
    code, intensity, sentence, _, actor = match.groups()
    emotion, raw = _EMOTIONS[code]
    return Labels(f"banglaserx_{actor}", emotion, raw, intensity=_INTENSITY[intensity], sentence=f"s{sentence}")


CORPUS: Final = Corpus(
    name="banglaser",
    title="BanglaSER Extended",
    credit="Mahbub96; it extends BanglaSER, R. K. Das et al., Data in Brief 2022",
    language="bn",
    licence="the README's licence section is blank",
    licence_class="unclear",
    url="https://github.com/Mahbub96/BanglaSER_Extended",
    layout="`complete/Actor - 36/03-01-07-02-05-01-36.wav`",
    cautions=("disgust and fear only: an anger model may learn this corpus as 'not angry'",),
    parse=parse,
)
