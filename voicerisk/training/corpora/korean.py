"""Korean emotional speech of the emotiontts open database: fifteen speakers, four emotions."""

import re
from pathlib import PurePath
from typing import Final

from voicerisk.training.corpora.clip import Corpus, Emotion, Labels

_NAME: Final = re.compile(r"(em|ne)([a-o])(00[0-3])(\d\d)")
_WOMEN: Final = frozenset({"ema", "emb", "nea", "neb", "nec", "ned", "nee"})
_BLOCKS: Final[dict[str, tuple[Emotion, str]]] = {
    "000": ("neutral", "normal"),
    "001": ("happy", "joy"),
    # The owners' README calls these two the other way round; transcripts and sound say this.
    "002": ("sad", "anger"),
    "003": ("angry", "sadness"),
}


def parse(path: PurePath) -> Labels | None:
    """Read `nea00302.wav`: speaker, block of a hundred per emotion, sentence."""
    match = _NAME.fullmatch(path.stem)
    if match is None:
        return None
    speaker, block = match[1] + match[2], match[3]
    emotion, raw = _BLOCKS[block]
    return Labels(
        speaker=f"korem_{speaker}",
        emotion=emotion,
        label_raw=raw,
        gender="f" if speaker in _WOMEN else "m",
        sentence=f"{block}{match[4]}",
        flags=frozenset({"label_order_corrected"}) if block in {"002", "003"} else frozenset(),
    )


CORPUS: Final = Corpus(
    name="korean",
    title="emotiontts open database, emotional part",
    credit="KAIST and Selvas AI, supported by the Ministry of Trade, Industry & Energy (MOTIE, Korea), No. 10080667",
    language="ko",
    licence="CC BY-NC-SA; research only",
    licence_class="nc",
    is_share_alike=True,
    url="https://github.com/emotiontts/emotiontts_open_db",
    layout="any folders; files `nea00302.wav`",
    cautions=("the owners' README swaps anger and sadness: corrected here, flag label_order_corrected",),
    parse=parse,
)
