"""The batched, stateful scoring engine: one ONNX Runtime run scores one chunk of every channel that has one.

Pure and synchronous: no thread, no clock, no lock. The owner (a replay, or the server's scoring thread) calls `run`,
`open` and `close` one at a time.

A row's score never depends on its batch: every batch is padded with silence to a multiple of 4 rows, for the reasons
that `voicerisk.scoring.independence` gives.
"""

import math
from collections.abc import Sequence
from typing import Final, NewType

import numpy as np
import numpy.typing as npt

from voicerisk.scoring import contract
from voicerisk.scoring.independence import padded
from voicerisk.scoring.model import OUTPUTS, Model
from voicerisk.scoring.scores import EMOTION_OUTPUTS, ChunkScores, FloatArray, fetched_scores, rounded

Slot = NewType("Slot", int)
"""A live channel's place in the engine: its row in the state arrays and the generation of that row in one number."""

Audio = npt.NDArray[np.float32] | npt.NDArray[np.int16]
ChannelState = tuple[FloatArray, ...]
"""A copy of all that the model keeps of one channel, in the order of the model's states."""
Rows = npt.NDArray[np.int64]

INT16_SCALE: Final = np.float32(1.0 / 32768.0)


class CapacityExceededError(RuntimeError):
    """Every slot is taken; the caller is turned away at the door."""


class StaleSlotError(ValueError):
    """A slot that was closed before, was never open, or stands twice in one batch: a mistake of the caller."""


