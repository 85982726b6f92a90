from pathlib import Path

import pytest

from tests.server.served import serving
from voicerisk.store.curve import pack


async def test_live_calls(tmp_path: Path) -> None:
    """The live calls come with who, how tense and how it got there; one of them can be asked for alone."""
    async with serving(tmp_path) as served:
        await served.floor.call("c/1 a", "Billing")
        await served.floor.call("c-2", "Orders")
        served.floor.level("c-2", 10.0, 0.7)
        calls = (await served.http.get("/api/v1/calls")).json()["calls"]
        assert [(call["id"], call["level"], call["zone"]) for call in calls] == [
            ("c-2", 0.7, "amber"),
            ("c/1 a", None, "green"),
        ]
        one = (await served.http.get("/api/v1/calls/c%2F1%20a")).json()["call"]
        assert one["queue"] == "Billing"
        assert (await served.http.get("/api/v1/calls/nobody")).status_code == 404


async def test_past_calls_and_curve(tmp_path: Path) -> None:
    """A call that is over is found in the record, with its curve."""
    async with serving(tmp_path) as served:
        await served.floor.call("c-1", "Billing")
        await served.store.save_curve("c-1", 0, pack([0.5, None]))
        served.board.call_ended("c-1")
        assert (await served.http.get("/api/v1/calls")).json() == {"calls": []}
        assert [c["id"] for c in (await served.http.get("/api/v1/calls/past?limit=5")).json()["calls"]] == ["c-1"]
        assert (await served.http.get("/api/v1/calls/c-1")).json()["call"]["queue"] == "Billing"
        (piece,) = (await served.http.get("/api/v1/calls/c-1/curve")).json()["pieces"]
        assert piece == {"first_hop": 0, "levels": [0.5, None]}
        assert (await served.http.get("/api/v1/calls/past?limit=0")).status_code == 422


async def test_life_of_an_alert(tmp_path: Path) -> None:
    """Taken and resolved through the API, the alert is so on the board and in the store, with the person's name."""
    async with serving(tmp_path) as served:
        await served.floor.call("c-1", "Billing")
        alert = await served.floor.alert("c-1")
        path = f"/api/v1/alerts/{alert.id}"
        assert [a["id"] for a in (await served.http.get("/api/v1/alerts")).json()["alerts"]] == [alert.id]
        taken = await served.http.post(f"{path}/acknowledge", json={"person": "Maya", "note": "on it"})
        assert taken.json()["alert"]["acknowledged_by"] == "Maya"
        assert (await served.http.get(path)).json()["alert"]["state"] == "acknowledged"
        stored = await served.store.alert(alert.id)
        assert stored is not None
        assert (stored.state, stored.history[-1].note) == ("acknowledged", "on it")
        closed = await served.http.post(f"{path}/resolve", json={"person": "Maya"})
        assert closed.json()["alert"]["state"] == "resolved"
        assert (await served.http.get("/api/v1/alerts")).json() == {"alerts": []}
        assert (await served.http.get(path)).json()["alert"]["state"] == "resolved"
        listed = (await served.http.get("/api/v1/alerts?state=resolved")).json()["alerts"]
        assert [a["id"] for a in listed] == [alert.id]
        again = await served.http.post(f"{path}/acknowledge", json={"person": "Dan"})
        assert again.status_code == 409
        assert "resolved" in again.json()["detail"]


async def test_deed_needs_a_name(tmp_path: Path) -> None:
    """Nobody does anything without a name; a signed-in person's own name goes before the one in the body."""
    async with serving(tmp_path) as served:
        await served.floor.call("c-1", "Billing")
        alert = await served.floor.alert("c-1")
        path = f"/api/v1/alerts/{alert.id}/acknowledge"
        assert (await served.http.post(path, json={})).status_code == 422
        assert (await served.http.post(path, json={"person": " \n"})).status_code == 422
        answer = await served.http.post(path, json={"person": "Dan"}, headers={"Cookie": served.cookie_of("Maya")})
        assert answer.json()["alert"]["acknowledged_by"] == "Maya"


@pytest.mark.parametrize("what", ["acknowledge", "resolve"])
async def test_unknown_alert(tmp_path: Path, what: str) -> None:
    """An alert that is not there is a 404 that names it."""
    async with serving(tmp_path) as served:
        answer = await served.http.post(f"/api/v1/alerts/al-0/{what}", json={"person": "Maya"})
        assert answer.status_code == 404
        assert "al-0" in answer.json()["detail"]
        assert (await served.http.get("/api/v1/alerts/al-0")).status_code == 404


@pytest.mark.parametrize("body", [b"", b"[]", b"{", b'{"note": 5}', b'{"note": "' + b"x" * 3000 + b'"}', b"\xff\xfe"])
async def test_bad_bodies(tmp_path: Path, body: bytes) -> None:
    """A body that is no such JSON object is refused with the reason, and nothing happens."""
    async with serving(tmp_path) as served:
        await served.floor.call("c-1", "Billing")
        alert = await served.floor.alert("c-1")
        headers = {"Content-Type": "application/json"}
        answer = await served.http.post(f"/api/v1/alerts/{alert.id}/acknowledge", content=body, headers=headers)
        assert answer.status_code in (400, 422)
        assert (await served.http.get(f"/api/v1/alerts/{alert.id}")).json()["alert"]["state"] == "open"
        assert served.floor.alerts[alert.id].state == "open"


async def test_status(tmp_path: Path) -> None:
    """How the service fares can be asked, the store's trouble included."""
    async with serving(tmp_path) as served:
        status = (await served.http.get("/api/v1/status")).json()
    assert status["status"]["tone_ok"] is True
    assert status["store_problem"] is None
