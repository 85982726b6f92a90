"""Gateway doubles against the ingest in a process of its own: bad networks, sudden deaths, a hundred calls on end."""

import asyncio
import hashlib
import json
import os
import signal
import subprocess
import sys
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import soundfile
from websockets.asyncio.client import connect

from tests.server.ingest_client import TOKEN, closed_with, decoded, media_bytes, media_messages, start_message, until
from voicerisk.media.g711 import decode_ulaw, encode_ulaw

FIXTURES = Path(__file__).parent.parent / "fixtures"
SECONDS = 2


class Serving:
    """The server process and what it has said."""

    def __init__(self, process: asyncio.subprocess.Process, port: int, log: Path) -> None:
        self.process = process
        self.port = port
        self.log = log
        self._said: list[dict[str, Any]] = []

    def url(self, path: str) -> str:
        """The websocket address of a path."""
        return f"ws://127.0.0.1:{self.port}{path}"

    async def ended(self, call_id: str) -> dict[str, Any]:
        """What the server says of a call, once it has ended."""
        while not (found := [line for line in self._said if line.get("call") == call_id]):
            self._said.append(await self.said())
        assert len(found) == 1
        assert found[0]["times_ended"] == 1
        return found[0]

    async def said(self) -> dict[str, Any]:
        """The next thing it says."""
        assert self.process.stdout is not None
        line: dict[str, Any] = json.loads(await asyncio.wait_for(self.process.stdout.readline(), 10.0))
        return line

    def open_files(self) -> int:
        """Files and sockets the process has open."""
        return len(os.listdir(f"/proc/{self.process.pid}/fd"))

    def resident_bytes(self) -> int:
        """Memory the process holds in RAM."""
        pages = int(Path(f"/proc/{self.process.pid}/statm").read_text().split()[1])
        return pages * os.sysconf("SC_PAGE_SIZE")


@pytest.fixture
async def serving(tmp_path: Path) -> AsyncIterator[Serving]:
    """A server with a token at /twilio, ended after the test."""
    settings = tmp_path / "settings.json"
    gateway = {"path": "/twilio", "protocol": "twilio", "tokens": [TOKEN]}
    settings.write_text(json.dumps({"port": 0, "gateways": [gateway]}))
    log = tmp_path / "server.log"
    with log.open("wb") as stderr:
        process = await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", "tests.server.ingest_process", str(settings)),
            stdout=subprocess.PIPE,
            stderr=stderr,
            cwd=Path(__file__).parents[2],
        )
    try:
        assert process.stdout is not None
        first = json.loads(await asyncio.wait_for(process.stdout.readline(), 20.0))
        yield Serving(process, first["port"], log)
    finally:
        if process.returncode is None:
            process.kill()
        await process.wait()


@pytest.fixture(scope="module")
def voices(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """Two seconds of a customer and of an agent, as WAV files."""
    samples, rate_hz = soundfile.read(FIXTURES / "call.flac", dtype="int16")
    folder = tmp_path_factory.mktemp("voices")
    paths = folder / "customer.wav", folder / "agent.wav"
    for channel, path in enumerate(paths):
        soundfile.write(path, samples[8 * rate_hz : (8 + SECONDS) * rate_hz, channel], rate_hz)
    return paths


async def double(url: str, voices: tuple[Path, Path], *options: str) -> asyncio.subprocess.Process:
    """A Twilio double that forks both tracks of a call, in real time."""
    return await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "streamdouble.cli", "call", url, "--audio", str(voices[0])),
        *("--agent-audio", str(voices[1]), "--fork", "--track", "both", "--strict-fork", "--json", "--quiet"),
        *options,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )


def wav_hash(path: Path) -> str:
    """The hash of a file's samples after mu-law."""
    samples, _ = soundfile.read(path, dtype="int16")
    return hashlib.sha256(decode_ulaw(encode_ulaw(samples)).astype("<i2").tobytes()).hexdigest()


async def test_both_tracks_arrive_over_a_good_and_a_bad_network(serving: Serving, voices: tuple[Path, Path]) -> None:
    """Of a clean fork every sample of both parties arrives; with loss and jitter just the lost packets are missing."""
    token = ("--param", f"token={TOKEN}")
    bad_network = ("--packet-loss", "0.02", "--jitter", "15", "--chaos-seed", "7")
    clean = await double(serving.url("/twilio"), voices, "--param", "callId=clean", *token)
    lossy = await double(serving.url(f"/twilio/media/{TOKEN}"), voices, "--param", "callId=lossy", *bad_network)
    (clean_out, _), (lossy_out, _) = await asyncio.gather(clean.communicate(), lossy.communicate())
    assert (clean.returncode, lossy.returncode) == (0, 0), clean_out + lossy_out

    whole = await serving.ended("clean")
    assert whole["roles"] == ["customer", "agent"]
    assert whole["hashes"] == [wav_hash(path) for path in voices]
    assert whole["clean"]

    report, rest = json.loads(lossy_out), await serving.ended("lossy")
    assert report["frames_dropped"] > 0
    assert sum(rest["n_samples"]) == 160 * report["frames_sent"]
    assert sum(rest["n_samples"]) == 2 * SECONDS * 8000 - 160 * report["frames_dropped"]
    assert rest["last"] == [SECONDS * 8000] * 2
    assert report["violations"] == []


