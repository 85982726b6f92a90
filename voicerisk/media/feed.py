"""One channel of one stream on its way into a role's track: order, resampling, silence for what never came."""

from voicerisk.media.block import Samples
from voicerisk.media.reorder import Gap, Orderer, OrderLimits, Piece, Seam, StreamClock
from voicerisk.media.resample import Resampler
from voicerisk.media.track import Track
from voicerisk.scoring.contract import RATE_HZ


class Feed:
    """A channel that writes into `track` from `base` on, a position on the call's clock.

    `timed` tells that the peer gives positions, so that audio can come late and still find its place. `resting` tells
    that a channel without positions fell silent and nobody waits for it until it speaks again.
    """

    __slots__ = ("_orderer", "_rate_hz", "_resampler", "base", "resting", "timed", "track")

    def __init__(self, track: Track, rate_hz: int, base: int, limits: OrderLimits, clock: StreamClock) -> None:
        self.track = track
        self.base = base
        self.timed = False
        self.resting = False
        self._rate_hz = rate_hz
        self._orderer = Orderer(limits, clock)
        self._resampler = None if rate_hz == RATE_HZ else Resampler(rate_hz)

    @property
    def late_samples(self) -> int:
        """Samples at the channel's rate that came too late to find their place."""
        return self._orderer.late_samples

    def push(self, samples: Samples, start: int | None) -> None:
        """Take audio that came."""
        self.resting = False
        if start is not None:
            self.timed = True
        if self._orderer.joins(len(samples), start):
            self._write(samples)
        else:
            self._put(self._orderer.push(samples, start))

    def lose(self, n_samples: int) -> None:
        """Take the peer's word that it left out `n_samples` at the channel's rate."""
        self._put(self._orderer.lose(n_samples))

    def release(self) -> None:
        """Give up the holes that are waited for."""
        self._put(self._orderer.flush())

    def fill_to(self, at: int) -> None:
        """Put missing silence in until the track has everything up to `at` on the call's clock."""
        if self._resampler is None:
            self._orderer.skip(at - self.track.end)
            self.track.move_to(at)
            return
        # The filter owes some samples: what it is given is longer than what is missing by that much.
        while (n_missing := at - self.track.end) > 0:
            n_samples = max(-(-n_missing * self._rate_hz // RATE_HZ), self._rate_hz // 100)
            self._orderer.skip(n_samples)
            self._put_silence(n_samples)

    def finish(self) -> None:
        """No more will come: put out all that is held. The feed is not used after it."""
        self.release()
        if self._resampler is not None:
            self.track.write(self._resampler.flush())

    def _put(self, pieces: list[Piece]) -> None:
        for piece in pieces:
            if isinstance(piece, Gap):
                self._put_silence(piece.n_samples)
            elif isinstance(piece, Seam):
                self.track.mark_seam(self._next)
            else:
                self._write(piece)

    def _write(self, samples: Samples) -> None:
        self.track.write(samples if self._resampler is None else self._resampler.feed(samples))

    def _put_silence(self, n_samples: int) -> None:
        start = self._next
        if self._resampler is None:
            self.track.write_silence(n_samples)
        else:
            for samples in self._resampler.silence(n_samples):
                self.track.write(samples)
        self.track.mark_missing(start, self._next)

    @property
    def _next(self) -> int:
        """Where the next input sample belongs on the call's clock, whether or not the filter has got there."""
        return self.track.end if self._resampler is None else self.base + self._resampler.n_due
