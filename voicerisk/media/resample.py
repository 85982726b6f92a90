"""Any telephony rate to 8 kHz, sample by sample the same however the audio is cut into pieces."""

from collections.abc import Iterator
from typing import Final

import numpy as np
import soxr

from voicerisk.media.block import Samples
from voicerisk.scoring.contract import RATE_HZ

_PIECE_S: Final = 0.25  # long silences are fed in pieces of this length, so that no gap needs a large array


class Resampler:
    """One channel's conversion to 8 kHz.

    The output is aligned with the input (soxr takes its filter's delay out), but comes up to 160 ms late, because the
    filter works in blocks. Over the whole stream there are n_in * 8000 / rate samples, rounded, after `flush`.
    """

    __slots__ = ("_n_in", "_n_out", "_rate_hz", "_stream")

    def __init__(self, rate_hz: int) -> None:
        self._rate_hz = rate_hz
        # float32, because soxr dithers its integer output with noise seeded from the clock.
        self._stream = soxr.ResampleStream(rate_hz, RATE_HZ, 1, dtype="float32", quality="HQ")
        self._n_in = 0
        self._n_out = 0

    @property
    def n_due(self) -> int:
        """How many output samples the input so far stands for, whether they are out yet or not."""
        return (2 * self._n_in * RATE_HZ + self._rate_hz) // (2 * self._rate_hz)

    def feed(self, samples: Samples) -> Samples:
        """What comes out for int16 samples at the input rate; may be empty."""
        self._n_in += len(samples)
        return self._out(self._stream.resample_chunk(samples.astype(np.float32)))

    def silence(self, n_samples: int) -> Iterator[Samples]:
        """What comes out for `n_samples` zeros at the input rate, in pieces."""
        n_piece = int(_PIECE_S * self._rate_hz)
        while n_samples > 0:
            n = min(n_samples, n_piece)
            n_samples -= n
            yield self.feed(np.zeros(n, np.int16))

    def flush(self) -> Samples:
        """The rest, exactly up to `n_due`. Nothing may be fed after it."""
        rest = self._stream.resample_chunk(np.zeros(0, np.float32), last=True)
        n_rest = max(0, self.n_due - self._n_out)
        padded = np.zeros(n_rest, np.float32)
        padded[: len(rest)] = rest[:n_rest]
        return self._out(padded)

    def _out(self, samples: np.ndarray[tuple[int], np.dtype[np.float32]]) -> Samples:
        self._n_out += len(samples)
        np.rint(samples, out=samples)
        np.minimum(samples, 32767.0, out=samples)
        np.maximum(samples, -32768.0, out=samples)
        return samples.astype(np.int16)
