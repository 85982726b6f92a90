"""Signed requests and Basic users at a real door: who gets in, what the others are told, and what the log says."""

import asyncio
import base64
import hashlib
import hmac
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import msgspec
import pytest
from structlog.testing import capture_logs
from websockets.asyncio.client import connect
from websockets.exceptions import InvalidStatus

from tests.gateways.test_signature import CREATED_S, KEY, REQUIRED, SECRET
from tests.gateways.test_signature import HEADERS as SIGNED_HEADERS
from tests.gateways.test_signature import TARGET as AUDIOHOOK_TARGET
from tests.gateways.test_url_signature import SHA1, SHA1_OF_HTTPS, SHA256
from tests.gateways.test_url_signature import TOKEN as AUTH_TOKEN
from tests.server.ingest_client import Running, limits, metric, running, start_message, until
from voicerisk import clock
from voicerisk.config import Config
from voicerisk.server.gateway_auth import GatewayAuth
from voicerisk.server.ingest_proof import REFUSAL_S
from voicerisk.server.ingest_settings import GatewaySettings, IngestSettings
from voicerisk.settings import parse

PUBLIC = "wss://gw.example.com"
PASSWORD = "correct-horse-battery"
TWILIO: dict[str, Any] = {
    "twilio_signature": {"auth_tokens": [AUTH_TOKEN], "shared_keys": {"KEY1": AUTH_TOKEN}, "public_url": PUBLIC}
}
PLIVO: dict[str, Any] = {"plivo_signature": {"auth_tokens": [AUTH_TOKEN], "public_url": PUBLIC}}
AUDIOHOOK: dict[str, Any] = {"audiohook_signature": {"client_secrets": {KEY: SECRET}}}
BASIC: dict[str, Any] = {"basic": {"asterisk": PASSWORD}}


def door(path: str, protocol: str, auth: dict[str, Any], *tokens: str, host: str = "127.0.0.1") -> IngestSettings:
    """One gateway that asks for `auth`, on a free port, read as from a configuration."""
    gateway = {"path": path, "protocol": protocol, "auth": auth, "tokens": tokens}
    gateways = (msgspec.convert(gateway, GatewaySettings),)
    return IngestSettings(host=host, port=0, gateways=gateways, limits=limits())


def visit(server: Running, host: str, target: str, headers: Mapping[str, str]) -> connect:
    """A client whose request names `host`, as one behind a proxy does; a Host among the headers is that name."""
    shown = {name: value for name, value in headers.items() if name != "host"}
    port = server.server.port
    uri = f"ws://{headers.get('host', host)}{target}"
    return connect(uri, host="127.0.0.1", port=port, additional_headers=shown, compression=None, proxy=None)


async def status_of(server: Running, host: str, target: str, headers: Mapping[str, str]) -> int:
    """101 for who gets in, else the refusal's status."""
    try:
        async with visit(server, host, target, headers):
            return 101
    except InvalidStatus as refusal:
        return refusal.response.status_code


@pytest.mark.parametrize(
    ("headers", "target", "status"),
    [
        (SHA1, "/twilio/media", 101),
        (SHA256, "/twilio/media", 101),
        (SHA1_OF_HTTPS, "/twilio/media", 403),
        (SHA1, "/twilio/other", 403),
        (SHA1, "/twilio/media?token=1", 403),
        ({}, "/twilio/media", 403),
        ({"x-twilio-signature": "x" * 5000}, "/twilio/media", 403),
        ({**SHA256, "x-twilio-webhooks-signature-settings": "key=KEY2,algorithm=HMAC_SHA256"}, "/twilio/media", 403),
    ],
)
async def test_twilio_behind_a_proxy(headers: dict[str, str], target: str, status: int) -> None:
    """The vectors of Twilio's own library open the gateway although the proxy asks for another host; others do not."""
    async with running(door("/twilio", "twilio", TWILIO)) as server:
        assert await status_of(server, "internal:8765", target, headers) == status


