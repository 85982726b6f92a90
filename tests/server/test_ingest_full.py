"""What the limits do to real connections."""

import asyncio
import base64
import socket
import struct

import numpy as np

from tests.server.ingest_client import (
    OTHER_TOKEN,
    STOP_MESSAGE,
    TOKEN,
    closed_with,
    decoded,
    media_bytes,
    refused,
    running,
    settings,
    start_message,
    until,
)
from tests.server.ingest_sink import KeepingSink
from voicerisk.server.ingest_sink import Refused


async def test_an_unknown_path_is_not_found() -> None:
    """No gateway there, and a path that only begins like one, both give 404."""
    async with running(settings()) as server:
        for path in ("/", "/nothing", "/twilio2", "/Twilio"):
            assert (await refused(server, path)).response.status_code == 404


async def test_a_full_house_is_said_at_the_door() -> None:
    """Above the number of calls the upgrade is refused with 503 and Retry-After; a place given back is free again."""
    async with (
        running(settings(max_calls=2, retry_after_s=7)) as server,
        server.connect() as first,
        server.connect(),
    ):
        refusal = await refused(server)
        assert refusal.response.status_code == 503
        assert refusal.response.headers["Retry-After"] == "7"
        await first.close()
        await until(lambda: server.server.n_calls == 1)
        async with server.connect() as again:
            await again.send(start_message())
            await until(lambda: len(server.sink.streams) == 1)


async def test_one_token_cannot_take_every_place() -> None:
    """The limit per token refuses its holder and leaves the others their places, at the door and at the start."""
    async with (
        running(settings(TOKEN, OTHER_TOKEN, max_calls_per_token=1)) as server,
        server.connect(f"/twilio/{TOKEN}"),
    ):
        assert (await refused(server, f"/twilio/{TOKEN}")).response.status_code == 503
        async with server.connect("/twilio") as websocket:
            await websocket.send(start_message(token=TOKEN))
            assert (await closed_with(websocket))[0] == 1013
        async with server.connect(f"/twilio/{OTHER_TOKEN}"):
            assert server.server.n_calls == 2


async def test_arrivals_are_limited_per_second() -> None:
    """Above the burst new connections are told to come back later."""
    async with running(settings(connections_per_s=0.001, connections_burst=3)) as server:
        for _ in range(3):
            async with server.connect():
                pass
        assert (await refused(server)).response.status_code == 503


async def test_peers_without_a_token_cannot_keep_others_out() -> None:
    """However many connections show no token, they use up no place and no arrival, and the oldest make room."""
    async with running(
        settings(TOKEN, max_unproven=3, max_calls=1, connections_per_s=0.001, connections_burst=2)
    ) as server:
        silent = [await asyncio.open_connection("127.0.0.1", server.server.port) for _ in range(10)]
        upgraded = [await server.connect("/twilio") for _ in range(2)]
        assert (await refused(server, "/twilio")).response.status_code == 503
        async with server.connect(f"/twilio/{TOKEN}") as websocket:
            await websocket.send(start_message())
            await until(lambda: len(server.sink.streams) == 1)
            assert server.server.n_connections <= 4
        for _, writer in silent:
            writer.close()
        for websocket in upgraded:
            await websocket.close()


async def test_a_sink_that_is_busy_is_said_at_the_door() -> None:
    """When the runtime takes no more calls the peer gets its reason with a 503."""
    sink = KeepingSink()
    sink.busy = "Scoring is behind."
    async with running(settings(), sink) as server:
        refusal = await refused(server)
        assert refusal.response.status_code == 503
        assert b"Scoring is behind." in refusal.response.body


async def test_a_sink_may_refuse_a_stream() -> None:
    """A stream that the runtime does not want is closed with the runtime's code and reason."""
    sink = KeepingSink()
    sink.refuse = Refused(1013, "this call is already here")
    async with running(settings(), sink) as server, server.connect() as websocket:
        await websocket.send(start_message())
        assert await closed_with(websocket) == (1013, "this call is already here")


async def test_a_stream_that_never_starts_is_closed() -> None:
    """Upgraded but silent, or connected but without a request: both go after the time to start."""
    async with running(settings(start_within_s=0.15)) as server:
        reader, writer = await asyncio.open_connection("127.0.0.1", server.server.port)
        async with server.connect() as websocket:
            await websocket.send('{"event":"connected"}')
            code, reason = await closed_with(websocket)
            assert code == 1008
            assert reason == "no start within 0.15 s"
        assert b" 408 " in await asyncio.wait_for(reader.read(), 5.0)
        writer.close()


async def test_a_deaf_peer_goes_and_a_silent_one_stays() -> None:
    """A peer that answers pings may be silent; one that does not even do that is let go after the inactivity limit."""
    async with running(settings(inactivity_s=0.3, ping_every_s=0.1)) as server:
        alive = await server.connect()
        await alive.send(start_message("alive"))
        dead = await server.connect()
        await dead.send(start_message("dead"))
        await until(lambda: len(server.sink.streams) == 2)
        dead.transport.pause_reading()  # it neither sees our pings nor our close
        await until(lambda: bool(server.stream("dead").ended))
        await asyncio.sleep(0.3)
        assert server.stream("dead").ended[0].reason == "no sign of life for 0.3 s"
        assert not server.stream("alive").ended
        await until(lambda: server.server.n_connections == 1)
        dead.transport.abort()
        await alive.close()


async def test_a_peer_that_stays_after_its_stop_is_closed() -> None:
    """After the end of the stream the peer may close itself; one that does not is closed politely."""
    async with running(settings(linger_s=0.1)) as server:
        async with server.connect() as websocket:
            await websocket.send(start_message())
            await websocket.send(STOP_MESSAGE)
            assert (await closed_with(websocket))[0] == 1000
        assert [ended.clean for ended in server.sink.streams[0].ended] == [True]


async def test_aborted_handshakes_leave_nothing_behind() -> None:
    """After 1000 handshakes cut at any byte a good call is taken, and every place is free again."""
    request = (
        "GET /twilio HTTP/1.1\r\nHost: x\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
        f"Sec-WebSocket-Key: {base64.b64encode(bytes(16)).decode()}\r\nSec-WebSocket-Version: 13\r\n\r\n"
    ).encode()
    audio = media_bytes(10)
    async with running(settings(max_calls=3, max_unproven=30)) as server:
        address = ("127.0.0.1", server.server.port)
        for number in range(1000):
            _, writer = await asyncio.open_connection(*address)
            writer.write(request[: number % (len(request) + 1)])
            if number % 3 == 0:
                await asyncio.sleep(0)
            # RST instead of FIN for every second one.
            if number % 2:
                linger = struct.pack("ii", 1, 0)
                writer.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, linger)
            writer.close()
            if number % 20 == 19:
                await until(lambda: server.server.n_connections == 0)
        await until(lambda: server.server.n_connections == 0)
        assert server.server.n_calls == 0
        await server.call("good", audio)
        await until(lambda: bool(server.stream("good").ended))
        assert np.array_equal(server.stream("good").samples(), decoded(audio))
