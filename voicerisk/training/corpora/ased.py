"""ASED: Amharic, 65 speakers, five emotions."""

import re
from pathlib import PurePath
from typing import Final

from voicerisk.training.corpora.audio import trim_padding
from voicerisk.training.corpora.clip import Corpus, Emotion, Labels

_NAME: Final = re.compile(r"([nfhsa]\d)-(\d\d)-(\d\d)-(0[12])-(\d\d)", re.IGNORECASE)
_EMOTIONS: Final[dict[str, Emotion]] = {"n": "neutral", "f": "fearful", "h": "happy", "s": "sad", "a": "angry"}


def parse(path: PurePath) -> Labels | None:
    """Read `a5-01-01-02-29.wav`: emotion, sentence, repetition, sex (01 f, 02 m), speaker."""
    match = _NAME.fullmatch(path.stem)
    if match is None:
        return None
    emotion, sentence, _, sex, speaker = match.groups()
    return Labels(
        speaker=f"ased_{speaker}",
        emotion=_EMOTIONS[emotion[0].lower()],
        label_raw=emotion,
        gender="f" if sex == "01" else "m",
        sentence=f"{emotion}-{sentence}",
    )


CORPUS: Final = Corpus(
    name="ased",
    title="Amharic Speech Emotion Dataset",
    credit='E. A. Retta et al., "A New Amharic Speech Emotion Dataset and Classification Benchmark", ACM TALLIP 2022',
    language="am",
    licence="none stated in the repository; the paper says 'freely available for download'",
    licence_class="unclear",
    url="https://github.com/Ethio2021/ASED_V1",
    layout="any folders; files `a5-01-01-02-29.wav`",
    cautions=("padded with digital silence to 2-4 s: trimmed here, or a model learns the padding",),
    parse=parse,
    clean=trim_padding,
)
