"""`POST /api/v1/calls/registrations`: who will be heard on an AudioSocket, said before Asterisk connects it."""

from typing import Final
from uuid import UUID

from fastapi import APIRouter, HTTPException
from starlette.responses import Response

from voicerisk import clock
from voicerisk.gateways.codec import CodecError
from voicerisk.server.access import Permission, needs
from voicerisk.server.answers import gives, json_answer, refuses
from voicerisk.server.registered_party import Party
from voicerisk.server.registrations import Registrations, RegistrationsFullError

_TEXT: Final = {"type": "string"}
_SECONDS: Final = {"type": "number"}
_REFUSALS: Final = refuses(_409="AudioSocket is not enabled", _422="a field is wrong", _503="too many registrations")


class Registration(Party):
    """One socket of a call; each has a UUID of its own."""

    uuid: UUID


def registrations_router(registrations: Registrations, *, enabled: bool) -> APIRouter:
    """The route; `enabled` is whether anything listens for the sockets."""
    router = APIRouter(prefix="/api/v1", tags=["voicerisk"], dependencies=[needs(Permission.CONNECT)])

    @router.post(
        "/calls/registrations", summary="Say who will be heard on an AudioSocket",
        responses=gives(uuid=_TEXT, held_s=_SECONDS) | _REFUSALS,
    )  # fmt: skip
    async def register(registration: Registration) -> Response:
        if not enabled:
            raise HTTPException(409, "AudioSocket is not enabled; set audiosocket.enabled = true")
        uuid = str(registration.uuid)
        try:
            registrations.add(uuid, registration.registered(), clock.monotonic_s())
        except CodecError as error:
            raise HTTPException(422, str(error)) from None
        except RegistrationsFullError as error:
            raise HTTPException(503, str(error)) from None
        return json_answer(uuid=uuid, held_s=registrations.held_s)

    return router
