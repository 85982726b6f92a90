"""The HTTP side as it is served: a real port, a real store, and a floor that moves it."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import httpx
import websockets
from fastapi import FastAPI
from websockets.asyncio.client import ClientConnection

from tests.server.floor import Floor
from voicerisk.server.auth import COOKIE, Sessions
from voicerisk.server.http import HttpServer, create_app
from voicerisk.server.http_settings import HttpSettings
from voicerisk.server.live import LiveBoard
from voicerisk.store.settings import StoreSettings
from voicerisk.store.store import Store

KEY = b"a key for tests"


class Served:
    """A running HTTP side: `floor` moves it, `http` asks it, `connect` opens a websocket to it."""

    def __init__(self, app: FastAPI, floor: Floor, port: int, http: httpx.AsyncClient, settings: HttpSettings) -> None:
        self.app = app
        self.floor = floor
        self.board = floor.board
        self.store = floor.store
        self.port = port
        self.http = http
        self.settings = settings

    def connect(self, path: str, **headers: str) -> websockets.connect:
        """A websocket to that path; a header's underscores stand for dashes."""
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        return websockets.connect(
            f"ws://127.0.0.1:{self.port}{path}", additional_headers=named, proxy=None, max_queue=None
        )

    def cookie_of(self, person: str) -> str:
        """The Cookie header of a signed-in person."""
        return f"{COOKIE}={Sessions(KEY, self.settings).cookie_for(person)}"


@asynccontextmanager
async def serving(folder: Path, settings: HttpSettings | None = None) -> AsyncIterator[Served]:
    """The HTTP side on a free loopback port, until the block ends."""
    settings = settings or HttpSettings(port=0, updates_per_s=10)
    store = Store.open(
        StoreSettings(url=f"sqlite:///{folder}/x.db", busy_timeout_s=0.05, retry_s=0.05, answer_within_s=5.0)
    )
    floor = Floor(LiveBoard(), store)
    app = create_app(floor.board, store, floor, settings, session_key=KEY)
    server = HttpServer(app, settings)
    try:
        port = await server.start()
        async with httpx.AsyncClient(base_url=f"http://127.0.0.1:{port}", trust_env=False) as http:
            yield Served(app, floor, port, http, settings)
    finally:
        await server.stop()
        await store.close()


async def text_of(socket: ClientConnection) -> str:
    """The next message, which must be text."""
    message = await socket.recv()
    assert isinstance(message, str)
    return message
