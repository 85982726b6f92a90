"""How the receivers fare, what became of an alert's notifications, and switching them on for a browser."""

from functools import partial
from pathlib import Path
from typing import Annotated, Any, Final

import msgspec
from fastapi import APIRouter, HTTPException, Query, Request
from pydantic import BaseModel, ConfigDict, Field
from starlette.responses import Response

from voicerisk import clock
from voicerisk.notify.assembly import NotifyPart
from voicerisk.notify.phones import PhoneError, PhonesFullError, forget_phone, phone_of
from voicerisk.server.access import Permission, Visitor, needs
from voicerisk.server.answers import from_store, gives, json_answer, person_of, refuses
from voicerisk.store import outbox

_WORKER: Final = (Path(__file__).parent / "static" / "push_worker.js").read_text(encoding="utf-8")
_OBJECTS: Final = {"type": "array", "items": {"type": "object"}}
_ANY_TEXT: Final = {"anyOf": [{"type": "string"}, {"type": "null"}]}
_TEXT: Final = {"type": "string"}
_OFF: Final = "no receiver of kind webpush is configured"


class Keys(BaseModel):
    """What a message for this browser is encrypted with, in base64url."""

    model_config = ConfigDict(extra="forbid")

    p256dh: str = Field(max_length=128)
    auth: str = Field(max_length=64)


class Subscription(BaseModel):
    """What a browser's `PushSubscription.toJSON()` gives."""

    model_config = ConfigDict(extra="ignore")

    endpoint: str = Field(max_length=2048)
    keys: Keys
    person: str | None = Field(None, max_length=200)


def notify_router(part: NotifyPart) -> APIRouter:
    """The routes. Where no receiver is of kind webpush, nothing can be switched on."""
    notifications, store, phones, vapid = part.notifications, part.store, part.phones, part.vapid
    router = APIRouter(tags=["notifications"], dependencies=[needs(Permission.WATCH)])

    @router.get(
        "/api/v1/notifications", summary="How each receiver of notifications fares",
        responses=gives(receivers=_OBJECTS, problem=_TEXT),
    )  # fmt: skip
    async def receivers() -> Response:
        return json_answer(receivers=notifications.health, problem=notifications.problem)

    @router.get(
        "/api/v1/notifications/sent", summary="What became of an alert's notifications, the oldest first",
        responses=gives(notifications=_OBJECTS) | refuses(_503="the store cannot be read"),
    )  # fmt: skip
    async def sent(alert: Annotated[str, Query(max_length=256)]) -> Response:
        items = await from_store(store.read(partial(outbox.items_of_alert, alert_id=alert)))
        return json_answer(notifications=[_shown(item) for item in items])

    @router.get(
        "/api/v1/push/key", summary="The key that a browser subscribes with; null where there is no Web Push",
        responses=gives(key=_ANY_TEXT),
    )  # fmt: skip
    async def key() -> Response:
        return json_answer(key=None if vapid is None else vapid.public)

    @router.post(
        "/api/v1/push/subscriptions", summary="Switch notifications on for this browser",
        responses=gives(id=_TEXT) | refuses(_409=_OFF, _422="it cannot be called", _503="no room, or not saved"),
    )  # fmt: skip
    async def subscribe(wanted: Subscription, request: Request) -> Response:
        person = person_of(request, wanted.person)
        if vapid is None:
            raise HTTPException(409, _OFF)
        try:
            keys = wanted.keys
            phone = phone_of(person, wanted.endpoint, keys.p256dh, keys.auth, clock.now_s(), part.push_services)
            gone = phones.add(phone)
        except PhoneError as error:
            raise HTTPException(422, str(error)) from None
        except PhonesFullError as error:
            raise HTTPException(503, str(error)) from None
        for old in gone:
            await forget_phone(store, phones, old.id)
        if not await store.save(("phone", phone.id), partial(outbox.put_subscription, subscription=phone)):
            raise HTTPException(503, f"it holds until the next start only: {store.problem}")
        return json_answer(id=phone.id)

    @router.delete(
        "/api/v1/push/subscriptions/{phone_id}", summary="Switch notifications off for a browser",
        responses=gives(id=_TEXT) | refuses(_404="there is no such browser of yours"),
    )  # fmt: skip
    async def unsubscribe(phone_id: str, request: Request) -> Response:
        visitor: Visitor = request.state.visitor
        phone = phones.get(phone_id)
        if phone is None or visitor.person not in (None, phone.person):
            raise HTTPException(404, "there is no such browser of yours")
        await forget_phone(store, phones, phone_id)
        return json_answer(id=phone_id)

    @router.get("/push-worker.js", include_in_schema=False)
    async def worker() -> Response:
        # At the root, because a worker sees only pages below its own address.
        return Response(_WORKER, media_type="text/javascript", headers={"Cache-Control": "no-cache"})

    return router


def _shown(item: outbox.OutboxItem) -> dict[str, Any]:
    fields = msgspec.structs.asdict(item)
    del fields["payload"]
    return fields
