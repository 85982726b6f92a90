"""Every limit of the ingest, met by a real peer, is counted under the name that it has in the configuration."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

import pytest

from tests.server.ingest_client import (
    OTHER_TOKEN,
    STOP_MESSAGE,
    TOKEN,
    Running,
    closed_with,
    metric,
    refused,
    running,
    settings,
    start_message,
    until,
)
from voicerisk.server.ingest_settings import IngestSettings

Meets = Callable[[Running], Awaitable[None]]


async def second_call(server: Running) -> None:
    """A second call while the first is on."""
    async with server.connect(f"/twilio/{TOKEN}"):
        assert (await refused(server, f"/twilio/{TOKEN}")).response.status_code == 503


async def big(server: Running) -> None:
    """A message of one byte too much."""
    async with server.connect(f"/twilio/{TOKEN}") as websocket:
        await websocket.send("x" * 2049)
        assert (await closed_with(websocket))[0] == 1009


async def silent(server: Running) -> None:
    """Nothing after the upgrade."""
    async with server.connect(f"/twilio/{TOKEN}") as websocket:
        assert (await closed_with(websocket))[0] == 1008


async def started(server: Running) -> None:
    """Nothing after the start."""
    async with server.connect(f"/twilio/{TOKEN}") as websocket:
        await websocket.send(start_message())
        assert (await closed_with(websocket))[0] == 1001


async def stays(server: Running) -> None:
    """Nothing after the stop, not even a close."""
    async with server.connect(f"/twilio/{TOKEN}") as websocket:
        await websocket.send(start_message())
        await websocket.send(STOP_MESSAGE)
        assert (await closed_with(websocket))[0] == 1000


async def deaf(server: Running) -> None:
    """No answer to the server's close."""
    async with server.connect(f"/twilio/{TOKEN}") as websocket:
        await websocket.send(start_message())
        await until(lambda: len(server.sink.streams) == 1)
        websocket.transport.pause_reading()
        server.sink.streams[0].control.close(1000, "enough")
        await until(lambda: server.server.n_connections == 0)
        websocket.transport.abort()


async def two_that_say_nothing(server: Running) -> None:
    """A second connection that says nothing cuts the first."""
    first = await asyncio.open_connection("127.0.0.1", server.server.port)
    await until(lambda: server.server.n_connections == 1)
    second = await asyncio.open_connection("127.0.0.1", server.server.port)
    assert await asyncio.wait_for(first[0].read(), 5.0) == b""
    for _, writer in (first, second):
        writer.close()


CASES: dict[str, tuple[dict[str, Any], str, Meets]] = {
    "max_calls": ({"max_calls": 1}, "twilio", second_call),
    "max_calls_per_token": ({"max_calls_per_token": 1}, "twilio", second_call),
    "connections_per_s": ({"connections_burst": 1, "connections_per_s": 0.001}, "twilio", second_call),
    "max_message_bytes": ({"max_message_bytes": 2048}, "twilio", big),
    "start_within_s": ({"start_within_s": 0.1}, "twilio", silent),
    "inactivity_s": ({"inactivity_s": 0.1, "ping_every_s": 0}, "twilio", started),
    "no_message_s": ({"no_message_s": 0.1}, "twilio", started),
    "linger_s": ({"linger_s": 0.05}, "twilio", stays),
    "close_within_s": ({}, "twilio", deaf),
    "max_unproven": ({"max_unproven": 1}, "none", two_that_say_nothing),
}


@pytest.mark.parametrize("limit", CASES)
async def test_a_limit_that_is_met_is_counted_by_its_name(limit: str) -> None:
    """The limit does what it says, and the counter of that name alone goes up by one."""
    changes, _, meet = CASES[limit]
    before = {name: metric("limits_total", gateway=CASES[name][1], limit=name) for name in CASES}
    async with running(settings(TOKEN, OTHER_TOKEN, **changes)) as server:
        await meet(server)
    after = {name: metric("limits_total", gateway=CASES[name][1], limit=name) for name in CASES}
    assert {name: after[name] - before[name] for name in CASES} == {name: float(name == limit) for name in CASES}


def test_the_limits_are_what_gateways_were_measured_against() -> None:
    """64 KiB, 10 s to start, 60 s without life, a ping every 20 s, half a second to close."""
    usual = IngestSettings().limits
    assert (usual.max_message_bytes, usual.start_within_s, usual.close_within_s) == (65_536, 10.0, 0.5)
    assert (usual.inactivity_s, usual.ping_every_s) == (60.0, 20.0)
