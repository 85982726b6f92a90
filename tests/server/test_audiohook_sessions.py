"""AudioHook sessions of a client as strict as Genesys' own, against the real door."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import soundfile
from websockets.asyncio.server import ServerConnection, serve

from tests.server.ingest_client import Running, limits, running, until
from tests.server.ingest_sink import KeptStream
from tests.sounds import write
from voicerisk.events import Role
from voicerisk.gateways.codec import Audio, AudioLost, Paused, Resumed
from voicerisk.media.g711 import decode_ulaw, encode_ulaw
from voicerisk.media.timeline import Timeline
from voicerisk.server.ingest_settings import GatewaySettings, IngestSettings
from voicerisk.simulate import audiohook
from voicerisk.simulate.audiohook import Aside, AudioHookClient
from voicerisk.simulate.call import SimulatedCall
from voicerisk.simulate.dialogue import PeerError
from voicerisk.simulate.play import play

RATE_HZ = 8000
LENGTH_S = 24.0

Samples = np.ndarray[Any, np.dtype[np.int16]]


@pytest.fixture(scope="module")
def file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two parties, each with a noise of its own."""
    return write(tmp_path_factory.mktemp("c") / "c.wav", noise(LENGTH_S, 1), noise(LENGTH_S, 2))


def noise(length_s: float, seed: int) -> np.ndarray[Any, Any]:
    """Samples of which no stretch is like another."""
    return np.random.default_rng(seed).integers(-8000, 8000, round(length_s * RATE_HZ), dtype=np.int16)


def call(file: Path, call_id: str = "c") -> SimulatedCall:
    """The call in messages of 200 ms, as the reference client sends it."""
    return SimulatedCall(path=file, call_id=call_id, packet_s=0.2)


def said(file: Path, party: int = 0) -> Samples:
    """What a party said, as mu-law carries it."""
    samples, _ = soundfile.read(file, dtype="int16")
    return decode_ulaw(encode_ulaw(np.ascontiguousarray(samples[:, party])).tobytes())


def laid_out(streams: Sequence[KeptStream], role: Role = Role.CUSTOMER) -> Samples:
    """What came, on the call's clock."""
    timeline = Timeline()
    blocks = []
    for name, stream in enumerate(streams):
        timeline.open_stream(str(name), stream.started.channels)
        for event in stream.events:
            if isinstance(event, Audio):
                timeline.push(str(name), event.channel, event.samples, event.start)
            elif isinstance(event, AudioLost):
                timeline.lost(str(name), event.n_samples)
            elif isinstance(event, Paused):
                timeline.pause(str(name))
            elif isinstance(event, Resumed):
                timeline.resume(str(name))
            blocks += timeline.blocks()
        timeline.close_stream(str(name))
    blocks += timeline.finish()
    whole = np.concatenate([block.roles[role].samples for block in blocks])
    return whole[: round(LENGTH_S * RATE_HZ)]


@asynccontextmanager
async def server(**changes: Any) -> AsyncIterator[Running]:
    """A door for AudioHook."""
    gateways = (GatewaySettings(path="/audiohook", protocol="audiohook"),)
    async with running(IngestSettings(port=0, gateways=gateways, limits=limits(**changes))) as door:
        yield door


async def session(door: Running, client: AudioHookClient, speed: float = 0.0) -> str:
    """Plays one session; how its websocket ended. Raises `PeerError` for whatever the client finds fault with."""
    url = door.url("/audiohook")
    return await play(url, client.turns(), speed=speed, headers=client.headers, dialogue=client)


async def test_a_session_with_everything(file: Path) -> None:
    """A pause of 10 s, audio left out, a language, an error: no answer is wrong, and what follows is at its time."""
    asides = [
        Aside(kind="pause", at_s=4.0, length_s=10.0),
        Aside(kind="update", at_s=15.0),
        Aside(kind="error", at_s=16.0),
        Aside(kind="discard", at_s=18.0, length_s=1.4),
    ]
    async with server() as door:
        assert await session(door, AudioHookClient(call(file), asides)) == "1000"
        (stream,) = door.sink.streams
    assert stream.ended[0].clean
    for party, role in enumerate((Role.CUSTOMER, Role.AGENT)):
        wanted = said(file, party).copy()
        wanted[4 * RATE_HZ : 14 * RATE_HZ] = 0
        wanted[18 * RATE_HZ : round(19.4 * RATE_HZ)] = 0
        assert np.array_equal(laid_out([stream], role), wanted)


