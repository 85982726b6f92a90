"""Plays timed messages into a websocket, at the pace of a live call or faster."""

import asyncio
from collections.abc import AsyncIterator, Callable, Iterable

from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed

from voicerisk import clock
from voicerisk.simulate.messages import TimedMessage


async def play(
    url: str, messages: Iterable[TimedMessage], *, speed: float = 1.0, progress: Callable[[float], None] | None = None
) -> str:
    """Sends each message at its time divided by `speed`; returns how the connection ended, as "code reason".

    `speed` 0 sends as fast as the server takes it. `progress` gets the media seconds sent so far.
    Raises `OSError` and `websockets.exceptions.InvalidHandshake` when the server cannot be reached or refuses.
    """
    async with connect(url, compression=None, max_queue=None, close_timeout=2) as socket:
        try:
            async for at_s, message in _paced(messages, speed):
                await socket.send(message)
                if progress is not None:
                    progress(at_s)
            await socket.close()
        except ConnectionClosed:
            pass
        return _ending(socket)


async def _paced(messages: Iterable[TimedMessage], speed: float) -> AsyncIterator[TimedMessage]:
    started_s = clock.monotonic_s()
    for at_s, message in messages:
        if speed:
            wait_s = started_s + at_s / speed - clock.monotonic_s()
            # Within a millisecond is close enough: sleeping for less only costs.
            if wait_s > 0.001:
                await asyncio.sleep(wait_s)
        else:
            await asyncio.sleep(0)
        yield at_s, message


def _ending(socket: ClientConnection) -> str:
    return f"{socket.close_code} {socket.close_reason or ''}".strip()
