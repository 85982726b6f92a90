"""A vendor's HTTP API on loopback: real requests, kept as they came, and trouble when a test asks for it."""

import asyncio
import json
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from enum import StrEnum
from typing import Any
from urllib.parse import parse_qsl

import msgspec
import uvicorn
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

SLOW_S = 30.0
"""Longer than any deadline of a test."""


class Trouble(StrEnum):
    """How the switch misbehaves."""

    REFUSED = "refused"
    """It does not want to."""
    TIMEOUT = "timeout"
    """It takes the request and says nothing."""
    GONE = "gone"
    """The call is not there any more."""


class Seen(msgspec.Struct, frozen=True):
    """A request as it came. `json` is {} and `form` empty where the body is of another kind."""

    method: str
    path: str
    query: dict[str, str]
    headers: dict[str, str]
    json: Any
    form: dict[str, str]
    body: bytes


class Refusal(Exception):
    """The fake answers with this status and JSON."""

    def __init__(self, status: int, body: Any = None) -> None:
        super().__init__(str(status))
        self.status = status
        self.body = body


Answer = Callable[[Seen], Any | Awaitable[Any]]


class WebFake:
    """Answers with what `answer` gives as JSON; keeps every request. `trouble` comes before anything is done."""

    def __init__(self, answer: Answer, refusal: Callable[[Trouble], Refusal], *, reads_fail: bool = False) -> None:
        self._answer = answer
        self._refusal = refusal
        self._reads_fail = reads_fail
        self.trouble: Trouble | None = None
        self.seen: list[Seen] = []
        self.url = ""

    async def handle(self, request: Request) -> Response:
        """One request."""
        body = await request.body()
        kind = request.headers.get("content-type", "")
        seen = Seen(
            method=request.method,
            path=request.url.path,
            query=dict(request.query_params),
            headers=dict(request.headers),
            json=json.loads(body) if body and "json" in kind else {},
            form=dict(parse_qsl(body.decode())) if "form" in kind else {},
            body=body,
        )
        self.seen.append(seen)
        try:
            if self.trouble is not None and (request.method != "GET" or self._reads_fail):
                if self.trouble is Trouble.TIMEOUT:
                    await asyncio.sleep(SLOW_S)
                raise self._refusal(self.trouble)
            answer = self._answer(seen)
            if isinstance(answer, Awaitable):
                answer = await answer
        except Refusal as refusal:
            return Response(msgspec.json.encode(refusal.body or {}), refusal.status, media_type="application/json")
        if answer is None:
            return Response(status_code=204)
        return Response(msgspec.json.encode(answer), 200, media_type="application/json")


METHODS = ["GET", "POST", "PUT", "PATCH", "DELETE"]


@asynccontextmanager
async def serving(fake: WebFake, *more: BaseRoute) -> AsyncIterator[WebFake]:
    """The fake on a free loopback port, until the block ends."""
    app = Starlette(routes=[*more, Route("/{path:path}", fake.handle, methods=METHODS)])
    config = uvicorn.Config(
        app, host="127.0.0.1", port=0, log_config=None, lifespan="off", ws="websockets-sansio",
        timeout_graceful_shutdown=0,
    )  # fmt: skip
    server = uvicorn.Server(config)
    config.load()
    server.lifespan = config.lifespan_class(config)
    await server.startup()
    fake.url = f"http://127.0.0.1:{server.servers[0].sockets[0].getsockname()[1]}"
    loop_task = asyncio.create_task(server.main_loop())
    try:
        yield fake
    finally:
        # The door first: a client that tries again must not come in behind the back of what is closed here.
        for listener in server.servers:
            listener.close()
        loop_task.cancel()
        await asyncio.gather(loop_task, return_exceptions=True)
        while server.server_state.connections or server.server_state.tasks:
            for connection in list(server.server_state.connections):
                server.server_state.connections.discard(connection)
                if (transport := getattr(connection, "transport", None)) is not None:
                    transport.abort()
            tasks = list(server.server_state.tasks)
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
            await asyncio.sleep(0)