async def test_a_twilio_call_gets_in_and_takes_a_place() -> None:
    """A signed request needs no token in its start message, and counts as a call from then on."""
    async with (
        running(door("/twilio", "twilio", TWILIO)) as server,
        visit(server, "internal", "/twilio/media", SHA1) as websocket,
    ):
        await websocket.send(start_message())
        await until(lambda: len(server.sink.streams) == 1)
        assert server.server.n_calls == 1


async def test_a_signature_does_not_stand_in_for_a_token() -> None:
    """Where both are asked for, a good signature with a wrong token is refused, and one with the token gets in."""
    url = f"{PUBLIC}/twilio/{PASSWORD}"
    signature = base64.b64encode(hmac.new(AUTH_TOKEN.encode(), url.encode(), hashlib.sha1).digest()).decode()
    async with running(door("/twilio", "twilio", TWILIO, PASSWORD)) as server:
        assert await status_of(server, "h", f"/twilio/{PASSWORD}", {"X-Twilio-Signature": signature}) == 101
        assert await status_of(server, "h", f"/twilio/{PASSWORD}", {}) == 403
        wrong = base64.b64encode(hmac.new(AUTH_TOKEN.encode(), f"{PUBLIC}/twilio/x".encode(), hashlib.sha1).digest())
        assert await status_of(server, "h", "/twilio/x", {"X-Twilio-Signature": wrong.decode()}) == 401


@pytest.mark.parametrize(("nonce", "status"), [("12345", 101), ("12346", 403), ("", 403)])
async def test_plivo(nonce: str, status: int) -> None:
    """A V3 signature over the public address and its nonce opens; another nonce, or none, does not."""
    mac = hmac.new(AUTH_TOKEN.encode(), f"{PUBLIC}/plivo.12345".encode(), hashlib.sha256).digest()
    headers = {"X-Plivo-Signature-V3": base64.b64encode(mac).decode(), "X-Plivo-Signature-V3-Nonce": nonce}
    async with running(door("/plivo", "plivo", PLIVO)) as server:
        assert await status_of(server, "internal", "/plivo", headers) == status


async def test_audiohook_vector_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """The published request gets in at its time, and not a second time: its nonce has been used."""
    monkeypatch.setattr(clock, "now_s", lambda: float(CREATED_S))
    with capture_logs() as logs:
        async with running(door("/api/v1/voicebiometrics", "audiohook", AUDIOHOOK)) as server:
            assert await status_of(server, "", AUDIOHOOK_TARGET, SIGNED_HEADERS) == 101
            assert await status_of(server, "", AUDIOHOOK_TARGET, SIGNED_HEADERS) == 401
    assert [log["reason"] for log in logs if log["event"] == "request refused"] == ["the nonce has been used"]


@pytest.mark.parametrize(
    ("late_s", "target", "changes", "why"),
    [
        (60.0, AUDIOHOOK_TARGET, {}, "created: too long ago"),
        (-60.0, AUDIOHOOK_TARGET, {}, "created: in the future"),
        (0.0, AUDIOHOOK_TARGET + "?x=1", {}, "the signature is wrong"),
        (0.0, AUDIOHOOK_TARGET + "/", {}, "the signature is wrong"),
        (0.0, AUDIOHOOK_TARGET, {"host": "other.example.com"}, "the signature is wrong"),
        (0.0, AUDIOHOOK_TARGET, {"audiohook-correlation-id": ""}, "a component that the request does not have"),
        (0.0, AUDIOHOOK_TARGET, {"x-api-key": "another-key-of-somebody"}, "keyid"),
        (0.0, AUDIOHOOK_TARGET, {"signature": "sig1=:AAAA:"}, "the signature is wrong"),
        (
            0.0,
            AUDIOHOOK_TARGET,
            {"signature-input": SIGNED_HEADERS["signature-input"].replace(f' "{REQUIRED[2]}"', "")},
            f"{REQUIRED[2]} is not signed",
        ),
    ],
)
async def test_audiohook_refusals(
    monkeypatch: pytest.MonkeyPatch, late_s: float, target: str, changes: dict[str, str], why: str
) -> None:
    """Expired, wrong key, wrong path or a part missing: 401 after half a second; only the log says what was wrong."""
    monkeypatch.setattr(clock, "now_s", lambda: CREATED_S + late_s)
    before = metric("refused_total", gateway="api/v1/voicebiometrics", cause="signature")
    with capture_logs() as logs:
        async with running(door("/api/v1/voicebiometrics", "audiohook", AUDIOHOOK)) as server:
            began_s = time.monotonic()
            with pytest.raises(InvalidStatus) as refused:
                await visit(server, "", target, {**SIGNED_HEADERS, **changes})
            assert time.monotonic() - began_s >= REFUSAL_S - 0.01
    answer = refused.value.response
    assert (answer.status_code, answer.headers["WWW-Authenticate"]) == (401, "Signature")
    assert answer.body == b"The signature of the request was not accepted.\n"
    assert metric("refused_total", gateway="api/v1/voicebiometrics", cause="signature") == before + 1
    closed = [log for log in logs if log["event"] == "connection closed"]
    assert [why in log["reason"] for log in closed] == [True]
    assert SECRET not in repr(logs)
    assert KEY not in repr(logs)


