"""The HTTP side as one application, and the server that runs it inside the service's own event loop."""

import asyncio
import contextlib
import itertools
import socket
from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from functools import partial
from typing import Final

import uvicorn
from fastapi import APIRouter, FastAPI
from fastapi.exceptions import RequestValidationError

from voicerisk.server.answers import describe, not_as_described
from voicerisk.server.api import api_router
from voicerisk.server.auth import Guard, Sessions
from voicerisk.server.commands import Commands
from voicerisk.server.health import health_router
from voicerisk.server.http_settings import HttpSettings
from voicerisk.server.live import LiveBoard
from voicerisk.server.passwords import LOOK_EVERY_S, Passwords
from voicerisk.server.sign_in import sign_in_router
from voicerisk.server.sound import sound_router
from voicerisk.server.streams import stream_router
from voicerisk.server.tls import Tls
from voicerisk.store.store import Store

BEAT_S: Final = 2.0
"""The feed says something at least this often."""


def create_app(
    board: LiveBoard,
    store: Store,
    commands: Commands,
    settings: HttpSettings,
    *,
    session_key: bytes,
    more: Sequence[APIRouter] = (),
    notes: Callable[[], Sequence[str]] = tuple,
) -> FastAPI:
    """Every route of the HTTP side except the console, which attaches itself (`voicerisk.console.pages.attach`).

    `more` are routes that go before the API's own, whose `/calls/{id}` takes whatever else begins like it; `notes` are
    troubles that are said where the health is asked for, and keep no call from being taken.
    """
    passwords = Passwords(store)

    @contextlib.asynccontextmanager
    async def lifespan(_app: FastAPI) -> AsyncIterator[None]:
        await passwords.look_who_there_is()
        ticker = asyncio.create_task(_flush_for_ever(board, 1.0 / settings.updates_per_s))
        looking = asyncio.create_task(_look_for_ever(passwords))
        try:
            yield
        finally:
            ticker.cancel()
            looking.cancel()

    app = FastAPI(
        title="voicerisk",
        version="1",
        openapi_url="/api/v1/openapi.json",
        # The usual documentation pages load their scripts from elsewhere; a call centre's network may have no way out.
        docs_url=None,
        redoc_url=None,
        lifespan=lifespan,
    )
    app.add_exception_handler(RequestValidationError, not_as_described)
    app.openapi = partial(describe, app)  # type: ignore[method-assign]
    sessions = Sessions(session_key, settings, passwords.still_holds)
    app.include_router(health_router(store, commands, notes))
    person = settings.default_person
    app.include_router(sign_in_router(sessions, passwords, needs_token=bool(settings.token), default_person=person))
    app.include_router(stream_router(board, store, settings.max_listeners_per_call))
    app.include_router(sound_router(board, store))
    for router in more:
        app.include_router(router)
    app.include_router(api_router(board, store, commands))
    app.add_middleware(Guard, settings=settings, sessions=sessions)
    return app


async def _flush_for_ever(board: LiveBoard, every_s: float) -> None:
    beats = max(1, round(BEAT_S / every_s))
    for n in itertools.count():
        await asyncio.sleep(every_s)
        board.flush()
        if n % beats == 0:
            board.beat()


async def _look_for_ever(passwords: Passwords) -> None:
    while True:
        await asyncio.sleep(LOOK_EVERY_S)
        await passwords.look_who_there_is()


class _Uvicorn(uvicorn.Server):
    """Uvicorn without its own signal handling: the service decides when to stop."""

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield


class HttpServer:
    """Serves an application in the running event loop. Raises `OSError` for TLS files that cannot be used."""

    def __init__(self, app: FastAPI, settings: HttpSettings) -> None:
        self._settings = settings
        self._tls = None if settings.tls is None else Tls(settings.tls, "http")
        config = uvicorn.Config(
            app,
            log_config=None,
            access_log=False,
            lifespan="on",
            limit_concurrency=settings.max_connections,
            timeout_graceful_shutdown=3,
            ws="websockets-sansio",
            ws_max_size=1 << 20,
            # Sound does not shrink, and a feed's small frames are not worth the processor time.
            ws_per_message_deflate=False,
            server_header=False,
        )
        config.load()
        # Its own way of loading files knows no way of loading them again.
        config.ssl = None if self._tls is None else self._tls.context
        self._server = _Uvicorn(config)
        self._task: asyncio.Task[None] | None = None

    async def start(self) -> int:
        """The port it listens on, once it answers. Raises OSError, with the address in it, when it cannot be taken."""
        listener = _listen_on(self._settings.host, self._settings.port)
        self._task = asyncio.create_task(self._server.serve(sockets=[listener]))
        while not self._server.started:
            if self._task.done():
                self._task.result()
                raise RuntimeError("the HTTP side ended while it started")
            await asyncio.sleep(0.01)
        port: int = listener.getsockname()[1]
        return port

    def reload(self) -> None:
        """Reads the files of TLS again, for connections to come. Raises `OSError`, and then the old ones stay."""
        if self._tls is not None:
            self._tls.reload()

    async def stop(self) -> None:
        """Closes the door, tells open websockets that the service goes away, and waits for them for 3 s at most."""
        self._server.should_exit = True
        if self._task is not None:
            await self._task


def _listen_on(host: str, port: int) -> socket.socket:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    listener = socket.socket(family, socket.SOCK_STREAM)
    try:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind((host, port))
    except OSError as error:
        listener.close()
        raise OSError(error.errno, f"http.host/http.port: cannot listen on {host}:{port}: {error.strerror}") from error
    listener.setblocking(False)
    return listener
