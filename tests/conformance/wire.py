"""Plays recorded sessions of one call through their codecs and the call's clock, and compares what comes out."""

import heapq
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from voicerisk.events import Role
from voicerisk.gateways.codec import (
    Audio,
    AudioLost,
    Channel,
    Codec,
    GatewayEvent,
    Ignored,
    Message,
    Paused,
    Resumed,
    StreamStarted,
)
from voicerisk.gateways.recording import Close, Recording, Wire, open_recording
from voicerisk.gateways.routes import codec_maker
from voicerisk.media.block import BLOCK_SAMPLES, Block
from voicerisk.media.timeline import Timeline


@dataclass
class Played:
    """What came out: events without audio, what was answered, each role's samples at 8 kHz, which of them came."""

    streams: dict[str, list[GatewayEvent]] = field(default_factory=dict)
    answers: dict[str, list[Message]] = field(default_factory=dict)
    samples: dict[Role, np.ndarray] = field(default_factory=dict)
    arrived: dict[Role, np.ndarray] = field(default_factory=dict)
    blocks: list[Block] = field(default_factory=list)
    late_samples: int = 0

    @property
    def events(self) -> list[GatewayEvent]:
        """The events of the only session."""
        (events,) = self.streams.values()
        return events


class _Player:
    """A call whose sessions are played together."""

    def __init__(self) -> None:
        self.played = Played()
        self._timeline = Timeline()
        self._codecs: dict[str, Codec] = {}
        self._channels: dict[str, tuple[Channel, ...]] = {}
        self._next: dict[str, list[int]] = {}  # where each channel of a stream goes on, at its own rate
        self._pieces: dict[Role, list[tuple[int, int]]] = {}

    def open(self, stream: str, recording: Recording) -> None:
        self._codecs[stream] = codec_maker(recording.protocol)(recording.handshake)
        self.played.streams[stream], self.played.answers[stream] = [], []

    def play(self, stream: str, entry: Wire | Close) -> None:
        codec = self._codecs[stream]
        events = codec.receive(entry.message) if isinstance(entry, Wire) else codec.receive_end(clean=entry.clean)
        for event in events:
            if isinstance(event, Audio):
                self._audio(stream, event)
                continue
            if not isinstance(event, Ignored):
                self.played.streams[stream].append(event)
            if isinstance(event, StreamStarted):
                self._channels[stream] = event.channels
                self._timeline.open_stream(stream, event.channels)
            elif isinstance(event, AudioLost):
                self._timeline.lost(stream, event.n_samples)
                ends = self._ends(stream)
                self._next[stream] = [end + event.n_samples for end in ends]
            elif isinstance(event, Paused):
                self._timeline.pause(stream)
            elif isinstance(event, Resumed):
                self._timeline.resume(stream)
        self.played.answers[stream] += codec.messages_to_send()
        self.played.blocks += self._timeline.blocks()

    def finish(self) -> Played:
        played = self.played
        played.blocks += self._timeline.finish()
        played.late_samples = self._timeline.late_samples
        for role, pieces in self._pieces.items():
            parts = [block.roles[role] for block in played.blocks if role in block.roles]
            assert [role in block.roles for block in played.blocks[: len(parts)]] == [True] * len(parts)
            played.samples[role] = np.concatenate([part.samples[: part.n_valid] for part in parts])
            came = np.zeros(len(parts) * BLOCK_SAMPLES, bool)
            for start, stop in pieces:
                came[start:stop] = True
            played.arrived[role] = came[: len(played.samples[role])]
        return played

    def _audio(self, stream: str, audio: Audio) -> None:
        channel = self._channels[stream][audio.channel]
        ends = self._ends(stream)
        start = audio.start if audio.start is not None else ends[audio.channel]
        ends[audio.channel] = start + len(audio.samples)
        piece = start * 8000 // channel.rate_hz, ends[audio.channel] * 8000 // channel.rate_hz
        self._pieces.setdefault(channel.role, []).append(piece)
        self._timeline.push(stream, audio.channel, audio.samples, audio.start)

    def _ends(self, stream: str) -> list[int]:
        """A stream begins where the others of its call have got to."""
        if stream not in self._next:
            lead = max((pieces[-1][1] for pieces in self._pieces.values()), default=0)
            self._next[stream] = [lead * channel.rate_hz // 8000 for channel in self._channels[stream]]
        return self._next[stream]


def play(*paths: Path) -> Played:
    """Play the sessions, which are those of one call, in the order of their wall clock."""
    player = _Player()
    with ExitStack() as stack:
        sessions = []
        for path in paths:
            recording = stack.enter_context(open_recording(path))
            player.open(path.name, recording)
            sessions.append(_timed(recording, path.name))
        for _, stream, entry in heapq.merge(*sessions, key=lambda timed: timed[0]):
            player.play(stream, entry)
    return player.finish()


def _timed(recording: Recording, stream: str) -> Iterator[tuple[float, str, Wire | Close]]:
    for entry in recording:
        yield recording.wall_s + entry.t_s, stream, entry


def aligned(heard: np.ndarray, said: np.ndarray) -> int:
    """Where in `said` the first sample of `heard` lies (negative: before it): the peak of their cross-correlation."""
    n = 1 << (len(heard) + len(said)).bit_length()
    product = np.fft.rfft(said.astype(float), n) * np.conj(np.fft.rfft(heard.astype(float), n))
    peak = int(np.argmax(np.fft.irfft(product, n)))
    return peak if peak < len(said) else peak - n


def correlation(heard: np.ndarray, said: np.ndarray, lag: int, arrived: np.ndarray) -> float:
    """Correlation of what arrived of `heard` with the part of `said` that it lies on; -1..1."""
    first, last = max(0, -lag), min(len(heard), len(said) - lag)
    mask = arrived[first:last]
    a = heard[first:last][mask].astype(float)
    b = said[first + lag : last + lag][mask].astype(float)
    return float(np.corrcoef(a, b)[0, 1])
