"""Calls registered over the API before their AudioSocket comes."""

from typing import Any

import httpx
import pytest

from tests.server.guarded import guarded
from voicerisk import clock
from voicerisk.events import Role
from voicerisk.gateways.registered_call import RegisteredCall
from voicerisk.server.registrations import Registrations
from voicerisk.server.registrations_api import registrations_router

ID = "40325ec2-5efd-4bd3-805f-53576e581d13"
BODY = {"uuid": ID.upper(), "call_id": "c-1", "role": "customer", "queue": "billing"}


async def post(book: Registrations, body: dict[str, Any], *, enabled: bool = True) -> httpx.Response:
    """The answer to a registration."""
    transport = httpx.ASGITransport(guarded(registrations_router(book, enabled=enabled)))
    async with httpx.AsyncClient(transport=transport, base_url="http://127.0.0.1") as http:
        return await http.post("/api/v1/calls/registrations", json=body)


async def test_a_registration_is_found_under_its_uuid() -> None:
    """Call, role and labels are kept as they were given, except what identifies a caller."""
    book = Registrations(2, 60.0)
    labels = {"skill": "cards", "caller_id": "+4930123456", "note": "+49 30 123456"}
    answer = await post(book, BODY | {"agent": "Maya", "labels": labels})
    assert (answer.status_code, answer.json()) == (200, {"uuid": ID, "held_s": 60.0})
    assert book.find(ID, clock.monotonic_s()) == RegisteredCall(
        call_id="c-1",
        role=Role.CUSTOMER,
        labels={"queue": "billing", "agent": "Maya", "skill": "cards"},
        caller="+4930123456",
    )


@pytest.mark.parametrize(
    "change", [{"uuid": "x"}, {"role": "boss"}, {"call_id": ""}, {"call_id": "x" * 200}, {"call_id": "\x00"}, {"z": 1}]
)
async def test_what_makes_no_sense_is_refused(change: dict[str, Any]) -> None:
    """A wrong field is named with 422, and nothing is registered."""
    book = Registrations(2, 60.0)
    assert (await post(book, BODY | change)).status_code == 422
    assert len(book) == 0


async def test_nothing_is_registered_in_vain() -> None:
    """Where nobody listens for the sockets the answer is 409, and 503 where no more registrations can be held."""
    book = Registrations(1, 60.0)
    assert (await post(book, BODY, enabled=False)).status_code == 409
    assert (await post(book, BODY)).status_code == 200
    assert (await post(book, BODY)).status_code == 200
    other = await post(book, BODY | {"uuid": ID[:-1] + "4"})
    assert (other.status_code, other.json()["detail"]) == (
        503,
        "1 calls are registered; no more until some expire",
    )
