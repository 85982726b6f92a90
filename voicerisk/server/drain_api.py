"""`POST /drain` sends new calls elsewhere, before an update or by a load balancer's wish; `DELETE /drain` undoes it."""

from typing import Final, Protocol

from fastapi import APIRouter, HTTPException, Request
from starlette.responses import Response

from voicerisk.server.access import Permission, Visitor, needs
from voicerisk.server.answers import gives, json_answer, refuses

_ANSWER: Final = gives(draining={"type": "boolean"}, calls={"type": "integer"})


class Drained(Protocol):
    """What can be drained."""

    @property
    def draining(self) -> bool:
        """Whether new calls are sent elsewhere."""

    @property
    def n_streams(self) -> int:
        """Connections that carry a call now."""

    async def drain(self, person: str) -> None:
        """Sends new calls elsewhere; live ones go on."""

    async def undrain(self, person: str) -> bool:
        """Takes new calls again; False if the service is stopping."""


def drain_router(service: Drained) -> APIRouter:
    """The routes, for administrators and for the programs that roll out updates."""
    router = APIRouter(tags=["administration"], dependencies=[needs(Permission.ADMINISTER)])

    def answer() -> Response:
        return json_answer(draining=service.draining, calls=service.n_streams)

    @router.get("/drain", summary="Whether new calls are sent elsewhere, and how many are still on", responses=_ANSWER)
    async def state() -> Response:
        return answer()

    @router.post("/drain", summary="Send new calls elsewhere; live ones go on", responses=_ANSWER)
    async def drain(request: Request) -> Response:
        await service.drain(_who(request))
        return answer()

    @router.delete(
        "/drain", summary="Take new calls again", responses=_ANSWER | refuses(_409="the service is stopping")
    )
    async def undrain(request: Request) -> Response:
        if not await service.undrain(_who(request)):
            raise HTTPException(409, "the service is stopping")
        return answer()

    return router


def _who(request: Request) -> str:
    visitor: Visitor = request.state.visitor
    return visitor.person or (f"the token {visitor.token}" if visitor.token else "somebody on this machine")
