"""EmoSpeech: crowd-recorded Hindi-English phrases of everyday danger."""

import re
from pathlib import PurePath
from typing import Final

from voicerisk.training.corpora.clip import Corpus, Emotion, Labels

_NAME: Final = re.compile(
    r"(?:[A-Za-z]+_)?(?P<words>[a-z]+)[-_](?P<scene>safe|scream|glass ?break)[-_]"
    r"(?P<emotion>calm|angry|happy|fearful|None)"
    r"[-_][^_-]+[-_](?P<speaker>[0-9a-f]{10})[0-9a-f]*"
)
_UNKNOWN: Final = "d14a028c2a"
"""The start of the SHA-224 of an empty text: nobody asked who spoke."""
_EMOTIONS: Final[dict[str, Emotion]] = {"calm": "calm", "angry": "angry", "happy": "happy", "fearful": "fearful"}


def parse(path: PurePath) -> Labels | None:
    """Read `House/bacho-safe-calm-20190709085918-d14a02....wav`: words, scene, emotion, time, hash of the speaker."""
    match = _NAME.fullmatch(path.stem)
    if match is None:
        return None
    unknown = match["speaker"] == _UNKNOWN
    scene = match["scene"].replace("glassbreak", "glass break")
    return Labels(
        speaker="emospeech_unknown" if unknown else f"emospeech_{match['speaker']}",
        emotion=_EMOTIONS.get(match["emotion"], "other"),
        label_raw=f"{scene}/{match['emotion']}",
        sentence=match["words"],
        flags=frozenset({"unknown_speaker"}) if unknown else frozenset(),
    )


CORPUS: Final = Corpus(
    name="emospeech",
    title="Rakshak emospeech dataset v1",
    credit='S. Banga et al., "Indian EmoSpeech Command Dataset", arXiv:1910.13801, 2019',
    language="hi-en",
    licence="CC BY-NC-SA 4.0",
    licence_class="nc",
    is_share_alike=True,
    url="https://github.com/RakshakTeam/emospeech-dataset-v1",
    layout="`House/bacho-safe-calm-<time>-<hash of the speaker>.wav`",
    cautions=(
        "clips of unknown speakers (flag unknown_speaker) may be of anyone: never in a test set",
        "labels are noisy",
    ),
    parse=parse,
)
