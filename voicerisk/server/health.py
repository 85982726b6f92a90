"""Is the process alive, is it ready for calls, and what do its meters say."""

import asyncio
from collections.abc import Callable, Sequence
from typing import Final

from fastapi import APIRouter
from prometheus_client import CONTENT_TYPE_LATEST, REGISTRY, generate_latest
from starlette.responses import JSONResponse, PlainTextResponse, Response

from voicerisk.server.access import Permission, needs
from voicerisk.server.commands import Commands
from voicerisk.store.store import Store

PROBE_WITHIN_S: Final = 2.0


def health_router(store: Store, commands: Commands, notes: Callable[[], Sequence[str]] = tuple) -> APIRouter:
    """The routes /healthz, /readyz and /metrics. `notes` are troubles that keep no call from being taken."""
    router = APIRouter()

    @router.get("/healthz", summary="The process is alive and its event loop turns", response_class=PlainTextResponse)
    async def healthz() -> Response:
        return PlainTextResponse("ok\n")

    @router.get(
        "/readyz",
        summary="Ready for new calls: 200, or 503 with the reasons",
        responses={503: {"description": "Not now"}},
    )
    async def readyz() -> Response:
        reasons = [*commands.not_ready(), *await _store_reasons(store)]
        answer: dict[str, object] = {"ready": not reasons, "reasons": reasons}
        if noted := notes():
            answer["notes"] = list(noted)
        return JSONResponse(answer, 503 if reasons else 200)

    @router.get(
        "/metrics", summary="Prometheus metrics", dependencies=[needs(Permission.WATCH)],
        response_class=PlainTextResponse,
    )  # fmt: skip
    async def metrics() -> Response:
        return Response(generate_latest(REGISTRY), media_type=CONTENT_TYPE_LATEST)

    return router


async def _store_reasons(store: Store) -> list[str]:
    try:
        problem = await asyncio.wait_for(asyncio.shield(store.probe()), PROBE_WITHIN_S)
    except TimeoutError:
        problem = f"a write has not reached the disk within {PROBE_WITHIN_S:g} s"
    return [] if problem is None else [f"the store does not take writes: {problem}"]
