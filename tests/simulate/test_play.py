"""Tests of voicerisk.simulate.play: messages go into a real websocket, in their time or faster."""

import asyncio
from collections.abc import AsyncIterator

import pytest
from websockets.asyncio.server import Server, ServerConnection, serve
from websockets.exceptions import InvalidStatus

from voicerisk import clock
from voicerisk.simulate.call import TimedMessage
from voicerisk.simulate.play import play


class Listening:
    """A websocket server, what it was sent, and when (monotonic seconds)."""

    def __init__(self) -> None:
        self.messages: list[str | bytes] = []
        self.at_s: list[float] = []
        self.close_after: int | None = None
        self.url = ""

    async def handle(self, socket: ServerConnection) -> None:
        """Keeps what comes; hangs up after `close_after` messages."""
        async for message in socket:
            self.messages.append(message)
            self.at_s.append(clock.monotonic_s())
            if len(self.messages) == self.close_after:
                await socket.close(1013, "no room")
                return


@pytest.fixture
async def listening() -> AsyncIterator[Listening]:
    """Such a server on a free loopback port."""
    listener = Listening()
    server: Server
    async with serve(listener.handle, "127.0.0.1", 0) as server:
        listener.url = f"ws://127.0.0.1:{server.sockets[0].getsockname()[1]}/x"
        yield listener


MESSAGES: list[TimedMessage] = [(0.0, "start"), (0.2, b"\x01"), (0.4, b"\x02"), (2.0, "stop")]


@pytest.mark.parametrize("speed", [10.0, 0.0])
async def test_everything_arrives_in_order(listening: Listening, speed: float) -> None:
    """Texts and bytes arrive as they are, progress ends at the last one's time, and the end is a clean one."""
    told: list[float] = []
    ending = await play(listening.url, MESSAGES, speed=speed, progress=told.append)
    assert listening.messages == ["start", b"\x01", b"\x02", "stop"]
    assert told == [0.0, 0.2, 0.4, 2.0]
    assert ending == "1000"


async def test_no_message_goes_before_its_time(listening: Listening) -> None:
    """At ten times the speed the last of two seconds is sent after a fifth of a second, not before."""
    await play(listening.url, MESSAGES, speed=10.0)
    assert listening.at_s[-1] - listening.at_s[0] > 0.15


async def test_the_servers_refusal_is_told(listening: Listening) -> None:
    """A server that hangs up in the middle ends the play with its code and reason, and without an error."""
    listening.close_after = 2
    endless = ((number / 100, b"\x00") for number in range(10**9))
    assert await asyncio.wait_for(play(listening.url, endless, speed=0.0), 20.0) == "1013 no room"


async def test_nobody_there_is_an_error(listening: Listening) -> None:
    """No server at that port: the caller is told."""
    with pytest.raises(ConnectionRefusedError):
        await play("ws://127.0.0.1:1/", MESSAGES)


async def test_a_closed_door_is_an_error() -> None:
    """A server that refuses the upgrade: the caller is told with which status."""
    async with serve(
        Listening().handle, "127.0.0.1", 0, process_request=lambda socket, _request: socket.respond(503, "full")
    ) as server:
        with pytest.raises(InvalidStatus, match="503"):
            await play(f"ws://127.0.0.1:{server.sockets[0].getsockname()[1]}/", MESSAGES)


async def test_calls_that_are_late_take_turns(listening: Listening) -> None:
    """Where more is to be sent than there is time for, no call waits for another one's end."""
    sources = [[(0.0, f"{call}")] * 300 for call in range(2)]
    await asyncio.gather(*(play(listening.url, source, speed=1000.0) for source in sources))
    half = listening.messages[:300]
    assert 75 < half.count("0") < 225
