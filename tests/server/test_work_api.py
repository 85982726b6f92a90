from pathlib import Path

from tests.server.office_served import ServedOffice, serving_office
from voicerisk.clock import now_s


def _call(n: int, customer: str = "h:k1:" + "0" * 32) -> dict[str, object]:
    about = {"call": f"c-{n}", "customer": customer, "queue": "billing"}
    return {"id": f"e-{n}", "at": round(now_s() - 0.01, 3), "type": "call.started", **about}


async def _an_alert(served: ServedOffice) -> str:
    """Three calls of one customer today: an alert with a procedure."""
    await served.tell(*(_call(n) for n in range(3)))
    [alert] = (await served.http.get("/api/v1/alerts")).json()["alerts"]
    return str(alert["id"])


async def test_an_alert_is_given_to_somebody_and_noted(tmp_path: Path) -> None:
    """Assigned and noted, the alert says whose it is and what was said, and by whom."""
    async with serving_office(tmp_path) as served:
        id_ = await _an_alert(served)
        answer = await served.http.post(f"/api/v1/alerts/{id_}/assign", json={"person": "Maya", "to": "Dana"})
        assert answer.json()["alert"]["assigned_to"] == "Dana"
        words = {"person": "Dana", "note": "she was billed twice"}
        noted = (await served.http.post(f"/api/v1/alerts/{id_}/notes", json=words)).json()["alert"]
        assert [(step["person"], step["note"]) for step in noted["history"] if step["note"]] == [
            ("Dana", "she was billed twice")
        ]
        empty = await served.http.post(f"/api/v1/alerts/{id_}/notes", json={"person": "Dana", "note": " "})
        assert empty.status_code == 422
        gone = await served.http.post("/api/v1/alerts/nothing/assign", json={"person": "Maya", "to": "Dana"})
        assert gone.status_code == 404


async def test_a_silence_keeps_quiet_and_says_why(tmp_path: Path) -> None:
    """While a silence matches, an alert opens without ringing and says why; when the silence is ended, it rings."""
    async with serving_office(tmp_path) as served:
        wanted = {
            "person": "Maya",
            "matchers": [{"label": "queue", "values": ["billing"]}],
            "for_s": 600,
            "why": "letters went out twice, we know",
        }
        made = (await served.http.post("/api/v1/silences", json=wanted)).json()["silences"]
        assert [(silence["person"], silence["why"]) for silence in made] == [("Maya", wanted["why"])]
        id_ = await _an_alert(served)
        [opened] = (await served.http.get(f"/api/v1/alerts/{id_}")).json()["alert"]["history"]
        assert (opened["notify"], opened["hushed"]) == (False, "silenced")
        left = await served.http.delete(f"/api/v1/silences/{made[0]['id']}", params={"person": "Maya"})
        assert left.json()["silences"] == []
        rung = (await served.http.get(f"/api/v1/alerts/{id_}")).json()["alert"]["history"][-1]
        assert rung["notify"]
        bad = await served.http.post("/api/v1/silences", json={**wanted, "matchers": [{"label": ""}]})
        assert bad.status_code == 422
        assert (await served.http.delete("/api/v1/silences/nothing?person=Maya")).status_code == 404


async def test_a_procedure_is_worked_through(tmp_path: Path) -> None:
    """The alert's procedure runs; a person's step is in its log with the name, and a step out of turn is refused."""
    async with serving_office(tmp_path) as served:
        id_ = await _an_alert(served)
        [run] = (await served.http.get("/api/v1/procedures/runs", params={"alert": id_})).json()["runs"]
        taken = next(n for n, step in enumerate(run["steps"]) if step["state"] in ("waiting", "pending"))
        url = f"/api/v1/procedures/runs/{run['id']}/steps"
        answer = await served.http.post(f"{url}/{taken}/skip", json={"person": "Maya", "note": "done by phone"})
        assert answer.status_code == 200, answer.text
        [after] = answer.json()["runs"]
        assert any(line["person"] == "Maya" and line["note"] == "done by phone" for line in after["log"])
        assert (await served.http.post(f"{url}/{taken}/skip", json={"person": "Maya"})).status_code == 409
        assert (await served.http.post(f"{url}/999/run", json={"person": "Maya"})).status_code == 404
        assert (await served.http.post(f"{url}/{taken}/dance", json={"person": "Maya"})).status_code == 422


async def test_tasks_have_owners_until_they_are_closed(tmp_path: Path) -> None:
    """A bad feedback leaves a task; somebody takes it and closes it with a line."""
    async with serving_office(tmp_path) as served:
        told = {**_call(1), "id": "f-1", "type": "feedback.received", "data": {"score": 1.0}}
        await served.tell(_call(1), told)
        [task, *_] = (await served.http.get("/api/v1/tasks")).json()["tasks"]
        url = f"/api/v1/tasks/{task['id']}"
        taken = (await served.http.post(f"{url}/take", json={"person": "Noa"})).json()["tasks"]
        assert next(each for each in taken if each["id"] == task["id"])["person"] == "Noa"
        closed = await served.http.post(f"{url}/close", json={"person": "Noa", "note": "called her, refunded"})
        assert closed.status_code == 200, closed.text
        assert (await served.http.post(f"{url}/close", json={"person": "Noa", "note": "again"})).status_code in (
            404,
            409,
        )


async def test_an_outage_is_switched_on_and_off(tmp_path: Path) -> None:
    """A known fault is there until somebody says that it is over."""
    async with serving_office(tmp_path) as served:
        on = await served.http.post(
            "/api/v1/outages", json={"person": "Maya", "on": True, "note": "the website is down"}
        )
        assert len(on.json()["outages"]) == 1
        off = await served.http.post("/api/v1/outages", json={"person": "Maya", "on": False})
        assert off.json()["outages"] == []


async def test_every_deed_needs_a_name(tmp_path: Path) -> None:
    """Nothing is done namelessly: without a signed-in person the name has to be given."""
    async with serving_office(tmp_path) as served:
        id_ = await _an_alert(served)
        assert (await served.http.post(f"/api/v1/alerts/{id_}/assign", json={"to": "Dana"})).status_code == 422
        assert (await served.http.post("/api/v1/outages", json={"on": True})).status_code == 422


async def test_who_is_on_duty(tmp_path: Path) -> None:
    """The schedule names every role that alerts call for."""
    async with serving_office(tmp_path) as served:
        schedule = (await served.http.get("/api/v1/schedule")).json()
        assert "floor supervisor" in schedule["on_duty"]


async def test_needles_now_and_then(tmp_path: Path) -> None:
    """The customer's needle shows three calls, in red and first; its crossing is in the history."""
    async with serving_office(tmp_path) as served:
        await _an_alert(served)
        shown = (await served.http.get("/api/v1/gauges", params={"gauge": "calls_today"})).json()["gauges"]
        assert [(needle["value"], needle["zone"], needle["per"]) for needle in shown] == [(3.0, "red", "customer")]
        assert not shown[0]["stale"]
        assert (await served.http.get("/api/v1/gauges", params={"zone": "green", "gauge": "calls_today"})).json() == {
            "gauges": []
        }
        served.scribe.flush()
        await served.scribe.close()
        past = (await served.http.get("/api/v1/gauges/calls_today/history", params={"key": shown[0]["key"]})).json()
        assert [crossing["zone"] for crossing in past["crossings"]] == ["amber", "red"]
        assert (await served.http.get("/api/v1/gauges/nothing/history")).status_code == 404
