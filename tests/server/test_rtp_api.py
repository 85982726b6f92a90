"""Ports for RTP over the API: asked for, shown, given back."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import httpx
import pytest

from tests.server.guarded import guarded
from tests.server.ingest_sink import KeepingSink
from voicerisk.events import Role
from voicerisk.server.rtp import RtpServer
from voicerisk.server.rtp_api import rtp_router
from voicerisk.server.rtp_settings import RtpSettings

BODY = {"call_id": "c-1", "role": "customer", "queue": "billing", "labels": {"from": "+4930123456", "site": "north"}}


class Api:
    """The routes and the server behind them."""

    def __init__(self, http: httpx.AsyncClient, server: RtpServer) -> None:
        self.http = http
        self.server = server

    async def post(self, **changes: Any) -> httpx.Response:
        """Asks for a port."""
        return await self.http.post("/api/v1/rtp", json=BODY | changes)


@asynccontextmanager
async def api(**changes: Any) -> AsyncIterator[Api]:
    """The routes over a server of their own."""
    server = RtpServer(RtpSettings(**{"first_port": 0, **changes}), KeepingSink())
    transport = httpx.ASGITransport(guarded(rtp_router(server)))
    async with httpx.AsyncClient(transport=transport, base_url="http://127.0.0.1") as http:
        try:
            yield Api(http, server)
        finally:
            await server.stop()


async def test_a_port_from_its_request_to_its_return() -> None:
    """The answer says where to send to; the list shows the port; a second return finds nothing."""
    async with api(public_host="media.example.com") as ports:
        opened = (await ports.post(format="slin16", payload_type=118, source="192.0.2.7")).json()
        (port,) = ports.server.ports
        assert (opened["host"], opened["port"]) == ("media.example.com", port.number)
        assert opened["address"] == f"media.example.com:{port.number}"
        assert (port.call.call_id, port.call.role) == ("c-1", Role.CUSTOMER)
        assert port.call.labels == {"queue": "billing", "site": "north"}
        (shown,) = (await ports.http.get("/api/v1/rtp")).json()["ports"]
        assert shown | {"ignored": {}} == {
            "id": opened["id"], "call_id": "c-1", "role": "customer", "port": port.number,
            "sender": None, "packets": 0, "lost": 0, "ignored": {},
        }  # fmt: skip
        first = await ports.http.delete(f"/api/v1/rtp/{opened['id']}")
        assert first.json() == {"id": opened["id"]}
        second = await ports.http.delete(f"/api/v1/rtp/{opened['id']}")
        assert (second.status_code, "there is no port" in second.text) == (404, True)


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"format": "opus"}, "format: 'opus' is not one of ulaw, alaw"),
        ({"payload_type": 128}, "payload_type: 0 to 127"),
        ({"payload_type": 13}, "comfort noise or keys"),
        ({"dtmf_payload_type": -1}, "dtmf_payload_type: 0 to 127"),
        ({"source": "pbx"}, "source"),
        ({"role": "boss"}, "role"),
        ({"call_id": " "}, "call_id: empty"),
        ({"color": "red"}, "color"),
    ],
)
async def test_what_is_wrong_is_named(changes: dict[str, Any], said: str) -> None:
    """A wrong field is a 422 with its name, and no port is opened."""
    async with api() as ports:
        answer = await ports.post(**changes)
        assert answer.status_code == 422
        assert said in answer.text
        assert ports.server.ports == ()


async def test_where_no_port_can_be_had() -> None:
    """A full house is 503, a door that is shut by configuration 409, each with the reason."""
    async with api(max_ports=1) as ports:
        assert (await ports.post()).status_code == 200
        full = await ports.post()
        assert (full.status_code, full.json()["detail"]) == (503, "all 1 ports are given out")
    async with api(enabled=False) as ports:
        off = await ports.post()
        assert (off.status_code, "rtp.enabled = true" in off.text) == (409, True)


async def test_a_port_for_other_machines_needs_its_source() -> None:
    """Where anybody could send, a request that does not say who will is a 422, and opens nothing."""
    async with api(host="0.0.0.0") as ports:
        refused = await ports.post()
        assert (refused.status_code, "source: the sender's IP address" in refused.text) == (422, True)
        assert ports.server.ports == ()
