"""One channel's audio in order: late pieces wait for, holes become gaps, what came twice is cut off.

Positions are counted in samples at the channel's own rate. Nothing here knows the time of day: what to wait for is
decided by how far other pieces of the same channel have got.
"""

from bisect import insort
from typing import Final

import msgspec

from voicerisk.media.block import Samples

MAX_HELD: Final = 64
"""Pieces that may wait for a hole to fill; with more the hole is given up."""

GAP_CREDIT: Final = 10
"""Samples of gap that one received sample earns: a few bytes cannot stand for hours of silence over and over."""


class Gap(msgspec.Struct, frozen=True):
    """`n_samples` of this channel never came."""

    n_samples: int


class Seam(msgspec.Struct, frozen=True):
    """What follows does not join what was before: the peer's clock jumped."""


Piece = Samples | Gap | Seam

SEAM: Final = Seam()


class OrderLimits(msgspec.Struct, frozen=True):
    """Limits of the order, all in samples at the channel's rate.

    A piece within `tolerance` of where it is expected joins without a gap. A hole is waited for until a piece has come
    that starts more than `window` behind the hole's begin. A jump over `max_gap` forwards or `max_late` backwards is a
    clock that was set, not a gap.
    """

    tolerance: int
    min_tolerance: int
    window: int
    max_gap: int
    max_late: int

    @classmethod
    def at_rate(
        cls, rate_hz: int, *, tolerance_s: float, window_s: float, max_gap_s: float, max_late_s: float
    ) -> "OrderLimits":
        """The limits for a channel of `rate_hz`."""
        return cls(
            tolerance=round(tolerance_s * rate_hz),
            min_tolerance=rate_hz * 2 // 1000,
            window=round(window_s * rate_hz),
            max_gap=round(max_gap_s * rate_hz),
            max_late=round(max_late_s * rate_hz),
        )


class StreamClock:
    """What to add to the peer's positions; shared by the channels of one stream, whose clocks are set together."""

    __slots__ = ("shift",)

    def __init__(self) -> None:
        self.shift = 0


class Orderer:
    """The order of one channel.

    `position` is where the next piece is expected: all samples and gaps given out so far. `late_samples` counts what
    was cut off because its place had been given out already.
    """

    __slots__ = ("_clock", "_credit", "_held", "_limits", "_n_pushed", "late_samples", "position")

    def __init__(self, limits: OrderLimits, clock: StreamClock) -> None:
        self._limits = limits
        self._clock = clock
        self._held: list[tuple[int, int, Samples]] = []
        self._n_pushed = 0
        self._credit = limits.max_gap
        self.position = 0
        self.late_samples = 0

    def joins(self, n_samples: int, start: int | None) -> bool:
        """Whether a piece follows exactly on what was given out; if so it is counted as given and must not be pushed.

        This is the way of nearly every piece, and costs a fraction of `push`.
        """
        if self._held or (start is not None and start + self._clock.shift != self.position):
            return False
        self._count(n_samples)
        return True

    def push(self, samples: Samples, start: int | None) -> list[Piece]:
        """What can be given out now that `samples` came, whose first is number `start` on the peer's clock.

        With None they follow on what came before.
        """
        if start is None:
            out = self.flush() if self._held else []
            self._give(samples, out)
            return out
        return self._place(samples, start + self._clock.shift)

    def lose(self, n_samples: int) -> list[Piece]:
        """What can be given out now that the peer said it left out `n_samples`."""
        out = self.flush()
        if n_samples > self._max_gap():
            out.append(SEAM)
        else:
            self._give_gap(n_samples, out)
        return out

    def skip(self, n_samples: int) -> None:
        """Count silence that was put in from outside because others could not wait; nothing may be held."""
        self.position += n_samples

    def flush(self) -> list[Piece]:
        """All that is held, with gaps where something is missing."""
        out: list[Piece] = []
        self._release(out, wait=False)
        return out

    def _place(self, samples: Samples, at: int) -> list[Piece]:
        out: list[Piece] = []
        if not -self._limits.max_late <= at - self.position <= self._max_gap():
            self._release(out, wait=False)
            self._clock.shift += self.position - at
            at = self.position
            out.append(SEAM)
        self._n_pushed += 1  # breaks ties, so that arrays are never compared
        insort(self._held, (at, self._n_pushed, samples))
        self._release(out, wait=True)
        return out

    def _release(self, out: list[Piece], *, wait: bool) -> None:
        n_done = 0
        for at, _, samples in self._held:
            ahead = at - self.position
            slack = self._slack(samples)
            if ahead > slack:
                newest = self._held[-1][0]
                if wait and newest - self.position <= self._limits.window and len(self._held) - n_done <= MAX_HELD:
                    break
                self._give_gap(ahead, out)
            elif ahead < -slack:
                n_cut = min(-ahead, len(samples))
                self.late_samples += n_cut
                samples = samples[n_cut:]
            self._give(samples, out)
            n_done += 1
        del self._held[:n_done]

    def _slack(self, samples: Samples) -> int:
        """How far off a piece may be and still join; less for short pieces, or the loss of one would go unseen."""
        return max(self._limits.min_tolerance, min(self._limits.tolerance, len(samples) // 2))

    def _max_gap(self) -> int:
        return min(self._limits.max_gap, self._credit)

    def _give(self, samples: Samples, out: list[Piece]) -> None:
        if len(samples):
            out.append(samples)
            self._count(len(samples))

    def _count(self, n_samples: int) -> None:
        self.position += n_samples
        if self._credit < self._limits.max_gap:
            self._credit = min(self._limits.max_gap, self._credit + GAP_CREDIT * n_samples)

    def _give_gap(self, n_samples: int, out: list[Piece]) -> None:
        if n_samples > 0:
            out.append(Gap(n_samples))
            self.position += n_samples
            self._credit -= n_samples
