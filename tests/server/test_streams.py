import asyncio
import json
import socket
import sqlite3
from pathlib import Path

import numpy as np
import pytest
from websockets.asyncio.client import ClientConnection
from websockets.exceptions import ConnectionClosed

from tests.eventually import eventually
from tests.server.served import Served, serving, text_of
from voicerisk.server.http_settings import HttpSettings
from voicerisk.server.listen import Samples

CHUNK = np.arange(1920, dtype=np.int16)


async def _audit(served: Served) -> list[tuple[str, str, str | None, str]]:
    return [(e.person, e.action, e.call_id, e.result) for e in reversed(await served.store.audit_log())]


async def _block(ear: ClientConnection) -> Samples:
    message = await ear.recv()
    assert isinstance(message, bytes)
    return np.frombuffer(message, "<i2").reshape(-1, 2)


async def test_feed_tells_what_happens(tmp_path: Path) -> None:
    """The feed starts with the picture and goes on with each event, numbered without a hole."""
    async with serving(tmp_path) as served, served.connect("/api/v1/feed") as feed:
        await served.floor.call("c-1", "Billing")
        await served.floor.alert("c-1")
        served.floor.level("c-1", 10.0, 0.9)
        events = [json.loads(await text_of(feed)) for _ in range(5)]
        served.board.call_ended("c-1")
        while events[-1]["type"] != "call.ended":
            events.append(json.loads(await text_of(feed)))
    kinds = [event["type"] for event in events if event["type"] != "status"]
    assert kinds == ["snapshot", "call.started", "alert.opened", "call.updated", "call.ended"]
    assert [event["seq"] for event in events] == list(range(events[0]["seq"], events[0]["seq"] + len(events)))


async def test_feed_goes_on_after_a_break(tmp_path: Path) -> None:
    """A client that says what it saw last gets only what it missed."""
    async with serving(tmp_path) as served:
        async with served.connect("/api/v1/feed") as feed:
            first = json.loads(await text_of(feed))
        await served.floor.call("c-1", "Billing")
        async with served.connect(f"/api/v1/feed?feed={first['feed']}&since={first['seq']}") as feed:
            again = json.loads(await text_of(feed))
    assert again["seq"] == first["seq"] + 1
    assert again["type"] in ("call.started", "status")


async def test_dead_feed_client_delays_nobody(tmp_path: Path) -> None:
    """A client that takes nothing holds up neither the board nor another client, and its queue stays bounded."""
    async with serving(tmp_path) as served:
        deaf = socket.create_connection(("127.0.0.1", served.port))
        deaf.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        request = "GET /api/v1/feed HTTP/1.1\r\nHost: localhost\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
        deaf.sendall(
            (request + "Sec-WebSocket-Key: MTIzNDU2Nzg5MDEyMzQ1Ng==\r\nSec-WebSocket-Version: 13\r\n\r\n").encode()
        )
        async with served.connect("/api/v1/feed") as feed:
            await text_of(feed)
            await eventually(lambda: len(served.board.feed._subscriptions) == 2)
            seen = 0
            for n in range(3000):
                served.board.feed.publish("event", {"n": n, "text": "x" * 2000})
                while seen <= n:
                    seen += json.loads(await text_of(feed))["type"] == "event"
            queued = [len(client._queue) for client in served.board.feed._subscriptions]
            assert max(queued) <= 512
            assert sum(client.n_resyncs for client in served.board.feed._subscriptions) >= 1
        deaf.close()


async def test_listen_hears_the_call(tmp_path: Path) -> None:
    """A listener gets a header, then both voices sample for sample; start and stop are logged with the name."""
    async with serving(tmp_path) as served:
        await served.floor.call("c/1", "Billing")
        served.board.audio_block("c/1", CHUNK, CHUNK + 1)
        async with served.connect("/api/v1/calls/c%2F1/listen", Cookie=served.cookie_of("Maya")) as ear:
            header = json.loads(await text_of(ear))
            assert (header["rate_hz"], header["channels"]) == (8000, ["customer", "agent"])
            await eventually(lambda: served.board.call("c/1").listeners == ("Maya",))  # type: ignore[union-attr]
            assert await _audit(served) == [("Maya", "listen.start", "c/1", "ok")]
            served.board.audio_block("c/1", CHUNK + 2, None)
            first, second = await _block(ear), await _block(ear)
        assert np.array_equal(first, np.stack([CHUNK, CHUNK + 1], axis=1))
        assert np.array_equal(second[:, 0], CHUNK + 2)
        assert not second[:, 1].any()

        async def stopped() -> bool:
            return len(await served.store.audit_log()) == 2

        await eventually(stopped)
        assert await _audit(served) == [("Maya", "listen.start", "c/1", "ok"), ("Maya", "listen.stop", "c/1", "left")]
        assert "heard 0.5 s" in (await served.store.audit_log())[0].detail
        assert served.board.call("c/1").listeners == ()  # type: ignore[union-attr]