class ScoringEngine:
    """Scores chunks of up to `capacity` live channels, at most `max_batch` in one run.

    Memory is taken once, here: the states of `capacity` channels and the buffers of one batch.
    """

    def __init__(self, model: Model, capacity: int, max_batch: int) -> None:
        if capacity < 1 or max_batch < 1:
            raise ValueError(f"capacity {capacity} and max_batch {max_batch} must be at least 1")
        self.model = model
        self.capacity = capacity
        self.max_batch = max_batch
        states = model.spec.state
        n_rows = padded(max_batch)
        self._states: list[FloatArray] = [np.zeros((capacity, *state.shape), np.float32) for state in states]
        self._inputs: list[FloatArray] = [np.zeros((n_rows, *state.shape), np.float32) for state in states]
        self._audio: FloatArray = np.zeros((n_rows, contract.CHUNK_SAMPLES), np.float32)
        self._input_names = [state.name for state in states]
        self._next_names = tuple(state.next_name for state in states)
        self._fetch_all = OUTPUTS + self._next_names
        self._fetch_chunk = contract.CHUNK_OUTPUTS + self._next_names
        self._widths = {name: len(model.spec.emotions) if name in EMOTION_OUTPUTS else 1 for name in OUTPUTS}
        self._row_shapes: dict[str, tuple[int, ...]] = {
            **{name: (width,) if name in EMOTION_OUTPUTS else () for name, width in self._widths.items()},
            **{state.next_name: state.shape for state in states},
        }
        # Slot = generation * capacity + row. A free row's current token is not handed out, so it matches no caller's.
        self._tokens: Rows = np.arange(capacity, dtype=np.int64)
        self._open: npt.NDArray[np.bool_] = np.zeros(capacity, np.bool_)
        # Lowest rows first: channels then sit side by side, and pages of rows never used are never touched.
        self._free = list(range(capacity - 1, -1, -1))

    @property
    def n_open(self) -> int:
        """Channels that hold a slot now."""
        return self.capacity - len(self._free)

    def open(self, start: ChannelState | None = None) -> Slot:
        """A fresh slot whose state is that of a call's start, or `start`, which `state_of` gave: the call then goes on.

        Raises:
            CapacityExceededError: All `capacity` slots are taken.
            ValueError: `start` is not of this model's states; nothing was opened.
        """
        if not self._free:
            raise CapacityExceededError(f"all {self.capacity} scoring slots are taken")
        if start is not None and [part.shape for part in start] != [state.shape[1:] for state in self._states]:
            raise ValueError(f"a start of shapes {[part.shape for part in start]} is not of this model's states")
        row = self._free.pop()
        if start is not None:
            for state, part in zip(self._states, start, strict=True):
                state[row] = part
        self._open[row] = True
        return Slot(int(self._tokens[row]))

    def state_of(self, slot: Slot) -> ChannelState:
        """A copy of what the model keeps of the channel now; from it `open` continues, here or in another engine.

        Raises:
            StaleSlotError: It is not open.
        """
        if not self.is_open(slot):
            raise StaleSlotError(f"slot {slot} is not open")
        return tuple(state[slot % self.capacity].copy() for state in self._states)

    def is_open(self, slot: Slot) -> bool:
        """Whether the slot came from `open` and was not closed since."""
        row = slot % self.capacity
        return slot >= 0 and bool(self._open[row]) and int(self._tokens[row]) == slot

    def close(self, slot: Slot) -> None:
        """Ends the channel: its state is wiped for the next user, and the slot is stale from here on.

        Raises:
            StaleSlotError: It is not open.
        """
        if not self.is_open(slot):
            raise StaleSlotError(f"slot {slot} is not open")
        row = slot % self.capacity
        self._reset(np.array([row]))
        self._open[row] = False
        self._tokens[row] += self.capacity
        self._free.append(row)

    def run(self, slots: Sequence[Slot], audio: Audio, *, heads: bool = True) -> ChunkScores:
        """The scores of one chunk for each of the slots; their states move on by that chunk.

        A row whose audio or scores are not finite, or on which the model raises, is named in `failures`, and its
        state starts anew; every other row is scored as if the failed one were not there.

        Args:
            slots: Open slots, each at most once, 1 to `max_batch` of them.
            audio: (n, 1920) at 8 kHz, one row per slot; int16, or float32 with full scale 1.0.
            heads: False leaves out the pooled scores (stretched hop). ONNX Runtime 1.31 computes them all the same,
                even with `only_execute_path_to_fetches` (measured); saved is everything that comes after the run.

        Raises:
            StaleSlotError: A slot is not open or stands twice; nothing was run.
            ValueError: `audio` has the wrong shape or type, or there are too many slots; nothing was run.
        """
        rows = self._rows_of(slots)
        n = len(rows)
        if audio.shape != (n, contract.CHUNK_SAMPLES) or audio.dtype not in (np.int16, np.float32):
            raise ValueError(
                f"audio is {audio.dtype} {audio.shape}; it must be int16 or float32 ({n}, {contract.CHUNK_SAMPLES})"
            )
        failures: dict[int, str] = {}
        if audio.dtype == np.float32 and not (finite := _finite_rows(audio)).all():
            audio = np.where(finite[:, np.newaxis], audio, np.float32(0.0))
            reason = "the audio is not finite (NaN or infinity among the samples)"
            failures = dict.fromkeys(np.flatnonzero(~finite).tolist(), reason)
        fetch = self._fetch_all if heads else self._fetch_chunk
        outputs = self._run_or_split(rows, audio, fetch, failures, first=0)
        columns = [outputs[name].reshape(-1, self._widths[name]) for name in fetched_scores(heads)]
        values = np.concatenate(columns, axis=1)[:n]
        next_states = [outputs[name][:n] for name in self._next_names]
        if not all(_all_finite(array) for array in (values, *next_states)):
            for name in fetch:
                for i in np.flatnonzero(~_finite_rows(outputs[name][:n])).tolist():
                    failures.setdefault(i, f"the model's output {name} is not finite")
        for state, next_state in zip(self._states, next_states, strict=True):
            state[rows] = next_state
        if failures:
            self._reset(rows[list(failures)])
        return ChunkScores(rounded(values), len(self.model.spec.emotions), heads, failures)

    def _rows_of(self, slots: Sequence[Slot]) -> Rows:
        """Rows of the state arrays, checked."""
        if not 1 <= len(slots) <= self.max_batch:
            raise ValueError(f"{len(slots)} slots in one run; it must be 1 to {self.max_batch}")
        tokens = np.fromiter(slots, np.int64, len(slots))
        rows: Rows = tokens % self.capacity
        stale = (self._tokens[rows] != tokens) | ~self._open[rows]
        if stale.any():
            raise StaleSlotError(f"slots {tokens[stale].tolist()} are not open")
        if np.bincount(rows).max() > 1:
            raise StaleSlotError(f"a slot stands twice among {tokens.tolist()}; one run takes one chunk of each")
        return rows

    def _run_or_split(
        self, rows: Rows, audio: Audio, fetch: tuple[str, ...], failures: dict[int, str], first: int
    ) -> dict[str, FloatArray]:
        """Outputs for the rows; where the model raises, halves are tried until only the guilty rows have failed.

        States are read here and written by the caller, so a half may be tried again without harm. Halving keeps a
        poisoned call from costing every batch that it sits in one run per batch-mate.
        """
        n = len(rows)
        try:
            return self._run_once(rows, audio, fetch)
        except Exception as error:  # onnxruntime's exception classes have no common base but Exception
            if n == 1:
                failures.setdefault(first, f"the model raised: {error}")
                return {name: np.zeros((1, *self._row_shapes[name]), np.float32) for name in fetch}
        half = n // 2
        left = self._run_or_split(rows[:half], audio[:half], fetch, failures, first)
        right = self._run_or_split(rows[half:], audio[half:], fetch, failures, first + half)
        return {name: np.concatenate((left[name][:half], right[name][: n - half])) for name in fetch}

    def _run_once(self, rows: Rows, audio: Audio, fetch: tuple[str, ...]) -> dict[str, FloatArray]:
        """Outputs of one ONNX Runtime run over the rows, followed by those of up to 3 rows of silence."""
        n = len(rows)
        n_padded = padded(n)
        if audio.dtype == np.int16:
            np.multiply(audio, INT16_SCALE, out=self._audio[:n])
        else:
            self._audio[:n] = audio
        self._audio[n:n_padded] = 0.0
        feeds = {"audio": self._audio[:n_padded]}
        for name, state, buffer in zip(self._input_names, self._states, self._inputs, strict=True):
            # mode="clip" only because "raise" makes numpy copy through a temporary; the rows are checked already.
            np.take(state, rows, axis=0, out=buffer[:n], mode="clip")
            buffer[n:n_padded] = 0.0
            feeds[name] = buffer[:n_padded]
        return dict(zip(fetch, self.model.session.run(fetch, feeds), strict=True))

    def _reset(self, rows: Rows) -> None:
        """Puts the rows' states back to a call's start."""
        for state in self._states:
            state[rows] = 0.0


def _all_finite(values: FloatArray) -> bool:
    """Whether all numbers are finite. A sum is infinite or NaN if any term is, and costs one pass and no mask."""
    with np.errstate(invalid="ignore", over="ignore"):
        return math.isfinite(values.sum())


def _finite_rows(values: Audio) -> npt.NDArray[np.bool_]:
    """Which rows hold finite numbers only."""
    with np.errstate(invalid="ignore", over="ignore"):
        sums = values.reshape(len(values), -1).sum(axis=1)
    finite: npt.NDArray[np.bool_] = np.isfinite(sums)
    return finite
