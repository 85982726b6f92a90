"""Text for people, in every language that the site speaks."""

from collections.abc import Mapping
from typing import Final

Text = dict[str, str]
"""Language code to text, e.g. {"en": "Listen in", "he": "להאזין"}."""

FALLBACK: Final = "en"


def in_language(text: Mapping[str, str], language: str) -> str:
    """The text in this language, or else in English, or else in the first language given; "" where there is none."""
    return text.get(language) or text.get(FALLBACK) or next(iter(text.values()), "")
