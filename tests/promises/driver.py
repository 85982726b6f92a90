"""The chain from gateway events to alerts with a clock that is moved by hand: no socket, no thread, no wall clock."""

import heapq
import json
from collections import defaultdict, deque
from collections.abc import Callable, Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

import msgspec
import numpy as np

from voicerisk.call import Call, Chunk
from voicerisk.events import Role
from voicerisk.floor import Floor, FloorSettings
from voicerisk.gateways.codec import (
    Audio,
    Channel,
    Codec,
    GatewayEvent,
    Handshake,
    Ignored,
    Samples,
    StreamEnded,
    StreamStarted,
)
from voicerisk.gateways.l16 import L16Codec
from voicerisk.gateways.twilio import TwilioCodec
from voicerisk.replay import action_item, audio_events, event_item
from voicerisk.scoring.engine import ScoringEngine, Slot
from voicerisk.scoring.model import Model
from voicerisk.scoring.scores import ChunkScore
from voicerisk.simulate.call import MessageSource, SimulatedCall
from voicerisk.simulate.l16 import l16
from voicerisk.simulate.twilio import twilio

Timed = tuple[float, str, GatewayEvent]
"""Seconds, the stream's key, what came."""

TICK_S = 0.1


class Driver:
    """What the server does between its sockets and its screens, in one thread and in the order it is told."""

    def __init__(self, model: Model, settings: FloorSettings | None = None) -> None:
        self.floor = Floor(settings or FloorSettings(), model.spec.emotions)
        self.engine = ScoringEngine(model, 128, 128)
        self.logs: dict[str, list[str]] = defaultdict(list)
        self.n_scored: dict[str, int] = defaultdict(int)
        self._now = 0.0
        self._streams: dict[str, Call] = {}
        self._slots: dict[Call, Slot] = {}
        self._waiting: dict[Call, deque[Chunk]] = {}

    def deliver(self, now: float, stream: str, event: GatewayEvent) -> None:
        """The stream's next event comes at `now`."""
        self._now = now
        if isinstance(event, StreamStarted):
            self._streams[stream] = self.floor.open_stream(stream, event, now)
        call = self._streams.get(stream)
        if call is None or isinstance(event, Ignored):
            return
        if isinstance(event, StreamEnded):
            self.floor.close_stream(self._streams.pop(stream), stream, event, now)
        elif not isinstance(event, StreamStarted):
            call.receive(stream, event)
        self._gather(call)

    def tick(self, now: float) -> None:
        """Time passes."""
        self._now = now
        lost, _actions = self.floor.tick(now)
        for call in lost:
            self._gather(call)

    def score(self) -> bool:
        """One run of the model with the next chunk of every call that has one; False when none has."""
        batch = [(call, waiting.popleft()) for call, waiting in self._waiting.items() if waiting]
        if not batch:
            return False
        for call, _ in batch:
            if call not in self._slots:
                self._slots[call] = self.engine.open()
        audio = np.stack([chunk.samples for _, chunk in batch])
        outcomes = self.engine.run([self._slots[call] for call, _ in batch], audio).rows()
        for (call, chunk), outcome in zip(batch, outcomes, strict=True):
            self.n_scored[call.facts.call] += 1
            if isinstance(outcome, ChunkScore):
                call.scored(chunk.index, outcome)
            else:
                call.fail(f"not scored: {outcome}")
                self._waiting[call].clear()
            self._gather(call)
        return True

    def _gather(self, call: Call) -> None:
        call.take_blocks()
        self._waiting.setdefault(call, deque()).extend(call.take_chunks())
        outcome = self.floor.settle(call, self._now)
        items = [event_item(event, call.facts.started_at) for event in outcome.events]
        items += filter(None, map(action_item, outcome.actions))
        self.logs[call.facts.call] += map(json.dumps, items)
        if call.ended:
            self._waiting.pop(call, None)
            if call in self._slots:
                self.engine.close(self._slots.pop(call))


def at_once(driver: Driver, events: Iterable[Timed]) -> None:
    """Everything comes in one moment, and is scored afterwards: as fast as possible."""
    for _, stream, event in events:
        driver.deliver(0.0, stream, event)
    while driver.score():
        pass


def paced(driver: Driver, events: Iterable[Timed]) -> None:
    """Everything comes in its own time by a simulated clock, and at each of its ticks what has gathered is scored."""
    clock_s = 0.0
    for at_s, stream, event in events:
        while clock_s + TICK_S <= at_s:
            clock_s = round(clock_s + TICK_S, 3)
            while driver.score():
                pass
            driver.tick(clock_s)
        driver.deliver(at_s, stream, event)
    while driver.score():
        pass


def of_file(path: Path, call_id: str, packet_s: float) -> Iterator[Timed]:
    """A call played from an audio file."""
    for at_s, _, event in audio_events(path, packet_s=packet_s):
        named = msgspec.structs.replace(event, call_id=call_id) if isinstance(event, StreamStarted) else event
        yield at_s, call_id, named


def _of_messages(source: MessageSource, codec: Codec, path: Path, call_id: str, packet_s: float) -> Iterator[Timed]:
    at_s = 0.0
    for at_s, message in source(SimulatedCall(path=path, call_id=call_id, packet_s=packet_s)):
        yield from ((at_s, call_id, event) for event in codec.receive(message))
    yield from ((at_s, call_id, event) for event in codec.receive_end(clean=True))


def of_twilio(path: Path, call_id: str, packet_s: float) -> Iterator[Timed]:
    """The same call as a Twilio fork."""
    return _of_messages(twilio, TwilioCodec(Handshake()), path, call_id, packet_s)


def of_l16(path: Path, call_id: str, packet_s: float) -> Iterator[Timed]:
    """The same call as FreeSWITCH forks it."""
    return _of_messages(l16, L16Codec(Handshake()), path, call_id, packet_s)


WAYS: Mapping[str, Callable[[Path, str, float], Iterator[Timed]]] = {
    "file": of_file,
    "twilio": of_twilio,
    "l16": of_l16,
}


def stream(
    call_id: str,
    samples: Samples,
    *,
    roles: tuple[Role, ...] = (Role.CUSTOMER,),
    packet_s: float = 0.2,
    from_s: float = 0.0,
    clean: bool = True,
) -> Iterator[Timed]:
    """A call made of samples, shape (n,) or (n, channels), at 8 kHz, that begins at `from_s`."""
    shaped = samples.reshape(len(samples), -1)
    yield from_s, call_id, StreamStarted(call_id, call_id, tuple(Channel(role, 8000) for role in roles))
    step = round(packet_s * 8000)
    for at in range(0, len(shaped), step):
        piece = shaped[at : at + step]
        for channel in range(shaped.shape[1]):
            yield from_s + (at + len(piece)) / 8000, call_id, Audio(channel, np.ascontiguousarray(piece[:, channel]))
    yield from_s + len(shaped) / 8000, call_id, StreamEnded("stop" if clean else "connection lost", clean=clean)


def together(*calls: Iterable[Timed]) -> Iterator[Timed]:
    """Several calls at the same time, in the order of their time."""
    return heapq.merge(*calls, key=lambda timed: timed[0])


def what_alerted(items: Iterable[Mapping[str, Any]]) -> list[list[Any]]:
    """What a supervisor is told: which rule, at which second of the call, how much, and why."""
    return [[item["rule"], item["severity"], item["at_s"], item["value"], item["reasons"]] for item in items]
