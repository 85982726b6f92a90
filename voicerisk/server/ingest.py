"""The websocket server that gateways connect to: `IngestServer` listens, sweeps, drains and stops."""

import asyncio
import contextlib
from collections.abc import Callable

import structlog

from voicerisk.clock import monotonic_s
from voicerisk.gateways.routes import codec_maker
from voicerisk.server.ingest_connection import IngestConnection
from voicerisk.server.ingest_door import Door, Gateway
from voicerisk.server.ingest_proof import proof_of
from voicerisk.server.ingest_settings import GatewaySettings, IngestSettings
from voicerisk.server.ingest_sink import Sink
from voicerisk.server.tls import Tls

_log = structlog.get_logger(__name__)

SWEEP_S = 0.25
"""How often the deadlines of all connections are looked at: the grain of every timeout here."""

FAREWELL_S = 2.0
"""How long before the end of a drain peers are asked to end by their protocol's own word, at most half of the time."""


class IngestServer:
    """Listens for gateways and hands their streams to `sink`. All methods belong to one event loop's thread.

    Made with TLS, it raises `OSError` if a file of a certificate or key cannot be used.
    """

    def __init__(self, settings: IngestSettings, sink: Sink, *, sweep_s: float = SWEEP_S) -> None:
        self._settings = settings
        self._tls = _tls(settings)
        self._door = Door([_gateway(gateway, self._tls) for gateway in settings.gateways], settings.limits, sink)
        self._connections: set[IngestConnection] = set()
        self._somebody_left = asyncio.Event()
        self._sweep_s = sweep_s
        self._sweep_timer: asyncio.TimerHandle | None = None
        self._listener: asyncio.Server | None = None
        self._port: int | None = None

    @property
    def port(self) -> int:
        """The port that is listened on, also where the settings say 0. Raises `RuntimeError` before start."""
        if self._port is None:
            raise RuntimeError("the ingest has not been started")
        return self._port

    @property
    def n_connections(self) -> int:
        """Connections open now, upgraded or not."""
        return len(self._connections)

    @property
    def n_calls(self) -> int:
        """Connections that hold a call's place now."""
        return self._door.places.n_taken

    async def start(self) -> None:
        """Listens from now on. Raises `OSError` if the address is taken."""
        loop = asyncio.get_running_loop()
        self._listener = await loop.create_server(
            lambda: IngestConnection(self._door, came=self._connections.add, left=self._left),
            self._settings.host,
            self._settings.port,
            ssl=None if self._tls is None else self._tls.context,
            ssl_handshake_timeout=None if self._tls is None else self._settings.limits.start_within_s,
            backlog=512,
        )
        self._port = self._listener.sockets[0].getsockname()[1]
        self._sweep_timer = loop.call_later(self._sweep_s, self._sweep)
        _log.info("ingest listening", host=self._settings.host, port=self.port, tls=self._tls is not None)

    def reload(self) -> None:
        """Reads the files of TLS again, for connections to come. Raises `OSError`, and then the old ones stay."""
        if self._tls is not None:
            self._tls.reload()

    async def drain(self, timeout_s: float) -> None:
        """Refuses new connections with 503, lets live calls end for up to `timeout_s`, closes the rest with 1001.

        Who can go on elsewhere is asked to at once; who can be told that it is over is told so before the end.
        """
        self.close_door()
        _log.info("ingest draining", connections=self.n_connections, calls=self.n_calls, timeout_s=timeout_s)
        farewell_s = min(FAREWELL_S, timeout_s / 2)
        await self._until(lambda: not self.n_calls, timeout_s - farewell_s)
        self._ask(IngestConnection.ask_to_end)
        await self._until(lambda: not self.n_calls, farewell_s)
        await self.stop()

    def close_door(self) -> None:
        """Refuses new connections from now on, and asks those to go elsewhere whose protocol has a word for it."""
        self._door.stopping = True
        self._ask(IngestConnection.ask_to_move)

    def open_door(self) -> None:
        """Takes new connections again after `close_door`."""
        self._door.stopping = False

    def _ask(self, ask: Callable[[IngestConnection], None]) -> None:
        for connection in tuple(self._connections):
            try:
                ask(connection)
            except Exception:
                _log.exception("a connection could not be asked to leave", peer=connection.peer)

    async def stop(self) -> None:
        """Stops listening and closes every connection with 1001, within the limit of the closing handshake."""
        self._door.stopping = True
        if self._listener is not None:
            self._listener.close()
        for connection in tuple(self._connections):
            connection.close(1001, "the server is stopping", "stopping")
        # A sweep cuts those who do not answer; one more round for the transports to report it.
        await self._until(lambda: not self._connections, self._settings.limits.close_within_s + 2 * self._sweep_s)
        for connection in tuple(self._connections):
            connection.abort()
        if self._sweep_timer is not None:
            self._sweep_timer.cancel()
        await asyncio.sleep(0)

    async def _until(self, done: Callable[[], bool], timeout_s: float) -> None:
        """Waits until `done`, which only a connection's leaving can bring about, or until the time is up."""
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(timeout_s):
                while not done():
                    self._somebody_left.clear()
                    await self._somebody_left.wait()

    def _left(self, connection: IngestConnection) -> None:
        self._connections.discard(connection)
        self._somebody_left.set()

    def _sweep(self) -> None:
        self._sweep_timer = asyncio.get_running_loop().call_later(self._sweep_s, self._sweep)
        now_s = monotonic_s()
        for connection in tuple(self._connections):
            try:
                connection.sweep(now_s)
            except Exception:
                _log.exception("a connection could not be looked after", peer=connection.peer)
                connection.abort()


def _tls(settings: IngestSettings) -> Tls | None:
    if settings.tls is None:
        return None
    wanted = [gateway.auth.client_certificate for gateway in settings.gateways]
    return Tls(settings.tls, "ingest", [each.authority for each in wanted if each is not None])


def _gateway(settings: GatewaySettings, tls: Tls | None) -> Gateway:
    make_codec = codec_maker(settings.protocol, settings.options)
    proof = proof_of(settings.path, settings.tokens, settings.auth, tls)
    return Gateway(settings.name, settings.path, proof, make_codec)
