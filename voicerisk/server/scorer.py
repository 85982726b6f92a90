"""One thread runs the model for all live calls; the event loop hands chunks over and never waits for it.

What is bounded, and what happens at the top: a call's waiting chunks (`submit` raises `QueueFullError`, that call's
own affair; `wait_for_room` lets a reader pause instead), the number of calls (`open` raises `CapacityExceededError`),
and the lag (the hop is stretched, then `accepting` turns false at the door). Chunks are never dropped silently: every
chunk that `submit` took is answered exactly once, in its call's order, by a score or by a `ScoringError`, unless the
call itself was closed with `drop=True`.
"""

import asyncio
import contextlib
import threading
from collections.abc import Callable, Sequence

import numpy as np
import structlog

from voicerisk import clock
from voicerisk.scoring import contract
from voicerisk.scoring.backlog import Backlog, Channel, Outcome, QueueFullError, Samples, ScorerSettings, Taken, Waiting
from voicerisk.scoring.engine import CapacityExceededError, ScoringEngine, Slot, StaleSlotError
from voicerisk.scoring.model import Model
from voicerisk.scoring.scores import ScoringError
from voicerisk.server import metrics

__all__ = [
    "CapacityExceededError",
    "Outcome",
    "QueueFullError",
    "ScorerSettings",
    "ScorerStoppedError",
    "ScorerThread",
    "ScoringError",
    "Slot",
    "StaleSlotError",
]

log = structlog.get_logger()

Answer = tuple[Channel, Callable[[Outcome], None], Outcome]


class ScorerStoppedError(ScoringError):
    """The scorer is stopping or has stopped; the chunk was not taken, or was not scored any more."""


