"""Every proof that a gateway can ask for, shown rightly, wrongly and not at all: what the wire says, the log hides."""

import base64
import logging
from collections.abc import Callable, Mapping
from typing import Any, Final, NamedTuple

import msgspec
import pytest
from structlog.testing import capture_logs
from websockets.exceptions import InvalidStatus

from tests.server.ingest_client import Running, closed_with, limits, running, start_message
from voicerisk import clock
from voicerisk.server.gateway_auth import GatewayAuth
from voicerisk.server.ingest_settings import GatewaySettings, IngestSettings
from voicerisk.simulate.proof import signed

RIGHT: Final = "TXlTdXBlclNlY3JldEtleVRlbGxOby0xITJAMyM0JDU="
WRONG: Final = "T25lVGhhdE5vYm9keUhhc0dpdmVuQW55Ym9keSEhISE="
API_KEY: Final = "an-api-key-of-genesys"
PUBLIC: Final = "wss://voicerisk.example.com"
IDS: Final = {
    "Audiohook-Organization-Id": "d7934305-0972-4844-938e-9060eef73d05",
    "Audiohook-Session-Id": "30b0e395-84d3-4570-ac13-9a62d8f514c0",
    "Audiohook-Correlation-Id": "e160e428-53e2-487c-977d-96989bf5c99d",
}

Shown = tuple[str, Mapping[str, str]]


class Proof(NamedTuple):
    """One proof: what the gateway is configured with, how a peer shows a secret, and what refuses it."""

    protocol: str
    configured: dict[str, Any]
    shows: Callable[[str, str], Shown]
    """Given the secret and the server's address."""
    wrong_status: int
    missing_status: int
    """101 where the start message may still bring it; it does not, and the stream is closed with 1008."""


def basic(secret: str, _base: str) -> Shown:
    """A user and a password."""
    return "/in", {"Authorization": "Basic " + base64.b64encode(f"pbx:{secret}".encode()).decode()}


def signs(protocol: str) -> Callable[[str, str], Shown]:
    """A signed request: AudioHook signs the host that it asks, the others the address that was published."""

    def shows(secret: str, base: str) -> Shown:
        if protocol == "audiohook":
            return "/in", signed(protocol, f"{base}/in", IDS, f"{API_KEY}:{secret}", clock.now_s())
        return "/in", signed(protocol, f"{PUBLIC}/in", {}, secret, clock.now_s())

    return shows


TOKEN: Final[dict[str, Any]] = {"tokens": (RIGHT,)}
PROOFS: Final = {
    "token in the path": Proof("twilio", TOKEN, lambda secret, _: (f"/in/{secret}", {}), 401, 101),
    "token in the query": Proof("l16", TOKEN, lambda secret, _: (f"/in?token={secret}", {}), 401, 101),
    "bearer": Proof("vonage", TOKEN, lambda secret, _: ("/in", {"Authorization": f"Bearer {secret}"}), 401, 101),
    "token as a password": Proof("asterisk-websocket", TOKEN, basic, 401, 101),
    "basic": Proof("jambonz", {"auth": {"basic": {"pbx": RIGHT}}}, basic, 401, 401),
    "twilio": Proof(
        "twilio", {"auth": {"twilio_signature": {"public_url": PUBLIC, "auth_tokens": [RIGHT]}}},
        signs("twilio"), 403, 403,
    ),
    "plivo": Proof(
        "plivo", {"auth": {"plivo_signature": {"public_url": PUBLIC, "auth_tokens": [RIGHT]}}}, signs("plivo"), 403, 403
    ),
    "audiohook": Proof(
        "audiohook", {"auth": {"audiohook_signature": {"client_secrets": {API_KEY: RIGHT}}}},
        signs("audiohook"), 401, 401,
    ),
}  # fmt: skip


async def status_of(server: Running, shown: Shown) -> int:
    """101 for who gets in, else the refusal's status."""
    target, headers = shown
    try:
        async with server.connect(target, additional_headers=dict(headers)):
            return 101
    except InvalidStatus as refusal:
        return refusal.response.status_code


@pytest.mark.parametrize("name", PROOFS)
async def test_right_wrong_and_missing(name: str, caplog: pytest.LogCaptureFixture) -> None:
    """The right secret gets in, a wrong one and none get 401 or 403, and no log holds a secret or what was shown."""
    proof = PROOFS[name]
    given = {"path": "/in", "protocol": proof.protocol, **proof.configured}
    given["auth"] = msgspec.convert(given.get("auth", {}), GatewayAuth)
    ingest = IngestSettings(port=0, gateways=(GatewaySettings(**given),), limits=limits())
    with capture_logs() as logs, caplog.at_level(logging.DEBUG):
        async with running(ingest) as server:
            shown = [proof.shows(secret, server.url("")) for secret in (RIGHT, WRONG)]
            assert [await status_of(server, each) for each in shown] == [101, proof.wrong_status]
            assert await status_of(server, ("/in", {})) == proof.missing_status
            if proof.missing_status == 101 and proof.protocol == "twilio":
                async with server.connect("/in") as socket:
                    await socket.send(start_message())
                    assert (await closed_with(socket))[0] == 1008
    refused = [log for log in logs if log.get("cause") in ("token", "signature")]
    assert len(refused) == (1 if proof.missing_status == 101 else 2)
    assert all(log["reason"] for log in refused)
    # The client of this test logs what it sends.
    others = [record.getMessage() for record in caplog.records if record.name != "websockets.client"]
    text = repr(logs) + repr(others)
    values = [value for _, headers in shown for value in headers.values() if value not in IDS.values()]
    for secret in (RIGHT, WRONG, API_KEY, *values):
        assert secret not in text