async def test_a_connection_test_makes_no_call(file: Path) -> None:
    """A probe is answered like a session, never reaches the floor, and leaves no place taken."""
    async with server(max_calls=1) as door:
        for _ in range(3):
            assert await session(door, AudioHookClient(call(file), is_probe=True)) == "1000"
            await until(lambda: door.server.n_connections == 0)
        assert door.sink.streams == []


async def test_fifty_sessions_at_once(file: Path) -> None:
    """Fifty strict clients at once, some with pauses: no answer goes astray, and every one is heard whole."""
    pause = [Aside(kind="pause", at_s=5.0, length_s=2.0)]
    clients = [AudioHookClient(call(file, f"c{n}"), pause if n % 5 == 0 else ()) for n in range(50)]
    async with server() as door:
        assert set(await asyncio.gather(*(session(door, client) for client in clients))) == {"1000"}
        streams = {stream.started.call_id: stream for stream in door.sink.streams}
    assert len(streams) == 50
    for number, client in enumerate(clients):
        n_missing = 2 * RATE_HZ if number % 5 == 0 else 0
        assert streams[client.conversation_id].n_samples == [round(LENGTH_S * RATE_HZ) - n_missing] * 2


async def test_a_server_that_opens_too_late(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The client waits 5 s for opened, and gives up on a server that does slow work first."""
    client = AudioHookClient(call(file))
    next(client.turns())[1]()
    assert client.patience_s == 5.0
    monkeypatch.setitem(audiohook._PATIENCE_S, "opened", 0.05)

    async def slow(socket: ServerConnection) -> None:
        await socket.wait_closed()

    async with serve(slow, "127.0.0.1", 0) as late:
        port = next(iter(late.sockets)).getsockname()[1]
        with pytest.raises(PeerError, match=r"no answer within 0\.05 s"):
            await play(f"ws://127.0.0.1:{port}", client.turns(), speed=0.0, dialogue=client)


async def half_way(door: Running, client: AudioHookClient) -> asyncio.Task[str]:
    """A session that goes on, some seconds of which have come."""
    playing = asyncio.create_task(session(door, client, speed=25.0))
    await until(lambda: any(stream.n_samples[0] > 2 * RATE_HZ for stream in door.sink.streams))
    return playing


async def test_a_client_that_cannot_move_stays(file: Path) -> None:
    """Asked to reconnect, Genesys' client of today goes on, and not a sample of its call is lost."""
    async with server() as door:
        playing = await half_way(door, AudioHookClient(call(file)))
        door.server.close_door()
        assert await playing == "1000"
        (stream,) = door.sink.streams
    assert stream.ended[0].reason == "close: end"
    assert np.array_equal(laid_out([stream]), said(file))


async def test_a_client_that_moves_goes_on_with_its_call(file: Path) -> None:
    """Asked to reconnect, a client that can comes back with the same conversation, which stays open, and whole."""
    async with server() as door:
        client = AudioHookClient(call(file), moves=True)
        playing = await half_way(door, client)
        door.server.close_door()
        assert await playing == "1000"
        assert client.has_moved
        door.server.open_door()
        assert await session(door, client.successor()) == "1000"
        first, second = door.sink.streams
    assert [(stream.ended[0].reason, stream.ended[0].clean) for stream in (first, second)] == [
        ("close: reconnect", False),
        ("close: end", True),
    ]
    assert first.started.call_id == second.started.call_id
    assert first.started.stream_id != second.started.stream_id
    assert np.array_equal(laid_out([first, second]), said(file))


async def test_the_end_of_a_drain_is_said_in_the_protocol(file: Path) -> None:
    """Before a drain's time is up the client is told to disconnect, closes properly, and its stream ends well."""
    async with server() as door:
        client = AudioHookClient(call(file))
        playing = await half_way(door, client)
        await door.server.drain(0.2)
        assert await playing == "1000"
        (stream,) = door.sink.streams
    assert (stream.ended[0].reason, stream.ended[0].clean) == ("close: disconnect", True)