async def test_who_leaves_before_the_refusal_costs_nothing() -> None:
    """Peers that hang up while their refusals wait leave nothing behind, nor does one that a stop overtakes."""
    async with running(door("/twilio", "twilio", TWILIO)) as server:
        for stays in (False, False, True):
            reader, writer = await asyncio.open_connection("127.0.0.1", server.server.port)
            upgrade = "GET /twilio HTTP/1.1\r\nHost: h\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n"
            key = "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n\r\n"
            writer.write((upgrade + key).encode())
            await writer.drain()
            await until(lambda: server.server.n_connections == 1)
            if stays:
                await server.server.stop()
                await reader.read()
            writer.close()
            await until(lambda: server.server.n_connections == 0)


@pytest.mark.parametrize("rest", [b"\x89\x80abcd", b"\x82\x81abcd!", b"\xff" * 40_000])
async def test_frames_before_the_refusal_change_nothing(rest: bytes) -> None:
    """Who sends frames along with a request that will be refused gets the refusal, in its time."""
    async with running(door("/twilio", "twilio", TWILIO)) as server:
        reader, writer = await asyncio.open_connection("127.0.0.1", server.server.port)
        upgrade = "GET /twilio HTTP/1.1\r\nHost: h\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n"
        key = "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n\r\n"
        began_s = time.monotonic()
        writer.write((upgrade + key).encode() + rest)
        answer = await asyncio.wait_for(reader.readline(), 5.0)
        writer.close()
        assert time.monotonic() - began_s >= REFUSAL_S - 0.01
        assert answer == b"HTTP/1.1 403 Forbidden\r\n"


@pytest.mark.parametrize(
    "given", [f"freeswitch:{PASSWORD}", f"asterisk:{PASSWORD}x", PASSWORD, f"asterisk:{PASSWORD}:", "", None]
)
async def test_basic_asks_for_both(given: str | None) -> None:
    """Another user, another password or nothing at all is answered with what is wanted."""
    headers = {} if given is None else {"Authorization": "Basic " + base64.b64encode(given.encode()).decode()}
    async with running(door("/asterisk", "asterisk-websocket", BASIC)) as server:
        with pytest.raises(InvalidStatus) as refused:
            await visit(server, "h", "/asterisk", headers)
    answer = refused.value.response
    assert (answer.status_code, answer.headers["WWW-Authenticate"]) == (401, 'Basic realm="voicerisk"')


