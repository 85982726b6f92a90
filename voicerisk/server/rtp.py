"""UDP ports for RTP: `RtpServer` gives them out, sweeps, drains and stops."""

import asyncio
import contextlib
import socket
from collections.abc import Iterator, Sequence
from typing import Final

import structlog

from voicerisk.clock import monotonic_s
from voicerisk.gateways.codec import Handshake
from voicerisk.gateways.registered_call import RegisteredCall
from voicerisk.gateways.rtp import RtpCodec, RtpOptions
from voicerisk.server import metrics
from voicerisk.server.ingest_sink import Sink
from voicerisk.server.rtp_port import GATEWAY, RtpPort
from voicerisk.server.rtp_settings import RtpSettings

_log = structlog.get_logger(__name__)

SWEEP_S: Final = 0.25
_RECEIVE_BUFFER_BYTES: Final = 1 << 20
"""Asked of the kernel, which gives what it may: five seconds of a call while this process stands still."""


class NoPortError(Exception):
    """No port can be given out now; the text says why."""


class RtpServer:
    """Gives out ports and hands their streams to `sink`. All methods belong to one event loop's thread."""

    def __init__(self, settings: RtpSettings, sink: Sink, *, sweep_s: float = SWEEP_S) -> None:
        self.settings = settings
        self._sink = sink
        self._sweep_s = sweep_s
        self._ports: dict[str, RtpPort] = {}
        self._n_opening = 0
        self._next = settings.first_port
        self._former_ssrcs: dict[int, int] = {}  # who was heard last, by port
        self._somebody_left = asyncio.Event()
        self._timer: asyncio.TimerHandle | None = None
        self._stopping = False

    @property
    def ports(self) -> Sequence[RtpPort]:
        """The ports that are given out, in order."""
        return tuple(self._ports.values())

    @property
    def n_streams(self) -> int:
        """Ports on which a party is heard."""
        return sum(port.sender is not None for port in self._ports.values())

    async def open(self, call: RegisteredCall, options: RtpOptions, source: str | None = None) -> RtpPort:
        """A port for one party's RTP, from `source` (an IP address) alone if it is given. Raises `NoPortError`."""
        why = self._full()
        if why is not None:
            metrics.ingest_refused.labels(GATEWAY, "full").inc()
            raise NoPortError(why)
        self._n_opening += 1
        try:
            receiver = self._bind()
            number = receiver.getsockname()[1]
            former = self._former_ssrcs.get(number)
            codec = RtpCodec(Handshake(), options, call, stream_id=f"rtp-{number}", former_ssrc=former)
            port = RtpPort(self.settings, self._sink, call, codec, source, self._left)
            await asyncio.get_running_loop().create_datagram_endpoint(lambda: port, sock=receiver)
            self._ports[port.id] = port
        finally:
            self._n_opening -= 1
        if self._timer is None:
            self._sweep()
        return port

    def release(self, port_id: str) -> bool:
        """Ends a port's stream, since its party is gone; False if there is no such port."""
        port = self._ports.get(port_id)
        if port is None or port.cause is not None:
            return False
        port.release("released", "released", clean=True)
        return True

    async def drain(self, timeout_s: float) -> None:
        """Gives out no more ports, lets live calls end for up to `timeout_s`, closes the rest."""
        self._stopping = True
        for port in self.ports:
            if port.sender is None:
                port.release("stopping", "the server is stopping")
        await self._until_empty(timeout_s)
        await self.stop()

    async def stop(self) -> None:
        """Closes every port."""
        self._stopping = True
        for port in self.ports:
            port.release("stopping", "the server is stopping")
        await self._until_empty(1.0)
        if self._timer is not None:
            self._timer.cancel()

    async def _until_empty(self, timeout_s: float) -> None:
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(timeout_s):
                while self._ports:
                    self._somebody_left.clear()
                    await self._somebody_left.wait()

    def _full(self) -> str | None:
        if self._stopping:
            return "the server is stopping"
        if len(self._ports) + self._n_opening >= self.settings.max_ports:
            return f"all {self.settings.max_ports} ports are given out"
        return self._sink.accepting()

    def _bind(self) -> socket.socket:
        """A bound socket on the next port that is free, so that one given back rests longest."""
        host = self.settings.host
        family = socket.AF_INET6 if ":" in host else socket.AF_INET
        why: str | None = None
        for number in self._numbers():
            try:
                receiver = socket.socket(family, socket.SOCK_DGRAM)
            except OSError as error:
                why = error.strerror
                break
            try:
                receiver.bind((host, number))
            except OSError as error:
                receiver.close()
                why = error.strerror
                continue
            receiver.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, _RECEIVE_BUFFER_BYTES)
            receiver.setblocking(False)
            self._next = number + 2 if number else 0
            return receiver
        raise NoPortError(f"rtp.first_port to rtp.last_port: no port can be opened on {host}: {why}")

    def _numbers(self) -> Iterator[int]:
        first, last = self.settings.first_port, self.settings.last_port
        if not first:
            yield 0
            return
        every = range(first + first % 2, last + 1, 2) or range(first, last + 1)
        yield from (number for number in every if number >= self._next)
        yield from (number for number in every if number < self._next)

    def _left(self, port: RtpPort) -> None:
        self._ports.pop(port.id, None)
        if port.ssrc is not None:
            self._former_ssrcs[port.number] = port.ssrc
        self._somebody_left.set()

    def _sweep(self) -> None:
        self._timer = asyncio.get_running_loop().call_later(self._sweep_s, self._sweep)
        now_s = monotonic_s()
        for port in self.ports:
            try:
                port.sweep(now_s)
            except Exception:
                _log.exception("a port could not be looked after", port=port.number)
                port.release("internal", "internal error")
