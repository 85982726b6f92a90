"""The AudioSocket port: who is taken, what goes back, how connections end, and that nothing is left of them."""

import asyncio
import os
import socket
import struct
import uuid
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import numpy as np
import pytest
from structlog.testing import capture_logs

from tests.server.ingest_client import until
from tests.server.ingest_sink import KeepingSink
from voicerisk.clock import monotonic_s
from voicerisk.events import Role
from voicerisk.gateways.registered_call import RegisteredCall
from voicerisk.server.audiosocket import AudioSocketServer
from voicerisk.server.audiosocket_settings import AudioSocketSettings
from voicerisk.server.ingest_sink import Refused
from voicerisk.server.registrations import Registrations, RegistrationsFullError

ID = "40325ec2-5efd-4bd3-805f-53576e581d13"
OTHER_ID = "40325ec2-5efd-4bd3-805f-53576e581d14"
CALL = RegisteredCall(call_id="c-1", role=Role.CUSTOMER, labels={"queue": "billing"})
AUDIO = np.random.default_rng(5).integers(-32768, 32767, 8000, np.int16, endpoint=True)


def frame(kind: int, payload: bytes = b"") -> bytes:
    """One frame."""
    return struct.pack(">BH", kind, len(payload)) + payload


def hello(name: str = ID) -> bytes:
    """The first frame."""
    return frame(0x01, uuid.UUID(name).bytes)


def audio_frames(samples: np.ndarray[Any, np.dtype[np.int16]] = AUDIO) -> bytes:
    """Audio in frames of 20 ms at 8 kHz."""
    data = samples.astype("<i2").tobytes()
    return b"".join(frame(0x10, data[at : at + 320]) for at in range(0, len(data), 320))


class Sockets:
    """A server under test, its sink, and a way to reach it."""

    def __init__(self, server: AudioSocketServer, sink: KeepingSink, book: Registrations, port: int) -> None:
        self.server = server
        self.sink = sink
        self.book = book
        self.port = port

    async def connect(self, data: bytes = b"") -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        """A client that has sent `data`."""
        reader, writer = await asyncio.open_connection("127.0.0.1", self.port)
        writer.write(data)
        await writer.drain()
        return reader, writer


@asynccontextmanager
async def listening(**changes: Any) -> AsyncIterator[Sockets]:
    """A server in this loop; when the test is over nothing of it may be left."""
    sink, book = KeepingSink(), Registrations(10, 60.0)
    server = AudioSocketServer(AudioSocketSettings(enabled=True, port=0, **changes), sink, book)
    sockets = Sockets(server, sink, book, await server.start())
    try:
        yield sockets
    finally:
        await server.stop()
    assert server.n_connections == 0
    assert all(len(stream.ended) == 1 for stream in sink.streams)


async def rest_of(reader: asyncio.StreamReader) -> bytes:
    """What the server still says before it closes; a reset counts as a close."""
    try:
        return await asyncio.wait_for(reader.read(), 5.0)
    except ConnectionResetError:
        return b""


async def test_a_registered_call_is_heard_to_its_end() -> None:
    """Every sample arrives under the registered call, role and labels; a hangup ends it cleanly."""
    async with listening() as sockets:
        sockets.book.add(ID, CALL, monotonic_s())
        _, writer = await sockets.connect(hello() + audio_frames() + frame(0x00))
        await until(lambda: len(sockets.sink.streams) == 1 and bool(sockets.sink.streams[0].ended))
        writer.close()
        (stream,) = sockets.sink.streams
        assert (stream.gateway, stream.started.call_id, stream.started.labels) == (
            "audiosocket",
            "c-1",
            {"queue": "billing"},
        )
        assert [channel.role for channel in stream.started.channels] == [Role.CUSTOMER]
        assert np.array_equal(stream.samples(), AUDIO)
        assert [(ended.reason, ended.clean) for ended in stream.ended] == [("hangup", True)]


async def test_an_end_without_hangup_is_an_end() -> None:
    """Asterisk just closes, and its system may reset the connection because our silence is unread: both are clean."""
    async with listening(role=Role.CUSTOMER) as sockets:
        for is_reset in (False, True):
            _, writer = await sockets.connect(hello() + audio_frames())
            await until(lambda n=is_reset: len(sockets.sink.streams) == n + 1)  # type: ignore[misc]
            await until(lambda n=is_reset: sockets.sink.streams[n].n_samples == [8000])  # type: ignore[misc]
            if is_reset:
                raw = writer.get_extra_info("socket")
                raw.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
                writer.transport.abort()
            else:
                writer.close()
            await until(lambda: sockets.server.n_connections == 0)
        assert [(ended.reason, ended.clean) for stream in sockets.sink.streams for ended in stream.ended] == [
            ("the peer closed", True)
        ] * 2