async def test_a_killed_gateway_ends_its_call_and_no_other(serving: Serving, voices: tuple[Path, Path]) -> None:
    """Kill -9 in the middle of a call ends its stream as unclean with what had arrived; the call beside it is whole."""
    victim = await double(serving.url(f"/twilio/{TOKEN}"), voices, "--param", "callId=victim")
    await until(lambda: "connection opened" in serving.log.read_text(), timeout_s=20.0)
    audio = media_bytes(100)
    async with connect(serving.url(f"/twilio/{TOKEN}"), compression=None) as other:
        await other.send(start_message("other"))
        for number, message in enumerate(media_messages(audio)):
            if number == 20:
                victim.send_signal(signal.SIGKILL)
            await other.send(message)
            await asyncio.sleep(0.02)
    await victim.wait()
    lost, whole = await serving.ended("victim"), await serving.ended("other")
    assert not lost["clean"]
    assert 0 < lost["n_samples"][0] < SECONDS * 8000
    assert whole["hashes"] == [hashlib.sha256(decoded(audio).astype("<i2").tobytes()).hexdigest()]


async def test_a_wrong_token_is_refused_and_not_logged(serving: Serving, voices: tuple[Path, Path]) -> None:
    """In the address or at the start a wrong token opens nothing, and the log shows neither it nor the right one."""
    at_the_door = await double(serving.url("/twilio/wrong-token-0123456789"), voices)
    inside = await double(serving.url("/twilio"), voices, "--param", "token=wrong-token-0123456789")
    (door_out, door_err), (inside_out, _) = await asyncio.gather(at_the_door.communicate(), inside.communicate())
    assert at_the_door.returncode != 0
    assert b"401" in door_out + door_err
    assert json.loads(inside_out)["closed_early"]
    async with connect(serving.url(f"/twilio/{TOKEN}"), compression=None) as right:
        await right.send(start_message("right"))
    await serving.ended("right")
    await until(lambda: serving.log.read_text().count("connection closed") == 3)
    text = serving.log.read_text()
    assert "wrong-token-0123456789" not in text
    assert TOKEN not in text
    causes = [json.loads(line).get("cause") for line in text.splitlines()]
    assert sorted(cause for cause in causes if cause) == ["peer_closed", "refused", "token"]


async def test_a_hundred_calls_leave_nothing_behind(serving: Serving) -> None:
    """After a hundred calls, half of them cut off, the server has as many open files as before and no more memory."""
    audio = media_bytes(100)
    expected = hashlib.sha256(decoded(audio).astype("<i2").tobytes()).hexdigest()

    async def call(number: int) -> None:
        async with connect(serving.url(f"/twilio/{TOKEN}"), compression=None) as websocket:
            await websocket.send(start_message(f"c-{number}"))
            for message in media_messages(audio):
                await websocket.send(message)
            if number % 2:
                websocket.transport.close()  # no close frame
        ended = await serving.ended(f"c-{number}")
        assert ended["hashes"] == [expected]
        assert ended["clean"] == (number % 2 == 0)

    async def calls(numbers: range) -> None:
        for number in numbers:
            await call(number)
        await until(lambda: serving.log.read_text().count("connection closed") == numbers.stop)

    await calls(range(20))  # until every cache and buffer has its size
    files, memory = serving.open_files(), serving.resident_bytes()
    await calls(range(20, 120))
    await until(lambda: serving.open_files() <= files)
    assert serving.resident_bytes() - memory < 1_000_000


async def test_sigterm_ends_live_calls_in_order(serving: Serving) -> None:
    """On SIGTERM a call that outlasts the drain is closed with 1001, its stream has its end, and the exit is 0."""
    async with connect(serving.url(f"/twilio/{TOKEN}"), compression=None) as websocket:
        await websocket.send(start_message("long"))
        for message in media_messages(media_bytes(5)):
            await websocket.send(message)
        await asyncio.sleep(0.1)
        serving.process.send_signal(signal.SIGTERM)
        assert (await closed_with(websocket))[0] == 1001
    ended = await serving.ended("long")
    assert (ended["reason"], ended["n_samples"]) == ("the server is stopping", [800])
    assert await asyncio.wait_for(serving.process.wait(), 5.0) == 0


def test_the_voices_are_worth_the_hash(voices: tuple[Path, Path]) -> None:
    """The two voices of these tests are heard and differ, so that a mix-up of the tracks would show."""
    customer, agent = (soundfile.read(path, dtype="int16")[0].astype(float) for path in voices)
    assert np.sqrt(np.mean(customer**2)) > 300
    assert wav_hash(voices[0]) != wav_hash(voices[1])
    assert agent.shape == customer.shape
