"""What the engine says about one chunk of every channel in a batch (arrays), and about one channel (a frozen value)."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Self

import msgspec
import numpy as np
import numpy.typing as npt

from voicerisk.scoring import contract

FloatArray = npt.NDArray[np.float32]
RoundedArray = npt.NDArray[np.float64]


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
class PooledScores:
    """`Pooled` for n channels: arrays of shape (n,), `emotion` (n, n_labels)."""

    tension: RoundedArray
    stress: RoundedArray
    arousal: RoundedArray
    valence: RoundedArray
    emotion: RoundedArray
    speech_s: RoundedArray

    @classmethod
    def of(cls, outputs: Mapping[str, FloatArray], names: Sequence[str], n: int) -> Self:
        """The first n rows of the six outputs `names`, which stand in the order of the fields, rounded."""
        return cls(*(rounded(outputs[name][:n]) for name in names))

    def rows(self) -> list[Pooled]:
        """One value per channel, in the batch's order."""
        return [
            Pooled(tension, stress, arousal, valence, tuple(emotion), speech_s)
            for tension, stress, arousal, valence, emotion, speech_s in zip(
                self.tension.tolist(),
                self.stress.tolist(),
                self.arousal.tolist(),
                self.valence.tolist(),
                self.emotion.tolist(),
                self.speech_s.tolist(),
                strict=True,
            )
        ]


@dataclass(frozen=True, slots=True)
class ChunkScores:
    """`ChunkScore` for the n channels of one run: arrays of shape (n,) in the order of the slots given.

    `failures` maps a row that could not be scored to the reason; its numbers are meaningless and its state was reset.
    """

    speech: RoundedArray
    voiced: RoundedArray
    level_db: RoundedArray
    pitch_st: RoundedArray
    window: PooledScores | None
    whole: PooledScores | None
    failures: Mapping[int, str]

    @classmethod
    def of(cls, outputs: Mapping[str, FloatArray], n: int, failures: Mapping[int, str]) -> Self:
        """The first n rows of a run's outputs by their contract names, rounded; heads only where they were fetched."""
        heads = contract.WINDOW_OUTPUTS[0] in outputs
        return cls(
            speech=rounded(outputs["speech"][:n]),
            voiced=rounded(outputs["voiced"][:n]),
            level_db=rounded(outputs["level_db"][:n]),
            pitch_st=rounded(outputs["pitch_st"][:n]),
            window=PooledScores.of(outputs, contract.WINDOW_OUTPUTS, n) if heads else None,
            whole=PooledScores.of(outputs, contract.WHOLE_OUTPUTS, n) if heads else None,
            failures=failures,
        )

    def __len__(self) -> int:
        return len(self.speech)

    def row(self, i: int) -> ChunkScore:
        """The score of row i.

        Raises:
            ScoringError: That row failed.
        """
        score = self.rows()[i]
        if isinstance(score, ScoringError):
            raise score
        return score

    def rows(self) -> list[ChunkScore | ScoringError]:
        """The score of every row, or the error where a row failed, in the batch's order."""
        absent = [None] * len(self)
        rows: list[ChunkScore | ScoringError] = [
            ChunkScore(*numbers)
            for numbers in zip(
                self.speech.tolist(),
                self.voiced.tolist(),
                self.level_db.tolist(),
                self.pitch_st.tolist(),
                self.window.rows() if self.window else absent,
                self.whole.rows() if self.whole else absent,
                strict=True,
            )
        ]
        for i, reason in self.failures.items():
            rows[i] = ScoringError(reason)
        return rows


def rounded(values: FloatArray) -> RoundedArray:
    """The values as float64 rounded to `contract.DECIMALS`, each the very float that its decimal text would parse to.

    Rounding in float64 makes the numbers print short; adding 0.0 turns -0.0 into 0.0, which would print differently.
    """
    # A failed row may hold infinities or NaN: they pass through, `failures` names the row.
    with np.errstate(invalid="ignore", over="ignore"):
        wide: RoundedArray = values.astype(np.float64)
        return np.asarray(np.round(wide, contract.DECIMALS) + 0.0, dtype=np.float64)