async def test_listen_ends_with_the_call(tmp_path: Path) -> None:
    """When the call ends the listener hears what is left, is told, and the log says why it stopped."""
    async with serving(tmp_path) as served:
        await served.floor.call("c-1", "Billing")
        async with served.connect("/api/v1/calls/c-1/listen?person=Maya") as ear:
            await text_of(ear)
            served.board.audio_block("c-1", CHUNK, None)
            served.board.call_ended("c-1")
            assert len(await ear.recv()) == 4 * len(CHUNK)
            assert json.loads(await text_of(ear)) == {"type": "ended"}
            with pytest.raises(ConnectionClosed) as closed:
                await ear.recv()
            assert closed.value.rcvd is not None
            assert closed.value.rcvd.code == 1000

        async def stopped() -> bool:
            return len(await served.store.audit_log()) == 2

        await eventually(stopped)
        assert (await _audit(served))[1] == ("Maya", "listen.stop", "c-1", "call ended")


@pytest.mark.parametrize(
    ("path", "code", "said"),
    [
        ("/api/v1/calls/c-1/listen", 4422, "name"),
        ("/api/v1/calls/nobody/listen?person=Maya", 4404, "no such"),
    ],
)
async def test_listen_refusals(tmp_path: Path, path: str, code: int, said: str) -> None:
    """Without a name, or to a call that is not there, nobody listens; the reason is told."""
    async with serving(tmp_path) as served:
        await served.floor.call("c-1", "Billing")
        ear = await served.connect(path)
        await ear.wait_closed()
        assert ear.close_code == code
        assert said in str(ear.close_reason)
        assert await served.store.audit_log() == []


async def test_no_log_no_listening(tmp_path: Path) -> None:
    """While the store cannot write the log line, not one sample is heard."""
    async with serving(tmp_path) as served:
        await served.floor.call("c-1", "Billing")
        served.board.audio_block("c-1", CHUNK, None)
        lock = sqlite3.connect(tmp_path / "x.db", isolation_level=None)
        lock.execute("BEGIN IMMEDIATE")
        async with served.connect("/api/v1/calls/c-1/listen?person=Maya") as ear:
            with pytest.raises(ConnectionClosed) as closed:
                await ear.recv()
        lock.execute("ROLLBACK")
        lock.close()
        assert closed.value.rcvd is not None
        assert closed.value.rcvd.code == 4503


async def test_listeners_are_limited(tmp_path: Path) -> None:
    """One more listener than allowed is told so; when one leaves, there is room again."""
    async with serving(tmp_path, HttpSettings(port=0, max_listeners_per_call=1)) as served:
        await served.floor.call("c-1", "Billing")
        path = "/api/v1/calls/c-1/listen?person="
        async with served.connect(path + "Maya") as ear:
            await text_of(ear)
            second = await served.connect(path + "Dan")
            await second.wait_closed()
            assert second.close_code == 4429
        await eventually(lambda: not served.board.call("c-1").listeners)  # type: ignore[union-attr]
        async with served.connect(path + "Dan") as ear:
            await text_of(ear)


async def test_line_can_be_measured(tmp_path: Path) -> None:
    """A ping is answered with its own number; what is no ping is passed over."""
    async with serving(tmp_path) as served:
        await served.floor.call("c-1", "Billing")
        async with served.connect("/api/v1/calls/c-1/listen?person=Maya") as ear:
            await text_of(ear)
            for rubbish in ("{", "[]", '{"ping": "x"}', "x" * 1000, b"\x00\x01"):
                await ear.send(rubbish)
            await ear.send('{"ping": 12.5}')
            async with asyncio.timeout(5):
                assert json.loads(await text_of(ear)) == {"type": "pong", "pong": 12.5}


async def test_stop_is_logged_at_shutdown(tmp_path: Path) -> None:
    """A listener who is there when the service stops is logged as gone."""
    async with serving(tmp_path) as served:
        await served.floor.call("c-1", "Billing")
        ear = await served.connect("/api/v1/calls/c-1/listen?person=Maya")
        await text_of(ear)
    connection = sqlite3.connect(tmp_path / "x.db")
    actions = [row[0] for row in connection.execute("SELECT action FROM audit ORDER BY id")]
    connection.close()
    assert actions == ["listen.start", "listen.stop"]
