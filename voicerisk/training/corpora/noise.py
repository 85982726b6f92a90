"""Background noises of Google Speech Commands."""

from pathlib import PurePath
from typing import Final

from voicerisk.training.corpora.clip import Corpus, Labels

_NAMES: Final = frozenset(
    {"doing_the_dishes", "dude_miaowing", "exercise_bike", "pink_noise", "running_tap", "white_noise"}
)


def parse(path: PurePath) -> Labels | None:
    """Read `_background_noise_/running_tap.wav`; each noise is its own speaker.

    All of them are mixed into what a model learns from, whatever the split says; it is judged on synthesised noise.
    """
    if path.stem not in _NAMES:
        return None
    return Labels(f"noise_{path.stem}", "noise", path.stem)


CORPUS: Final = Corpus(
    name="noise",
    title="Google Speech Commands, background noises",
    credit='P. Warden, "Speech Commands", arXiv:1804.03209, 2018',
    language="noise",
    licence="CC BY 4.0",
    licence_class="open",
    url="https://www.tensorflow.org/datasets/catalog/speech_commands",
    layout="`_background_noise_/running_tap.wav`",
    cautions=("`dude_miaowing` is a voice, if not a speaking one",),
    parse=parse,
)
