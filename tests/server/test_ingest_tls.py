"""wss: the same ingest behind TLS."""

import ssl
from pathlib import Path

import msgspec
import numpy as np
import pytest
from websockets.asyncio.client import connect
from websockets.exceptions import InvalidMessage

from tests.server.ingest_client import (
    closed_with,
    decoded,
    media_bytes,
    media_messages,
    running,
    settings,
    start_message,
    until,
)
from voicerisk.server.ingest_settings import IngestSettings, TlsSettings

# Made for these tests and used nowhere else.
CERTIFICATE = """\
-----BEGIN CERTIFICATE-----
MIIBmzCCAUGgAwIBAgIUAz5fjIflJj3IV7ldQ6rWsUADnTowCgYIKoZIzj0EAwIw
FDESMBAGA1UEAwwJbG9jYWxob3N0MCAXDTI2MTEyMjAxMDAyN1oYDzIxMjYxMDI5
MDEwMDI3WjAUMRIwEAYDVQQDDAlsb2NhbGhvc3QwWTATBgcqhkjOPQIBBggqhkjO
PQMBBwNCAAQQZ2z4OvGWvazNNBunskqvxdy5EwfE5loWvhmx5QEOAiNwRubbNcwc
7jI2FYIDs6nx4czPSnioH0UTmxWrqpOgo28wbTAdBgNVHQ4EFgQUYiPZTQa/oisM
q7AlTqh/QiGqcUAwHwYDVR0jBBgwFoAUYiPZTQa/oisMq7AlTqh/QiGqcUAwDwYD
VR0TAQH/BAUwAwEB/zAaBgNVHREEEzARgglsb2NhbGhvc3SHBH8AAAEwCgYIKoZI
zj0EAwIDSAAwRQIgdWGDenERbCspWRPPQ/thJffaXLZf37NOY8LsBcvV/UkCIQDB
dvIClzSdTe4Q2AKh4gHYNCqNE1+f1P0aw/eCFALZKw==
-----END CERTIFICATE-----
"""
KEY = """\
-----BEGIN PRIVATE KEY-----
MIGHAgEAMBMGByqGSM49AgEGCCqGSM49AwEHBG0wawIBAQQgirwmxIcCAYbgjDuR
29laVAC6dAkbXsYbYFyl9kSy8emhRANCAAQQZ2z4OvGWvazNNBunskqvxdy5EwfE
5loWvhmx5QEOAiNwRubbNcwc7jI2FYIDs6nx4czPSnioH0UTmxWrqpOg
-----END PRIVATE KEY-----
"""


@pytest.fixture
def tls(tmp_path: Path) -> IngestSettings:
    """Settings with a certificate."""
    certificate, key = tmp_path / "certificate.pem", tmp_path / "key.pem"
    certificate.write_text(CERTIFICATE)
    key.write_text(KEY)
    tls = TlsSettings(certificate=str(certificate), key=str(key))
    return msgspec.structs.replace(settings(turn_bytes=4096), tls=tls)


def trusting() -> ssl.SSLContext:
    """A client that takes any certificate: who the server is, is not the question here."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    return context


async def test_a_call_over_tls_arrives_whole(tls: IngestSettings) -> None:
    """A burst over wss comes out sample for sample, and its end is clean."""
    audio = media_bytes(500)
    async with running(tls) as server:
        async with connect(f"wss://127.0.0.1:{server.server.port}/twilio", ssl=trusting(), compression=None) as client:
            await client.send(start_message("c-1"))
            for message in media_messages(audio):
                await client.send(message)
        await until(lambda: bool(server.stream("c-1").ended))
        assert server.stream("c-1").ended[0].clean
    assert np.array_equal(server.stream("c-1").samples(), decoded(audio))


@pytest.mark.parametrize(("message", "code"), [("nonsense", 1007), ("x" * 70_000, 1009)])
async def test_a_bad_message_over_tls_is_closed_with_its_code(tls: IngestSettings, message: str, code: int) -> None:
    """The close code reaches the peer through TLS, where writing cannot be ended separately."""
    async with (
        running(tls) as server,
        connect(f"wss://127.0.0.1:{server.server.port}/twilio", ssl=trusting(), compression=None) as client,
    ):
        await client.send(message)
        assert (await closed_with(client))[0] == code


async def test_plain_ws_on_a_tls_port_costs_nothing(tls: IngestSettings) -> None:
    """A peer that does not speak TLS is dropped, and the next one is served."""
    async with running(tls) as server:
        with pytest.raises((OSError, InvalidMessage)):
            async with connect(f"ws://127.0.0.1:{server.server.port}/twilio", open_timeout=2.0):
                pass
        async with connect(f"wss://127.0.0.1:{server.server.port}/twilio", ssl=trusting()) as client:
            await client.send(start_message("c-2"))
            await until(lambda: len(server.sink.streams) == 1)


async def test_a_missing_certificate_is_said_at_the_start() -> None:
    """A certificate file that is not there stops the start, not the first call."""
    missing = msgspec.structs.replace(settings(), tls=TlsSettings(certificate="/nowhere.pem", key="/nowhere.pem"))
    with pytest.raises(FileNotFoundError):
        async with running(missing):
            pass
