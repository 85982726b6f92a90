"""Promise 4: the agent is never judged, nothing of an unflagged call is written down, opting out works at once."""

import os
from collections.abc import Iterator
from itertools import takewhile
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pytest
import soundfile

import voicerisk.replay
from tests.conftest import ROOT, StartService
from tests.eventually import eventually
from tests.promises.driver import Driver, paced, stream
from tests.promises.test_encoded_once import WatchedEngine
from voicerisk.call import Call
from voicerisk.events import Role
from voicerisk.floor import FloorSettings
from voicerisk.media.g711 import encode_alaw, encode_ulaw
from voicerisk.scoring.model import Model
from voicerisk.simulate.call import SimulatedCall
from voicerisk.simulate.play import play
from voicerisk.simulate.twilio import twilio

CALM = ROOT / "streams/demo/calm-invoice.ogg"
AUDIO_SUFFIXES = {".wav", ".flac", ".ogg", ".opus", ".oga", ".mp3", ".raw", ".pcm", ".ulaw", ".alaw", ".au", ".aiff"}


def file_of(folder: Path, *channels: npt.NDArray[np.int16]) -> Path:
    """An audio file of these channels."""
    soundfile.write(folder / "call.flac", np.stack(channels, axis=1), 8000)
    return folder / "call.flac"


@pytest.fixture
def voices(escalating: Path) -> tuple[npt.NDArray[np.int16], npt.NDArray[np.int16]]:
    """A calm customer and an agent who shouts."""
    samples, _ = soundfile.read(escalating, dtype="int16")
    shouting = np.clip(samples[13 * 8000 :, 0] * 4.0, -32768, 32767).astype(np.int16)
    return samples[: len(shouting), 0], shouting


def test_the_model_hears_the_customer_alone(
    ear: Model, tmp_path: Path, voices: tuple[np.ndarray, np.ndarray], monkeypatch: pytest.MonkeyPatch
) -> None:
    """However loud the agent is, what the model is given is the customer's voice and no sample of anything else."""
    customer, agent = voices
    for roles, channels in (
        ((Role.CUSTOMER, Role.AGENT), (customer, agent)),
        ((Role.AGENT, Role.CUSTOMER), (agent, customer)),
    ):
        WatchedEngine.heard.clear()
        monkeypatch.setattr(voicerisk.replay, "ScoringEngine", WatchedEngine)
        path = file_of(tmp_path, *channels)
        items = list(voicerisk.replay.replay([path], ear, FloorSettings(), roles=roles))
        (chunks,) = WatchedEngine.heard.values()
        assert np.array_equal(np.concatenate(chunks)[: len(customer)], customer)
        assert "alert" not in {item["type"] for item in items}


@pytest.mark.parametrize("roles", [(Role.AGENT,), (Role.UNKNOWN,), (Role.AGENT, Role.UNKNOWN)])
def test_without_a_customer_nothing_is_judged(
    ear: Model, voices: tuple[np.ndarray, np.ndarray], roles: tuple[Role, ...]
) -> None:
    """Of an agent, or of somebody whom nobody has named, no sample reaches the model."""
    driver = Driver(ear)
    shouting = voices[1]
    paced(driver, stream("c", np.stack([shouting] * len(roles), axis=1), roles=roles))
    assert driver.n_scored == {}
    assert driver.engine.n_open == 0
    assert "call.ended" in driver.logs["c"][-1]
    assert not [line for line in driver.logs["c"] if '"tension": 0' in line or '"type": "alert"' in line]


def test_opting_out_stops_scoring_at_once(ear: Model, escalating: Path) -> None:
    """From the moment of the opt-out on nothing more goes to the model and no alert comes; the call itself goes on."""
    samples, _ = soundfile.read(escalating, dtype="int16")
    events = list(stream("c", samples, roles=(Role.CUSTOMER, Role.AGENT), packet_s=0.02))
    before = list(takewhile(lambda timed: timed[0] < 5.0, events))
    driver = Driver(ear)
    paced(driver, before)
    call: Call = driver.floor.calls["c"]
    n_scored, n_lines = driver.n_scored["c"], len(driver.logs["c"])
    assert n_scored > 15
    call.opt_out()
    paced(driver, events[len(before) :])
    assert driver.n_scored["c"] == n_scored
    assert not [line for line in driver.logs["c"][n_lines:] if '"tension": 0' in line or '"type": "alert"' in line]
    assert "call.ended" in driver.logs["c"][-1]
    assert call.media_s == pytest.approx(26.0, abs=0.24)


def marks(path: Path) -> Iterator[bytes]:
    """The file's loudest 20 ms of each second and channel, as any plain recording would hold them."""
    samples, rate_hz = soundfile.read(path, dtype="int16", always_2d=True)
    frames = samples[: len(samples) // rate_hz * rate_hz].T.reshape(samples.shape[1], -1, 50, rate_hz // 50)
    for channel in frames:
        for second in channel:
            loudest = second[np.argmax(np.abs(second.astype(int)).sum(axis=1))]
            if np.abs(loudest.astype(int)).max() > 500:
                yield encode_ulaw(loudest).tobytes()
                yield encode_alaw(loudest).tobytes()
                yield loudest.astype("<i2").tobytes()
                yield loudest.astype(">i2").tobytes()


async def test_nothing_of_an_unflagged_call_is_written(start_service: StartService) -> None:
    """During and after a calm call no file holds or grows with its audio: there are the database, a key and the log."""
    service = await start_service()
    seen: set[str] = set()

    def look(at_s: float) -> None:
        if round(at_s * 50) % 25:
            return
        for number in os.listdir(f"/proc/{service.process.pid}/fd"):
            try:
                target = os.readlink(f"/proc/{service.process.pid}/fd/{number}")
            except OSError:
                continue
            if str(service.folder) in target or target.startswith("/tmp"):
                seen.add(target)

    call = SimulatedCall(path=CALM, call_id="calm")
    await play(service.gateway("/twilio"), twilio(call), speed=20.0, progress=look)

    async def has_ended() -> bool:
        return "calm" in await service.ended_calls()

    await eventually(has_ended, 60.0)
    assert await service.alerts() == []
    files = [path for path in service.folder.rglob("*") if path.is_file()]
    allowed = {
        "voicerisk.db",
        "voicerisk.db-wal",
        "voicerisk.db-shm",
        "session.key",
        "customer.keys",
        "service.log",
        "voicerisk.toml",
    }
    assert {path.name for path in files} | {Path(target.split(" ")[0]).name for target in seen} <= allowed
    assert not {path.suffix for path in files} & AUDIO_SUFFIXES
    looked_for = list(marks(CALM))
    assert len(looked_for) > 200
    for path in files:
        content = path.read_bytes()
        assert not [mark for mark in looked_for if mark in content], path
