"""What must not be kept of a call's sound: spans of media time, each with its reason."""

from collections.abc import Sequence
from enum import StrEnum
from typing import Final

import msgspec
import numpy as np
import numpy.typing as npt

from voicerisk.scoring.contract import RATE_HZ

BEFORE_KEY_S: Final = 1.0
"""A key is told of after it was pressed, and its tone began before that."""

MAX_GAPS: Final = 500
"""Spans kept of one call; a caller who presses keys without end loses the sound from the last span on."""


class GapReason(StrEnum):
    """Why sound is left out."""

    KEYS = "keys"
    """The customer pressed keys: a card number, it may be."""
    PAUSE = "pause"
    """The gateway, or a person, asked for it."""


class Gap(msgspec.Struct, frozen=True, kw_only=True):
    """Sound from media second `start_s` on is left out, up to `end_s` (None: it is still left out)."""

    start_s: float
    end_s: float | None
    reason: GapReason


class Gaps:
    """The gaps of one live call."""

    def __init__(self, keys_gap_s: float) -> None:
        self._keys_gap_s = keys_gap_s
        self._gaps: list[Gap] = []

    @property
    def all(self) -> tuple[Gap, ...]:
        """Every gap so far, in order of their starts."""
        return tuple(sorted(self._gaps, key=lambda gap: gap.start_s))

    def key(self, at_s: float) -> None:
        """A key was pressed at media second `at_s`. Keys that follow each other make one gap."""
        start_s, end_s = max(0.0, at_s - BEFORE_KEY_S), at_s + self._keys_gap_s
        last = self._gaps[-1] if self._gaps else None
        if last is not None and last.reason is GapReason.KEYS and last.end_s is not None and start_s <= last.end_s:
            self._gaps[-1] = msgspec.structs.replace(last, end_s=max(last.end_s, end_s))
        else:
            self._add(Gap(start_s=start_s, end_s=end_s, reason=GapReason.KEYS))

    def pause(self, at_s: float) -> None:
        """From here on sound is left out, until `resume`."""
        if not self.paused:
            self._add(Gap(start_s=at_s, end_s=None, reason=GapReason.PAUSE))

    def resume(self, at_s: float) -> None:
        """Sound is kept again."""
        self._gaps = [
            msgspec.structs.replace(gap, end_s=max(at_s, gap.start_s)) if _is_open_pause(gap) else gap
            for gap in self._gaps
        ]

    @property
    def paused(self) -> bool:
        """Whether a pause goes on."""
        return any(_is_open_pause(gap) for gap in self._gaps)

    def _add(self, gap: Gap) -> None:
        if len(self._gaps) < MAX_GAPS - 1:
            self._gaps.append(gap)
        elif len(self._gaps) < MAX_GAPS:
            # Rather too little sound than a card number.
            self._gaps.append(msgspec.structs.replace(gap, end_s=None, reason=GapReason.KEYS))


def silenced(samples: npt.NDArray[np.int16], start_s: float, gaps: Sequence[Gap]) -> npt.NDArray[np.int16]:
    """The samples, (n,) or (n, channels) from media second `start_s` on at 8 kHz, with zeros in every gap."""
    kept = samples.copy()
    for gap in gaps:
        first = max(0, round((gap.start_s - start_s) * RATE_HZ))
        last = len(kept) if gap.end_s is None else max(0, round((gap.end_s - start_s) * RATE_HZ))
        kept[first:last] = 0
    return kept


def _is_open_pause(gap: Gap) -> bool:
    return gap.reason is GapReason.PAUSE and gap.end_s is None
