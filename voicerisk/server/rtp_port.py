"""One UDP port: the RTP of one party of a call, from the request for it to its end."""

import asyncio
import ipaddress
import uuid
from collections import Counter, deque
from collections.abc import Callable
from typing import Any, Final, cast

import structlog

from voicerisk.clock import monotonic_s
from voicerisk.gateways.codec import StreamStarted
from voicerisk.gateways.registered_call import RegisteredCall
from voicerisk.gateways.rtp import RtpCodec
from voicerisk.server import metrics
from voicerisk.server.ingest_sink import Refused, Sink, StreamSink
from voicerisk.server.ingest_stream import IngestStream
from voicerisk.server.limits import TokenBucket
from voicerisk.server.rtp_settings import RtpSettings

_log = structlog.get_logger(__name__)

GATEWAY: Final = "rtp"
_MAX_WAITING_BYTES: Final = 1 << 20  # two minutes of G.711
_TURN_PACKETS: Final = 50
_WITH_THE_REST: Final = frozenset({"released", "inactive", "stopping"})


class RtpPort(asyncio.DatagramProtocol):
    """Takes the packets of one sender, whose address it keeps to; it is its stream's `StreamControl`.

    `source` is the IP address from which alone packets are taken, from any of its ports, for a switch may change them;
    without one the first sender of RTP is it, address and port. Whoever else sends costs a comparison. `left` is called
    once, when the port is given back.
    """

    def __init__(
        self,
        settings: RtpSettings,
        sink: Sink,
        call: RegisteredCall,
        codec: RtpCodec,
        source: str | None,
        left: Callable[["RtpPort"], None],
    ) -> None:
        self._settings = settings
        self._sink = sink
        self._codec = codec
        self._source = source
        self._left = left
        self._stream = IngestStream(codec, self._admit)
        self._bucket = TokenBucket(settings.packets_per_s, settings.packets_burst)
        self._transport: asyncio.DatagramTransport | None = None
        self._sender: tuple[str, int] | None = None
        self._candidate: tuple[str, int] | None = None
        self._held = False
        self._waiting: deque[bytes] = deque()
        self._n_waiting_bytes = 0
        self._made_s = self._heard_s = monotonic_s()
        self._n_heard = 0
        self._reported: Counter[str] = Counter()
        self._ignored: Counter[str] = Counter()
        self.id = uuid.uuid4().hex
        self.call = call
        self.number = 0
        self.cause: str | None = None
        self.n_packets = self.n_bytes = 0

    @property
    def sender(self) -> str | None:
        """Who was heard first, as host:port; None before anybody is."""
        return None if self._sender is None else _shown(self._sender)

    @property
    def ssrc(self) -> int | None:
        """The sender's own number."""
        return self._codec.ssrc

    @property
    def n_lost(self) -> int:
        """Packets that were sent and never came."""
        return self._codec.n_lost

    @property
    def ignored(self) -> Counter[str]:
        """How many datagrams were left aside, by why."""
        return self._ignored + self._codec.ignored

    # --- what the transport calls -------------------------------------------------------------------------------------

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """The port is open."""
        self._transport = cast(asyncio.DatagramTransport, transport)
        self.number = transport.get_extra_info("sockname")[1]
        metrics.ingest_connections.labels(GATEWAY).inc()

    def datagram_received(self, data: bytes, addr: tuple[Any, ...]) -> None:
        """Takes a datagram if it comes from where it should."""
        address = addr[0], addr[1]
        if address != self._sender and not self._may_send(address):
            self._ignored["stranger"] += 1
            return
        if self.cause is not None:
            return
        if not self._bucket.take(monotonic_s()):
            self._ignored["too many at once"] += 1
            return
        self.n_packets += 1
        self.n_bytes += len(data)
        self._candidate = address
        if not self._held and not self._waiting:
            self._take(data)
        elif self._n_waiting_bytes + len(data) <= _MAX_WAITING_BYTES:
            self._waiting.append(data)
            self._n_waiting_bytes += len(data)
        else:
            self._ignored["sent faster than it can be followed"] += 1

    def _may_send(self, address: tuple[str, int]) -> bool:
        """Whether an address may be heard that is not the sender's."""
        return self._sender is None if self._source is None else _plain(address[0]) == self._source

    def _take(self, data: bytes) -> None:
        try:
            self._stream.receive(data)
        except Refused as refused:
            metrics.ingest_refused.labels(GATEWAY, "sink").inc()
            self.release("refused", refused.reason)
        except Exception:
            _log.exception("port failed", port=self.number, call=self.call.call_id)
            self.release("internal", "internal error")

    def error_received(self, exc: Exception) -> None:
        """An ICMP message: nothing is ever sent from here, so it is about nothing of ours."""

    def connection_lost(self, exc: Exception | None) -> None:
        """The port is closed."""
        self._end("internal" if exc else "released", "the port was closed", clean=False)
        self._report()
        metrics.ingest_connections.labels(GATEWAY).dec()
        metrics.ingest_ended.labels(GATEWAY, self.cause).inc()
        metrics.rtp_lost.inc(self.n_lost)
        _log.info(
            "port closed",
            gateway=GATEWAY,
            call=self.call.call_id,
            role=str(self.call.role),
            port=self.number,
            peer=self.sender,
            cause=self.cause,
            packets=self.n_packets,
            lost=self.n_lost,
            ignored=dict(self.ignored),
            seconds=round(monotonic_s() - self._made_s, 3),
        )
        self._left(self)

    # --- what the server calls ----------------------------------------------------------------------------------------

    def sweep(self, now_s: float) -> None:
        """Gives the port back if nobody came or the sender has been silent too long. `now_s` is monotonic."""
        self._report()
        if self.cause is not None:
            return
        settings = self._settings
        if (n_heard := self._codec.n_received + len(self._waiting)) != self._n_heard:
            self._n_heard, self._heard_s = n_heard, now_s
        if not self._codec.started:
            if now_s - self._made_s >= settings.start_within_s:
                self.release("no_start", f"no packets within {settings.start_within_s:g} s")
        elif now_s - self._heard_s >= settings.inactivity_s:
            self.release("inactive", f"no packet for {settings.inactivity_s:g} s")

    def release(self, cause: str, reason: str, *, clean: bool = False) -> None:
        """Ends the stream and gives the port back; `clean` says that the call's party is known to be gone."""
        self._end(cause, reason, clean=clean)
        if self._transport is not None:
            self._transport.close()

    # --- what the sink may do (`StreamControl`) -----------------------------------------------------------------------

    def close(self, code: int, reason: str) -> None:
        """Ends the stream and gives the port back; UDP has no place for `code`."""
        self.release("server", reason)

    def hold(self) -> None:
        """Keeps packets until `go_on`, up to `_MAX_WAITING_BYTES` of them: no sender of UDP can be told to wait."""
        self._held = True

    def go_on(self) -> None:
        """Takes what was kept, in turns with others, and then what comes."""
        self._held = False
        asyncio.get_running_loop().call_soon(self._catch_up)

    def _catch_up(self) -> None:
        for _ in range(_TURN_PACKETS):
            if self._held or not self._waiting:
                return
            self._take_waiting()
        asyncio.get_running_loop().call_soon(self._catch_up)

    def _take_waiting(self) -> None:
        data = self._waiting.popleft()
        self._n_waiting_bytes -= len(data)
        self._take(data)

    # --- the ways out -------------------------------------------------------------------------------------------------

    def _admit(self, started: StreamStarted) -> StreamSink:
        self._sender = sender = self._candidate or ("", 0)
        _log.info("port in use", gateway=GATEWAY, port=self.number, peer=_shown(sender), call=started.call_id)
        return self._sink.open(GATEWAY, self.id, started, _shown(sender), self)

    def _end(self, cause: str, reason: str, *, clean: bool) -> None:
        """The first cause stands: what follows it is only its consequence."""
        if self.cause is not None:
            return
        if cause in _WITH_THE_REST:
            while self._waiting and self.cause is None:
                self._take_waiting()  # it came before the end, so it counts
        if self.cause is None:
            self.cause = cause
            self._waiting.clear()
            self._stream.finish(reason, clean=clean)

    def _report(self) -> None:
        now = self.ignored + Counter(packets=self.n_packets, bytes=self.n_bytes)
        news, self._reported = now - self._reported, now
        metrics.ingest_messages.labels(GATEWAY).inc(news.pop("packets", 0))
        metrics.ingest_bytes.labels(GATEWAY).inc(news.pop("bytes", 0))
        for what, n in news.items():
            metrics.rtp_ignored.labels(what).inc(n)


def _plain(host: str) -> str:
    """The address in its usual form, also where an IPv6 socket shows one of IPv4."""
    address = ipaddress.ip_address(host.partition("%")[0])
    mapped = address.ipv4_mapped if isinstance(address, ipaddress.IPv6Address) else None
    return str(mapped or address)


def _shown(address: tuple[str, int]) -> str:
    host, port = address
    return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"
