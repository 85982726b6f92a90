"""Live audio to listeners: per call a little of the past, and per listener a bounded queue that drops its oldest."""

import asyncio
from collections import deque
from typing import Final

import numpy as np
import numpy.typing as npt

from voicerisk.events import Role
from voicerisk.media import block as media
from voicerisk.server import metrics

RATE_HZ: Final = 8000
CHANNELS: Final = 2
BYTES_PER_SECOND: Final = RATE_HZ * CHANNELS * 2

PRE_ROLL_S: Final = 0.5
"""Audio kept per call, so that a listener hears something at once. Kept in memory only, overwritten all the time."""

BACKLOG_S: Final = 1.5
"""Audio that may wait for one listener; who wants to hear the call now has no use for older sound."""

Samples = npt.NDArray[np.int16]


class Block:
    """A piece of a call: `pcm` is interleaved little-endian int16 (customer, agent), `n` samples per channel."""

    __slots__ = ("n", "pcm")

    def __init__(self, pcm: bytes) -> None:
        self.pcm = pcm
        self.n = len(pcm) // (2 * CHANNELS)


def interleave(customer: Samples | None, agent: Samples | None) -> Block:
    """One block of both channels, each shape (n,) at 8 kHz; a missing channel is silent, a shorter one padded.

    The samples are copied, so the caller may reuse its buffers.
    """
    n = max(0 if customer is None else len(customer), 0 if agent is None else len(agent))
    both = np.zeros((n, CHANNELS), dtype="<i2")
    for position, channel in enumerate((customer, agent)):
        if channel is not None:
            both[: len(channel), position] = channel
    return Block(both.tobytes())


def two_sides(block: media.Block) -> tuple[Samples | None, Samples | None]:
    """What is heard on the customer's side and on the agent's; a single channel is the customer's, whoever is on it."""
    spoken = {role: audio.samples[: audio.n_valid] for role, audio in block.roles.items()}
    alone = spoken.get(Role.MIXED, spoken.get(Role.UNKNOWN))
    return spoken.get(Role.CUSTOMER, alone), spoken.get(Role.AGENT)


class Listener:
    """One person's ear on one call. `next` gives the blocks in order; `take_gap` says how much was left out before."""

    def __init__(self, person: str, pre_roll: list[Block]) -> None:
        self.person = person
        self._blocks: deque[Block] = deque(pre_roll)
        self._n_waiting = sum(block.n for block in pre_roll)
        self._n_gap = 0
        self._wake = asyncio.Event()
        self.ended = False

    def push(self, block: Block) -> None:
        """Queues a block; over `BACKLOG_S` the oldest ones are dropped and counted."""
        self._blocks.append(block)
        self._n_waiting += block.n
        while self._n_waiting > BACKLOG_S * RATE_HZ and len(self._blocks) > 1:
            oldest = self._blocks.popleft()
            self._n_waiting -= oldest.n
            self._n_gap += oldest.n
            metrics.listen_dropped_seconds.inc(oldest.n / RATE_HZ)
        self._wake.set()

    def end(self) -> None:
        """No more will come: `next` gives what is left and then None."""
        self.ended = True
        self._wake.set()

    async def next(self) -> Block | None:
        """The next block, or None when the call has ended."""
        while not self._blocks:
            if self.ended:
                return None
            self._wake.clear()
            await self._wake.wait()
        block = self._blocks.popleft()
        self._n_waiting -= block.n
        return block

    def take_gap(self) -> int:
        """Samples (per channel) that were dropped since this was last asked."""
        n, self._n_gap = self._n_gap, 0
        return n


class Ears:
    """All listeners of one call, and the last moments of its sound for those who come."""

    def __init__(self) -> None:
        self._recent: deque[Block] = deque()
        self._n_recent = 0
        self._listeners: list[Listener] = []

    @property
    def people(self) -> tuple[str, ...]:
        """Who listens now, each once."""
        return tuple(dict.fromkeys(listener.person for listener in self._listeners))

    def hear(self, customer: Samples | None, agent: Samples | None) -> None:
        """Takes the next piece of the call, gives it to every listener, and keeps it for a moment."""
        block = interleave(customer, agent)
        if not block.n:
            return
        self._recent.append(block)
        self._n_recent += block.n
        while self._n_recent > PRE_ROLL_S * RATE_HZ and len(self._recent) > 1:
            self._n_recent -= self._recent.popleft().n
        for listener in self._listeners:
            listener.push(block)

    def add(self, person: str) -> Listener:
        """A new listener, who starts with the last `PRE_ROLL_S` at most."""
        listener = Listener(person, list(self._recent))
        self._listeners.append(listener)
        metrics.listeners.inc()
        return listener

    def remove(self, listener: Listener) -> None:
        """Takes a listener away."""
        if listener in self._listeners:
            self._listeners.remove(listener)
            metrics.listeners.dec()

    def end(self) -> None:
        """The call is over: everybody hears what is queued and then the end."""
        for listener in self._listeners:
            listener.end()
