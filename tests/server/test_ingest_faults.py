"""What goes wrong costs its own connection, and nothing beside it."""

import asyncio
import socket
from typing import Any

import numpy as np
import pytest
from structlog.testing import capture_logs
from websockets.asyncio.client import ClientConnection

from tests.server.ingest_client import (
    STOP_MESSAGE,
    closed_with,
    decoded,
    media_bytes,
    media_messages,
    running,
    settings,
    start_message,
    until,
)
from tests.server.ingest_sink import KeepingSink
from voicerisk.gateways.codec import GatewayEvent


async def flood(websocket: ClientConnection) -> None:
    """Legal but useless text, as fast as it goes, until it is cut."""
    for _ in range(3000):
        await websocket.send('{"event":"mark","mark":{"name":"x"}}')
    await websocket.send("and now nonsense")


BAD = {
    "not JSON": (["{" * 10], 1007),
    "JSON of the wrong shape": (["[1,2,3]"], 1007),
    "nested without end": (["[" * 60_000], 1007),
    "binary where text is spoken": ([b"\x00\x01\x02"], 1003),
    "a start without a call": (['{"event":"start","start":{}}'], 1007),
    "two starts": ([start_message("bad"), start_message("bad")], 1007),
    "broken audio": ([start_message("bad"), '{"event":"media","media":{"track":"inbound","payload":"%%%"}}'], 1007),
    "65 KiB": (["x" * (65 * 1024)], 1009),
}


@pytest.mark.parametrize("name", BAD)
async def test_a_bad_message_costs_its_own_connection(name: str) -> None:
    """Whatever a peer sends, it is closed with a fitting code while the good call beside it loses no sample."""
    messages, expected = BAD[name]
    audio = media_bytes(60)
    async with running(settings()) as server:
        async with server.connect() as good, server.connect() as bad:
            await good.send(start_message("good"))
            parts = list(media_messages(audio))
            for message in parts[:30]:
                await good.send(message)
            for message in messages:
                await bad.send(message)
            code, reason = await closed_with(bad)
            assert code == expected
            assert reason
            for message in parts[30:]:
                await good.send(message)
            await good.send(STOP_MESSAGE)
        await until(lambda: bool(server.stream("good").ended))
        assert np.array_equal(server.stream("good").samples(), decoded(audio))


async def test_a_flood_does_not_hold_up_its_neighbour() -> None:
    """While one peer floods, a call beside it gets every sample through, and its packets do not pile up behind it."""
    audio = media_bytes(50)
    async with running(settings(turn_bytes=4096)) as server:
        async with server.connect() as good, server.connect() as bad:
            await good.send(start_message("good"))
            await bad.send(start_message("bad"))
            flooding = asyncio.create_task(flood(bad))
            for message in media_messages(audio):
                await good.send(message)
                await asyncio.sleep(0)
            await good.send(STOP_MESSAGE)
            await until(lambda: bool(server.stream("good").ended))
            assert (await closed_with(bad))[0] == 1007
            await asyncio.gather(flooding, return_exceptions=True)
        assert np.array_equal(server.stream("good").samples(), decoded(audio))


async def test_text_that_is_not_utf8_is_closed() -> None:
    """A text frame with other bytes than UTF-8 is bad data, in one frame or in several."""
    async with running(settings()) as server:
        for fragments in (b"\xff\xfe", [b"\xff", b"\xfe"]):
            async with server.connect() as websocket:
                await websocket.send(fragments, text=True)
                assert (await closed_with(websocket))[0] == 1007


async def test_a_half_open_socket_ends_its_stream() -> None:
    """A peer that shuts its sending side without a close frame has its stream ended as unclean, at once."""
    async with running(settings()) as server:
        websocket = await server.connect()
        await websocket.send(start_message("half"))
        await until(lambda: len(server.sink.streams) == 1)
        websocket.transport.write_eof()
        await until(lambda: bool(server.stream("half").ended))
        assert not server.stream("half").ended[0].clean
        websocket.transport.abort()


async def test_a_peer_that_does_not_read_is_held_back_and_cut() -> None:
    """Answers to a flood of pings do not pile up: the peer is not read any more, and goes for lack of life."""
    async with running(settings(write_buffer_bytes=1024, inactivity_s=0.3)) as server:
        small = socket.create_connection(("127.0.0.1", server.server.port))
        small.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        websocket = await server.connect(sock=small)
        await websocket.send(start_message("deaf"))
        await until(lambda: len(server.sink.streams) == 1)
        websocket.transport.pause_reading()
        websocket.protocol.send_ping(bytes(125))
        ping = b"".join(websocket.protocol.data_to_send())
        sending = True
        for _ in range(4000):
            websocket.transport.write(ping * 200)
            await asyncio.sleep(0)
            if websocket.transport.get_write_buffer_size() > 4_000_000:
                sending = False
                break
        assert not sending, "the server read everything, so the answers must have piled up"
        await until(lambda: bool(server.stream("deaf").ended))
        await until(lambda: server.server.n_connections == 0)
        websocket.transport.abort()


class FailingSink(KeepingSink):
    """Fails at the third event of the call named `bad`."""

    def open(self, gateway: str, stream_key: str, started: Any, peer: str, control: Any) -> Any:
        """A stream whose `receive` fails if the call is the bad one."""
        stream = super().open(gateway, stream_key, started, peer, control)
        if started.call_id == "bad":
            keep = stream.receive

            def receive(event: GatewayEvent) -> None:
                keep(event)
                if len(stream.events) == 3:
                    raise RuntimeError("a fault behind the ingest")

            stream.receive = receive  # type: ignore[method-assign]
        return stream


async def test_a_fault_behind_the_ingest_costs_one_connection() -> None:
    """An exception from the sink closes its own connection with 1011, says nothing of its cause, and is logged."""
    with capture_logs() as logs:
        async with running(settings(), FailingSink()) as server:
            async with server.connect() as good, server.connect() as bad:
                await good.send(start_message("good"))
                await bad.send(start_message("bad"))
                for message in media_messages(media_bytes(5)):
                    await good.send(message)
                    await bad.send(message)
                assert await closed_with(bad) == (1011, "internal error")
                await until(lambda: server.stream("good").n_samples == [800])
            assert server.stream("bad").n_samples == [480]
    assert [entry["call"] for entry in logs if entry["event"] == "connection failed"] == ["bad"]


async def test_the_runtime_can_close_a_stream() -> None:
    """The control given with a stream closes its connection with the runtime's words, and ends the stream once."""
    async with running(settings()) as server, server.connect() as websocket:
        await websocket.send(start_message("c-7"))
        await until(lambda: len(server.sink.streams) == 1)
        control = server.stream("c-7").control
        control.close(1008, "opted out: " + "ü" * 200)
        control.close(1000, "again")
        assert server.stream("c-7").ended[0].reason.startswith("opted out")
        code, reason = await closed_with(websocket)
        assert code == 1008
        assert reason is not None
        assert reason.startswith("opted out")
