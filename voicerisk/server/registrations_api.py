"""`POST /api/v1/calls/registrations`: who will be heard on an AudioSocket, said before Asterisk connects it."""

from typing import Final
from uuid import UUID

from fastapi import APIRouter, HTTPException
from pydantic import BaseModel, ConfigDict, Field
from starlette.responses import Response

from voicerisk import clock
from voicerisk.events import Role
from voicerisk.gateways import fields
from voicerisk.gateways.registered_call import RegisteredCall
from voicerisk.gateways.codec import CodecError
from voicerisk.server.answers import gives, json_answer, refuses
from voicerisk.server.registrations import Registrations, RegistrationsFullError

_TEXT: Final = {"type": "string"}
_SECONDS: Final = {"type": "number"}
_REFUSALS: Final = refuses(_409="AudioSocket is not enabled", _422="a field is wrong", _503="too many registrations")


class Registration(BaseModel):
    """One socket of a call. Both parties' sockets name the same `call_id`, each under a UUID of its own."""

    model_config = ConfigDict(extra="forbid")

    uuid: UUID
    call_id: str = Field(max_length=fields.MAX_ID_CHARS)
    role: Role
    queue: str | None = Field(None, max_length=fields.MAX_LABEL_CHARS)
    agent: str | None = Field(None, max_length=fields.MAX_LABEL_CHARS)
    labels: dict[str, str] = Field({}, max_length=fields.MAX_LABELS)


def registrations_router(registrations: Registrations, *, enabled: bool) -> APIRouter:
    """The route; `enabled` is whether anything listens for the sockets."""
    router = APIRouter(prefix="/api/v1", tags=["voicerisk"])

    @router.post(
        "/calls/registrations", summary="Say who will be heard on an AudioSocket",
        responses=gives(uuid=_TEXT, held_s=_SECONDS) | _REFUSALS,
    )  # fmt: skip
    async def register(registration: Registration) -> Response:
        if not enabled:
            raise HTTPException(409, "AudioSocket is not enabled; set audiosocket.enabled = true")
        uuid = str(registration.uuid)
        try:
            registrations.add(uuid, _call(registration), clock.monotonic_s())
        except CodecError as error:
            raise HTTPException(422, str(error)) from None
        except RegistrationsFullError as error:
            raise HTTPException(503, str(error)) from None
        return json_answer(uuid=uuid, held_s=registrations.held_s)

    return router


def _call(registration: Registration) -> RegisteredCall:
    named = {"queue": registration.queue, "agent": registration.agent}
    facts = {name: value for name, value in named.items() if value} | registration.labels
    call_id = fields.as_id(registration.call_id, "call_id")
    return RegisteredCall(call_id=call_id, role=registration.role, labels=fields.read_labels(facts))
