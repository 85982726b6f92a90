"""One clock per call, counted in samples at 8 kHz: streams of audio go in, blocks of 240 ms with every role come out.

The clock starts with the call's first audio and never looks at the time of day, so the same audio gives the same blocks
at any speed and in packets of any size. The rules:

* A block is out when every open channel has it in full, or when one is ahead of the laggard by `max_skew_s`: the
  laggard's part is then silence, marked as missing.
* Audio with positions goes to its place. What comes out of order is waited for (`reorder_s`); a hole that does not fill
  becomes missing silence; what comes twice or too late is cut off and counted.
* Audio without positions follows on what came before. A channel that fell silent and was overtaken goes on at the edge
  of the last block given out, and is not waited for until it does.
* A clock that jumps by more than `max_gap_s` was set: the audio follows on directly, and the block has a seam.
* A stream of the call that starts later, be it a second leg or a reconnect, starts where the others have got to.
* A stream that is paused, closed, or has not sent anything yet is not waited for.
"""

from collections.abc import Sequence
from typing import Final

import msgspec

from voicerisk.events import Role
from voicerisk.gateways.codec import Channel
from voicerisk.media.block import BLOCK_SAMPLES, Block, BlockAudio, Samples
from voicerisk.media.feed import Feed
from voicerisk.media.reorder import OrderLimits, StreamClock
from voicerisk.media.track import Track
from voicerisk.scoring.contract import RATE_HZ

__all__ = ["MAX_RATE_HZ", "MIN_RATE_HZ", "Block", "BlockAudio", "Timeline", "TimelineSettings"]

MIN_RATE_HZ: Final = 4000
MAX_RATE_HZ: Final = 192_000


