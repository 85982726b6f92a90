"""Tests of the whole service as a real process: how it starts, ends, is killed, and lives through many calls."""

import asyncio
import json
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
import soundfile
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import InvalidStatus

from tests.conftest import StartService
from tests.eventually import eventually
from tests.service_process import ServiceProcess, environment
from tests.sounds import tone, write
from voicerisk.gateways.codec import Message
from voicerisk.simulate.call import SimulatedCall, TimedMessage
from voicerisk.simulate.l16 import l16
from voicerisk.simulate.play import play
from voicerisk.simulate.twilio import twilio

LONG_S = 60.0
"""What a busy machine may take for anything; a wait ends as soon as what is waited for is there."""

TOKEN = "correct-horse-battery-staple"


async def has_ended(service: ServiceProcess, *call_ids: str) -> None:
    """Returns once all these calls are over and in the record."""

    async def all_ended() -> bool:
        return set(call_ids) <= await service.ended_calls()

    await eventually(all_ended, LONG_S)


async def has_started(service: ServiceProcess, call_id: str) -> None:
    """Returns once the call is live."""

    async def is_live() -> bool:
        return call_id in {call["id"] for call in (await service.api("calls"))["calls"]}

    await eventually(is_live, LONG_S)


async def has_alerted(service: ServiceProcess, call_id: str) -> dict[str, Any]:
    """The call's alert, once there is one."""

    async def alert() -> Any:
        return next((alert for alert in await service.alerts() if alert["call"] == call_id), None)

    found: dict[str, Any] = await eventually(alert, LONG_S)
    return found


async def send(socket_: ClientConnection, messages: Iterator[TimedMessage] | list[Message]) -> None:
    """Sends messages as fast as the server takes them."""
    for entry in messages:
        await socket_.send(entry[1] if isinstance(entry, tuple) else entry)


def without_stop(messages: Iterator[TimedMessage]) -> list[Message]:
    """All but the stop, which a call that goes on has not sent yet."""
    return [message for _, message in messages if not (isinstance(message, str) and '"event": "stop"' in message)]


