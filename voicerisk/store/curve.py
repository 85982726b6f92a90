"""Tension levels as bytes: a call of ten minutes becomes 2.5 kB, precise to half a hundredth."""

from collections.abc import Iterable
from typing import Final

STEPS: Final = 254
UNKNOWN: Final = 255


def pack(levels: Iterable[float | None]) -> bytes:
    """One byte per level: 0..254 for 0..1 (values outside are clipped), 255 for "not known"."""
    return bytes(UNKNOWN if level is None else round(min(max(level, 0.0), 1.0) * STEPS) for level in levels)


def unpack(packed: bytes) -> list[float | None]:
    """The levels again, each within 1/508 of what was packed; None where it was not known."""
    return [None if byte == UNKNOWN else byte / STEPS for byte in packed]