async def test_silence_goes_back_at_its_pace() -> None:
    """From the UUID on a frame of 20 ms of silence is sent every 20 ms, also before any audio has come."""
    async with listening() as sockets:
        reader, writer = await sockets.connect(hello())
        began_s = monotonic_s()
        frames = [await asyncio.wait_for(reader.readexactly(323), 5.0) for _ in range(25)]
        assert set(frames) == {frame(0x10, bytes(320))}
        assert monotonic_s() - began_s >= 24 * 0.02 - 0.03
        writer.close()


async def test_no_silence_before_the_uuid() -> None:
    """Who has not said its UUID hears nothing, and is closed when its time is up; audio is not waited for."""
    with capture_logs() as logs:
        async with listening(start_within_s=0.4) as sockets:
            silent, first = await sockets.connect()
            _, second = await sockets.connect(hello())
            assert await rest_of(silent) == b""
            await asyncio.sleep(0.3)
            assert sockets.server.n_connections == 1
            first.close()
            second.close()
            await until(lambda: sockets.server.n_connections == 0)
    closed = [log["cause"] for log in logs if log["event"] == "connection closed"]
    assert closed == ["no_start", "peer_closed"]


@pytest.mark.parametrize(
    ("data", "why"),
    [
        (b"GET / HTTP/1.1\r\n\r\n" + bytes(30_000), "first frame: a UUID is wanted"),
        (frame(0x01, b"short"), "uuid: 16 bytes are wanted"),
        (hello() + hello(), "uuid: given twice"),
        (audio_frames(AUDIO[:160]), "first frame: a UUID is wanted"),
    ],
)
async def test_strangers_are_closed(data: bytes, why: str) -> None:
    """What is no AudioSocket costs its own connection, with the reason in the log."""
    with capture_logs() as logs:
        async with listening() as sockets:
            reader, writer = await sockets.connect(data)
            assert await rest_of(reader) == b""
            writer.close()
            await until(lambda: sockets.server.n_connections == 0)
    assert [(log["cause"], log["reason"]) for log in logs if log["event"] == "connection closed"] == [
        ("bad_message", why)
    ]


async def test_registered_only() -> None:
    """With `registered_only` an unknown UUID is hung up on, and a registered one is taken."""
    async with listening(registered_only=True) as sockets:
        sockets.book.add(ID, CALL, monotonic_s())
        reader, stranger = await sockets.connect(hello(OTHER_ID) + audio_frames())
        assert await rest_of(reader) == b""
        _, known = await sockets.connect(hello() + audio_frames())
        await until(lambda: len(sockets.sink.streams) == 1)
        stranger.close()
        known.close()


async def test_the_sink_may_refuse_close_and_hold() -> None:
    """A stream that is not wanted is closed; one that is held is not read, and yet fed, until it may go on."""
    async with listening(role=Role.CUSTOMER) as sockets:
        sockets.sink.refuse = Refused(1013, "no room")
        reader, refused = await sockets.connect(hello() + audio_frames())
        assert await rest_of(reader) == b""
        sockets.sink.refuse = None
        reader, held = await sockets.connect(hello() + audio_frames(AUDIO[:160]))
        await until(lambda: len(sockets.sink.streams) == 1)
        (stream,) = sockets.sink.streams
        stream.control.hold()
        await asyncio.sleep(0.05)
        held.write(audio_frames(AUDIO[160:]))
        await held.drain()
        for _ in range(5):
            assert await asyncio.wait_for(reader.readexactly(323), 5.0) == frame(0x10, bytes(320))
        assert stream.n_samples == [160]
        stream.control.go_on()
        await until(lambda: stream.n_samples == [8000])
        stream.control.close(1011, "cannot be scored")
        assert [ended.reason for ended in stream.ended] == ["cannot be scored"]
        await rest_of(reader)
        refused.close()
        held.close()


