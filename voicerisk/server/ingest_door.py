"""Who is let in: the path picks the gateway, its proof tells the peer, the limits keep a place for everybody else.

No socket here: `Visit` is one connection's dealings with the door, from its arrival to its leaving, and whatever it
took it gives back when it leaves, however far it came.
"""

from collections.abc import Callable, Sequence

import msgspec
import structlog

from voicerisk import clock
from voicerisk.gateways.codec import Codec, CodecError, Handshake, StreamStarted
from voicerisk.server import metrics
from voicerisk.server.ingest_denied import Denied
from voicerisk.server.ingest_proof import Proof
from voicerisk.server.ingest_sink import Refused, Sink, StreamControl, StreamSink
from voicerisk.server.ingest_stream import IngestStream
from voicerisk.server.limits import IngestLimits, Place, Places, TokenBucket

_log = structlog.get_logger(__name__)

NO_GATEWAY = "none"
"""The metrics' gateway label for peers that never named one."""


class Gateway(msgspec.Struct, frozen=True):
    """One way in: `path` ("/twilio") and everything below it, the proof that opens it, and the codec waiting there."""

    name: str
    path: str
    proof: Proof
    make_codec: Callable[[Handshake], Codec]


class Door:
    """The gateways, and how many are inside. `stopping` refuses everybody who comes from then on."""

    def __init__(self, gateways: Sequence[Gateway], limits: IngestLimits, sink: Sink) -> None:
        # Longest path first, so that /fork/night may stand beside /fork.
        self._gateways = sorted(gateways, key=lambda gateway: len(gateway.path), reverse=True)
        self.limits = limits
        self.sink = sink
        self.places = Places(limits.max_calls, limits.max_calls_per_token)
        # Two buckets: peers without a token must not be able to use up the arrivals of those who have one.
        self.proven_arrivals = TokenBucket(limits.connections_per_s, limits.connections_burst)
        self.unproven_arrivals = TokenBucket(limits.connections_per_s, limits.connections_burst)
        self.stopping = False
        # In order of arrival; a dict because it forgets one in the middle at once.
        self._unproven: dict[Visit, Callable[[], None]] = {}

    def arrive(self, cut: Callable[[], None]) -> "Visit":
        """A new connection's visit; `cut` ends that connection.

        If too many have not said who they are, the one that has been silent longest makes room: an honest gateway
        speaks at once, so a crowd of silent connections keeps nobody out.
        """
        if len(self._unproven) >= self.limits.max_unproven:
            oldest = next(iter(self._unproven))
            cut_oldest = self._unproven.pop(oldest)
            metrics.ingest_refused.labels(oldest.gateway, "too_many_unproven").inc()
            metrics.ingest_limits.labels(oldest.gateway, "max_unproven").inc()
            cut_oldest()
        visit = Visit(self)
        self._unproven[visit] = cut
        return visit

    def proven(self, visit: "Visit") -> None:
        """The visit has shown its token, or has gone. Idempotent."""
        self._unproven.pop(visit, None)

    def gateway_at(self, path: str) -> Gateway:
        """The gateway whose path is `path` or stands above it. Raises `Denied`."""
        for gateway in self._gateways:
            if path == gateway.path or path.startswith(gateway.path.rstrip("/") + "/"):
                return gateway
        # The path itself may be a token typed in the wrong place, so nobody gets to read it back.
        raise Denied(404, "No gateway is configured at this path.", "no_gateway")


class Visit:
    """One connection's standing: unproven, then with a place among the calls, then gone."""

    def __init__(self, door: Door) -> None:
        self._door = door
        self._place: Place | None = None
        self._inside = False
        self._gateway: Gateway | None = None

    @property
    def gateway(self) -> str:
        """The gateway's name, for logs and metrics."""
        return self._gateway.name if self._gateway is not None else NO_GATEWAY

    def let_in(
        self, handshake: Handshake, target: str, certificate: bytes | None, key: str, peer: str, control: StreamControl
    ) -> IngestStream:
        """Answers an upgrade request with the stream that takes the connection's messages. Raises `Denied`.

        `target` is the request's path with its query as it came, which is what some gateways sign; `certificate` is
        what the peer showed in the TLS handshake, in DER.
        """
        try:
            return self._let_in(handshake, target, certificate, key, peer, control)
        except Denied as denied:
            metrics.ingest_refused.labels(self.gateway, denied.cause).inc()
            raise

    def _let_in(
        self, handshake: Handshake, target: str, certificate: bytes | None, key: str, peer: str, control: StreamControl
    ) -> IngestStream:
        door = self._door
        gateway = self._gateway = door.gateway_at(handshake.path)
        if door.stopping:
            raise Denied(503, "The server takes no new calls.", "stopping")
        token = gateway.proof.of(handshake, target, certificate, clock.now_s())
        bucket = door.proven_arrivals if token is not None else door.unproven_arrivals
        if not bucket.take(clock.monotonic_s()):
            metrics.ingest_limits.labels(gateway.name, "connections_per_s").inc()
            raise Denied(503, "Too many new connections at once.", "rate")
        if why := door.sink.accepting():
            raise Denied(503, why, "overload")
        try:
            codec = gateway.make_codec(handshake)
        except CodecError as error:
            raise Denied(400, str(error), "handshake") from error
        if token is not None and not self._take_place(token):
            raise Denied(503, "All places for calls are taken.", "full")
        self._inside = True
        metrics.ingest_connections.labels(gateway.name).inc()
        return IngestStream(codec, lambda started: self._admit(gateway, started, key, peer, control))

    def _admit(
        self, gateway: Gateway, started: StreamStarted, key: str, peer: str, control: StreamControl
    ) -> StreamSink | None:
        """The sink's stream for a peer that has started; None for a connection test. Raises `Refused`."""
        try:
            if self._place is None:
                token = gateway.proof.tokens.match((started.token,)) if started.token is not None else None
                if token is None:
                    raise Refused(1008, "no valid token in the address, the headers or the start message")
                if not self._take_place(token):
                    raise Refused(1013, "all places for calls are taken")
            if started.is_probe:
                return None
            return self._door.sink.open(gateway.name, key, msgspec.structs.replace(started, token=None), peer, control)
        except Refused as refused:
            cause = {1008: "token", 1013: "full"}.get(refused.code, "sink") if self._place is None else "sink"
            metrics.ingest_refused.labels(gateway.name, cause).inc()
            raise

    def _take_place(self, token: bytes) -> bool:
        limit = self._door.places.limit_for(token)
        self._place = self._door.places.take(token)
        if self._place is None:
            metrics.ingest_limits.labels(self.gateway, limit).inc()
            return False
        self._door.proven(self)
        return True

    def leave(self) -> None:
        """Gives back whatever this connection took; idempotent."""
        self._door.proven(self)
        if self._place is not None:
            self._place.give_back()
        if self._inside:
            self._inside = False
            metrics.ingest_connections.labels(self.gateway).dec()
