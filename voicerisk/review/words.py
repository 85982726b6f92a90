"""The words of the reports, in each language that they can be had in."""

from collections.abc import Mapping
from functools import cache
from importlib.resources import files
from typing import Final

import msgspec

from voicerisk.risk.texts import Text, in_language

LANGUAGES: Final = ("en", "he")
RIGHT_TO_LEFT: Final = frozenset({"he", "ar", "fa", "ur"})


@cache
def words() -> Mapping[str, Text]:
    """Every word by its name."""
    raw = files("voicerisk.review").joinpath("words.toml").read_bytes()
    return msgspec.toml.decode(raw, type=dict[str, Text])


def say(name: str, language: str, **values: object) -> str:
    """The word of that name with its `{places}` filled in; of a name that is not known, the name in plain letters."""
    text = words().get(name)
    return name.replace("_", " ") if text is None else in_language(text, language).format(**values)
