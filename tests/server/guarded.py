"""Routes behind the guard that stands before every route of the service."""

from fastapi import APIRouter, FastAPI

from voicerisk.server.auth import Guard, Sessions
from voicerisk.server.http_settings import HttpSettings


def guarded(*routers: APIRouter) -> FastAPI:
    """An application with these routes, for programs on this machine: their host is 127.0.0.1, and no token is set."""
    settings = HttpSettings(port=0)
    app = FastAPI()
    for router in routers:
        app.include_router(router)
    app.add_middleware(Guard, settings=settings, sessions=Sessions(b"a key for tests", settings))
    return app
