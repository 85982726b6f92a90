"""All that the engine remembers, as one value: what a snapshot holds and a restart goes on from."""

from typing import Final

import msgspec

from voicerisk.risk.book import BookState
from voicerisk.risk.calls import CallState
from voicerisk.risk.desk import DeskState
from voicerisk.risk.gauges import BoardState
from voicerisk.risk.intake import IntakeState
from voicerisk.risk.watch import WatchState

VERSION: Final = 1
"""Raised when an older state can no longer be read."""


class EngineState(msgspec.Struct, frozen=True, kw_only=True):
    """The engine as it stood at `now_s` (epoch seconds), when it had heard all that it was told until then.

    To be encoded at once: parts of it are the engine's own.
    """

    now_s: float
    calls: dict[str, CallState]
    watch: WatchState
    book: BookState
    board: BoardState
    desk: DeskState
    intake: IntakeState
    version: int = VERSION
