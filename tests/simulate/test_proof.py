"""Signed requests of simulated gateways: a server that asks for signatures lets them in, and no others."""

import socket
from pathlib import Path

import pytest

from tests.server.ingest_client import limits
from tests.server.ingest_sink import KeepingSink
from tests.sounds import tone, write
from voicerisk.server.gateway_auth import AudioHookSignature, GatewayAuth, PlivoSignature, TwilioSignature
from voicerisk.server.ingest import IngestServer
from voicerisk.server.ingest_settings import GatewaySettings, IngestSettings
from voicerisk.simulate.call import SimulatedCall
from voicerisk.simulate.proof import SecretError, signed
from voicerisk.simulate.run import Target, play_call

TOKEN = "12345678901234567890123456789012"
KEY, SECRET = "SGVsbG8sIEkgYW0gdGhlIEFQSSBrZXkh", "TXlTdXBlclNlY3JldEtleVRlbGxOby0xITJAMyM0JDU="
SECRETS = {"twilio": TOKEN, "signalwire": TOKEN, "plivo": TOKEN, "audiohook": f"{KEY}:{SECRET}"}


def asked(protocol: str, public_url: str) -> GatewayAuth:
    """A gateway that asks for this protocol's signature."""
    if protocol == "audiohook":
        return GatewayAuth(audiohook_signature=AudioHookSignature(client_secrets={KEY: SECRET}))
    if protocol == "plivo":
        return GatewayAuth(plivo_signature=PlivoSignature(public_url=public_url, auth_tokens=(TOKEN,)))
    return GatewayAuth(twilio_signature=TwilioSignature(public_url=public_url, auth_tokens=(TOKEN,)))


def free_port() -> int:
    """A port that nobody listens on now: what is signed is the address, so it has to be known before."""
    with socket.socket() as finder:
        finder.bind(("127.0.0.1", 0))
        number: int = finder.getsockname()[1]
        return number


def test_twilios_own_example() -> None:
    """The signature of Twilio's client library over the same address with the same token."""
    headers = signed("twilio", "wss://gw.example.com/twilio/media", {}, TOKEN, 0.0)
    assert headers == {"X-Twilio-Signature": "Z6qPoKW4mYkderija8JINS/aQcQ="}


@pytest.mark.parametrize("protocol", SECRETS)
async def test_a_server_that_asks_for_signatures(tmp_path: Path, protocol: str) -> None:
    """With the right secret the call is taken; with another one, or none, it is refused and the report says how."""
    port = free_port()
    gateway = GatewaySettings(path="/in", protocol=protocol, auth=asked(protocol, f"ws://127.0.0.1:{port}"))
    sink = KeepingSink()
    server = IngestServer(IngestSettings(port=port, gateways=(gateway,), limits=limits()), sink, sweep_s=0.02)
    await server.start()
    call = SimulatedCall(path=write(tmp_path / "c.wav", tone(1.0), tone(1.0)), call_id="c", packet_s=0.2)
    problems = []
    for secret in (SECRETS[protocol], "another" + SECRETS[protocol], ""):
        target = Target(url=f"ws://127.0.0.1:{port}/in", secret=secret, speed=0.0)
        problems.append((await play_call(protocol, call, target)).problem)
    await server.stop()
    assert problems[0] is None
    assert all("HTTP 40" in str(problem) for problem in problems[1:])
    assert len(sink.streams) == 1


@pytest.mark.parametrize("secret", ["no colon", "key:not base64!", ":" + SECRET, "key:"])
def test_secrets_that_audiohook_cannot_have(secret: str) -> None:
    """A secret of another kind is refused in words, and not repeated."""
    with pytest.raises(SecretError, match="API-KEY:CLIENT-SECRET") as caught:
        signed("audiohook", "ws://h/x", {}, secret, 0.0)
    assert secret not in str(caught.value)
    with pytest.raises(SecretError, match="vonage signs nothing"):
        signed("vonage", "ws://h/x", {}, TOKEN, 0.0)
