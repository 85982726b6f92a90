import io
import sqlite3
import wave
from pathlib import Path

import numpy as np
import pytest

from tests.server.served import Served, serving
from voicerisk.events import Role
from voicerisk.media.block import BLOCK_SAMPLES, Block, BlockAudio


def _speak(served: Served, call_id: str, n_blocks: int, *roles: Role) -> None:
    for index in range(n_blocks):
        samples = np.full(BLOCK_SAMPLES, 1000 + index, np.int16)
        audio = {role: BlockAudio(samples, n_missing=0, n_valid=BLOCK_SAMPLES, seam=False) for role in roles}
        served.board.recent.heard(call_id, Block(index, audio))


def _seconds(content: bytes) -> float:
    with wave.open(io.BytesIO(content)) as file:
        assert (file.getnchannels(), file.getsampwidth(), file.getframerate()) == (2, 2, 8000)
        return file.getnframes() / 8000


async def _audit(served: Served) -> list[tuple[str, str, str | None, str | None]]:
    return [(e.person, e.action, e.call_id, e.alert_id) for e in await served.store.audit_log()]


async def test_last_seconds_of_a_live_call(tmp_path: Path) -> None:
    """Who asks hears as many of the last seconds as wanted, is logged with the name, and no cache may keep them."""
    async with serving(tmp_path) as served:
        await served.floor.call("c/1", "Billing")
        _speak(served, "c/1", 130, Role.CUSTOMER, Role.AGENT)
        path = "/api/v1/calls/c%2F1/recent.wav"
        answer = await served.http.get(f"{path}?person=Dan", headers={"Cookie": served.cookie_of("Maya")})
        assert answer.headers["content-type"] == "audio/wav"
        assert answer.headers["cache-control"] == "no-store"
        assert abs(_seconds(answer.content) - 10.0) < 0.24
        assert await _audit(served) == [("Maya", "listen.recent", "c/1", None)]
        assert _seconds((await served.http.get(f"{path}?seconds=30&person=Dan")).content) == 30.0
        served.board.call_ended("c/1")
        assert (await served.http.get(f"{path}?person=Dan")).status_code == 404


async def test_what_caused_an_alert(tmp_path: Path) -> None:
    """The seconds before an alert are heard, and logged as its cause, until it is resolved; even after the call."""
    async with serving(tmp_path) as served:
        await served.floor.call("c-1", "Billing")
        _speak(served, "c-1", 40, Role.CUSTOMER)
        alert = await served.floor.alert("c-1")
        path = f"/api/v1/alerts/{alert.id}/cause.wav?person=Maya"
        assert (await served.http.get(path)).status_code == 200
        served.board.recent.keep_cause(alert.id, "c-1", 9.6)
        served.board.call_ended("c-1")
        shown = (await served.http.get(f"/api/v1/alerts/{alert.id}")).json()["alert"]
        assert shown["sound_s"] == pytest.approx(7.92)
        assert _seconds((await served.http.get(path)).content) == pytest.approx(7.92)
        assert await _audit(served) == [("Maya", "listen.cause", "c-1", alert.id)] * 2
        await served.floor.resolve(alert.id, "Maya", "")
        assert (await served.http.get(path)).status_code == 404


@pytest.mark.parametrize(
    ("path", "code"),
    [
        ("calls/nobody/recent.wav?person=Maya", 404),
        ("calls/c-1/recent.wav", 422),
        ("calls/c-1/recent.wav?person=%0a", 422),
        ("calls/c-1/recent.wav?person=Maya&seconds=0.9", 422),
        ("calls/c-1/recent.wav?person=Maya&seconds=31", 422),
        ("calls/c-1/recent.wav?person=Maya&seconds=nan", 422),
        ("alerts/nothing/cause.wav?person=Maya", 404),
        ("alerts/nothing/cause.wav", 422),
    ],
)
async def test_refusals(tmp_path: Path, path: str, code: int) -> None:
    """Without a name, of an unknown call, or for too many seconds nothing is heard, and nothing is logged as heard."""
    async with serving(tmp_path) as served:
        await served.floor.call("c-1", "Billing")
        _speak(served, "c-1", 10, Role.CUSTOMER)
        answer = await served.http.get(f"/api/v1/{path}")
        assert answer.status_code == code
        assert answer.json()["detail"]
        assert await _audit(served) == []


async def test_no_log_no_sound(tmp_path: Path) -> None:
    """While the store cannot write the log line, not one sample is sent."""
    async with serving(tmp_path) as served:
        await served.floor.call("c-1", "Billing")
        _speak(served, "c-1", 10, Role.CUSTOMER)
        lock = sqlite3.connect(tmp_path / "x.db", isolation_level=None)
        lock.execute("BEGIN IMMEDIATE")
        answer = await served.http.get("/api/v1/calls/c-1/recent.wav?person=Maya")
        lock.execute("ROLLBACK")
        lock.close()
        assert answer.status_code == 503
        assert len(answer.content) < 200


async def test_nothing_is_kept_of_who_opted_out(tmp_path: Path) -> None:
    """Of who opted out no sound is kept and no tension shown, from that moment on; who passed it on is logged."""
    async with serving(tmp_path) as served:
        await served.floor.call("c/1", "Billing")
        served.floor.level("c/1", 10.0, 0.9)
        _speak(served, "c/1", 10, Role.CUSTOMER)
        path = "/api/v1/calls/c%2F1/opt-out"
        assert (await served.http.post(path, json={})).status_code == 422
        assert (await served.http.post("/api/v1/calls/nobody/opt-out", json={"person": "Maya"})).status_code == 404
        call = (await served.http.post(path, json={"person": "Maya"})).json()["call"]
        assert (call["opted_out"], call["level"], call["zone"], call["curve"]) == (True, None, "green", [])
        served.floor.level("c/1", 10.3, 0.95)
        call = (await served.http.get("/api/v1/calls/c%2F1")).json()["call"]
        assert (call["level"], call["zone"], call["media_s"]) == (None, "green", 10.3)
        _speak(served, "c/1", 10, Role.CUSTOMER)
        assert (await served.http.get("/api/v1/calls/c%2F1/recent.wav?person=Maya")).status_code == 404
        assert await _audit(served) == [("Maya", "opt_out", "c/1", None)]
