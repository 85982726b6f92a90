"""Recorded calls through the live chain, as fast as the machine can: same blocks, same scores, same alerts.

Only the source differs from live: an audio file's channels, or the messages of recorded wire sessions. Several files
run side by side so that the model is fed in batches; by the third promise that changes no score.
"""

import heapq
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import Any, Final

import msgspec
import numpy as np

from voicerisk.audiofile import pieces, probe, roles_of
from voicerisk.call import Call, Chunk
from voicerisk.events import Event, Role, event_type
from voicerisk.floor import Floor, FloorSettings
from voicerisk.gateways.codec import Audio, Channel, CodecError, GatewayEvent, Ignored, StreamEnded, StreamStarted
from voicerisk.gateways.recording import Close, Recording, RecordingError, open_recording
from voicerisk.gateways.routes import codec_maker
from voicerisk.risk.actions import Action, AlertOpened, AlertResolved, AlertUpdated
from voicerisk.scoring.engine import ScoringEngine, Slot
from voicerisk.scoring.model import Model
from voicerisk.scoring.scores import ChunkScore, ScoringError

RECORDING_SUFFIXES: Final = (".jsonl", ".jsonl.gz")
SIDE_BY_SIDE: Final = 64
"""Files that run at the same time: enough to fill the model's batch, few enough to hold all files open."""

BEHIND_S: Final = 2
"""How far time alone stays behind the sound: more than any packet is long."""

_REFUSED: Final = "refused: "

Item = dict[str, Any]
Timed = tuple[float, str, GatewayEvent]
"""Seconds since the epoch (or since 0 for an audio file), the stream's key, and what came."""

Progress = Callable[[str, float], None]
"""Gets a file's name and how many media seconds of it have been played so far."""


def is_recording(path: Path) -> bool:
    """Whether the file's name says that it is a recorded wire session."""
    return path.name.endswith(RECORDING_SUFFIXES)


def audio_events(path: Path, roles: Sequence[Role] | None = None, *, packet_s: float = 0.02) -> Iterator[Timed]:
    """What a gateway that plays this file would say; the call is named after the file. Raises `AudioFileError`."""
    info = probe(path)
    channels = tuple(Channel(role, info.rate_hz) for role in roles_of(path, info, roles))
    stream, n_sent = str(path), 0
    yield 0.0, stream, StreamStarted(call_id=path.stem, stream_id=stream, channels=channels)
    for piece in pieces(path, packet_s):
        n_sent += len(piece[0])
        for channel, samples in enumerate(piece):
            yield n_sent / info.rate_hz, stream, Audio(channel, samples)
    yield n_sent / info.rate_hz, stream, StreamEnded("end of file")


def wire_events(recording: Recording, stream: str) -> Iterator[Timed]:
    """What the recorded session's messages mean, by the codec of the protocol that its header names.

    A message that the codec refuses ends the session there, as it would end the connection.
    Raises `RecordingError`, also for a protocol that is not known.
    """
    try:
        codec = codec_maker(recording.protocol)(recording.handshake)
    except ValueError as error:
        raise RecordingError(f"{stream}: {error}") from None
    at_s = recording.wall_s
    for entry in recording:
        at_s = recording.wall_s + entry.t_s
        events: Sequence[GatewayEvent]
        if isinstance(entry, Close):
            events = codec.receive_end(clean=entry.clean)
        else:
            try:
                events = codec.receive(entry.message)
            except CodecError as error:
                yield at_s, stream, Ignored(f"{_REFUSED}{error}")
                events = codec.receive_end(clean=False)
                yield from ((at_s, stream, event) for event in events)
                return
        yield from ((at_s, stream, event) for event in events)


def replay(
    paths: Sequence[Path],
    model: Model,
    settings: FloorSettings,
    *,
    roles: Sequence[Role] | None = None,
    packet_s: float = 0.02,
    progress: Progress | None = None,
) -> Iterator[Item]:
    """Everything that happens in the calls, one JSON-ready object each, in each call's order.

    Args:
        paths: Audio files (a call each) and recorded wire sessions (played together, in the order of their wall clock).
        model: Scores the customers' voices.
        settings: How calls are followed and judged, the same as live.
        roles: Whose voice the channels of the audio files carry; default customer, agent.
        packet_s: Length of the pieces in which audio files are played; changes nothing in what comes out.
        progress: Told how far each file is.

    Raises:
        AudioFileError, RecordingError: A file cannot be used; those that run beside it are not finished then.
    """
    recordings = [path for path in paths if is_recording(path)]
    if recordings:
        with ExitStack() as stack:
            sessions = [wire_events(stack.enter_context(open_recording(path)), str(path)) for path in recordings]
            merged = heapq.merge(*sessions, key=lambda timed: timed[0])
            yield from _run([_Lane(merged, settings, model)], model, max(SIDE_BY_SIDE, len(recordings)), progress)
    files = [path for path in paths if not is_recording(path)]
    for first in range(0, len(files), SIDE_BY_SIDE):
        together = files[first : first + SIDE_BY_SIDE]
        lanes = [_Lane(audio_events(path, roles, packet_s=packet_s), settings, model) for path in together]
        yield from _run(lanes, model, SIDE_BY_SIDE, progress)


