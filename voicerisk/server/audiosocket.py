"""The TCP server that Asterisk's AudioSocket connects to: `AudioSocketServer` listens, ticks, drains and stops."""

import asyncio
import contextlib
import socket
from typing import Final

import structlog

from voicerisk.clock import monotonic_s
from voicerisk.gateways.audiosocket import TICK_S, AudioSocketCodec
from voicerisk.gateways.codec import Handshake
from voicerisk.gateways.registered_call import RegisteredCall
from voicerisk.server.audiosocket_connection import AudioSocketConnection
from voicerisk.server.audiosocket_settings import AudioSocketSettings
from voicerisk.server.ingest_sink import Sink
from voicerisk.server.limits import TokenBucket
from voicerisk.server.registrations import Registrations

_log = structlog.get_logger(__name__)

_TICKS_A_SWEEP: Final = 12
_CLOSE_WITHIN_S: Final = 0.5


class AudioSocketServer:
    """Listens for AudioSockets and hands their streams to `sink`. All methods belong to one event loop's thread."""

    def __init__(self, settings: AudioSocketSettings, sink: Sink, registrations: Registrations) -> None:
        self._settings = settings
        self._sink = sink
        self._registrations = registrations
        self._options = settings.options
        # In order of arrival; a dict because it forgets one in the middle at once.
        self._connections: dict[AudioSocketConnection, None] = {}
        self._arrivals = TokenBucket(settings.connections_per_s, settings.connections_burst)
        self._somebody_left = asyncio.Event()
        self._listener: asyncio.Server | None = None
        self._timer: asyncio.TimerHandle | None = None
        self._tick_at_s = 0.0
        self._n_ticks = 0
        self._stopping = False

    @property
    def n_connections(self) -> int:
        """Connections open now."""
        return len(self._connections)

    async def start(self) -> int:
        """The port that is listened on from now on, also where the settings say 0.

        Raises `OSError`, with the address in it, if that is taken.
        """
        loop = asyncio.get_running_loop()
        listener = _listen_on(self._settings)
        port: int = listener.getsockname()[1]
        self._listener = await loop.create_server(self._connection, sock=listener, backlog=512)
        self._tick_at_s = loop.time()
        self._tick()
        _log.info("audiosocket listening", host=self._settings.host, port=port)
        return port

    async def drain(self, timeout_s: float) -> None:
        """Refuses new connections, lets live ones end for up to `timeout_s`, closes the rest."""
        self._stopping = True
        if self._listener is not None:
            self._listener.close()
        await self._until_empty(timeout_s)
        await self.stop()

    async def stop(self) -> None:
        """Stops listening and closes every connection."""
        self._stopping = True
        if self._listener is not None:
            self._listener.close()
        for connection in tuple(self._connections):
            connection.close(1001, "the server is stopping")
        await self._until_empty(_CLOSE_WITHIN_S)
        for connection in tuple(self._connections):
            connection.abort("stopping", "the server is stopping")
        if self._timer is not None:
            self._timer.cancel()
        await asyncio.sleep(0)

    async def _until_empty(self, timeout_s: float) -> None:
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(timeout_s):
                while self._connections:
                    self._somebody_left.clear()
                    await self._somebody_left.wait()

    def _connection(self) -> AudioSocketConnection:
        codec = AudioSocketCodec(Handshake(), self._options, self._find)
        return AudioSocketConnection(self._settings, self._sink, codec, came=self._came, left=self._left)

    def _find(self, uuid: str) -> RegisteredCall | None:
        return self._registrations.find(uuid, monotonic_s())

    def _came(self, connection: AudioSocketConnection) -> str | None:
        """Why the connection is refused, or None."""
        why = self._full()
        self._connections[connection] = None
        return why

    def _full(self) -> str | None:
        if self._stopping:
            return "the server is stopping"
        if not self._arrivals.take(monotonic_s()):
            return "too many new connections at once"
        if (why := self._sink.accepting()) is not None:
            return why
        # Those that are closing have their places no more, although the loop has not told yet that they are gone.
        live = [other for other in self._connections if not other.is_over]
        if len(live) < self._settings.max_connections:
            return None
        idle = next((other for other in live if not other.is_identified), None)
        if idle is None:
            return "all places are taken"
        idle.abort("too_many_unproven", "too many connections have not sent their UUID")
        return None

    def _left(self, connection: AudioSocketConnection) -> None:
        self._connections.pop(connection, None)
        self._somebody_left.set()

    def _tick(self) -> None:
        loop = asyncio.get_running_loop()
        # What a stalled loop has missed is not made up for: the silence keeps lines open, nobody hears it.
        self._tick_at_s = max(self._tick_at_s + TICK_S, loop.time())
        self._timer = loop.call_at(self._tick_at_s, self._tick)
        self._n_ticks += 1
        sweeps = self._n_ticks % _TICKS_A_SWEEP == 0
        now_s = monotonic_s()
        for connection in tuple(self._connections):
            try:
                connection.tick(now_s)
                if sweeps:
                    connection.sweep(now_s)
            except Exception:
                _log.exception("a connection could not be looked after", peer=connection.peer)
                connection.abort("internal", "internal error")


def _listen_on(settings: AudioSocketSettings) -> socket.socket:
    family = socket.AF_INET6 if ":" in settings.host else socket.AF_INET
    listener = socket.socket(family, socket.SOCK_STREAM)
    try:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        # Accepted sockets inherit it; macOS has no such option, and waits as long as its TCP does.
        if (option := getattr(socket, "TCP_USER_TIMEOUT", None)) is not None:
            listener.setsockopt(socket.IPPROTO_TCP, option, round(settings.unanswered_s * 1000))
        listener.bind((settings.host, settings.port))
    except OSError as error:
        listener.close()
        where = f"{settings.host}:{settings.port}"
        text = f"audiosocket.host/audiosocket.port: cannot listen on {where}: {error.strerror}"
        raise OSError(error.errno, text) from error
    listener.setblocking(False)
    return listener