async def test_basic_or_a_token() -> None:
    """Where a gateway has users and tokens, either opens it, and a token may still come with the start."""
    basic = {"Authorization": "Basic " + base64.b64encode(f"asterisk:{PASSWORD}".encode()).decode()}
    token = "a-token-of-this-gateway"
    async with running(door("/twilio", "twilio", BASIC, token)) as server:
        assert await status_of(server, "h", "/twilio", basic) == 101
        assert await status_of(server, "h", "/twilio", {"Authorization": f"Bearer {token}"}) == 101
        assert await status_of(server, "h", "/twilio", {"Authorization": "Bearer wrong"}) == 401
        async with visit(server, "h", "/twilio", {}) as websocket:
            await websocket.send(start_message(token=token))
            await until(lambda: len(server.sink.streams) == 1)


@pytest.mark.parametrize("auth", [TWILIO, PLIVO, AUDIOHOOK, BASIC], ids=lambda auth: next(iter(auth)))
def test_each_proof_lets_a_gateway_listen_for_others(auth: dict[str, Any]) -> None:
    """With any proof a gateway may be reached from other machines, and its settings show no secret."""
    settings = door("/x", "audiohook", auth, host="0.0.0.0")
    assert not settings.gateways[0].is_open
    shown = repr(settings)
    assert next(iter(auth)) in shown
    assert not any(secret in shown for secret in (AUTH_TOKEN, SECRET, KEY, PASSWORD))


@pytest.mark.parametrize(
    ("auth", "words"),
    [
        ({"twilio_signature": {"public_url": PUBLIC}}, "no secret is given"),
        ({"twilio_signature": {"public_url": "gw.example.com", "auth_tokens": [AUTH_TOKEN]}}, "public_url"),
        ({"twilio_signature": {"public_url": "wss://h:x", "auth_tokens": [AUTH_TOKEN]}}, "public_url"),
        ({"plivo_signature": {"public_url": PUBLIC, "auth_tokens": ["short"]}}, "shorter than 16"),
        ({"audiohook_signature": {"client_secrets": {}}}, "client_secrets is empty"),
        ({"audiohook_signature": {"client_secrets": {"short": ""}}}, "shorter than 16"),
        ({"audiohook_signature": {"client_secrets": {KEY: "not base64, not at all"}}}, "not base64"),
        ({"basic": {"asterisk": "short"}}, "shorter than 16"),
        ({"basic": {"a:b": PASSWORD}}, "without a colon"),
        ({**TWILIO, **PLIVO}, "one kind of signature"),
    ],
)
def test_a_proof_that_cannot_work_is_refused_in_words(auth: dict[str, Any], words: str) -> None:
    """Each mistake is named without the secret that is wrong."""
    with pytest.raises(msgspec.ValidationError, match=words) as refused:
        msgspec.convert(auth, GatewayAuth)
    assert "'short'" not in str(refused.value)


async def test_https_counts_where_it_is_said() -> None:
    """A signature over https:// opens a gateway whose settings say so."""
    auth = {"twilio_signature": {**TWILIO["twilio_signature"], "accept_https": True}}
    async with running(door("/twilio", "twilio", auth)) as server:
        assert await status_of(server, "internal", "/twilio/media", SHA1_OF_HTTPS) == 101


def test_the_example_shows_how_to_ask_for_proof() -> None:
    """The proofs in the example configuration, taken out of their comments, are settings that hold."""
    text = (Path(__file__).parents[2] / "voicerisk.example.toml").read_text(encoding="utf-8")
    shown = text[text.index("# [[ingest.gateways]]") : text.index("[ingest.limits]")]
    lines = "\n".join(line.removeprefix("#").strip() for line in shown.splitlines())
    secret = lines.replace("client secret, in base64", SECRET).replace("API key", KEY)
    ingest = parse(secret, Config, "example").ingest
    assert [gateway.auth.kinds for gateway in ingest.gateways] == [
        ("twilio_signature",),
        ("audiohook_signature",),
        ("basic",),
    ]


def test_audiosocket_is_no_websocket() -> None:
    """A websocket gateway with the protocol audiosocket is refused, with a word on where it belongs."""
    with pytest.raises(ValueError, match=r"plain TCP.*\[audiosocket\]"):
        GatewaySettings(path="/audiosocket", protocol="audiosocket")
