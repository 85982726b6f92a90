"""Who is scored next: the waiting chunks of all live channels, in fair order, in batches, with every bound stated.

A plain data structure: no thread, no lock, no clock (`now_s` is monotonic and an argument). At most one chunk of a
channel is in a batch, so a channel's chunks stay in order, and a channel that sends a flood waits behind itself: its
second chunk is *ready* only when its first one is scored, and lines up behind the ready chunks of everybody else.
"""

from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Annotated

import msgspec
import numpy as np
import numpy.typing as npt

from voicerisk.scoring.engine import Slot, StaleSlotError
from voicerisk.scoring.overload import Hop, OverloadSettings, next_hop
from voicerisk.scoring.scores import ChunkScore, ScoringError

Outcome = ChunkScore | ScoringError
Samples = npt.NDArray[np.int16]


class QueueFullError(ScoringError):
    """The call has `max_waiting_chunks` waiting already; the chunk was not taken."""


class ScorerSettings(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """How the model is shared among the live calls."""

    capacity: Annotated[int, msgspec.Meta(ge=1, le=100_000)] = 500
    """Channels scored at the same time; memory for their states is taken at the start."""

    max_batch: Annotated[int, msgspec.Meta(ge=1, le=4096)] = 128
    """Channels in one run of the model. Larger is hardly cheaper and makes the first of a batch wait for the last."""

    gather_s: Annotated[float, msgspec.Meta(ge=0.0, le=0.1)] = 0.01
    """Runs start at least this far apart, so that chunks gather while there is load; an idle model starts at once."""

    max_waiting_chunks: Annotated[int, msgspec.Meta(ge=1, le=10_000)] = 250
    """Chunks of one call that may wait (250 = one minute of sound); above it the call's chunks are refused."""

    overload: OverloadSettings = OverloadSettings()
    """When to stretch the hop and when to close the door."""


@dataclass(frozen=True, slots=True)
class Waiting:
    """One chunk on its way to the model: int16 (1920,), when its last sample came in, and where the outcome goes."""

    samples: Samples
    received_at_s: float
    deliver: Callable[[Outcome], None]


@dataclass(slots=True, eq=False)
class Channel:
    """One live channel. `ready_at_s` says since when its first waiting chunk could have been scored."""

    slot: Slot
    queue: deque[Waiting] = field(default_factory=deque)
    n_taken: int = 0
    ready_at_s: float = 0.0
    in_flight: bool = False
    closing: bool = False
    dropped: bool = False

    @property
    def is_done(self) -> bool:
        """Whether nothing more is to come and nothing is left to score."""
        return self.closing and not self.in_flight and not self.queue


@dataclass(frozen=True, slots=True)
class Taken:
    """One row of a batch; `heads` says whether pooled scores are wanted."""

    channel: Channel
    waiting: Waiting
    heads: bool


class Backlog:
    """Waiting chunks by channel, and the batch in flight."""

    def __init__(self, settings: ScorerSettings) -> None:
        self.settings = settings
        self.hop = Hop()
        self.n_waiting = 0
        self.channels: dict[Slot, Channel] = {}
        # Channels with a chunk to score and none in flight, the one that waits longest first; each stands here once.
        self._ready: deque[Channel] = deque()
        self._batch_taken_at_s = float("-inf")
        self._in_flight_since_s: float | None = None

    @property
    def is_idle(self) -> bool:
        """Whether no chunk can be scored now."""
        return not self._ready

    def lag_s(self, now_s: float) -> float:
        """Seconds that the chunk that waits longest, or is being scored now, has been ready; 0 when there is none.

        Counted from when the chunk was ready: a call that sends faster than real time is late by its own doing, and
        must neither stretch the hop of others nor close the door to them.
        """
        since_s = [self._ready[0].ready_at_s] if self._ready else []
        if self._in_flight_since_s is not None:
            since_s.append(self._in_flight_since_s)
        return max(0.0, now_s - min(since_s)) if since_s else 0.0

    def open(self, slot: Slot) -> None:
        """A new channel under that slot."""
        self.channels[slot] = Channel(slot)

    def channel(self, slot: Slot) -> Channel:
        """The open channel of that slot.

        Raises:
            StaleSlotError: There is none, or it is closing.
        """
        channel = self.channels.get(slot)
        if channel is None or channel.closing:
            raise StaleSlotError(f"slot {slot} is closed")
        return channel

    def add(self, slot: Slot, waiting: Waiting) -> bool:
        """Puts a chunk behind the others of its channel; True if whoever waits for a batch should look again now.

        Raises:
            QueueFullError: `max_waiting_chunks` wait already; the chunk is not taken.
            StaleSlotError: The channel is closed.
        """
        channel = self.channel(slot)
        if len(channel.queue) >= self.settings.max_waiting_chunks:
            raise QueueFullError(f"{len(channel.queue)} chunks wait already: the call sends faster than it is scored")
        channel.queue.append(waiting)
        self.n_waiting += 1
        if len(channel.queue) > 1 or channel.in_flight:
            return True
        channel.ready_at_s = waiting.received_at_s
        self._ready.append(channel)
        return len(self._ready) in (1, self.settings.max_batch)

    def gathering_s(self, now_s: float) -> float:
        """How much longer to gather before `take`, in seconds; 0 or less is "now".

        Waiting for company makes sense only while everybody is in time and the batch has room.
        """
        someone_is_late = self.n_waiting > len(self._ready)
        if someone_is_late or len(self._ready) >= self.settings.max_batch:
            return 0.0
        return self._batch_taken_at_s + self.settings.gather_s - now_s

    def take(self, now_s: float) -> list[Taken]:
        """The next batch: one chunk each of up to `max_batch` channels that have waited longest."""
        self.hop = next_hop(self.hop, self.lag_s(now_s), now_s, self.settings.overload)
        self._batch_taken_at_s = now_s
        if self._ready:
            self._in_flight_since_s = self._ready[0].ready_at_s
        batch = []
        for _ in range(min(len(self._ready), self.settings.max_batch)):
            channel = self._ready.popleft()
            batch.append(Taken(channel, channel.queue.popleft(), self.hop.has_heads(channel.n_taken)))
            channel.n_taken += 1
            channel.in_flight = True
        self.n_waiting -= len(batch)
        return batch

    def finish(self, batch: Sequence[Taken], now_s: float) -> list[Slot]:
        """The batch is scored; its channels line up again. Returns the slots that are done and must be closed."""
        self._in_flight_since_s = None
        done = []
        for taken in batch:
            channel = taken.channel
            channel.in_flight = False
            if channel.queue:
                channel.ready_at_s = max(channel.queue[0].received_at_s, now_s)
                self._ready.append(channel)
            elif channel.closing:
                del self.channels[channel.slot]
                done.append(channel.slot)
        return done

    def close(self, slot: Slot, *, drop: bool) -> bool:
        """Nothing more will come; with `drop` nothing that waits is scored either. True if the slot is done by now."""
        channel = self.channels.get(slot)
        if channel is None:
            return False
        channel.closing = True
        if drop:
            channel.dropped = True
            self.n_waiting -= len(channel.queue)
            if channel.queue and not channel.in_flight:
                self._ready.remove(channel)
            channel.queue.clear()
        if not channel.is_done:
            return False
        del self.channels[slot]
        return True

    def abandon(self) -> list[tuple[Channel, Waiting]]:
        """Everything that waits, taken out unscored, in each channel's order."""
        left = [(channel, waiting) for channel in self.channels.values() for waiting in channel.queue]
        for channel in self.channels.values():
            channel.queue.clear()
        self._ready.clear()
        self.n_waiting = 0
        self._in_flight_since_s = None
        return left
