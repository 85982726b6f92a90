"""One call: its streams go in, chunks for the model and the call's events come out; the same live and in replay."""

from collections import deque
from collections.abc import Mapping, Sequence
from typing import Any, Final

import msgspec
import numpy as np
import numpy.typing as npt

from voicerisk.events import CallEnded, CallHeld, CallResumed, CallStarted, Ended, Event, Role
from voicerisk.gateways.codec import Audio, AudioLost, Channel, GatewayEvent, Paused, Resumed
from voicerisk.media.activity import ActivityDetector, overlap
from voicerisk.media.timeline import Block, BlockAudio, Timeline, TimelineSettings
from voicerisk.scoring.contract import CHUNK_S, CHUNK_SAMPLES
from voicerisk.scoring.scores import ChunkScore
from voicerisk.tension import (
    CallFacts,
    Observation,
    TensionSettings,
    TensionTracker,
    event_fields,
    tension_events,
)

SCORED_ROLES: Final = (Role.CUSTOMER, Role.MIXED)
"""Whose voice may reach the model, the better choice first. The agent's never does (EU AI Act, Art. 5(1)(f)), nor that
of a channel nobody has named: it may be the agent's."""

_SILENCE: Final = np.zeros(CHUNK_SAMPLES, np.int16)


class Chunk(msgspec.Struct, frozen=True):
    """The 240 ms with this index of the voice that is scored, int16 (1920,), ready for the model."""

    index: int
    samples: npt.NDArray[np.int16]


class _Heard(msgspec.Struct, frozen=True):
    """A block whose score has not come yet; `scored` is whose voice went to the model, None where none did."""

    index: int
    scored: Role | None
    agent_active: float | None
    talk_over: float | None
    missing: float