class _Lane:
    """One source with a floor of its own: calls of one lane never meet those of another."""

    def __init__(self, source: Iterator[Timed], settings: FloorSettings, model: Model) -> None:
        self._source = source
        self._floor = Floor(settings, model.spec.emotions)
        self._streams: dict[str, Call] = {}
        self._clock_s = 0.0
        self._ticked_s = 0
        self.items: list[Item] = []
        self.waiting: list[tuple[Call, Chunk]] = []
        self.position: tuple[str, float] = ("", 0.0)
        self.done = False

    def advance(self) -> None:
        """Plays on until a chunk is ready for the model, or to the end."""
        while not self.waiting and not self.done:
            timed = next(self._source, None)
            if timed is None:
                for call in self._floor.finish_all("end of recording"):
                    self._gather(call)
                self.done = True
                return
            at_s, stream, event = timed
            self._clock_s = max(self._clock_s, at_s)
            self._tick()
            self._play(stream, event)

    def take(self, most: int) -> list[tuple[Call, Chunk]]:
        """The next chunk of up to `most` calls, each call once: a call's chunks go to the model one after another."""
        taken: dict[Call, Chunk] = {}
        rest = []
        for call, chunk in self.waiting:
            if call in taken or len(taken) >= most:
                rest.append((call, chunk))
            else:
                taken[call] = chunk
        self.waiting = rest
        return list(taken.items())

    def scored(self, call: Call, chunk: Chunk, score: ChunkScore | ScoringError) -> None:
        """The model's word on one of those that were waiting."""
        if isinstance(score, ScoringError):
            why = {"type": "call.error", "call": call.facts.call, "at_s": call.media_s, "why": str(score)}
            self.items.append(why)
            call.fail(f"not scored: {score}")
        else:
            call.scored(chunk.index, score)
        self._gather(call)

    def _tick(self) -> None:
        """Time passes in whole seconds and behind the sound, so that the size of the packets changes nothing."""
        if int(self._clock_s) - BEHIND_S > self._ticked_s:
            self._ticked_s = int(self._clock_s) - BEHIND_S
            lost, outcome = self._floor.tick(float(self._ticked_s))
            self.items += filter(None, map(action_item, outcome.actions))
            for call in lost:
                self._gather(call)

    def _play(self, stream: str, event: GatewayEvent) -> None:
        if isinstance(event, StreamStarted):
            if not event.is_probe:
                self._streams[stream] = self._floor.open_stream(stream, event, self._clock_s)
                self._gather(self._streams[stream])
            return
        if isinstance(event, Ignored):
            if event.what.startswith(_REFUSED):
                why = event.what.removeprefix(_REFUSED)
                self.items.append({"type": "stream.refused", "stream": stream, "why": why})
            return
        call = self._streams.get(stream)
        if call is None:
            return
        if isinstance(event, StreamEnded):
            self._floor.close_stream(call, stream, event, self._clock_s)
            del self._streams[stream]
        else:
            call.receive(stream, event)
        self._gather(call)
        self.position = (stream, call.media_s)

    def _gather(self, call: Call) -> None:
        call.take_blocks()
        self.waiting += [(call, chunk) for chunk in call.take_chunks()]
        outcome = self._floor.settle(call, max(self._clock_s, call.facts.started_at))
        self.items += [event_item(event, call.facts.started_at) for event in outcome.events]
        self.items += filter(None, map(action_item, outcome.actions))


def _run(lanes: list[_Lane], model: Model, capacity: int, progress: Progress | None) -> Iterator[Item]:
    """Plays the lanes side by side; gives the first lane's items as they come and the others' when it is their turn."""
    engine = ScoringEngine(model, capacity, SIDE_BY_SIDE)
    slots: dict[Call, Slot] = {}
    while lanes:
        batch: list[tuple[_Lane, Call, Chunk]] = []
        for lane in lanes:
            lane.advance()
            batch += [(lane, call, chunk) for call, chunk in lane.take(SIDE_BY_SIDE - len(batch))]
        for _, call, _ in batch:
            if call not in slots:
                slots[call] = engine.open()
        if batch:
            audio = np.stack([chunk.samples for _, _, chunk in batch])
            scores = engine.run([slots[call] for _, call, _ in batch], audio).rows()
            for (lane, call, chunk), score in zip(batch, scores, strict=True):
                lane.scored(call, chunk, score)
        for call in [call for call in slots if call.ended]:
            engine.close(slots.pop(call))
        if progress is not None:
            for lane in lanes:
                progress(*lane.position)
        yield from lanes[0].items
        lanes[0].items.clear()
        while lanes and lanes[0].done and not lanes[0].waiting:
            yield from lanes.pop(0).items


def event_item(event: Event, started_at: float) -> Item:
    """The event as one flat JSON-ready object; `at_s` is in media seconds of its call."""
    item: Item = {"type": event_type(event), "call": event.call, "at_s": round(event.at - started_at, 2)}
    labels = {"queue": event.queue, "agent": event.agent, "customer": event.customer}
    item |= {name: value for name, value in labels.items() if value is not None}
    data: Item = msgspec.to_builtins(event.data)
    return item | data


def action_item(action: Action) -> Item | None:
    """The alert as one JSON-ready object: `type` is "alert" when somebody is to be notified, else what became of it."""
    kinds = {AlertOpened: "alert", AlertUpdated: "alert.updated", AlertResolved: "alert.resolved"}
    if not isinstance(action, AlertOpened | AlertUpdated | AlertResolved):
        return None
    item: Item = msgspec.to_builtins(action.alert)
    return item | {"type": kinds[type(action)]}