class ScorerThread:
    """Owns the engine and its thread. Every method is called on the event loop; `lag_s` from anywhere."""

    def __init__(
        self,
        model: Model,
        settings: ScorerSettings,
        loop: asyncio.AbstractEventLoop,
        now_s: Callable[[], float] = clock.monotonic_s,
    ) -> None:
        self.settings = settings
        self.engine = ScoringEngine(model, settings.capacity, settings.max_batch)
        self._loop = loop
        self._now_s = now_s
        self._audio = np.zeros((settings.max_batch, contract.CHUNK_SAMPLES), np.int16)
        self._wake = threading.Condition()  # guards all of the backlog, and `_stopping`, `_abandoning`, `_ended`
        self._backlog = Backlog(settings)
        self._unanswered: list[Taken] = []
        self._rooms: dict[Slot, asyncio.Event] = {}
        self._stopping = False
        self._abandoning = False
        self._ended = False
        # Not a daemon: a thread cut off inside the model while the interpreter ends can crash the process.
        self._thread = threading.Thread(target=self._main, name="scorer", daemon=False)

    def start(self) -> None:
        """Starts the thread."""
        metrics.score_lag_seconds.set_function(self.lag_s)
        self._thread.start()

    @property
    def is_alive(self) -> bool:
        """Whether chunks are being scored; False before `start`, and after `stop` or a fault of the thread."""
        return self._thread.is_alive() and not self._ended

    @property
    def accepting(self) -> bool:
        """Whether one more call can be taken; if not, turn it away at the door (503, close code 1013)."""
        if not self.is_alive:
            return False
        with self._wake:
            lag_s = self._backlog.lag_s(self._now_s())
            n_open, stopping = self.engine.n_open, self._stopping
        return not stopping and n_open < self.engine.capacity and lag_s < self.settings.overload.door_lag_s

    @property
    def stretch(self) -> int:
        """Pooled scores come with every chunk of a call (1), every second (2) or every fourth (4)."""
        return self._backlog.hop.stretch

    def lag_s(self) -> float:
        """Seconds that the chunk that waits longest, or is being scored, has been ready for the model; 0 if none."""
        with self._wake:
            return self._backlog.lag_s(self._now_s())

    def open(self) -> Slot:
        """A place for one channel; give it back with `close`.

        Raises:
            CapacityExceededError: All places are taken.
            ScorerStoppedError: Nothing is scored any more.
        """
        with self._wake:
            self._check_running()
            # Safe beside a run: opening and closing touch this channel's row alone, and a run only rows in flight.
            slot = self.engine.open()
            self._backlog.open(slot)
        metrics.scored_channels.set(self.engine.n_open)
        return slot

    def submit(self, slot: Slot, samples: Samples, received_at_s: float, deliver: Callable[[Outcome], None]) -> None:
        """Takes one chunk; `deliver` is called once with its outcome, on the event loop, in the channel's order.

        Args:
            slot: From `open`.
            samples: int16 (1920,); not copied, so the caller leaves it alone from here on.
            received_at_s: Monotonic time (`clock.monotonic_s`) at which the chunk's last sample came in.
            deliver: Must not block; an exception in it is logged and costs nobody else.

        Raises:
            QueueFullError: `max_waiting_chunks` wait already.
            ScorerStoppedError: Nothing is scored any more.
            StaleSlotError: The slot was closed.
            ValueError: Not a chunk of 1920 int16 samples.
        """
        if samples.shape != (contract.CHUNK_SAMPLES,) or samples.dtype != np.int16:
            raise ValueError(f"a chunk is int16 ({contract.CHUNK_SAMPLES},), not {samples.dtype} {samples.shape}")
        with self._wake:
            self._check_running()
            if self._backlog.add(slot, Waiting(samples, received_at_s, deliver)):
                self._wake.notify()

    def n_waiting(self, slot: Slot) -> int:
        """Chunks of this channel that wait for the model."""
        with self._wake:
            return len(self._backlog.channel(slot).queue)

    async def wait_for_room(self, slot: Slot) -> None:
        """Returns once at most half of `max_waiting_chunks` wait, or the channel is closed: pauses a fast sender."""
        while True:
            with self._wake:
                channel = self._backlog.channels.get(slot)
                if self._ended or channel is None or channel.closing:
                    return
                if len(channel.queue) <= self.settings.max_waiting_chunks // 2:
                    return
            room = self._rooms.setdefault(slot, asyncio.Event())
            room.clear()
            await room.wait()

    def close(self, slot: Slot, *, drop: bool = False) -> None:
        """Gives the place back: once its waiting chunks are scored, or at once and without a word with `drop`.

        After `close(drop=True)` (opt-out, a broken call) `deliver` is not called any more. A second close is harmless.
        """
        with self._wake:
            if self._backlog.close(slot, drop=drop):
                self.engine.close(slot)
        metrics.scored_channels.set(self.engine.n_open)
        self._make_room(slot)
        self._rooms.pop(slot, None)

    async def stop(self, deadline_s: float) -> None:
        """Takes nothing new, scores what waits for at most `deadline_s`, answers the rest with an error, ends."""
        with self._wake:
            self._stopping = True
            self._wake.notify()
        await asyncio.to_thread(self._thread.join, deadline_s)
        if self._thread.is_alive():
            with self._wake:
                self._abandoning = True
            await asyncio.to_thread(self._thread.join)
        metrics.score_lag_seconds.set_function(lambda: 0.0)

    def _check_running(self) -> None:
        if self._ended:
            raise ScorerStoppedError("the scoring thread has ended")
        if self._stopping:
            raise ScorerStoppedError("the scorer is stopping")

    # --- in the thread ---

    def _main(self) -> None:
        """Scores until told to stop; however it ends, nobody is left waiting."""
        try:
            while batch := self._next_batch():
                answers: list[Answer] = []
                # A run either computes the heads or does not, so while the hop is stretched a batch may take two runs.
                for heads in (True, False):
                    if group := [taken for taken in batch if taken.heads is heads]:
                        answers += self._score(group, heads)
                # The backlog first: whoever hears of a score finds lag and free places as they are after it.
                self._finish(batch)
                self._unanswered = []
                self._post(answers)
        except BaseException:
            log.exception("scoring_thread_died")
        finally:
            self._answer_rest()

    def _next_batch(self) -> list[Taken]:
        """The next batch as soon as there is one, empty when it is time to end. Waits to be told, never polls."""
        with self._wake:
            while not self._abandoning:
                if self._backlog.is_idle:
                    if self._stopping:
                        return []
                    self._wake.wait()
                elif not self._stopping and (pause_s := self._backlog.gathering_s(self._now_s())) > 0.0:
                    self._wake.wait(pause_s)
                else:
                    self._unanswered = self._backlog.take(self._now_s())
                    metrics.score_hop_stretch.set(self._backlog.hop.stretch)
                    metrics.score_backlog_chunks.set(self._backlog.n_waiting)
                    return self._unanswered
            return []

    def _score(self, group: Sequence[Taken], heads: bool) -> list[Answer]:
        """The outcome of every row, from one run of the model."""
        n = len(group)
        started_at_s = self._now_s()
        outcomes: list[Outcome]
        try:
            for i, taken in enumerate(group):
                self._audio[i] = taken.waiting.samples
            scores = self.engine.run([taken.channel.slot for taken in group], self._audio[:n], heads=heads)
            outcomes = list(scores.rows())
        except Exception as error:
            # The engine answers for the model's errors row by row; what lands here is a fault of our own. It costs
            # these rows one chunk, never the thread.
            log.exception("scoring_failed", n_channels=n)
            outcomes = [ScoringError(f"scoring failed: {error!r}") for _ in group]
        now_s = self._now_s()
        metrics.score_batch_size.observe(n)
        metrics.score_run_seconds.observe(now_s - started_at_s)
        for taken in group:
            metrics.score_delay_seconds.observe(now_s - taken.waiting.received_at_s)
        if not heads:
            metrics.score_stretched_chunks.inc(n)
        if n_failed := sum(isinstance(outcome, ScoringError) for outcome in outcomes):
            metrics.score_failures.inc(n_failed)
        return [(t.channel, t.waiting.deliver, outcome) for t, outcome in zip(group, outcomes, strict=True)]

    def _finish(self, batch: Sequence[Taken]) -> None:
        with self._wake:
            for slot in self._backlog.finish(batch, self._now_s()):
                self.engine.close(slot)
        metrics.scored_channels.set(self.engine.n_open)

    def _answer_rest(self) -> None:
        """Answers every chunk that is not answered yet with an error; nothing is taken any more."""
        with self._wake:
            self._ended = True
            left = [(taken.channel, taken.waiting) for taken in self._unanswered] + self._backlog.abandon()
        error = ScorerStoppedError("the scorer ended before this chunk was scored")
        self._post([(channel, waiting.deliver, error) for channel, waiting in left])

    def _post(self, answers: list[Answer]) -> None:
        # RuntimeError: the loop is closed already, so nobody is left to be told.
        with contextlib.suppress(RuntimeError):
            self._loop.call_soon_threadsafe(self._deliver, answers)

    # --- on the event loop ---

    def _deliver(self, answers: Sequence[Answer]) -> None:
        """Hands the outcomes of one run to their calls."""
        for channel, deliver, outcome in answers:
            if not channel.dropped:
                try:
                    deliver(outcome)
                except Exception:
                    log.exception("score_delivery_failed")
            self._make_room(channel.slot)

    def _make_room(self, slot: Slot) -> None:
        if room := self._rooms.get(slot):
            room.set()
