"""The ingest against real websocket clients: whole calls, and the way it stops."""

import asyncio
import json

import numpy as np
import pytest

from tests.server.ingest_client import (
    STOP_MESSAGE,
    closed_with,
    decoded,
    limits,
    media_bytes,
    media_messages,
    metric,
    refused,
    running,
    settings,
    start_message,
    until,
)
from tests.server.ingest_sink import KeepingSink
from voicerisk.server.ingest import IngestServer
from voicerisk.server.ingest_settings import GatewaySettings, IngestSettings


async def test_a_twilio_call_arrives_whole() -> None:
    """Every sample of a call comes out at the sink in order, with one start before and one clean end after."""
    audio = media_bytes(200)
    async with running(settings()) as server:
        await server.call("c-1", audio)
        stream = server.stream("c-1")
        await until(lambda: bool(stream.ended))
    assert np.array_equal(stream.samples(), decoded(audio))
    assert stream.gateway == "twilio"
    assert stream.ended[0].clean


async def test_the_path_picks_the_codec() -> None:
    """Beside /twilio the same server takes binary L16 at /l16, and echoes the sub-protocol the peer insists on."""
    samples = np.arange(-800, 800, dtype="<i2")
    async with running(settings()) as server:
        async with server.connect("/l16", subprotocols=["audio.drachtio.org"]) as websocket:
            assert websocket.subprotocol == "audio.drachtio.org"
            await websocket.send(json.dumps({"callId": "c-2"}))
            await websocket.send(samples.tobytes())
        await until(lambda: len(server.sink.streams) == 1 and bool(server.sink.streams[0].ended))
    assert np.array_equal(server.sink.streams[0].samples(), samples)


async def test_a_message_in_pieces_is_one_message() -> None:
    """A peer may cut a message into websocket fragments."""
    async with running(settings()) as server, server.connect() as websocket:
        start = start_message("c-3")
        await websocket.send([start[:10], start[10:20], start[20:]])
        await until(lambda: len(server.sink.streams) == 1)


async def test_a_burst_larger_than_a_turn_is_taken_whole() -> None:
    """A peer that stalled and sends seconds of audio at once loses none of it, even if it hangs up right behind it."""
    audio = media_bytes(1500)
    before = metric("deferred_total")
    async with running(settings(turn_bytes=2048)) as server:
        websocket = await server.connect()
        await websocket.send(start_message("c-4"))
        for message in media_messages(audio):
            await websocket.send(message)
        websocket.transport.close()
        await until(lambda: bool(server.sink.streams) and bool(server.sink.streams[0].ended))
    assert np.array_equal(server.sink.streams[0].samples(), decoded(audio))
    assert metric("deferred_total") > before


async def test_the_metrics_count_messages_and_bytes() -> None:
    """What came is counted under the gateway's name."""
    before = metric("messages_total", gateway="twilio")
    async with running(settings()) as server:
        await server.call("c-5", media_bytes(50))
        assert metric("connections", gateway="twilio") in (0.0, 1.0)
    assert metric("messages_total", gateway="twilio") - before == 52
    assert metric("connections", gateway="twilio") == 0


async def test_draining_lets_calls_end_and_refuses_new_ones() -> None:
    """While draining a new peer gets 503, a live call goes on to its end, and then the server is down at once."""
    audio = media_bytes(20)
    async with running(settings()) as server:
        websocket = await server.connect()
        await websocket.send(start_message("live"))
        await until(lambda: len(server.sink.streams) == 1)
        draining = asyncio.create_task(server.server.drain(10.0))
        await asyncio.sleep(0)
        assert (await refused(server)).response.status_code == 503
        for message in media_messages(audio):
            await websocket.send(message)
        await websocket.send(STOP_MESSAGE)
        await websocket.close()
        await asyncio.wait_for(draining, 2.0)
        assert np.array_equal(server.stream("live").samples(), decoded(audio))
        assert server.stream("live").ended[0].clean
        with pytest.raises(OSError, match="refused"):
            async with server.connect():
                pass


async def test_a_call_that_outlasts_the_drain_is_closed() -> None:
    """At the deadline a live call is closed with 1001, one that does not answer is cut, and both streams have ended."""
    async with running(settings()) as server:
        polite, deaf = await server.connect(), await server.connect()
        await polite.send(start_message("polite"))
        await deaf.send(start_message("deaf"))
        await until(lambda: len(server.sink.streams) == 2)
        deaf.transport.pause_reading()
        await asyncio.wait_for(server.server.drain(0.1), 3.0)
        assert await closed_with(polite) == (1001, "the server is stopping")
        assert {stream.ended[0].reason for stream in server.sink.streams} == {"the server is stopping"}
        deaf.transport.abort()


async def test_the_port_taken_is_said() -> None:
    """A second server on the same port fails at its start with the system's own words."""
    async with running(settings()) as server:
        second = IngestServer(
            IngestSettings(
                port=server.server.port,
                gateways=(GatewaySettings(path="/twilio", protocol="twilio"),),
                limits=limits(),
            ),
            KeepingSink(),
        )
        with pytest.raises(OSError, match="in use"):
            await second.start()
        with pytest.raises(RuntimeError, match="not been started"):
            _ = second.port
