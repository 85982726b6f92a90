"""Wire messages of a small Twilio call, and a server to send them to."""

import asyncio
import base64
import json
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager
from typing import Any

import numpy as np
import pytest
from prometheus_client import REGISTRY
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import InvalidStatus

from tests.server.ingest_sink import KeepingSink
from voicerisk.media.g711 import decode_ulaw
from voicerisk.server.ingest import IngestServer
from voicerisk.server.ingest_settings import GatewaySettings, IngestSettings
from voicerisk.server.limits import IngestLimits

TOKEN = "correct-horse-battery-staple"
OTHER_TOKEN = "another-token-of-this-gateway"

Samples = np.ndarray[Any, np.dtype[np.int16]]


def media_bytes(n_packets: int, seed: int = 0) -> bytes:
    """Mu-law bytes of `n_packets` of 20 ms; noise, so that any loss or swap shows."""
    return np.random.default_rng(seed).integers(0, 256, 160 * n_packets, dtype=np.uint8).tobytes()


def start_message(call_id: str = "call-1", **parameters: str) -> str:
    """A Twilio start of a one-track fork."""
    start = {
        "callSid": call_id,
        "tracks": ["inbound"],
        "mediaFormat": {"encoding": "audio/x-mulaw", "sampleRate": 8000, "channels": 1},
        "customParameters": parameters,
    }
    return json.dumps({"event": "start", "sequenceNumber": "1", "streamSid": f"MZ-{call_id}", "start": start})


def media_messages(audio: bytes) -> Iterator[str]:
    """`audio` in 20 ms media messages."""
    for number, at in enumerate(range(0, len(audio), 160)):
        payload = base64.b64encode(audio[at : at + 160]).decode()
        media = {"track": "inbound", "chunk": str(number + 1), "timestamp": str(20 * number), "payload": payload}
        yield json.dumps({"event": "media", "sequenceNumber": str(number + 2), "streamSid": "MZ", "media": media})


STOP_MESSAGE = json.dumps({"event": "stop", "streamSid": "MZ", "stop": {"callSid": "call-1"}})


def limits(**changes: Any) -> IngestLimits:
    """Limits with short waits, so that tests are short."""
    return IngestLimits(
        **{"connections_per_s": 10_000.0, "connections_burst": 10_000, "close_within_s": 0.2, **changes}
    )


def settings(*tokens: str, **limit_changes: Any) -> IngestSettings:
    """/twilio with `tokens` and /l16 with none, on a free loopback port."""
    return IngestSettings(
        port=0,
        gateways=(
            GatewaySettings(path="/twilio", protocol="twilio", tokens=tokens),
            GatewaySettings(path="/l16", protocol="l16"),
        ),
        limits=limits(**limit_changes),
    )


class Running:
    """A server under test, its sink, and ways to reach it."""

    def __init__(self, server: IngestServer, sink: KeepingSink) -> None:
        self.server = server
        self.sink = sink

    def url(self, path: str) -> str:
        """The websocket address of a path."""
        return f"ws://127.0.0.1:{self.server.port}{path}"

    def connect(self, path: str = "/twilio", **options: Any) -> connect:
        """A client, not yet connected."""
        return connect(self.url(path), compression=None, **options)

    async def call(self, call_id: str, audio: bytes, path: str = "/twilio") -> None:
        """One whole, clean call."""
        async with self.connect(path) as websocket:
            await websocket.send(start_message(call_id))
            for message in media_messages(audio):
                await websocket.send(message)
            await websocket.send(STOP_MESSAGE)

    def stream(self, call_id: str) -> Any:
        """The one stream of a call."""
        found = [stream for stream in self.sink.streams if stream.started.call_id == call_id]
        assert len(found) == 1
        return found[0]


@asynccontextmanager
async def running(ingest_settings: IngestSettings, sink: KeepingSink | None = None) -> AsyncIterator[Running]:
    """A server in this loop, with a fine sweep; when the test is over nothing of it may be left."""
    sink = sink or KeepingSink()
    server = IngestServer(ingest_settings, sink, sweep_s=0.02)
    await server.start()
    try:
        yield Running(server, sink)
    finally:
        await server.stop()
    assert server.n_connections == 0
    assert server.n_calls == 0
    assert all(len(stream.ended) == 1 for stream in sink.streams)


async def until(condition: Callable[[], bool], timeout_s: float = 5.0) -> None:
    """Returns once `condition` holds; fails the test if it does not come to hold."""
    async with asyncio.timeout(timeout_s):
        while not condition():  # noqa: ASYNC110 - what is waited for is state of the server, which has no event for it
            await asyncio.sleep(0.005)


async def closed_with(websocket: ClientConnection) -> tuple[int | None, str | None]:
    """The close code and reason the server gave."""
    await asyncio.wait_for(websocket.wait_closed(), 5.0)
    return websocket.close_code, websocket.close_reason


def decoded(audio: bytes) -> Samples:
    """What a mu-law stream must come out as."""
    return decode_ulaw(audio)


async def refused(server: Running, path: str = "/twilio", **options: Any) -> InvalidStatus:
    """The refusal of an upgrade."""
    with pytest.raises(InvalidStatus) as caught:
        async with server.connect(path, **options):
            pass
    return caught.value


def metric(name: str, **labels: str) -> float:
    """A metric's value now; they are totals of this process, so tests look at differences."""
    return REGISTRY.get_sample_value(f"voicerisk_ingest_{name}", labels) or 0.0
