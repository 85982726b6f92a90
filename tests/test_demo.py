"""Tests of voicerisk.demo: exactly the calls that escalate alert, and the command says so by its exit code."""

import asyncio
import socket
import subprocess
import sys
from pathlib import Path

import pytest

from tests.conftest import StartService
from tests.eventually import eventually
from tests.service_process import environment
from voicerisk.demo import demo_calls
from voicerisk.settings import SettingsError
from voicerisk.simulate.call import SimulatedCall
from voicerisk.simulate.play import play
from voicerisk.simulate.protocols import SOURCES

WITHIN_S = 120.0
SPEED = 8.0


def test_there_are_six_calls_of_which_two_escalate() -> None:
    """The demo's calls are there with their truth, over both protocols, calm ones and others."""
    calls = demo_calls()
    assert len(calls) == 6
    assert [call.path.stem for call in calls if call.escalates] == ["escalates-card-blocked", "escalates-third-call"]
    assert {call.protocol for call in calls} == {"twilio", "l16"}


def test_without_its_calls_the_demo_says_where_to_run_it(tmp_path: Path) -> None:
    """Outside a checkout there is nothing to play: the message names the folder and the cure."""
    with pytest.raises(SettingsError, match=r"calls are not there.*Run the demo from a checkout"):
        demo_calls(tmp_path)


async def test_exactly_the_escalating_calls_alert(start_service: StartService) -> None:
    """All six calls at once, at eight times the speed, through the real service: two alert, each once, four do not."""
    service = await start_service()
    calls = {call.path.stem: call for call in demo_calls()}

    async def one(name: str) -> None:
        call = calls[name]
        messages = SOURCES[call.protocol](SimulatedCall(path=call.path, call_id=name))
        await play(service.gateway(call.way_in), messages, speed=SPEED)

    await asyncio.gather(*(one(name) for name in calls))

    async def all_ended() -> bool:
        return await service.ended_calls() == set(calls)

    await eventually(all_ended, WITHIN_S)
    alerted = sorted(alert["call"] for alert in await service.alerts())
    assert alerted == sorted(name for name, call in calls.items() if call.escalates)


def test_too_short_a_demo_fails_and_says_why(tmp_path: Path) -> None:
    """In three seconds nobody escalates: exit code 1, the missed calls by name, and nothing left running."""
    (tmp_path / "v.toml").write_text("ingest.port = 0\nhttp.port = 0\n")
    command = [sys.executable, "-m", "voicerisk", "demo", "--headless", "--seconds", "3", "--config", "v.toml"]
    done = subprocess.run(
        command, cwd=tmp_path, env=environment(), capture_output=True, text=True, timeout=WITHIN_S, check=False
    )
    assert done.returncode == 1
    missed = [line for line in done.stdout.splitlines() if line.startswith("MISSED: escalates-")]
    assert len(missed) == 2
    assert "The demo did not go as it must." in done.stdout
    assert "Traceback" not in done.stdout + done.stderr
    assert "FAILED" not in done.stdout


def test_a_demo_whose_port_is_taken_says_so(tmp_path: Path) -> None:
    """The demo does not talk to somebody else's server: a taken port is exit code 1 and one line."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen()
        (tmp_path / "v.toml").write_text(f"ingest.port = {listener.getsockname()[1]}\nhttp.port = 0\n")
        command = [sys.executable, "-m", "voicerisk", "demo", "--headless", "--config", "v.toml"]
        done = subprocess.run(
            command, cwd=tmp_path, env=environment(), capture_output=True, text=True, timeout=WITHIN_S, check=False
        )
    assert done.returncode == 1
    assert "voicerisk cannot start" in done.stderr
    assert "Traceback" not in done.stderr