class Call:
    """Follows one call. The driver carries each `Chunk` to the model and brings the score back, in order.

    `receive` and `scored` only gather; `take_chunks`, `take_blocks` and `take_events` hand out what has become ready
    since they were last asked, `has_news` says whether there is any. Media time counts samples; `facts.started_at` is
    where its zero lies.
    """

    def __init__(
        self, facts: CallFacts, *, timeline: TimelineSettings, tension: TensionSettings, emotions: Sequence[str]
    ) -> None:
        self.facts = facts
        self.labels: dict[str, str] = {}
        self.opted_out = False
        self._failed = False
        self._paused: set[str] = set()
        self.ended_because: str | None = None
        self._timeline = Timeline(timeline)
        self._tracker = TensionTracker(tension)
        self._agent = ActivityDetector()
        self._customer = ActivityDetector()
        self._emotions = tuple(emotions)
        self._roles: dict[Role, None] = {}
        self._streams: set[str] = set()
        self._heard: deque[_Heard] = deque()
        self._chunks: list[Chunk] = []
        self._blocks: list[Block] = []
        self._events: list[Event] = [CallStarted(**self._fields("call.started", 0))]
        self._n_blocks = 0
        self.ended = False

    @property
    def roles(self) -> tuple[Role, ...]:
        """Whose voices the call's streams carry, in the order in which they came."""
        return tuple(self._roles)

    @property
    def media_s(self) -> float:
        """Media time up to which blocks have been cut."""
        return round(self._n_blocks * CHUNK_S, 2)

    @property
    def held(self) -> bool:
        """Whether a gateway has stopped sending on purpose (hold, secure pause)."""
        return bool(self._paused)

    @property
    def n_streams(self) -> int:
        """Connections that carry this call now."""
        return len(self._streams)

    @property
    def has_news(self) -> bool:
        """Whether any of the `take_` methods has something to give: a block is cut four times a second only."""
        return bool(self._blocks or self._chunks or self._events)

    @property
    def n_waiting(self) -> int:
        """Blocks whose score has not come yet."""
        return len(self._heard)

    @property
    def scored_role(self) -> Role | None:
        """Whose voice is scored: the customer's, a mixed channel's, or nobody's."""
        if self.opted_out or self._failed:
            return None
        return next((role for role in SCORED_ROLES if role in self._roles), None)

    # What comes from the gateways

    def open_stream(self, stream: str, channels: Sequence[Channel], labels: Mapping[str, str]) -> None:
        """A connection of this call: its first, a second leg, or one that goes on after a broken one."""
        self._timeline.open_stream(stream, channels)
        self._streams.add(stream)
        self._roles.update(dict.fromkeys(channel.role for channel in channels))
        self.labels.update(labels)

    def receive(self, stream: str, event: GatewayEvent) -> None:
        """The stream's next event; afterwards chunks and blocks may be ready. A call that is over takes nothing."""
        if self.ended_because is not None:
            return
        if isinstance(event, Audio):
            self._timeline.push(stream, event.channel, event.samples, event.start)
            self._cut(self._timeline.blocks())
        elif isinstance(event, AudioLost):
            self._timeline.lost(stream, event.n_samples)
            self._cut(self._timeline.blocks())
        elif isinstance(event, Paused) and stream not in self._paused:
            self._paused.add(stream)
            self._timeline.pause(stream)
            if len(self._paused) == 1:
                self._events.append(CallHeld(**self._fields("call.held", self._n_blocks)))
        elif isinstance(event, Resumed) and stream in self._paused:
            self._paused.discard(stream)
            self._timeline.resume(stream)
            if not self._paused:
                self._events.append(CallResumed(**self._fields("call.resumed", self._n_blocks)))

    def close_stream(self, stream: str) -> None:
        """The connection is gone. The call itself goes on until `finish`: another connection may continue it."""
        if stream in self._streams:
            self._streams.discard(stream)
            self._paused.discard(stream)
            self._timeline.close_stream(stream)
            self._cut(self._timeline.blocks())

    def opt_out(self) -> None:
        """The customer does not want to be scored: from here on no chunk is made, and scores under way are dropped."""
        self.opted_out = True
        self._stop_scoring()

    def fail(self, why: str) -> None:
        """The model cannot go on with this call: nothing more is scored, and the call ends."""
        self._failed = True
        self._stop_scoring()
        self.finish(why)

    def finish(self, reason: str) -> None:
        """The call is over: what is left of the audio is cut; `call.ended` follows once its scores are in."""
        if self.ended_because is None:
            self.ended_because = reason
            self._streams.clear()
            self._cut(self._timeline.finish())
            self._settle()

    # What comes from the model

    def scored(self, index: int, score: ChunkScore | None) -> None:
        """The score of the chunk with this index, or None where the model could not say. Chunks come in order.

        Raises `ValueError` for an index that is not the next one waited for.
        """
        if self.opted_out or self._failed:
            return
        if not self._heard or self._heard[0].index != index:
            raise ValueError(f"call {self.facts.call}: score of chunk {index} is not the next one waited for")
        self._judge(self._heard.popleft(), score)
        self._settle()

    # What the driver takes

    def take_chunks(self) -> list[Chunk]:
        """Chunks for the model that have become ready, in order, each once."""
        taken, self._chunks = self._chunks, []
        return taken

    def take_blocks(self) -> list[Block]:
        """Sound of all channels that has become ready, for listeners, each once."""
        taken, self._blocks = self._blocks, []
        return taken

    def take_events(self) -> list[Event]:
        """The call's events since the last time, in order."""
        taken, self._events = self._events, []
        return taken

    # Within

    def _cut(self, blocks: Sequence[Block]) -> None:
        for block in blocks:
            self._n_blocks = block.index + 1
            scored = self.scored_role
            voice = block.roles.get(scored) if scored else None
            self._heard.append(self._listen(block, scored))
            self._blocks.append(block)
            if scored:
                self._chunks.append(Chunk(block.index, voice.samples if voice else _SILENCE))
        if blocks:
            self._settle()

    def _listen(self, block: Block, scored: Role | None) -> _Heard:
        """What the block says without the model: whether the agent speaks, whether both do, and what never came."""
        agent, customer = block.roles.get(Role.AGENT), block.roles.get(Role.CUSTOMER)
        active = talk_over = None
        if agent is not None:
            agent_activity = self._agent.measure(agent.samples)
            active = agent_activity.share
            if customer is not None:
                talk_over = overlap(self._customer.measure(customer.samples), agent_activity)
        voice = block.roles.get(scored) if scored else None
        return _Heard(block.index, scored, active, talk_over, _missing(voice))

    def _stop_scoring(self) -> None:
        self._chunks.clear()
        self._heard = deque(msgspec.structs.replace(heard, scored=None) for heard in self._heard)
        self._settle()

    def _settle(self) -> None:
        """Judges blocks that wait for no score, and ends the call when nothing is waited for any more."""
        while self._heard and self._heard[0].scored is None:
            self._judge(self._heard.popleft(), None)
        if self.ended_because is not None and not self._heard and not self.ended:
            self.ended = True
            ended = Ended(reason=self.ended_because[:128])
            self._events.append(CallEnded(**self._fields("call.ended", self._n_blocks), data=ended))

    def _judge(self, heard: _Heard, score: ChunkScore | None) -> None:
        observation = Observation(
            index=heard.index,
            score=score,
            agent_active=heard.agent_active,
            talk_over=heard.talk_over,
            missing=heard.missing,
            role=heard.scored or Role.CUSTOMER,
        )
        step = self._tracker.step(observation)
        self._events.extend(tension_events(self.facts, self._emotions, observation, step))

    def _fields(self, type_: str, index: int) -> dict[str, Any]:
        return event_fields(self.facts, type_, index, index * CHUNK_S)


def _missing(voice: BlockAudio | None) -> float:
    """The share of the block in which the voice's audio never came."""
    return 1.0 if voice is None else voice.n_missing / CHUNK_SAMPLES
