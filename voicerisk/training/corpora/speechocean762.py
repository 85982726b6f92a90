"""speechocean762: English sentences read by Mandarin speakers."""

import re
from pathlib import Path, PurePath
from typing import Final

from voicerisk.training.corpora.clip import Corpus, Labels

_NAME: Final = re.compile(r"(\d{5})\d{4}")


def parse(path: PurePath) -> Labels | None:
    """Read `WAVE/SPEAKER0024/000240116.WAV`: the first five digits are the speaker."""
    match = _NAME.fullmatch(path.stem)
    if match is None:
        return None
    return Labels(f"so762_{int(match[1]):04d}", "neutral", "read sentence (no emotion label)")


def genders(folder: Path) -> dict[str, str]:
    """Return each speaker's sex from the owners' `train/spk2gender` and `test/spk2gender`."""
    found: dict[str, str] = {}
    for table in sorted(folder.rglob("spk2gender")):
        for line in table.read_text(encoding="utf-8").splitlines():
            fields = line.split()
            if len(fields) == 2 and fields[0].isdigit() and fields[1] in {"f", "m"}:
                found[f"so762_{int(fields[0]):04d}"] = fields[1]
    return found


CORPUS: Final = Corpus(
    name="speechocean762",
    title="speechocean762",
    credit='J. Zhang et al., "speechocean762", arXiv:2104.01378, Interspeech 2021',
    language="en",
    licence="CC BY 4.0",
    licence_class="open",
    url="https://www.openslr.org/101/",
    layout="`WAVE/SPEAKER0024/000240116.WAV`, `train/spk2gender`, `test/spk2gender`",
    cautions=(
        "no emotion label: read sentences, taken as neutral; beware of a model that learns the microphone",
        "half of the owners' speakers are children",
    ),
    parse=parse,
    genders=genders,
)
