"""Plays timed messages into a websocket, a TCP connection or a UDP port, at the pace of a live call or faster."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable, Iterable, Mapping, Sequence
from typing import Final, TypeVar, cast

from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed
from websockets.typing import Subprotocol

from voicerisk import clock
from voicerisk.gateways.codec import Message
from voicerisk.simulate.call import TimedMessage
from voicerisk.simulate.dialogue import Dialogue, PeerError

Progress = Callable[[float], None]
"""Gets the media seconds that have been sent."""

_Item = TypeVar("_Item")
_CLOSE_WITHIN_S: Final = 2.0


async def play(
    url: str,
    messages: Iterable[tuple[float, Message | Callable[[], Message]]],
    *,
    speed: float = 1.0,
    progress: Progress | None = None,
    headers: Mapping[str, str] | None = None,
    subprotocols: Sequence[str] = (),
    dialogue: Dialogue | None = None,
    abrupt: bool = False,
) -> str:
    """Sends each message at its time divided by `speed`; returns how the connection ended, as "code reason".

    `speed` 0 sends as fast as the server takes it. A message may be a function, which is asked for it when it leaves.
    With `dialogue` the server's answers are heard and waited for. `abrupt` cuts the connection at the end.
    Raises `OSError` and `websockets.exceptions.InvalidHandshake` when the server cannot be reached or refuses,
    `PeerError` when it answers wrongly or not at all.
    """
    async with connect(
        url,
        compression=None,
        max_queue=None,
        close_timeout=_CLOSE_WITHIN_S,
        additional_headers=dict(headers or {}),
        subprotocols=[Subprotocol(name) for name in subprotocols] or None,
    ) as socket:
        ears = None if dialogue is None else _Ears(socket, dialogue)
        try:
            async for at_s, message in _paced(messages, speed):
                if ears is not None:
                    await ears.until_free()
                await socket.send(message() if callable(message) else message)
                if progress is not None:
                    progress(at_s)
            if abrupt:
                socket.transport.abort()
                return "1006 cut on purpose"
            if ears is not None:
                await ears.until_free()
            await socket.close()
        except ConnectionClosed:
            pass
        finally:
            if ears is not None:
                await ears.close()
        return _ending(socket)


class _Ears:
    """Hears a websocket's answers while something else is said."""

    def __init__(self, socket: ClientConnection, dialogue: Dialogue) -> None:
        self._socket = socket
        self._dialogue = dialogue
        self._news = asyncio.Event()
        self._hearing = asyncio.create_task(self._hear())

    async def until_free(self) -> None:
        """Returns once what comes next may be said. Raises `PeerError` or `ConnectionClosed` if that cannot be."""
        try:
            async with asyncio.timeout(self._dialogue.patience_s):
                while not (self._dialogue.is_free or self._hearing.done()):
                    self._news.clear()
                    await self._news.wait()
        except TimeoutError:
            raise PeerError(f"no answer within {self._dialogue.patience_s:g} s") from None
        if self._hearing.done():
            self._hearing.result()
            await self._socket.wait_closed()

    async def close(self) -> None:
        """Hears no more."""
        self._hearing.cancel()
        with contextlib.suppress(asyncio.CancelledError, ConnectionClosed, PeerError):
            await self._hearing

    async def _hear(self) -> None:
        try:
            async for message in self._socket:
                self._dialogue.hear(message)
                self._news.set()
        finally:
            self._news.set()


async def play_tcp(
    host: str,
    port: int,
    messages: Iterable[TimedMessage],
    *,
    speed: float = 1.0,
    progress: Progress | None = None,
    abrupt: bool = False,
) -> str | None:
    """Sends each message at its time, then the end of the stream; returns what went wrong, None if nothing did.

    What the server sends is read and let go. Raises `OSError` when it cannot be reached.
    """
    reader, writer = await asyncio.open_connection(host, port)
    listening = asyncio.create_task(_read_on(reader))
    sent_s = 0.0
    try:
        async for at_s, message in _paced(messages, speed):
            if listening.done():
                break
            writer.write(cast(bytes, message))
            await writer.drain()
            sent_s = at_s
            if progress is not None:
                progress(at_s)
        if listening.done():
            return f"the server closed the connection after {sent_s:.1f} s"
        if abrupt:
            writer.transport.abort()
            return None
        writer.write_eof()  # a close would reset the connection, for silence from the server lies unread
        await asyncio.wait((listening,), timeout=_CLOSE_WITHIN_S)
        return None
    except ConnectionError:
        return f"the server closed the connection after {sent_s:.1f} s"
    finally:
        listening.cancel()
        writer.close()


async def _read_on(reader: asyncio.StreamReader) -> None:
    with contextlib.suppress(ConnectionError):
        while await reader.read(65_536):
            pass


class _Sender(asyncio.DatagramProtocol):
    """Remembers that nobody listens."""

    def __init__(self) -> None:
        self.error: Exception | None = None

    def error_received(self, exc: Exception) -> None:
        self.error = exc


async def play_udp(
    host: str, port: int, messages: Iterable[TimedMessage], *, speed: float = 1.0, progress: Progress | None = None
) -> int:
    """Sends each message as a datagram at its time; returns how many. Raises `OSError` when nobody listens there."""
    transport, sender = await asyncio.get_running_loop().create_datagram_endpoint(_Sender, remote_addr=(host, port))
    n_sent = 0
    try:
        async for at_s, message in _paced(messages, speed):
            transport.sendto(cast(bytes, message))
            n_sent += 1
            if sender.error is not None:
                raise sender.error
            if progress is not None:
                progress(at_s)
        return n_sent
    finally:
        transport.close()


async def _paced(messages: Iterable[tuple[float, _Item]], speed: float) -> AsyncIterator[tuple[float, _Item]]:
    started_s = clock.monotonic_s()
    for at_s, message in messages:
        wait_s = started_s + at_s / speed - clock.monotonic_s() if speed else 0.0
        # Within a millisecond is close enough: sleeping for less only costs. Who is late still lets others have a turn,
        # or the calls of a machine that cannot keep up would be played one after another.
        await asyncio.sleep(wait_s if wait_s > 0.001 else 0.0)
        yield at_s, message


def _ending(socket: ClientConnection) -> str:
    return f"{socket.close_code} {socket.close_reason or ''}".strip()
