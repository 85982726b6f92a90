"""The ingest against real websocket clients: who gets in, what ends a connection, and what stays untouched by it."""

import asyncio
import base64
import json
import socket
import struct
from typing import Any

import numpy as np
import pytest
from prometheus_client import REGISTRY
from structlog.testing import capture_logs
from websockets.asyncio.client import ClientConnection
from websockets.exceptions import InvalidStatus

from tests.server.ingest_client import (
    OTHER_TOKEN,
    STOP_MESSAGE,
    TOKEN,
    Running,
    closed_with,
    decoded,
    limits,
    media_bytes,
    media_messages,
    running,
    settings,
    start_message,
    until,
)
from tests.server.ingest_sink import KeepingSink
from voicerisk.gateways.codec import GatewayEvent
from voicerisk.server.ingest import IngestServer
from voicerisk.server.ingest_settings import GatewaySettings, IngestSettings
from voicerisk.server.ingest_sink import Refused


async def refused(server: Running, path: str = "/twilio", **options: Any) -> InvalidStatus:
    """The refusal of an upgrade."""
    with pytest.raises(InvalidStatus) as caught:
        async with server.connect(path, **options):
            pass
    return caught.value


def metric(name: str, **labels: str) -> float:
    """A metric's value now; they are totals of this process, so tests look at differences."""
    return REGISTRY.get_sample_value(f"voicerisk_ingest_{name}", labels) or 0.0


# --- the good call ----------------------------------------------------------------------------------------------------


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


# --- tokens -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("path", "headers"),
    [
        (f"/twilio/{TOKEN}", {}),
        (f"/twilio/media/{OTHER_TOKEN}", {}),
        (f"/twilio?token={TOKEN}", {}),
        ("/twilio", {"Authorization": f"Bearer {TOKEN}"}),
        ("/twilio", {"Authorization": "Basic " + base64.b64encode(f"fs:{TOKEN}".encode()).decode()}),
    ],
)
async def test_a_token_in_the_request_opens(path: str, headers: dict[str, str]) -> None:
    """A token in the path, the query or the Authorization header lets the call in."""
    async with (
        running(settings(TOKEN, OTHER_TOKEN)) as server,
        server.connect(path, additional_headers=headers) as websocket,
    ):
        await websocket.send(start_message())
        await until(lambda: len(server.sink.streams) == 1)


@pytest.mark.parametrize(
    ("path", "headers"),
    [
        ("/twilio/wrong", {}),
        (f"/twilio/{TOKEN}x", {}),
        (f"/twilio/media/{TOKEN[:-1]}", {}),
        ("/twilio?token=wrong", {}),
        ("/twilio", {"Authorization": "Bearer wrong"}),
        ("/twilio", {"Authorization": "Basic !!!"}),
    ],
)
async def test_a_wrong_token_is_refused_on_the_wire(path: str, headers: dict[str, str]) -> None:
    """Who shows a wrong token gets 401 at the upgrade, and it is counted."""
    before = metric("refused_total", gateway="twilio", cause="token")
    async with running(settings(TOKEN)) as server:
        refusal = await refused(server, path, additional_headers=headers)
        assert refusal.response.status_code == 401
    assert metric("refused_total", gateway="twilio", cause="token") == before + 1


async def test_a_token_in_the_start_message_opens() -> None:
    """Twilio drops the query, so its own start parameter may carry the token; the sink never sees it."""
    async with running(settings(TOKEN)) as server, server.connect("/twilio/media") as websocket:
        await websocket.send(start_message(token=TOKEN))
        await until(lambda: len(server.sink.streams) == 1)
        assert server.server.n_calls == 1
    assert TOKEN not in repr(server.sink.streams[0].started)


@pytest.mark.parametrize("parameters", [{}, {"token": "wrong"}])
async def test_a_start_without_the_right_token_is_closed(parameters: dict[str, str]) -> None:
    """With no token in the request and none, or a wrong one, at the start the connection is closed with 1008."""
    async with running(settings(TOKEN)) as server:
        async with server.connect("/twilio") as websocket:
            await websocket.send(start_message(**parameters))
            await websocket.send(next(media_messages(media_bytes(1))))
            code, reason = await closed_with(websocket)
        assert (code, server.sink.streams) == (1008, [])
        assert reason is not None
        assert "no valid token" in reason


async def test_no_token_and_no_path_gets_into_the_log() -> None:
    """Neither right nor wrong tokens show in what is logged, wherever they stood."""
    with capture_logs() as logs:
        async with running(settings(TOKEN)) as server:
            async with server.connect(f"/twilio/{TOKEN}") as websocket:
                await websocket.send(start_message("c-9"))
                await until(lambda: len(server.sink.streams) == 1)
            await refused(server, "/twilio/wrong-token-of-a-peer")
            await refused(server, "/wrong-token-of-a-peer")
            async with server.connect("/twilio") as websocket:
                await websocket.send(start_message(token="wrong-token-of-a-peer"))
                await closed_with(websocket)
    text = repr(logs)
    assert TOKEN not in text
    assert "wrong-token-of-a-peer" not in text
    closed = [entry for entry in logs if entry["event"] == "connection closed"]
    assert [entry["cause"] for entry in closed] == ["peer_closed", "token", "no_gateway", "refused"]
    assert closed[0]["call"] == "c-9"


# --- limits -----------------------------------------------------------------------------------------------------------


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


# --- what goes wrong costs its own connection only --------------------------------------------------------------------


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


# --- stopping ---------------------------------------------------------------------------------------------------------


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