class TimelineSettings(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """How long a call's clock waits, all in seconds of media."""

    max_skew_s: float = 1.0
    """How far one channel may be ahead before the others' silence is taken as silence."""
    reorder_s: float = 0.1
    """How long a hole is waited for before it counts as lost."""
    tolerance_s: float = 0.015
    """How far a timestamp may be off and still mean "directly after"."""
    max_gap_s: float = 60.0
    """The longest hole that is filled with silence; a longer one is a clock that was set."""
    max_late_s: float = 10.0
    """How far back a timestamp may lie and still mean late audio; further back is a clock that was set."""

    def __post_init__(self) -> None:
        if not 0.3 <= self.max_skew_s <= 10.0:
            raise ValueError("max_skew_s: 0.3 to 10 seconds is wanted; under 0.3 one packet of 200 ms would be cut off")
        if not 0.0 <= self.reorder_s <= 0.5 * self.max_skew_s:
            raise ValueError("reorder_s: 0 to half of max_skew_s is wanted, or waiting would look like falling behind")
        if not 0.0 <= self.tolerance_s <= 0.1:
            raise ValueError("tolerance_s: 0 to 0.1 seconds is wanted")
        if not 1.0 <= self.max_gap_s <= 600.0:
            raise ValueError("max_gap_s: 1 to 600 seconds is wanted")
        if not 1.0 <= self.max_late_s <= 600.0:
            raise ValueError("max_late_s: 1 to 600 seconds is wanted")


class _Stream:
    """One connection's channels. `feeds` is empty until the first audio anchors the stream to the call's clock."""

    __slots__ = ("channels", "feeds", "is_paused", "resumed")

    def __init__(self, channels: tuple[Channel, ...]) -> None:
        self.channels = channels
        self.feeds: list[Feed | None] = []  # None where another stream has taken over the role
        self.is_paused = False
        self.resumed = False


class Timeline:
    """One call's clock.

    Call `blocks` after each message's audio: memory is bounded by what may be waiting (`max_skew_s`) and by the longest
    gap (`max_gap_s`), not by the length of the call. Streams and channels that were never opened raise `KeyError` or
    `IndexError`.
    """

    def __init__(self, settings: TimelineSettings | None = None) -> None:
        self._settings = settings or TimelineSettings()
        self._skew = round(self._settings.max_skew_s * RATE_HZ)
        self._streams: dict[str, _Stream] = {}
        self._tracks: dict[Role, Track] = {}
        self._owners: dict[Role, Feed] = {}  # who writes into a track now
        self._awaited: list[Feed] = []
        self._index = 0
        self._late_samples = 0

    @property
    def late_samples(self) -> int:
        """Samples, at their channels' rates, cut off so far: came twice, too late, or on a stream that was replaced."""
        return self._late_samples + sum(feed.late_samples for feed in self._owners.values())

    def open_stream(self, stream: str, channels: Sequence[Channel]) -> None:
        """Announce a stream; it takes over the roles that another one has when its first audio comes.

        Raises `ValueError` if two channels have the same role or a rate is not one of sound.
        """
        if len({channel.role for channel in channels}) < len(channels):
            raise ValueError("two channels of a stream have the same role")
        if any(not MIN_RATE_HZ <= channel.rate_hz <= MAX_RATE_HZ for channel in channels):
            raise ValueError(f"a channel's rate is not within {MIN_RATE_HZ} to {MAX_RATE_HZ} Hz")
        if stream in self._streams:
            self.close_stream(stream)
        self._streams[stream] = _Stream(tuple(channels))

    def push(self, stream: str, channel_index: int, samples: Samples, start: int | None = None) -> None:
        """Take int16 samples of a channel at its rate; `start` is the first one's number on the stream's own clock."""
        opened = self._streams[stream]
        if not opened.feeds:
            self._anchor(opened)
        feed = opened.feeds[channel_index]
        if feed is None:
            self._late_samples += len(samples)
            return
        if opened.resumed:
            self._mark_seams(opened)
        feed.push(samples, start)

    def lost(self, stream: str, n_samples: int) -> None:
        """Take the peer's word that it left out `n_samples` (at the channels' rates) of every channel."""
        opened = self._streams[stream]
        if not opened.feeds:
            self._anchor(opened)
        for feed in opened.feeds:
            if feed is not None and n_samples > 0:
                feed.lose(n_samples)

    def pause(self, stream: str) -> None:
        """The stream will be silent on purpose: do not wait for it. The clock stands still unless another one runs."""
        opened = self._streams[stream]
        opened.is_paused = True
        for feed in opened.feeds:
            if feed is not None:
                feed.release()
        self._await()

    def resume(self, stream: str) -> None:
        """The stream goes on, behind what the others have made of the clock in the meantime."""
        opened = self._streams[stream]
        opened.resumed = opened.resumed or opened.is_paused
        opened.is_paused = False
        self._await()

    def close_stream(self, stream: str) -> None:
        """No more will come on this stream. What it had left is kept for the blocks to come."""
        for feed in self._streams.pop(stream).feeds:
            if feed is not None:
                self._detach(feed)
        self._await()

    def blocks(self) -> list[Block]:
        """The blocks that have become ready, in order; each is given once."""
        ready: list[Block] = []
        stop = (self._index + 1) * BLOCK_SAMPLES
        for track in self._tracks.values():
            if track.end >= stop:
                break
        else:
            return ready  # by far the most common case: a message seldom completes a block
        while self._is_ready():
            ready.append(self._take(self._edge, self._edge + BLOCK_SAMPLES))
        return ready

    def finish(self) -> list[Block]:
        """All that is left, when the call has ended; the last block may lie partly behind the end (`n_valid`)."""
        for stream in list(self._streams):
            self.close_stream(stream)
        left = self.blocks()
        end = self._lead()
        if end > self._edge:
            left.append(self._take(self._edge, end))
        return left

    @property
    def _edge(self) -> int:
        return self._index * BLOCK_SAMPLES

    def _lead(self) -> int:
        return max((track.end for track in self._tracks.values()), default=0)

    def _is_ready(self) -> bool:
        """Whether the next block can go out; puts the missing silence in if it can."""
        stop = self._edge + BLOCK_SAMPLES
        lead = self._lead()
        if lead < stop:
            return False
        behind = [feed for feed in self._awaited if feed.track.end < stop]
        for feed in behind:
            if not feed.resting and lead - feed.track.end < self._skew:
                return False
        for feed in behind:
            feed.release()
            if feed.track.end < stop:
                feed.fill_to(stop)
                feed.resting = not feed.timed
        return True

    def _take(self, start: int, stop: int) -> Block:
        roles = {
            role: track.take(start, stop)
            for role, track in self._tracks.items()
            if track.end > start or role in self._owners
        }
        block = Block(self._index, roles)
        self._index += 1
        for opened in self._streams.values():
            if opened.is_paused:
                for feed in opened.feeds:
                    if feed is not None and feed.track.end < stop:
                        feed.fill_to(stop)
        return block

    def _anchor(self, opened: _Stream) -> None:
        """Tie a stream to the call's clock where the others have got to, and let it take over its roles."""
        for channel in opened.channels:
            if channel.role in self._owners:
                self._detach(self._owners[channel.role])
        base = max(self._lead(), self._edge)
        clocks: dict[int, StreamClock] = {}
        settings = self._settings
        for channel in opened.channels:
            known = channel.role in self._tracks
            track = self._tracks.setdefault(channel.role, Track(base))
            track.forget(self._edge)
            track.move_to(base)
            if known:
                track.mark_seam(base)
            limits = OrderLimits.at_rate(
                channel.rate_hz,
                tolerance_s=settings.tolerance_s,
                window_s=settings.reorder_s,
                max_gap_s=settings.max_gap_s,
                max_late_s=settings.max_late_s,
            )
            clock = clocks.setdefault(channel.rate_hz, StreamClock())
            feed = Feed(track, channel.rate_hz, base, limits, clock)
            self._owners[channel.role] = feed
            opened.feeds.append(feed)
        self._await()

    def _detach(self, feed: Feed) -> None:
        feed.finish()
        self._late_samples += feed.late_samples
        self._owners = {role: owner for role, owner in self._owners.items() if owner is not feed}
        for opened in self._streams.values():
            opened.feeds = [None if other is feed else other for other in opened.feeds]

    def _mark_seams(self, opened: _Stream) -> None:
        opened.resumed = False
        for feed in opened.feeds:
            if feed is not None:
                feed.track.mark_seam(feed.track.end)

    def _await(self) -> None:
        self._awaited = [
            feed
            for opened in self._streams.values()
            if not opened.is_paused
            for feed in opened.feeds
            if feed is not None
        ]
