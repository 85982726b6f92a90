"""The running service's certificates: exchanged by SIGHUP, in the middle of a call."""

import ssl
from pathlib import Path

import pytest
from websockets.asyncio.client import connect

from tests.certificates import Authority
from tests.conftest import StartService
from tests.eventually import eventually


async def test_sighup_exchanges_certificates_under_a_live_call(start_service: StartService, tmp_path: Path) -> None:
    """Bad files are told and change nothing; good ones serve new connections, on both ports; the call never notices."""
    old, new = Authority(tmp_path / "tls", "old"), Authority(tmp_path / "tls", "new")
    certificate, key = old.issue("server")
    files = f'{{certificate = "{certificate}", key = "{key}"}}'
    service = await start_service(f"ingest.tls = {files}", f"http.tls = {files}")
    url = f"wss://127.0.0.1:{service.ingest_port}/fork"
    async with connect(url, ssl=old.trusted()) as live:
        await live.send('{"callId":"c"}')
        key.write_text("not a key")
        service.hang_up()
        await eventually(lambda: len(service.said("a certificate cannot be loaded; the old one stays")) == 2)
        assert "server.key" in service.said("a certificate cannot be loaded; the old one stays")[0]["why"]
        async with connect(url, ssl=old.trusted()):
            pass
        new.issue("server")
        service.hang_up()
        await eventually(lambda: len(service.said("certificate loaded")) == 4)
        async with connect(url, ssl=new.trusted()):
            pass
        with pytest.raises(ssl.SSLCertVerificationError):
            await connect(url, ssl=old.trusted())
        feed = f"wss://127.0.0.1:{service.http_port}/api/v1/feed"
        async with connect(feed, ssl=new.trusted(), proxy=None) as screen:
            assert await screen.recv()
        await (await live.ping())
    assert "not a key" not in service.log.read_text()
