"""One gateway's connection: what was read goes to its stream, answers go out, and every way out ends the stream once.

A message goes from the transport's read callback to the sink in plain calls, with no task, queue or future in between.
That brings a frame into its call for about what the websocket library's own asyncio server takes to drop it; behind
that server the same path costs up to twice as much (benchmarks/ingest_cost.py). And back-pressure is simple: what is
not taken yet waits in one read buffer, then in the kernel, then at the peer.
"""

import asyncio
from collections.abc import Callable
from typing import cast

import structlog
from websockets.http11 import Request

from voicerisk.clock import monotonic_s
from voicerisk.gateways.codec import CodecError
from voicerisk.server import metrics
from voicerisk.server.ingest_deadlines import Deadlines, Due, Phase
from voicerisk.server.ingest_denied import Denied
from voicerisk.server.ingest_door import Door, Visit
from voicerisk.server.ingest_handshake import handshake_of
from voicerisk.server.ingest_sink import Refused
from voicerisk.server.ingest_stream import IngestStream
from voicerisk.server.ingest_wire import Wire

_log = structlog.get_logger(__name__)


class IngestConnection(asyncio.Protocol):
    """From TCP accept to TCP close. Whatever goes wrong here ends this connection and no other.

    `came` and `left` tell the server that the connection is there and that it is gone, once each.
    """

    def __init__(
        self, door: Door, came: Callable[["IngestConnection"], None], left: Callable[["IngestConnection"], None]
    ) -> None:
        self._door = door
        self._limits = door.limits
        self._came = came
        self._left = left
        self._wire = Wire(door.limits.max_message_bytes, door.limits.compression)
        self._stream: IngestStream | None = None
        self._loop = asyncio.get_running_loop()
        self._transport: asyncio.Transport
        self._visit: Visit
        # The next tick of the codec, or the refusal that is due; a connection never has both.
        self._timer: asyncio.TimerHandle | None = None
        # Read, and waiting for the next turn.
        self._waiting = b""
        self._writes_stalled = False
        self._held = False
        self._asked = False
        # Why the connection ends. The first cause stands: what follows it is only its consequence.
        self._cause: str | None = None
        self._reason = ""
        self._made_s = monotonic_s()
        self._deadlines = Deadlines(door.limits, self._made_s)
        self.peer = ""
        self.n_messages = 0
        self.n_bytes = 0
        self._reported_messages = 0
        self._reported_bytes = 0

    # --- what the transport calls -------------------------------------------------------------------------------------

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """The TCP connection stands; nothing has been said."""
        self._transport = cast(asyncio.Transport, transport)
        self._visit = self._door.arrive(self._make_room)
        name = transport.get_extra_info("peername")
        self.peer = f"{name[0]}:{name[1]}" if isinstance(name, tuple) else str(name)
        self._transport.set_write_buffer_limits(self._limits.write_buffer_bytes)
        self._came(self)

    def data_received(self, data: bytes) -> None:
        """Takes what was read, in turns if it is much."""
        if len(data) <= self._limits.turn_bytes and not self._waiting and not self._held:
            self._take(data)
            return
        metrics.ingest_deferred.inc()
        self._transport.pause_reading()
        if not self._waiting:
            self._loop.call_soon(self._next_turn)
        self._waiting += data

    def _next_turn(self) -> None:
        if not self._waiting or self._held:
            return  # The peer has gone meanwhile, and its last bytes were taken then; or it has to wait.
        data, self._waiting = self._waiting[: self._limits.turn_bytes], self._waiting[self._limits.turn_bytes :]
        self._take(data)
        self._read_on()

    def hold(self) -> None:
        """Reads no more until `go_on`: the peer sends faster than its call can be followed, and TCP tells it so."""
        self._held = True
        self._transport.pause_reading()

    def go_on(self) -> None:
        """Reads again after `hold`."""
        self._held = False
        self._read_on()

    def _take_rest(self) -> None:
        """Takes at once what still waits for its turn: it was received, so it counts, although the peer is gone."""
        waiting, self._waiting = self._waiting, b""
        if waiting and self._cause is None:
            self._take(waiting)

    def pause_writing(self) -> None:
        """The peer does not read our answers: it is not read either, or they would pile up."""
        self._writes_stalled = True
        self._transport.pause_reading()

    def resume_writing(self) -> None:
        """The peer reads again."""
        self._writes_stalled = False
        self._read_on()

    def _read_on(self) -> None:
        if self._waiting:
            self._loop.call_soon(self._next_turn)
        elif not self._writes_stalled and not self._held and not self._transport.is_closing():
            self._transport.resume_reading()

    def eof_received(self) -> None:
        """The peer will send no more; returning None lets the transport close."""
        self._take_rest()
        self._wire.take_eof()
        self._write()

    def connection_lost(self, exc: Exception | None) -> None:
        """The TCP connection is gone, for whatever reason."""
        self._take_rest()
        self._end("peer_lost", "the connection broke" if exc is None else f"the connection broke: {exc}", clean=False)
        self._wire.take_eof()
        self._report()
        gateway = self._visit.gateway
        self._visit.leave()
        self._left(self)
        metrics.ingest_ended.labels(gateway, self._cause).inc()
        _log.info(
            "connection closed",
            gateway=gateway,
            call=self._call_id(),
            peer=self.peer,
            cause=self._cause,
            reason=self._reason,
            messages=self.n_messages,
            bytes=self.n_bytes,
            seconds=round(monotonic_s() - self._made_s, 3),
        )

    # --- in and out ---------------------------------------------------------------------------------------------------

    def _take(self, data: bytes) -> None:
        self.n_bytes += len(data)
        stream = self._stream
        try:
            for item in self._wire.take(data):
                if isinstance(item, Request):
                    self._answer(item)
                    stream = self._stream
                elif self._cause is None and stream is not None:
                    self.n_messages += 1
                    try:
                        stream.receive(item)
                    except Exception as error:
                        # Read on: the peer's close frame may be among the rest.
                        self._fail(error)
            self._send_answers()
        except Exception as error:
            self._fail(error)
        self._write()
        if not self._wire.is_open and (closing := self._wire.closing()) is not None:
            if closing.limit and self._cause is None:
                metrics.ingest_limits.labels(self._visit.gateway, closing.limit).inc()
            self._end(closing.cause, closing.reason, clean=closing.clean)

    def _answer(self, request: Request) -> None:
        """Answers the upgrade request."""
        response = self._wire.accept(request)
        if response.status_code != 101:
            self._end("bad_handshake", f"answered {response.status_code}", clean=False)
            self._wire.respond(response)
            return
        try:
            stream = self._visit.let_in(
                handshake_of(request), request.path, self._certificate(), self._wire.key, self.peer, self
            )
        except Denied as denied:
            if denied.answer_after_s:
                _log.info("request refused", gateway=self._visit.gateway, peer=self.peer, reason=denied.why)
                # Not read meanwhile: who is refused has nothing to say.
                self.hold()
                self._timer = self._loop.call_later(denied.answer_after_s, self._refuse_late, denied)
            else:
                self._refuse(denied)
            return
        self._stream = stream
        self._wire.respond(response, stream.subprotocol)
        if stream.tick_s is not None:
            self._timer = self._loop.call_later(stream.tick_s, self._on_tick, stream.tick_s)
        _log.info("connection opened", gateway=self._visit.gateway, peer=self.peer, subprotocol=stream.subprotocol)

    def _certificate(self) -> bytes | None:
        """What the peer showed in the TLS handshake, in DER."""
        handshake = self._transport.get_extra_info("ssl_object")
        return cast(bytes | None, handshake.getpeercert(binary_form=True)) if handshake is not None else None

    def _refuse(self, denied: Denied) -> None:
        self._end(denied.cause, denied.why, clean=False)
        response = self._wire.refuse(denied.status, denied.text)
        if denied.status == 503:
            response.headers["Retry-After"] = str(self._limits.retry_after_s)
        elif denied.status == 401:
            response.headers["WWW-Authenticate"] = denied.challenge
        self._wire.respond(response)

    def _refuse_late(self, denied: Denied) -> None:
        self._refuse(denied)
        self._write()
        self.go_on()

    def _on_tick(self, tick_s: float) -> None:
        assert self._stream is not None
        self._timer = self._loop.call_later(tick_s, self._on_tick, tick_s)
        try:
            self._stream.tick(monotonic_s())
            self._send_answers()
        except Exception as error:
            self._fail(error)
        self._write()

    def _send_answers(self) -> None:
        if self._stream is not None:
            for message in self._stream.messages_to_send():
                self._wire.send(message)

    def _write(self) -> None:
        for data in self._wire.to_write():
            if self._transport.is_closing():
                return
            if data:
                self._transport.write(data)
            elif self._transport.can_write_eof():
                self._transport.write_eof()
            else:
                self._transport.close()

    # --- the ways out -------------------------------------------------------------------------------------------------

    def close(self, code: int, reason: str, cause: str = "server") -> None:
        """Ends the stream and begins the closing handshake; the connection is cut if the peer does not answer."""
        self._end(cause, reason, clean=False)
        self._wire.close(code, reason)
        self._write()

    def ask_to_move(self) -> None:
        """Asks the peer, once, to go on with its call elsewhere, where its protocol has a word for that."""
        if not self._asked:
            self._asked = True
            self._drain()

    def ask_to_end(self) -> None:
        """Asks the peer to end its stream, where its protocol has a word for that."""
        self.ask_to_move()
        self._drain()

    def _drain(self) -> None:
        if self._stream is not None and self._cause is None:
            self._stream.drain()
            self._send_answers()
            self._write()

    def abort(self) -> None:
        """Cuts the connection without a word."""
        self._transport.abort()

    def _make_room(self) -> None:
        self._end("too_many_unproven", "too many connections have not shown who they are", clean=False)
        self.abort()

    def _fail(self, error: Exception) -> None:
        """The peer broke its protocol, the sink did not want the stream, or something here went wrong."""
        if isinstance(error, Refused):
            self.close(error.code, error.reason, "refused")
        elif isinstance(error, CodecError):
            # Some protocols have a farewell of their own.
            self._send_answers()
            # Text of the wrong shape is bad data; a kind of message the protocol has no use for is unsupported.
            self.close(1007 if self._wire.latest_is_text else 1003, str(error), "bad_message")
        elif isinstance(error, UnicodeDecodeError):
            self.close(1007, f"text that is not UTF-8 at byte {error.start}", "bad_message")
        else:
            _log.error("connection failed", exc_info=error, peer=self.peer, call=self._call_id())
            self.close(1011, "internal error", "internal")

    def _end(self, cause: str, reason: str, *, clean: bool) -> None:
        if self._cause is not None:
            return
        self._cause, self._reason = cause, reason
        if self._timer is not None:
            self._timer.cancel()
        if self._stream is not None:
            self._stream.finish(reason, clean=clean)

    # --- time ---------------------------------------------------------------------------------------------------------

    def sweep(self, now_s: float) -> None:
        """Does what is due; called a few times a second by the server. `now_s` is monotonic."""
        self._report()
        verdict = self._deadlines.look(now_s, self._phase(), self.n_messages, self.n_bytes)
        if verdict is None:
            return
        if verdict.limit:
            metrics.ingest_limits.labels(self._visit.gateway, verdict.limit).inc()
        if verdict.due is Due.CUT:
            self.abort()
        elif verdict.due is Due.PING:
            self._wire.ping()
            self._write()
        else:
            self.close(verdict.code, verdict.reason, verdict.cause)

    def _phase(self) -> Phase:
        if self._cause is not None:
            return Phase.CLOSING
        if self._stream is None or not self._stream.started:
            return Phase.STARTING
        return Phase.ENDED if self._stream.ended else Phase.STREAMING

    def _call_id(self) -> str:
        return self._stream.call_id if self._stream is not None else ""

    def _report(self) -> None:
        """Adds what came since the last time to the metrics; once per sweep, since once per frame would be felt."""
        if self.n_bytes == self._reported_bytes:
            return
        gateway = self._visit.gateway
        metrics.ingest_messages.labels(gateway).inc(self.n_messages - self._reported_messages)
        metrics.ingest_bytes.labels(gateway).inc(self.n_bytes - self._reported_bytes)
        self._reported_messages, self._reported_bytes = self.n_messages, self.n_bytes
