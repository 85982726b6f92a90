"""BAVED: single Arabic words at three levels of arousal."""

import re
from pathlib import PurePath
from typing import Final

from voicerisk.training.corpora.clip import Corpus, Emotion, Labels

_NAME: Final = re.compile(r"(\d+)-([mf])-(\d+)-(\d)-([012])-(\d+)", re.IGNORECASE)
_LEVELS: Final[dict[str, tuple[Emotion, str]]] = {
    "0": ("other", "level0_low(tired/down)"),
    "1": ("neutral", "level1_neutral"),
    "2": ("other", "level2_high(pos or neg)"),
}
_ADULT_FROM: Final = 16


def parse(path: PurePath) -> Labels | None:
    """Read `47-m-20-2-1-729.wav`: speaker, sex, age, word, level, number."""
    match = _NAME.fullmatch(path.stem)
    if match is None:
        return None
    speaker, sex, age, word, level, _ = match.groups()
    emotion, raw = _LEVELS[level]
    flags = frozenset({f"child_age{int(age)}"}) if int(age) < _ADULT_FROM else frozenset()
    return Labels(f"baved_{speaker}", emotion, raw, sex.lower(), f"level{level}", f"word{word}", flags)


CORPUS: Final = Corpus(
    name="baved",
    title="Basic Arabic Vocal Emotions Dataset",
    credit="the GitHub user 40uf411, 2019",
    language="ar",
    licence="none stated in the repository",
    licence_class="unclear",
    url="https://github.com/40uf411/Basic-Arabic-Vocal-Emotions-Dataset",
    layout="`remake/<word>/47-m-20-2-1-729.wav`",
    cautions=(
        "labels are arousal levels of single words (0 low, 1 neutral, 2 high), not emotions",
        "three speakers hold half the clips",
        "child speakers are flagged child_age<years>",
    ),
    parse=parse,
)
