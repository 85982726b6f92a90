"""One connection's stream, between its codec and the sink: exactly one end for every start, on every way out.

No socket and no clock here, so that any transport (websocket, raw TCP) can stand before it.
"""

from collections.abc import Callable, Iterable, Sequence

import structlog

from voicerisk.gateways.codec import (
    Audio,
    Codec,
    CodecError,
    GatewayEvent,
    Ignored,
    Message,
    StreamEnded,
    StreamStarted,
)
from voicerisk.server.ingest_sink import Refused, StreamSink

_log = structlog.get_logger(__name__)


class IngestStream:
    """Feeds a codec's events to the sink.

    `admit` is asked once, at `StreamStarted`: it compares the token, takes a place and opens the sink's stream, or
    raises `Refused`. It returns None for a connection test, which creates no call.
    """

    __slots__ = ("_admit", "_codec", "_deliver", "_sink", "call_id", "ended", "started")

    def __init__(self, codec: Codec, admit: Callable[[StreamStarted], StreamSink | None]) -> None:
        self._codec = codec
        self._admit = admit
        self._sink: StreamSink | None = None
        self._deliver: Callable[[GatewayEvent], None] = _before_start
        self.call_id = ""
        self.started = False
        self.ended = False

    @property
    def subprotocol(self) -> str | None:
        """The websocket sub-protocol to answer the upgrade with, or None."""
        return self._codec.subprotocol

    @property
    def tick_s(self) -> float | None:
        """How often `tick` is wanted, or None."""
        return self._codec.tick_s

    def receive(self, message: Message) -> None:
        """Takes one message. Raises `CodecError`, `Refused`, and whatever the sink raises."""
        for event in self._codec.receive(message):
            if type(event) is Audio:
                self._deliver(event)
            else:
                self._handle(event)

    def tick(self, now_s: float) -> None:
        """Time passes. Raises like `receive`."""
        self._handle_all(self._codec.tick(now_s))

    def drain(self) -> None:
        """Asks the peer to end, where its protocol has a word for that."""
        self._codec.drain()

    def messages_to_send(self) -> Sequence[Message]:
        """What has to be answered now."""
        return self._codec.messages_to_send()

    def finish(self, reason: str, *, clean: bool) -> None:
        """The transport has ended or is about to; ends the sink's stream if that has not happened. Never raises."""
        if not self.ended:
            try:
                self._handle_all(self._codec.receive_end(clean=clean), ended_because=reason)
            except (CodecError, Refused):
                # A peer that never started, or was turned away: there is nobody to tell.
                pass
            except Exception:
                # What was left in the codec cannot be delivered; the end below still must be.
                _log.exception("the rest of a stream could not be delivered", call=self.call_id)
        self._end(StreamEnded(reason=reason, clean=clean))

    def _handle_all(self, events: Iterable[GatewayEvent], ended_because: str | None = None) -> None:
        for event in events:
            if ended_because is not None and isinstance(event, StreamEnded):
                event = StreamEnded(reason=ended_because, clean=event.clean)
            self._handle(event)

    def _handle(self, event: GatewayEvent) -> None:
        if isinstance(event, Ignored):
            return
        if isinstance(event, StreamStarted):
            self._start(event)
        elif isinstance(event, StreamEnded):
            self._end(event)
        else:
            self._deliver(event)

    def _start(self, started: StreamStarted) -> None:
        if self.started:
            raise CodecError("a second start on the same connection")
        # Set before asking: a refused stream must not be asked for again by what the codec still holds.
        self.started = True
        self._deliver = _nowhere
        self.call_id = started.call_id
        self._sink = self._admit(started)
        if self.ended:
            # Whoever opened the stream has also closed its connection; it still gets its end.
            self._end(StreamEnded(reason="closed while it was opened", clean=False))
        elif self._sink is not None:
            self._deliver = self._sink.receive

    def _end(self, ended: StreamEnded) -> None:
        self.ended = True
        self._deliver = _nowhere
        sink, self._sink = self._sink, None
        if sink is not None:
            try:
                sink.end(ended)
            except Exception:
                _log.exception("ending a stream failed", call=self.call_id)


def _before_start(event: GatewayEvent) -> None:
    raise CodecError(f"{type(event).__name__.lower()} before the start message")


def _nowhere(event: GatewayEvent) -> None:
    """Takes what follows a refusal, an end or a connection test."""
