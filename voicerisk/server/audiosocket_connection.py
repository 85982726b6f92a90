"""One AudioSocket connection: bytes to its stream, silence back, and one end on every way out."""

import asyncio
import uuid
from collections.abc import Callable
from typing import Final, cast

import structlog

from voicerisk.clock import monotonic_s
from voicerisk.gateways.audiosocket import AudioSocketCodec
from voicerisk.gateways.codec import CodecError, StreamStarted
from voicerisk.server import metrics
from voicerisk.server.audiosocket_settings import AudioSocketSettings
from voicerisk.server.ingest_sink import Refused, Sink, StreamSink
from voicerisk.server.ingest_stream import IngestStream

_log = structlog.get_logger(__name__)

GATEWAY: Final = "audiosocket"
_TURN_BYTES: Final = 8 * 1024
_LINGER_S: Final = 2.0


class AudioSocketConnection(asyncio.BufferedProtocol):
    """From TCP accept to TCP close; it is its stream's `StreamControl`.

    Its read buffer is one turn: what is more waits in the kernel, so a burst after a stall holds up nobody else.
    """

    def __init__(
        self,
        settings: AudioSocketSettings,
        sink: Sink,
        codec: AudioSocketCodec,
        came: Callable[["AudioSocketConnection"], str | None],
        left: Callable[["AudioSocketConnection"], None],
    ) -> None:
        self._settings = settings
        self._sink = sink
        self._codec = codec
        self._came = came
        self._left = left
        self._stream = IngestStream(codec, self._admit)
        self._buffer = memoryview(bytearray(_TURN_BYTES))
        self._transport: asyncio.Transport
        self._made_s = self._heard_s = monotonic_s()
        self._ended_s: float | None = None
        self._writes_stalled = False
        self._cause: str | None = None
        self._reason = ""
        self.n_bytes = self._seen_bytes = 0
        self.peer = ""

    @property
    def is_identified(self) -> bool:
        """True once the UUID has come and was taken."""
        return self._codec.uuid is not None

    @property
    def is_over(self) -> bool:
        """True once it has been decided that the connection ends."""
        return self._cause is not None

    # --- what the transport calls -------------------------------------------------------------------------------------

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """The TCP connection stands; it may be refused at once."""
        self._transport = cast(asyncio.Transport, transport)
        name = transport.get_extra_info("peername")
        self.peer = f"{name[0]}:{name[1]}" if isinstance(name, tuple) else str(name)
        metrics.ingest_connections.labels(GATEWAY).inc()
        if (why := self._came(self)) is not None:
            metrics.ingest_refused.labels(GATEWAY, "full").inc()
            self._close("refused", why)

    def get_buffer(self, sizehint: int) -> memoryview:
        """Where the next bytes go."""
        return self._buffer

    def buffer_updated(self, nbytes: int) -> None:
        """Takes what was read."""
        if self._cause is not None:
            return
        self.n_bytes += nbytes
        try:
            self._stream.receive(bytes(self._buffer[:nbytes]))
        except Refused as refused:
            metrics.ingest_refused.labels(GATEWAY, "sink").inc()
            self._close("refused", refused.reason)
        except CodecError as error:
            self._close("bad_message", str(error))
        except Exception:
            _log.exception("connection failed", peer=self.peer, call=self._stream.call_id)
            self._close("internal", "internal error")

    def pause_writing(self) -> None:
        """The peer does not read; it gets no more silence until it does, and TCP says when it is gone."""
        self._writes_stalled = True

    def resume_writing(self) -> None:
        """The peer reads again."""
        self._writes_stalled = False

    def eof_received(self) -> None:
        """The peer has said all: Asterisk ends a call so. Returning None lets the transport close."""
        self._end("peer_closed", "the peer closed", clean=True)

    def connection_lost(self, exc: Exception | None) -> None:
        """The TCP connection is gone, for whatever reason."""
        if isinstance(exc, ConnectionError):
            # A close of the peer's, too: its system resets what it closes with a frame of our silence unread.
            self._end("peer_closed", "the peer closed", clean=True)
        self._end("peer_lost", "the connection broke" if exc is None else f"the connection broke: {exc}", clean=False)
        self._report()
        self._left(self)
        metrics.ingest_connections.labels(GATEWAY).dec()
        metrics.ingest_ended.labels(GATEWAY, self._cause).inc()
        _log.info(
            "connection closed",
            gateway=GATEWAY,
            call=self._stream.call_id,
            peer=self.peer,
            cause=self._cause,
            reason=self._reason,
            bytes=self.n_bytes,
            seconds=round(monotonic_s() - self._made_s, 3),
        )

    # --- what the server calls ----------------------------------------------------------------------------------------

    def tick(self, now_s: float) -> None:
        """20 ms have passed: sends the silence that is due. `now_s` is monotonic."""
        if self._cause is not None or self._writes_stalled or not self.is_identified:
            return
        self._stream.tick(now_s)
        for message in self._stream.messages_to_send():
            self._transport.write(cast(bytes, message))

    def sweep(self, now_s: float) -> None:
        """Closes the connection if it is over or has been silent too long. `now_s` is monotonic."""
        self._report()
        if self.n_bytes != self._seen_bytes:
            self._seen_bytes, self._heard_s = self.n_bytes, now_s
        if self._cause is not None:
            return
        settings = self._settings
        if not self.is_identified:
            if now_s - self._made_s >= settings.start_within_s:
                self._close("no_start", f"no UUID within {settings.start_within_s:g} s")
        elif self._stream.ended and not self._codec.is_fed:
            self._ended_s = now_s if self._ended_s is None else self._ended_s
            if now_s - self._ended_s >= _LINGER_S:
                self._close("stream_ended", "the stream has ended")
        elif now_s - self._heard_s >= settings.inactivity_s:
            self._close("inactive", f"no frame for {settings.inactivity_s:g} s")

    def abort(self, cause: str, reason: str) -> None:
        """Cuts the connection."""
        self._end(cause, reason, clean=False)
        self._transport.abort()

    # --- what the sink may do (`StreamControl`) -----------------------------------------------------------------------

    def close(self, code: int, reason: str) -> None:
        """Ends the stream and closes the connection; TCP has no place for `code`."""
        self._close("server", reason)

    def hold(self) -> None:
        """Reads no more until `go_on`; silence goes on, or the peer would hang up."""
        self._transport.pause_reading()

    def go_on(self) -> None:
        """Reads again after `hold`."""
        if not self._transport.is_closing():
            self._transport.resume_reading()

    # --- the ways out -------------------------------------------------------------------------------------------------

    def _admit(self, started: StreamStarted) -> StreamSink:
        _log.info("connection opened", gateway=GATEWAY, peer=self.peer)
        return self._sink.open(GATEWAY, uuid.uuid4().hex, started, self.peer, self)

    def _close(self, cause: str, reason: str) -> None:
        self._end(cause, reason, clean=False)
        self._transport.close()

    def _end(self, cause: str, reason: str, *, clean: bool) -> None:
        """The first cause stands: what follows it is only its consequence."""
        if self._cause is None:
            self._cause, self._reason = cause, reason
            self._stream.finish(reason, clean=clean)

    def _report(self) -> None:
        if self.n_bytes != self._seen_bytes:
            metrics.ingest_bytes.labels(GATEWAY).inc(self.n_bytes - self._seen_bytes)
