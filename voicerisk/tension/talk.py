"""Who talks over whom, and when nobody talks: activity only, never how the agent sounds."""

from collections import deque
from typing import Final

import msgspec

from voicerisk.events import Role
from voicerisk.scoring.contract import CHUNK_S

_BEGIN: Final = 0.5
_END: Final = 0.25
"""An overlap begins at half a block of both voices and ends under a quarter, so that one breath does not make two."""


class TalkStep(msgspec.Struct, frozen=True, kw_only=True):
    """What one block said about turn-taking; positions are block indices, `end` exclusive.

    `talk_overs` counts how often the customer came in over the agent lately. `overlap` is an overlap that just ended
    (start, end, who came in), `silence` the (start, end) of a silence that just got long.
    """

    talk_overs: int = 0
    overlap: tuple[int, int, Role] | None = None
    silence: tuple[int, int] | None = None


class TalkTracker:
    """Turn-taking of one call. Without an agent channel there is nothing to say."""

    __slots__ = (
        "_agent_was",
        "_customer_was",
        "_overlap",
        "_quiet_from",
        "_silence_n",
        "_silence_told",
        "_times",
        "_window_n",
    )

    def __init__(self, window_s: float, silence_s: float) -> None:
        self._window_n = round(window_s / CHUNK_S)
        self._silence_n = round(silence_s / CHUNK_S)
        self._times: deque[int] = deque()
        self._overlap: tuple[int, Role] | None = None
        self._agent_was = False
        self._customer_was = False
        self._quiet_from: int | None = None
        self._silence_told = False

    def step(self, index: int, *, customer: bool, agent: bool, talk_over: float, missing: bool) -> TalkStep:
        """Count block `index`: who spoke in it, the share in which both did, and whether it was lost."""
        while self._times and self._times[0] <= index - self._window_n:
            self._times.popleft()
        overlap = self._overlap_step(index, talk_over)
        silence = self._silence_step(index, spoken=customer or agent or missing)
        self._agent_was, self._customer_was = agent, customer
        return TalkStep(talk_overs=len(self._times), overlap=overlap, silence=silence)

    def _overlap_step(self, index: int, talk_over: float) -> tuple[int, int, Role] | None:
        if self._overlap is None:
            if talk_over >= _BEGIN:
                by = Role.UNKNOWN
                if self._agent_was and not self._customer_was:
                    by = Role.CUSTOMER
                    self._times.append(index)
                elif self._customer_was and not self._agent_was:
                    by = Role.AGENT
                self._overlap = (index, by)
            return None
        if talk_over >= _END:
            return None
        start, by = self._overlap
        self._overlap = None
        return start, index, by

    def _silence_step(self, index: int, *, spoken: bool) -> tuple[int, int] | None:
        if spoken:
            self._quiet_from = None
            self._silence_told = False
            return None
        if self._quiet_from is None:
            self._quiet_from = index
        if self._silence_told or index + 1 - self._quiet_from < self._silence_n:
            return None
        self._silence_told = True
        return self._quiet_from, index + 1
