"""One role's samples on the call's clock, between coming in and going out as blocks."""

from typing import Final

import numpy as np

from voicerisk.media.block import BLOCK_SAMPLES, BlockAudio, Samples

_MIN_CAPACITY: Final = 4096  # half a second: what a track holds when others are not far behind


class Track:
    """A role's samples at 8 kHz, from what has been taken to `end`; positions count from the start of the call's media.

    Writing copies into an array that is kept, and only grows while a lot is waiting.
    """

    __slots__ = ("_buffer", "_missing", "_origin", "_seams", "_taken", "end")

    def __init__(self, at: int) -> None:
        self._buffer = np.empty(_MIN_CAPACITY, np.int16)
        self._origin = at  # position of the array's first sample
        self._taken = at
        self.end = at
        self._missing: list[tuple[int, int]] = []
        self._seams: list[int] = []

    def write(self, samples: Samples) -> None:
        """Append samples."""
        at, n = self.end - self._origin, len(samples)
        if at + n > len(self._buffer):
            at = self._make_room(n)
        self._buffer[at : at + n] = samples
        self.end += n

    def write_silence(self, n_samples: int) -> None:
        """Append zeros."""
        at = self.end - self._origin
        if at + n_samples > len(self._buffer):
            at = self._make_room(n_samples)
        self._buffer[at : at + n_samples] = 0
        self.end += n_samples

    def forget(self, before: int) -> None:
        """Go on at `before` if the track ends earlier: blocks up to there are out, with or without it."""
        if self.end < before:
            self.end = self._origin = self._taken = before
            self._missing, self._seams = [], []

    def move_to(self, at: int) -> None:
        """Go on at `at`, with missing silence up to there."""
        if at > self.end:
            self.mark_missing(self.end, at)
            self.write_silence(at - self.end)

    def mark_missing(self, start: int, stop: int) -> None:
        """Remember that [start, stop) is silence for audio that never came; may lie ahead of `end`."""
        if self._missing and self._missing[-1][1] >= start:
            before = self._missing.pop()
            start, stop = before[0], max(before[1], stop)
        if stop > start:
            self._missing.append((start, stop))

    def mark_seam(self, at: int) -> None:
        """Remember that what comes from `at` on does not join what was before."""
        if not self._seams or self._seams[-1] // BLOCK_SAMPLES != at // BLOCK_SAMPLES:
            self._seams.append(at)

    def take(self, start: int, stop: int) -> BlockAudio:
        """The role's part of the block that begins at `start` and of which `stop - start` samples lie in the call.

        What the track does not have is zero and counts as missing. It cannot be taken again.
        """
        samples = np.zeros(BLOCK_SAMPLES, np.int16)
        first, last = max(start, self._taken), min(stop, self.end)
        n_missing = stop - start
        if last > first:
            samples[first - start : last - start] = self._buffer[first - self._origin : last - self._origin]
            n_missing -= last - first
        n_missing += sum(min(b, last) - max(a, first) for a, b in self._missing if a < last and b > first)
        seam = any(start <= at < stop for at in self._seams)
        self._taken = max(self._taken, stop)
        self._missing = [(a, b) for a, b in self._missing if b > stop]
        self._seams = [at for at in self._seams if at >= stop]
        return BlockAudio(samples, n_missing=n_missing, n_valid=stop - start, seam=seam)

    def _make_room(self, n_samples: int) -> int:
        first = min(self._taken, self.end)
        waiting = self._buffer[first - self._origin : self.end - self._origin]
        capacity = _MIN_CAPACITY
        while capacity < len(waiting) + n_samples:
            capacity *= 2
        buffer = self._buffer
        if capacity != len(buffer):
            buffer = np.empty(capacity, np.int16)
        buffer[: len(waiting)] = waiting  # numpy copies overlapping ranges as if through a temporary
        self._buffer = buffer
        self._origin = first
        return len(waiting)
