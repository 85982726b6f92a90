import asyncio
import json
import signal
import socket
from pathlib import Path

import httpx
import pytest
from fastapi import FastAPI, Request

from tests.certificates import Authority
from tests.server.served import serving
from voicerisk.server.http import HttpServer
from voicerisk.server.http_settings import HttpSettings
from voicerisk.server.tls import TlsSettings


async def test_port_that_is_taken_is_named(tmp_path: Path) -> None:
    """A port that somebody else holds gives an error with the setting and the address in it."""
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        with pytest.raises(OSError, match=rf"http.port: cannot listen on 127.0.0.1:{port}"):
            async with serving(tmp_path, HttpSettings(port=port)):
                pass


async def test_stop_tells_open_websockets(tmp_path: Path) -> None:
    """Stopping closes the feed with "service restart" (1012) and ends within seconds; then the port is free."""
    async with serving(tmp_path) as served:
        connection = await served.connect("/api/v1/feed")
        await connection.recv()
    async with asyncio.timeout(5):
        await connection.wait_closed()
    assert connection.close_code == 1012
    with socket.create_server(("127.0.0.1", served.port)):
        pass


async def test_feed_is_never_silent(tmp_path: Path) -> None:
    """With nothing going on the feed says so every 2 s, so a screen can tell a dead line from a calm day."""
    async with serving(tmp_path) as served, served.connect("/api/v1/feed") as feed:
        assert json.loads(await feed.recv())["type"] == "snapshot"
        seen = [json.loads(await asyncio.wait_for(feed.recv(), 4))["type"] for _ in range(2)]
    assert seen == ["status", "status"]


async def test_api_describes_itself(tmp_path: Path) -> None:
    """The OpenAPI description is served, and no page that loads scripts from elsewhere is."""
    async with serving(tmp_path) as served:
        paths = (await served.http.get("/api/v1/openapi.json")).json()["paths"]
        assert "/api/v1/alerts/{alert_id}/acknowledge" in paths
        assert (await served.http.get("/docs")).status_code == 404


async def test_signals_are_left_to_the_service(tmp_path: Path) -> None:
    """The HTTP side takes no hold of SIGTERM and SIGINT."""
    before = signal.getsignal(signal.SIGTERM), signal.getsignal(signal.SIGINT)
    async with serving(tmp_path):
        assert (signal.getsignal(signal.SIGTERM), signal.getsignal(signal.SIGINT)) == before


async def test_https(tmp_path: Path) -> None:
    """With a certificate of its own the HTTP side speaks TLS, takes a new one while it runs."""
    authority = Authority(tmp_path / "authority", "authority")
    certificate, key = authority.issue("server")
    tls = TlsSettings(certificate=str(certificate), key=str(key))
    server = HttpServer(_greeting(), HttpSettings(port=0, tls=tls))
    port = await server.start()
    try:
        for _ in range(2):
            async with httpx.AsyncClient(trust_env=False, verify=authority.trusted()) as client:
                assert (await client.get(f"https://127.0.0.1:{port}/")).json() == "https"
            authority = Authority(tmp_path / "authority", "other")
            authority.issue("server")
            server.reload()
    finally:
        await server.stop()


def _greeting() -> FastAPI:
    app = FastAPI()

    @app.get("/")
    async def scheme(request: Request) -> str:
        return request.url.scheme

    return app
