"""One customer under two names: everything told of either counts for the one, from then on and after a restart."""

import sqlite3
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from tests.server.office_served import CUSTOMER_KEYS, ServedOffice, serving_office
from voicerisk.clock import now_s
from voicerisk.customers import CustomerKey, name_customer

HOME, WORK = "050-123-4567", "+972 3 765 4321"
NEW_KEYS = (CustomerKey("k2", bytes(32)), *CUSTOMER_KEYS)


def _name(number: str, keys: tuple[CustomerKey, ...] = CUSTOMER_KEYS) -> str:
    return name_customer(number, keys, "IL").name


def _call(id_: str, customer: str) -> dict[str, object]:
    return {"id": id_, "at": round(now_s() - 0.01, 3), "type": "call.started", "call": id_, "customer": customer}


def _same(id_: str, customer: str | None, fields: Mapping[str, object]) -> dict[str, object]:
    data = {"subtype": "customer.same", "fields": fields}
    return {"id": id_, "at": round(now_s() - 0.01, 3), "type": "crm.event", "customer": customer, "data": data}


async def _calls_today(served: ServedOffice, name: str) -> int:
    card: dict[str, Any] = (await served.http.get(f"/api/v1/customers/{name}/card")).json()["card"]
    calls: int = card["calls_today"]
    return calls


async def test_repeat_calls_across_two_numbers(tmp_path: Path) -> None:
    """Two calls from home, then the CRM says that the work number is the same person: a call from it is the third."""
    async with serving_office(tmp_path) as served:
        assert (await served.tell(_call("c-1", HOME), _call("c-2", HOME))).status_code == 202
        told = await served.tell(_same("s-1", WORK, {"other": HOME}), _call("c-3", WORK))
        assert told.json() == {"taken": 2, "refused": []}
        assert await _calls_today(served, _name(HOME)) == await _calls_today(served, _name(WORK)) == 3
        alerts = (await served.http.get("/api/v1/alerts")).json()["alerts"]
        assert any(alert["gauge"] == "calls_today" for alert in alerts)
    async with serving_office(tmp_path) as served:
        await served.tell(_call("c-4", WORK))
        assert await _calls_today(served, _name(HOME)) == 4


async def test_repeat_calls_across_a_key_rotation(tmp_path: Path) -> None:
    """A customer who rang under the old key is known under the new one, also once the old key is gone."""
    async with serving_office(tmp_path) as served:
        await served.tell(_call("c-1", HOME), _call("c-2", HOME))
    async with serving_office(tmp_path, keys=NEW_KEYS) as served:
        await served.tell(_call("c-3", HOME), _call("c-4", WORK))
        assert await _calls_today(served, _name(HOME)) == await _calls_today(served, _name(HOME, NEW_KEYS)) == 3
        assert await _calls_today(served, _name(WORK, NEW_KEYS)) == 1
    async with serving_office(tmp_path, keys=NEW_KEYS[:1]) as served:
        await served.tell(_call("c-5", HOME), _call("c-6", WORK))
        assert await _calls_today(served, _name(HOME, NEW_KEYS)) == 4
        assert await _calls_today(served, _name(WORK)) == 2


async def test_who_is_whom_is_on_the_disk_before_the_answer_and_in_no_clear(tmp_path: Path) -> None:
    """Another connection sees the pair at once, and neither number is anywhere in the database."""
    async with serving_office(tmp_path) as served:
        assert (await served.tell(_same("s-1", HOME, {"other": WORK}))).status_code == 202
        with sqlite3.connect(tmp_path / "x.db") as connection:
            rows = connection.execute("SELECT other, customer FROM same_customer").fetchall()
        connection.close()
        assert rows == [(_name(WORK), _name(HOME))]
    contents = b"".join(path.read_bytes() for path in tmp_path.glob("x.db*"))  # noqa: ASYNC240
    assert b"7654321" not in contents
    assert b"765 4321" not in contents


@pytest.mark.parametrize(
    ("customer", "fields"), [(None, {"other": WORK}), (HOME, {}), (HOME, {"other": 5}), (HOME, {"other": "anonymous"})]
)
async def test_half_of_it_is_refused(tmp_path: Path, customer: str | None, fields: dict[str, object]) -> None:
    """Without both names nobody is joined, and the answer names what is missing."""
    async with serving_office(tmp_path) as served:
        answer = await served.tell(_same("s-1", customer, fields))
        assert answer.status_code == 422
        assert "other" in answer.json()["refused"][0]["field"]


async def test_callers_without_a_number_are_not_one_customer(tmp_path: Path) -> None:
    """Ten withheld numbers are ten calls of nobody: no repeat caller's alert."""
    async with serving_office(tmp_path) as served:
        events = [_call(f"c-{n}", "sip:Anonymous@anonymous.invalid") for n in range(10)]
        assert (await served.tell(*events)).json()["taken"] == 10
        assert (await served.http.get("/api/v1/alerts")).json()["alerts"] == []


async def test_numbers_in_free_text_do_not_come_in(tmp_path: Path) -> None:
    """What a clerk typed into a promise or a field of the CRM is kept without the telephone numbers in it."""
    at = round(now_s() - 0.01, 3)
    promise = {"promise": "p-1", "due_at": at + 60, "what": "ring back on +972 (50) 123-4567 at noon"}
    fields = {"phone": "0501234567", "as a number": 972501234567, "order": "A-17", "amount": 1250.5}
    async with serving_office(tmp_path) as served:
        told = await served.tell(
            {"id": "e-1", "at": at, "type": "promise.made", "customer": HOME, "data": promise},
            {"id": "e-2", "at": at, "type": "crm.event", "data": {"subtype": "note", "fields": fields}},
        )
        assert told.json() == {"taken": 2, "refused": []}
        made, note = (await served.http.get("/api/v1/events")).json()["events"]
        assert made["data"]["what"] == "ring back on # at noon"
        assert note["data"]["fields"] == {"phone": "#", "as a number": "#", "order": "A-17", "amount": 1250.5}