async def test_a_full_house() -> None:
    """Above the limit a connection without UUID makes room; where all have one, the new one is refused."""
    async with listening(max_connections=2) as sockets:
        _, known = await sockets.connect(hello())
        idle, idler = await sockets.connect()
        await until(lambda: sockets.server.n_connections == 2)
        reader, third = await sockets.connect(hello(OTHER_ID))
        assert await rest_of(idle) == b""
        assert await asyncio.wait_for(reader.readexactly(323), 5.0)
        late, fourth = await sockets.connect(hello())
        assert await rest_of(late) == b""
        assert sockets.server.n_connections == 2
        for writer in (known, idler, third, fourth):
            writer.close()


async def test_a_flood_is_refused() -> None:
    """Connections beyond the rate are closed at once, however many come together, and places are never exceeded."""
    async with listening(max_connections=3, connections_burst=8, connections_per_s=0.001) as sockets:
        flood = await asyncio.gather(*(sockets.connect() for _ in range(20)))
        await until(lambda: sockets.server.n_connections == 3)
        late, writer = await sockets.connect(hello())
        assert await rest_of(late) == b""
        assert sockets.server.n_connections == 3
        for _, other in (*flood, (late, writer)):
            other.close()


async def test_busy_servers_take_nobody() -> None:
    """While the service cannot take a call, a connection is closed at once."""
    async with listening() as sockets:
        sockets.sink.busy = "the tone model is busy"
        reader, writer = await sockets.connect(hello() + audio_frames())
        assert await rest_of(reader) == b""
        assert sockets.sink.streams == []
        writer.close()


async def test_a_drain_waits_for_live_calls() -> None:
    """After the drain has begun nobody new gets in, and it is over when the last call has ended."""
    async with listening(role=Role.CUSTOMER) as sockets:
        _, writer = await sockets.connect(hello() + audio_frames())
        await until(lambda: len(sockets.sink.streams) == 1)
        draining = asyncio.create_task(sockets.server.drain(20.0))
        await asyncio.sleep(0.1)
        with pytest.raises(ConnectionRefusedError):
            await sockets.connect()
        assert not draining.done()
        writer.write(frame(0x00))
        writer.close()
        await asyncio.wait_for(draining, 5.0)


async def test_inactive_and_lingering_connections_are_closed(monkeypatch: pytest.MonkeyPatch) -> None:
    """A peer that sends nothing more, or stays after its hangup, is closed when its time is up."""
    monkeypatch.setattr("voicerisk.server.audiosocket_connection._LINGER_S", 0.2)
    with capture_logs() as logs:
        async with listening(inactivity_s=0.5) as sockets:
            lingering, first = await sockets.connect(hello() + audio_frames() + frame(0x00))
            await rest_of(lingering)
            quiet, second = await sockets.connect(hello() + audio_frames())
            await rest_of(quiet)
            first.close()
            second.close()
    assert [log["cause"] for log in logs if log["event"] == "connection closed"] == ["stream_ended", "inactive"]


def test_registrations_are_bounded_and_expire() -> None:
    """A registration is found for its time, one more than the limit is refused, and a new one replaces the old."""
    book = Registrations(2, 10.0)
    book.add(ID, CALL, 0.0)
    book.add(OTHER_ID, CALL, 5.0)
    with pytest.raises(RegistrationsFullError, match="2 calls are registered"):
        book.add(str(uuid.uuid4()), CALL, 9.0)
    assert book.find(ID, 9.0) == CALL
    assert book.find(ID, 10.0) is None
    other = RegisteredCall(call_id="c-2", role=Role.AGENT)
    book.add(OTHER_ID, other, 14.0)
    assert book.find(OTHER_ID, 20.0) == other
    assert (book.find(OTHER_ID, 24.0), len(book)) == (None, 0)


def test_beyond_loopback_only_with_registrations() -> None:
    """Listening for other machines asks for `registered_only`, in words that say so."""
    with pytest.raises(ValueError, match="set registered_only = true"):
        AudioSocketSettings(host="0.0.0.0")
    assert AudioSocketSettings(host="0.0.0.0", registered_only=True).registered_only


async def test_a_dead_peer_is_noticed_by_tcp() -> None:
    """The time that silence may stay unacknowledged is set on the sockets that were accepted."""
    async with listening(unanswered_s=12.0) as sockets:
        _, writer = await sockets.connect(hello())
        await until(lambda: sockets.server.n_connections == 1)
        (connection,) = sockets.server._connections
        number = os.dup(connection._transport.get_extra_info("socket").fileno())
        with socket.socket(fileno=number) as accepted:
            assert accepted.getsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT) == 12_000
        writer.close()
