"""Events to every screen and program that watches: numbered, encoded once, through bounded queues."""

import asyncio
import secrets
from collections import deque
from collections.abc import Callable, Mapping
from typing import Any, Final

import msgspec

from voicerisk.server import metrics
from voicerisk.server.views import encode_json

HISTORY: Final = 2048
"""Events kept so that a client that lost its connection for a moment can go on where it was."""

QUEUE: Final = 512
"""Events that may wait for one client. Above it the client gets a fresh snapshot instead of what it missed."""


class _Event(msgspec.Struct, frozen=True):
    seq: int
    text: str


class Subscription:
    """One client's place in the feed: `next` gives the frames to send, in order."""

    def __init__(self, feed: "Feed", missed: list[_Event] | None) -> None:
        self._feed = feed
        self._needs_snapshot = missed is None
        self._queue: deque[_Event] = deque(missed or ())
        self._wake = asyncio.Event()
        self._wake.set()
        self.n_resyncs = 0

    def _push(self, event: _Event) -> None:
        if self._needs_snapshot:
            return  # the snapshot, taken when it is sent, will hold this event's effect
        if len(self._queue) >= QUEUE:
            self._queue.clear()
            self._needs_snapshot = True
            self.n_resyncs += 1
            metrics.feed_resyncs.inc()
        else:
            self._queue.append(event)
        self._wake.set()

    async def next(self) -> str:
        """The next frame: JSON text. Waits until there is one."""
        while True:
            if self._needs_snapshot:
                self._needs_snapshot = False
                return self._feed.snapshot()
            if self._queue:
                return self._queue.popleft().text
            self._wake.clear()
            await self._wake.wait()


class Feed:
    """Numbers events, encodes each once, and hands it to every subscriber without ever waiting for one of them.

    `snapshot_of` gives the whole picture as it is now; it is what a new client, or one that fell behind, gets first.
    """

    def __init__(self, snapshot_of: Callable[[], Mapping[str, Any]]) -> None:
        self._snapshot_of = snapshot_of
        self._history: deque[_Event] = deque(maxlen=HISTORY)
        self._subscriptions: set[Subscription] = set()
        self.id = secrets.token_hex(8)
        self.seq = 0

    def publish(self, kind: str, payload: Mapping[str, Any]) -> None:
        """Gives the event its number and queues it for everyone. Never blocks."""
        self.seq += 1
        text = encode_json({"type": kind, "seq": self.seq, **payload}).decode()
        event = _Event(self.seq, text)
        self._history.append(event)
        for subscription in self._subscriptions:
            subscription._push(event)

    def snapshot(self) -> str:
        """The frame that holds everything, with the number of the last event it includes."""
        return encode_json({"type": "snapshot", "seq": self.seq, "feed": self.id, **self._snapshot_of()}).decode()

    def subscribe(self, feed_id: str = "", since: int | None = None) -> Subscription:
        """A new client's place. With the feed's id and the last number it saw, it goes on from there if it can."""
        subscription = Subscription(self, self._missed(feed_id, since))
        self._subscriptions.add(subscription)
        metrics.feed_clients.set(len(self._subscriptions))
        return subscription

    def unsubscribe(self, subscription: Subscription) -> None:
        """Forgets the client."""
        self._subscriptions.discard(subscription)
        metrics.feed_clients.set(len(self._subscriptions))

    def _missed(self, feed_id: str, since: int | None) -> list[_Event] | None:
        if since is None or feed_id != self.id or not 0 <= since <= self.seq:
            return None
        oldest = self._history[0].seq if self._history else self.seq + 1
        if since + 1 < oldest or self.seq - since > QUEUE:
            return None
        return [event for event in self._history if event.seq > since]
