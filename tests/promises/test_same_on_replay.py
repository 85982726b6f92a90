"""Promise 1: a recorded call gives byte-identical scores and alerts, at any speed, in any packets, in any company."""

import asyncio
import base64
import json
from collections.abc import Callable, Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import soundfile

from tests.conftest import StartService
from tests.eventually import eventually
from tests.promises.driver import WAYS, Driver, Timed, at_once, of_file, paced, stream, together, what_alerted
from voicerisk.config import Config
from voicerisk.gateways.codec import Message
from voicerisk.replay import replay
from voicerisk.scoring.model import Model
from voicerisk.simulate.call import SimulatedCall
from voicerisk.simulate.play import play
from voicerisk.simulate.protocols import SOURCES
from voicerisk.store.curve import pack, unpack

SPEEDS: Mapping[str, Callable[[Driver, Iterable[Timed]], None]] = {"paced": paced, "at_once": at_once}
N_NEIGHBOURS = 47
"""With the three calls under test that is fifty calls at the same time."""


def recorded(path: Path, protocol: str, call_id: str, folder: Path) -> Path:
    """The call as a recorded wire session."""
    header = {"protocol": {"l16": "freeswitch-audio-fork"}.get(protocol, protocol), "wall": 0.0}
    lines = [json.dumps(header)]
    at_s = 0.0
    for at_s, message in SOURCES[protocol](SimulatedCall(path=path, call_id=call_id)):
        lines.append(json.dumps({"t": at_s, "dir": "in", **_as_json(message)}))
    lines.append(json.dumps({"t": at_s, "dir": "in", "close": 1000}))
    session = folder / f"{call_id}.jsonl"
    session.write_text("\n".join(lines))
    return session


def _as_json(message: Message) -> dict[str, str]:
    return {"text": message} if isinstance(message, str) else {"b64": base64.b64encode(message).decode()}


@pytest.fixture(scope="module")
def reference(ear: Model, escalating: Path, tmp_path_factory: pytest.TempPathFactory) -> dict[str, list[str]]:
    """What `voicerisk replay` says of the call, line by line, for each way in which the call may have come."""
    folder = tmp_path_factory.mktemp("reference")
    as_file = folder / "file.flac"
    as_file.symlink_to(escalating)
    paths = {"file": as_file} | {way: recorded(escalating, way, way, folder) for way in ("twilio", "l16")}
    settings = Config().floor_with(ear)
    return {way: [json.dumps(item) for item in replay([path], ear, settings)] for way, path in paths.items()}


@pytest.fixture(scope="module")
def neighbours(escalating: Path) -> list[list[Timed]]:
    """Calls that began before or begin later, go on or end in the middle: upset, calm, deafening, faint."""
    samples, _ = soundfile.read(escalating, dtype="int16")
    rng = np.random.default_rng(3)
    calls = []
    for number in range(N_NEIGHBOURS):
        voice = np.roll(samples[:, number % 2], -4000 * number)[: 8000 * (10 + number % 17)]
        gain = (1.0, 0.01, 8.0, 0.3)[number % 4]
        noise = rng.normal(0.0, (0.0, 3000.0)[number % 5 == 0], len(voice))
        sound = np.clip(gain * voice + noise, -32768, 32767).astype(np.int16)
        from_s = round(0.31 * number - 4.0, 2)
        call = stream(f"n{number}", sound, packet_s=(0.02, 0.06, 0.2, 0.173)[number % 4], from_s=from_s)
        calls.append(list(call))
    return calls


def items_of(lines: Iterable[str], *types: str) -> Iterator[dict[str, Any]]:
    """The items of those types."""
    return (item for item in map(json.loads, lines) if item["type"] in types)


def test_the_reference_says_something(reference: dict[str, list[str]]) -> None:
    """The call is judged twice a second, leaves green, and raises one alert with reasons, whichever way it came."""
    for lines in reference.values():
        assert len(list(items_of(lines, "tension.window"))) > 50
        assert [item["zone"] for item in items_of(lines, "tension.zone")][-1] == "red"
        (alert,) = items_of(lines, "alert")
        assert alert["reasons"]
        assert 10.0 < alert["at_s"] < 26.0


def test_every_way_in_hears_the_same(reference: dict[str, list[str]]) -> None:
    """As a file, as Twilio's messages and as FreeSWITCH's bytes, one call gives the same windows, zones and alert."""
    heard = {
        way: [line.replace(f'"call": "{way}"', "") for line in lines if '"type": "tension.' in line]
        for way, lines in reference.items()
    }
    alerts = {way: what_alerted(items_of(lines, "alert")) for way, lines in reference.items()}
    assert heard["file"] == heard["twilio"] == heard["l16"]
    assert alerts["file"] == alerts["twilio"] == alerts["l16"]


@pytest.mark.parametrize("company", ["alone", "among_50"])
@pytest.mark.parametrize("speed", SPEEDS)
@pytest.mark.parametrize("packet_ms", [20, 60, 200])
def test_the_log_is_the_same_byte_for_byte(
    ear: Model,
    escalating: Path,
    reference: dict[str, list[str]],
    neighbours: list[list[Timed]],
    packet_ms: int,
    speed: str,
    company: str,
) -> None:
    """Every line of the call's log, alerts and their ids included, is what replay says."""
    calls = {way: events(escalating, way, packet_ms / 1000) for way, events in WAYS.items()}
    if company == "alone":
        for way, events in calls.items():
            driver = Driver(ear, Config().floor_with(ear))
            SPEEDS[speed](driver, events)
            assert driver.logs == {way: reference[way]}
        return
    driver = Driver(ear, Config().floor_with(ear))
    SPEEDS[speed](driver, together(*calls.values(), *neighbours))
    assert len(driver.logs) == 50
    assert {way: driver.logs[way] for way in calls} == reference


def test_a_file_in_packets_of_any_length(ear: Model, escalating: Path, reference: dict[str, list[str]]) -> None:
    """Packets that fit no grid (7, 173 and 999 ms) change nothing either."""
    for packet_s in (0.007, 0.173, 0.999):
        driver = Driver(ear, Config().floor_with(ear))
        at_once(driver, of_file(escalating, "file", packet_s))
        assert driver.logs["file"] == reference["file"]


async def test_the_server_says_what_replay_says(
    escalating: Path, reference: dict[str, list[str]], start_service: StartService
) -> None:
    """Played into the real server at ten times its speed or as fast as it goes, a call alerts as in replay."""
    service = await start_service()
    ways = {
        f"{protocol}-{speed:g}": (protocol, path, speed)
        for protocol, path in (("twilio", "/twilio"), ("l16", "/fork"))
        for speed in (10.0, 0.0)
    }

    async def call(call_id: str, protocol: str, path: str, speed: float) -> None:
        messages = SOURCES[protocol](SimulatedCall(path=escalating, call_id=call_id))
        await play(service.gateway(path), messages, speed=speed)

    await asyncio.gather(*(call(call_id, *way) for call_id, way in ways.items()))

    async def all_ended() -> bool:
        return await service.ended_calls() == set(ways)

    await eventually(all_ended, 60.0)
    alerts = await service.alerts()
    levels = [item["level"] for item in items_of(reference["file"], "tension.window")]
    for call_id in ways:
        told = [alert for alert in alerts if alert["call"] == call_id]
        assert what_alerted(told) == what_alerted(items_of(reference["file"], "alert"))
        pieces = (await service.api(f"calls/{call_id}/curve"))["pieces"]
        assert [level for piece in pieces for level in piece["levels"]] == unpack(pack(levels))
    assert await service.metric("voicerisk_score_stretched_chunks_total") == 0.0
