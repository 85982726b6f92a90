import sqlite3
from pathlib import Path

import pytest

from tests.eventually import eventually
from tests.server.office_served import CUSTOMER_KEYS, ServedOffice, serving_office
from voicerisk.clock import now_s
from voicerisk.customers import name_customer
from voicerisk.store import journal

NUMBER = "050-123-4567"
CUSTOMER = name_customer(NUMBER, CUSTOMER_KEYS, "IL").name


def _event(n: int, kind: str = "call.started", **more: object) -> dict[str, object]:
    return {"id": f"e-{n}", "at": round(now_s() - 0.01, 3), "type": kind, "call": f"c-{n}", **more}


async def _card(served: ServedOffice) -> dict[str, object]:
    card: dict[str, object] = (await served.http.get(f"/api/v1/customers/{CUSTOMER}/card")).json()["card"]
    return card


async def test_three_calls_in_a_day_ring(tmp_path: Path) -> None:
    """A CRM tells three calls of one customer, by number; the third opens the repeat caller's alert at once."""
    async with serving_office(tmp_path) as served:
        for n in range(3):
            answer = await served.tell(_event(n, customer=NUMBER, queue="billing"))
            assert (answer.status_code, answer.json()) == (202, {"taken": 1, "refused": []})
            alerts = (await served.http.get("/api/v1/alerts")).json()["alerts"]
            assert any(alert["gauge"] == "calls_today" for alert in alerts) == (n == 2)
        card = await _card(served)
        assert (card["customer"], card["calls_today"]) == (CUSTOMER, 3)
        assert card["alerts"]


async def test_what_is_acknowledged_is_on_the_disk(tmp_path: Path) -> None:
    """The answer comes after the commit: another connection sees the event at once, and no number anywhere."""
    async with serving_office(tmp_path) as served:
        await served.tell(_event(1, customer=NUMBER))
        with sqlite3.connect(tmp_path / "x.db") as connection:
            rows = connection.execute("SELECT id, customer FROM events").fetchall()
        connection.close()
        assert rows == [("e-1", CUSTOMER)]
    files = [path.read_bytes() for path in tmp_path.glob("x.db*")]  # noqa: ASYNC240
    assert files
    assert not any(b"1234567" in content or b"123-4567" in content for content in files)


async def test_the_same_event_twice_counts_once(tmp_path: Path) -> None:
    """A sender that did not hear our answer tells again: nothing is counted twice, and what is new is taken."""
    async with serving_office(tmp_path) as served:
        event = _event(1, customer=NUMBER)
        await served.tell(event)
        again = (await served.tell(event, _event(2, customer=NUMBER))).json()
        assert again == {"taken": 2, "refused": []}
        assert (await _card(served))["calls_today"] == 2


async def test_bad_events_are_named_and_kept(tmp_path: Path) -> None:
    """A bad one among good ones costs only itself; what was wrong is answered, and can be looked up later."""
    async with serving_office(tmp_path) as served:
        answer = await served.tell(_event(1), _event(2, kind="call.exploded"), _event(3, colour="red"))
        assert answer.status_code == 202
        told = answer.json()
        assert told["taken"] == 1
        assert [(one["id"], one["field"]) for one in told["refused"]] == [("e-2", "type"), ("e-3", "colour")]

        async def kept() -> bool:
            refused = (await served.http.get("/api/v1/events/refused")).json()["refused"]
            return any(one["reason"] == "colour: is not known here" for one in refused)

        await eventually(kept)
        assert (await served.tell(_event(4, kind="nothing"))).status_code == 422


@pytest.mark.parametrize("body", [b"", b"{", b"\xff\xfe", b"[" * 5000])
async def test_what_is_no_json(tmp_path: Path, body: bytes) -> None:
    """A body that is no JSON is answered 400 with the reason."""
    async with serving_office(tmp_path) as served:
        answer = await served.http.post("/api/v1/events", content=body)
        assert answer.status_code == 400
        assert "not JSON" in answer.json()["detail"]


async def test_a_database_that_refuses_is_no_acknowledgement(tmp_path: Path) -> None:
    """While nothing can be written the sender is told to come again; told again, the event counts once and is kept."""
    async with serving_office(tmp_path) as served:
        holder = sqlite3.connect(tmp_path / "x.db", isolation_level=None)
        holder.execute("BEGIN IMMEDIATE")
        event = _event(1, customer=NUMBER)
        answer = await served.tell(event)
        assert answer.status_code == 503
        assert "send them again" in answer.json()["detail"]
        holder.execute("ROLLBACK")
        holder.close()

        async def kept() -> bool:
            return [one.id for one in await served.store.read(journal.read_events)] == ["e-1"]

        await eventually(kept)
        assert (await served.tell(event)).json() == {"taken": 1, "refused": []}
        assert (await _card(served))["calls_today"] == 1


async def test_events_are_read_back(tmp_path: Path) -> None:
    """What was told can be looked up by customer."""
    async with serving_office(tmp_path) as served:
        await served.tell(_event(1, customer=NUMBER), _event(2))
        found = (await served.http.get("/api/v1/events", params={"customer": CUSTOMER})).json()["events"]
        assert [(event["id"], event["type"]) for event in found] == [("e-1", "call.started")]


async def test_a_card_wants_a_name(tmp_path: Path) -> None:
    """A number in the address is refused: numbers do not belong in anybody's access log."""
    async with serving_office(tmp_path) as served:
        assert (await served.http.get("/api/v1/customers/0501234567/card")).status_code == 422
        empty = await _card(served)
        assert (empty["customer"], empty["promises"]) == (CUSTOMER, [])
