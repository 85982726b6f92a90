"""Where a party was sent, as it may be kept and shown."""

import re
from typing import Final

OUTSIDE: Final = "outside"
_A_NUMBER: Final = re.compile(r"\+?[\d\s().-]{7,}")
_MAX_CHARS: Final = 64


def unit(extension: object) -> str:
    """An extension's or unit's name, "outside" for a telephone number and for what is no name at all."""
    text = extension.strip()[:_MAX_CHARS] if isinstance(extension, str) else ""
    return text if text and text.isprintable() and not _A_NUMBER.fullmatch(text) else OUTSIDE
