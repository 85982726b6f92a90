"""`POST /api/v1/events`: what other systems know, on the disk before it is acknowledged; and the customers' cards."""

import asyncio
from functools import partial
from typing import Annotated, Any, Final

import msgspec
from fastapi import APIRouter, HTTPException, Path, Query, Request
from starlette.responses import Response

from voicerisk import clock
from voicerisk.events.data import CUSTOMER_PATTERN
from voicerisk.risk.card import CustomerCard, customer_card
from voicerisk.risk.config import RiskConfig
from voicerisk.server.access import Permission, Visitor, needs
from voicerisk.server.answers import from_store, gives, json_answer, refuses
from voicerisk.server.door import Door
from voicerisk.server.http_settings import HttpSettings
from voicerisk.server.limits import TokenBuckets
from voicerisk.server.office import Office
from voicerisk.server.scribe import Scribe
from voicerisk.server.told import ToldError, read_told
from voicerisk.server.views import encode_json
from voicerisk.store import journal
from voicerisk.store.journal import DeadLetter
from voicerisk.store.store import Store
from voicerisk.store.writer import StoreError

_Limit = Annotated[int, Query(ge=1, le=10_000)]
_NUMBER: Final = {"type": "integer"}
_OBJECTS: Final = {"type": "array", "items": {"type": "object"}}
_LIMITS: Final = HttpSettings()
_BODY: Final = {
    "requestBody": {
        "required": True,
        "content": {"application/json": {"schema": {"anyOf": [{"type": "object"}, _OBJECTS]}}},
    }
}


def events_router(
    office: Office,
    scribe: Scribe,
    store: Store,
    config: RiskConfig,
    door: Door,
    limits: HttpSettings = _LIMITS,
) -> APIRouter:
    """The routes for events in, events out again, what was refused, and customers."""
    router = APIRouter(prefix="/api/v1", tags=["events"])
    engine = office.engine
    flood = TokenBuckets(limits.events_per_s, limits.events_burst)

    @router.post(
        "/events", summary="Tell one event, or up to 1,000", status_code=202, openapi_extra=_BODY,
        dependencies=[needs(Permission.TELL)],
        responses=refuses(_400="not JSON, or too many", _422="none of the events can be taken",
                          _429="too many events: send them again in a moment",
                          _503="not on the disk: send them again, with the same ids")
        | {202: gives(taken=_NUMBER, refused=_OBJECTS)[200]},
    )  # fmt: skip
    async def tell(request: Request) -> Response:
        try:
            told = read_told(await request.body(), door.name_of)
        except ToldError as error:
            raise HTTPException(400, str(error)) from None
        visitor: Visitor = request.state.visitor
        source = visitor.token or "api"
        if not flood.take(visitor.token or visitor.person or "", clock.monotonic_s(), told.n):
            text = f"more than {limits.events_per_s:g} events a second; send them again in a moment"
            raise HTTPException(429, text, {"Retry-After": "1"})
        for refused, letter in zip(told.refused, told.letters, strict=True):
            reason = f"{refused.field}: {refused.reason}" if refused.field else refused.reason
            scribe.refused(DeadLetter(at_s=clock.now_s(), source=source, reason=reason, payload=letter))
        admitted = [door.admit(event) for event in told.events]
        joined = [saving for _, saving in admitted if saving is not None]
        try:
            answer = await office.tell([event for event, _ in admitted])
            if not all(await asyncio.gather(*joined)):
                raise StoreError(store.problem or "who is whom is not on the disk yet")
        except StoreError as error:
            raise HTTPException(503, f"not on the disk, send them again: {error}") from None
        refusals: list[Any] = [msgspec.structs.asdict(refused) for refused in told.refused]
        refusals += [{"id": one.event_id, "field": "", "reason": one.reason} for one in answer.refused]
        told_all = {"taken": answer.n_taken, "refused": refusals}
        if refusals and not answer.n_taken:
            body = encode_json({"detail": "none of the events was taken", **told_all})
            return Response(body, 422, media_type="application/json")
        return Response(encode_json(told_all), 202, media_type="application/json")

    @router.get(
        "/events", summary="Events from the record, the oldest first", dependencies=[needs(Permission.REPORT)],
        responses=gives(events=_OBJECTS) | refuses(_503="the store cannot be read"),
    )  # fmt: skip
    async def events(
        from_s: float = 0.0, to_s: float = 1e12, call: str | None = None, customer: str | None = None,
        type: str | None = None, limit: _Limit = 1000,
    ) -> Response:  # fmt: skip
        read = partial(
            journal.read_events, from_s=from_s, to_s=to_s, types=[type] if type else (), call_id=call,
            customer=customer, limit=limit,
        )  # fmt: skip
        rows = await from_store(store.read(read))
        return json_answer(events=[{"heard_at_s": row.heard_at_s, **msgspec.json.decode(row.payload)} for row in rows])

    @router.get(
        "/events/refused", summary="What was not taken, the newest first, without numbers in the clear",
        dependencies=[needs(Permission.REPORT)],
        responses=gives(refused=_OBJECTS) | refuses(_503="the store cannot be read"),
    )  # fmt: skip
    async def refused(limit: _Limit = 100) -> Response:
        return json_answer(refused=await from_store(store.read(partial(journal.read_dead_letters, limit=limit))))

    @router.get(
        "/customers/{customer}/card", summary="What whoever answers should know before the first word",
        dependencies=[needs(Permission.CARD)],
        responses=gives(card=CustomerCard) | refuses(_422="that is no customer's name"),
    )  # fmt: skip
    async def card(
        customer: Annotated[str, Path(max_length=80, pattern=CUSTOMER_PATTERN.replace(r"\Z", "$"))],
        queue: str | None = None,
    ) -> Response:
        now = clock.now_s()
        made = customer_card(
            door.name_of(customer) or customer, now, desk=engine.desk, settings=config.desk, gauges=config.gauges,
            reading_of=lambda gauge, key: engine.reading(gauge, key, now), queue=queue,
        )  # fmt: skip
        return json_answer(card=made)

    return router