async def test_a_stop_lets_live_calls_end(start_service: StartService, tmp_path: Path) -> None:
    """After SIGTERM new calls get 503 and the live one goes on, is scored to its end and saved; the exit code is 0."""
    service = await start_service()
    messages = without_stop(l16(SimulatedCall(path=write(tmp_path / "c.wav", tone(4.8)), call_id="live")))
    async with connect(service.gateway("/fork")) as live:
        await send(live, messages[: len(messages) // 2])
        await has_started(service, "live")
        service.terminate()
        await eventually(lambda: service.said("ingest draining"), LONG_S)
        with pytest.raises(InvalidStatus) as refused:
            await connect(service.gateway("/fork"))
        assert refused.value.response.status_code == 503
        assert refused.value.response.headers["Retry-After"]
        ready = await service.get("/readyz")
        assert (ready.status_code, ready.json()["reasons"]) == (503, ["the server is stopping"])
        await send(live, messages[len(messages) // 2 :])
        assert not service.has_ended
    assert await service.exit_code(LONG_S) == 0
    again = await start_service(folder=service.folder)
    (call,) = (await again.api("calls/past"))["calls"]
    assert call["id"] == "live"
    assert call["ended_at_s"] - call["started_at_s"] == pytest.approx(4.8, abs=0.01)


async def test_calls_that_outlast_the_drain_are_ended(start_service: StartService) -> None:
    """When the set time is up the call is closed with 1001 and saved as ended; the exit code is 0."""
    service = await start_service("drain_s = 0.5")
    async with connect(service.gateway("/fork")) as live:
        await live.send('{"callId":"long"}')
        await live.send(bytes(8000))
        await has_started(service, "long")
        service.terminate()
        await asyncio.wait_for(live.wait_closed(), LONG_S)
        assert live.close_code == 1001
    assert await service.exit_code(LONG_S) == 0
    again = await start_service(folder=service.folder)
    assert await again.ended_calls() == {"long"}


async def test_a_second_signal_hurries(start_service: StartService) -> None:
    """A second SIGTERM does not wait for live calls, however long the drain would be, and still exits 0."""
    service = await start_service("drain_s = 3600.0")
    async with connect(service.gateway("/fork")) as live:
        await live.send('{"callId":"c"}')
        await has_started(service, "c")
        service.terminate()
        await eventually(lambda: service.said("ingest draining"), LONG_S)
        service.terminate()
        await asyncio.wait_for(live.wait_closed(), LONG_S)
    assert await service.exit_code(LONG_S) == 0


async def test_an_idle_service_stops_at_once(start_service: StartService) -> None:
    """Without calls SIGTERM needs no drain."""
    service = await start_service("drain_s = 3600.0")
    service.terminate()
    assert await service.exit_code(LONG_S) == 0
    assert service.said("stopped")


@contextmanager
def taken_port() -> Iterator[int]:
    """A port on which somebody else listens."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen()
        yield listener.getsockname()[1]


@pytest.mark.parametrize("key", ["ingest.port", "http.port"])
def test_a_taken_port_is_said_at_once(tmp_path: Path, key: str) -> None:
    """Exit code 1 with one line that names the port; no traceback, and no thread keeps the process alive."""
    with taken_port() as port:
        other = {"ingest.port": "http.port", "http.port": "ingest.port"}[key]
        settings = f"{key} = {port}\n{other} = 0\nconsole.enabled = false\nlog.level = 'error'\n"
        (tmp_path / "voicerisk.toml").write_text(settings)
        command = [sys.executable, "-m", "voicerisk", "serve"]
        done = subprocess.run(
            command, cwd=tmp_path, env=environment(), capture_output=True, text=True, timeout=LONG_S, check=False
        )
    assert done.returncode == 1
    assert done.stderr.startswith("voicerisk cannot start: ")
    assert str(port) in done.stderr
    assert "Traceback" not in done.stderr


def test_a_store_that_cannot_be_opened_is_said_at_once(tmp_path: Path) -> None:
    """Exit code 1 and one line where the data folder is a file."""
    (tmp_path / "data").write_text("I am a file")
    (tmp_path / "voicerisk.toml").write_text("ingest.port = 0\nhttp.port = 0\nlog.level = 'error'\n")
    command = [sys.executable, "-m", "voicerisk", "serve"]
    done = subprocess.run(
        command, cwd=tmp_path, env=environment(), capture_output=True, text=True, timeout=LONG_S, check=False
    )
    assert done.returncode == 1
    assert "voicerisk cannot start" in done.stderr
    assert "Traceback" not in done.stderr


async def test_a_killed_server_has_kept_its_alerts(start_service: StartService, escalating: Path) -> None:
    """After SIGKILL in the middle of a call, the next start knows its alert, and the call goes on with it."""
    settings = ("call.grace_s = 30.0",)
    service = await start_service(*settings)
    messages = without_stop(twilio(SimulatedCall(path=escalating, call_id="c")))
    async with connect(service.gateway("/twilio")) as live:
        await send(live, messages)
        before = await has_alerted(service, "c")
        service.kill()
    assert before["durable"]
    again = await start_service(*settings, folder=service.folder)
    (after,) = (await again.api("alerts"))["alerts"]
    told = ("id", "rule", "state", "reasons", "value", "at_s", "opened_at_s", "history")
    assert {key: after[key] for key in told} == {key: before[key] for key in told}
    async with connect(again.gateway("/twilio")) as live:
        await send(live, messages)
        await has_started(again, "c")

        async def is_judged_to_the_end() -> bool:
            (call,) = (await again.api("calls"))["calls"]
            return bool(call["media_s"] > 25.0)

        await eventually(is_judged_to_the_end, LONG_S)
        (still,) = (await again.api("alerts"))["alerts"]
        assert (still["id"], still["state"]) == (before["id"], "open")
        assert still["count"] == before["count"] + 1
        stop = {"event": "stop", "streamSid": "MZ", "stop": {"callSid": "c"}}
        await live.send(json.dumps(stop))
    await has_ended(again, "c")
    (resolved,) = await again.alerts()
    assert (resolved["id"], resolved["state"]) == (before["id"], "resolved")


async def test_an_alert_whose_call_never_comes_back_is_closed(start_service: StartService, escalating: Path) -> None:
    """After SIGKILL and a restart, an alert whose call stays away is resolved when the grace time is over."""
    settings = ("call.grace_s = 1.0",)
    service = await start_service(*settings)
    async with connect(service.gateway("/twilio")) as live:
        await send(live, without_stop(twilio(SimulatedCall(path=escalating, call_id="c"))))
        before = await has_alerted(service, "c")
        service.kill()
    again = await start_service(*settings, folder=service.folder)

    async def is_resolved() -> bool:
        return [(alert["id"], alert["state"]) for alert in await again.alerts()] == [(before["id"], "resolved")]

    await eventually(is_resolved, LONG_S)


async def test_a_broken_connection_is_continued(start_service: StartService, tmp_path: Path) -> None:
    """A gateway that reconnects within the grace time goes on with its call: one record, both parts in it."""
    service = await start_service("call.grace_s = 30.0")
    messages = without_stop(l16(SimulatedCall(path=write(tmp_path / "c.wav", tone(2.4)), call_id="c")))
    async with connect(service.gateway("/fork")) as first:
        await send(first, messages)
        await has_started(service, "c")
        first.transport.abort()
    await eventually(lambda: service.said("connection closed"), LONG_S)
    async with connect(service.gateway("/fork")) as second:
        await send(second, messages)
    await has_ended(service, "c")
    (call,) = (await service.api("calls/past"))["calls"]
    assert call["ended_at_s"] - call["started_at_s"] == pytest.approx(4.8, abs=0.01)


async def test_a_hundred_calls_leave_nothing_behind(start_service: StartService, tmp_path: Path) -> None:
    """A hundred calls one after another, every fourth cut off: no more files, no more memory, no live call."""
    service = await start_service("call.grace_s = 0.0", "ingest.limits.connections_per_s = 10000.0")
    path = write(tmp_path / "c.wav", tone(3.0, 0.2), tone(3.0, 0.1))
    whole = without_stop(twilio(SimulatedCall(path=path, call_id="NAME", packet_s=0.2)))

    async def calls(numbers: range) -> None:
        for number in numbers:
            async with connect(service.gateway("/twilio")) as live:
                await send(live, [str(message).replace("NAME", f"c{number}") for message in whole])
                if number % 4 == 0:
                    live.transport.abort()
        await has_ended(service, *(f"c{number}" for number in numbers))

    await calls(range(30))  # until every cache and buffer has its size
    files, memory = service.open_files(), service.resident_bytes()
    await calls(range(30, 130))
    await eventually(lambda: service.open_files() <= files + 2, LONG_S)
    assert (await service.api("calls"))["calls"] == []
    assert await service.metric("voicerisk_scored_channels") == 0.0
    assert await service.metric("voicerisk_ingest_connections") == 0.0
    # Some kilobytes a call are what ids, metrics and the engine remember for a while.
    assert service.resident_bytes() - memory < 8_000_000


@pytest.fixture
def voices(escalating: Path, tmp_path: Path) -> tuple[Path, Path]:
    """Three seconds of the customer and of the agent, a file each."""
    samples, rate_hz = soundfile.read(escalating, dtype="int16")
    paths = (tmp_path / "customer.wav", tmp_path / "agent.wav")
    for channel, path in enumerate(paths):
        soundfile.write(path, samples[3 * rate_hz : 6 * rate_hz, channel], rate_hz)
    return paths


async def test_a_twilio_double_with_a_token(start_service: StartService, voices: tuple[Path, Path]) -> None:
    """With loss and jitter a call with the token is judged to its end; one with a wrong token never becomes a call."""
    gateway = f'ingest.gateways = [{{path = "/twilio", protocol = "twilio", tokens = ["{TOKEN}"]}}]'
    service = await start_service(gateway)

    async def double(call_id: str, token: str) -> int:
        process = await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", "streamdouble.cli", "call", service.gateway("/twilio")),
            *("--audio", str(voices[0]), "--agent-audio", str(voices[1]), "--fork", "--track", "both", "--quiet"),
            *("--packet-loss", "0.02", "--jitter", "15", "--chaos-seed", "7"),
            *("--param", f"callId={call_id}", "--param", f"token={token}"),
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        try:
            return await asyncio.wait_for(process.wait(), LONG_S)
        finally:
            if process.returncode is None:
                process.kill()

    right, _wrong = await asyncio.gather(double("right", TOKEN), double("wrong", "a-token-of-nobody-at-all"))
    assert right == 0
    await has_ended(service, "right")
    calls = (await service.api("calls/past"))["calls"]
    assert [(call["id"], call["roles"]) for call in calls] == [("right", ["customer", "agent"])]
    assert calls[0]["ended_at_s"] - calls[0]["started_at_s"] == pytest.approx(3.12, abs=0.25)
    assert TOKEN not in service.log.read_text()
    assert "a-token-of-nobody" not in service.log.read_text()


async def test_health_metrics_and_a_call_at_real_pace(start_service: StartService, tmp_path: Path) -> None:
    """A ready service says so, counts what it hears, and scores a call while it goes on."""
    service = await start_service()
    assert (await service.get("/healthz")).text == "ok\n"
    assert (await service.get("/readyz")).json() == {"ready": True, "reasons": []}
    call = SimulatedCall(path=write(tmp_path / "c.wav", tone(2.0), tone(2.0)), call_id="c")
    playing = asyncio.create_task(play(service.gateway("/twilio"), twilio(call), speed=1.0))
    await has_started(service, "c")
    assert await playing == "1000"
    await has_ended(service, "c")
    assert await service.metric("voicerisk_ingest_messages_total") == 203
    assert await service.metric("voicerisk_score_batch_size_sum") == 9
    assert await service.metric("voicerisk_score_failures_total") == 0
