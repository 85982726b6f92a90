"""What the engine says about one chunk of every channel in a batch (arrays), and about one channel (a frozen value)."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

import msgspec
import numpy as np
import numpy.typing as npt

from voicerisk.scoring import contract

FloatArray = npt.NDArray[np.float32]
RoundedArray = npt.NDArray[np.float64]

EMOTION_OUTPUTS: Final = ("emotion", "all_emotion")


class ScoringError(Exception):
    """One channel's chunk could not be scored; the text says why. The channel's state starts anew with the next one."""


class Pooled(msgspec.Struct, frozen=True):
    """Calibrated scores, 0..1, pooled over `speech_s` seconds of speech; with 0 seconds they mean nothing yet.

    `emotion` holds the posteriors of the model's `emotions`, in their order.
    """

    tension: float
    stress: float
    arousal: float
    valence: float
    emotion: tuple[float, ...]
    speech_s: float


class ChunkScore(msgspec.Struct, frozen=True):
    """The model's word on one 240 ms chunk of one channel, rounded to `contract.DECIMALS`.

    `speech` and `voiced` are 0..1, `level_db` is dBFS, `pitch_st` semitones above 55 Hz (see the contract).
    `window` pools over the rolling window, `whole` over all speech so far; both are None where the engine was told
    to leave the heads out (stretched hop).
    """

    speech: float
    voiced: float
    level_db: float
    pitch_st: float
    window: Pooled | None = None
    whole: Pooled | None = None


@dataclass(frozen=True, slots=True)
class ChunkScores:
    """`ChunkScore` for the n channels of one run, in the order of the slots given.

    `values` is (n, columns): the contract's `CHUNK_OUTPUTS`, and with `heads` also `WINDOW_OUTPUTS` and
    `WHOLE_OUTPUTS`; each is a column, an emotion output `n_labels` columns. `failures` maps a row that could not be
    scored to the reason; its numbers mean nothing and its state starts anew.
    """

    values: RoundedArray
    n_labels: int
    heads: bool
    failures: Mapping[int, str]

    def __len__(self) -> int:
        return len(self.values)

    def column(self, name: str) -> RoundedArray:
        """One output by its contract name, shape (n,), or (n, n_labels) for the emotions.

        Raises:
            KeyError: No such output, or a pooled one in a run without heads.
        """
        at = 0
        for output in fetched_scores(self.heads):
            width = self.n_labels if output in EMOTION_OUTPUTS else 1
            if output == name:
                return self.values[:, at : at + width] if output in EMOTION_OUTPUTS else self.values[:, at]
            at += width
        raise KeyError(name)

    def row(self, i: int) -> ChunkScore:
        """The score of row i.

        Raises:
            ScoringError: That row failed.
        """
        if i in self.failures:
            raise ScoringError(self.failures[i])
        return self._score(self.values[i].tolist())

    def rows(self) -> list[ChunkScore | ScoringError]:
        """The score of every row, or the error where a row failed, in the batch's order."""
        rows: list[ChunkScore | ScoringError] = [self._score(line) for line in self.values.tolist()]
        for i, reason in self.failures.items():
            rows[i] = ScoringError(reason)
        return rows

    def _score(self, line: list[float]) -> ChunkScore:
        """One line of `values` as a value."""
        speech, voiced, level_db, pitch_st, *pooled = line
        if not self.heads:
            return ChunkScore(speech, voiced, level_db, pitch_st)
        middle = len(pooled) // 2
        window, whole = _pooled(pooled[:middle]), _pooled(pooled[middle:])
        return ChunkScore(speech, voiced, level_db, pitch_st, window, whole)


def fetched_scores(heads: bool) -> tuple[str, ...]:
    """Names of the outputs that `ChunkScores.values` is made of, in its order."""
    return contract.CHUNK_OUTPUTS + (contract.WINDOW_OUTPUTS + contract.WHOLE_OUTPUTS if heads else ())


def _pooled(line: list[float]) -> Pooled:
    """Six outputs in the contract's order as a value."""
    return Pooled(line[0], line[1], line[2], line[3], tuple(line[4:-1]), line[-1])


def rounded(values: FloatArray) -> RoundedArray:
    """The values as float64 rounded to `contract.DECIMALS`, each the very float that its decimal text would parse to.

    Rounding in float64 makes the numbers print short; adding 0.0 turns -0.0 into 0.0, which would print differently.
    """
    wide: RoundedArray = values.astype(np.float64)
    # A failed row may hold infinities or NaN; they pass through quietly, `failures` names the row.
    with np.errstate(invalid="ignore", over="ignore"):
        return np.asarray(np.round(wide, contract.DECIMALS) + 0.0, dtype=np.float64)
