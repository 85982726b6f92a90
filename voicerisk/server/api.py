"""The JSON API: live and past calls, alerts, and what a person does about them."""

from typing import Annotated, Any

from fastapi import APIRouter, HTTPException, Query, Request
from pydantic import BaseModel, Field
from starlette.responses import Response

from voicerisk.risk.alerts import AlertState, AlertStateError, UnknownAlertError
from voicerisk.server.auth import Visitor, clean_name
from voicerisk.server.commands import Commands
from voicerisk.server.live import LiveBoard
from voicerisk.server.views import alert_view, encode_json
from voicerisk.store.curve import unpack
from voicerisk.store.store import Store
from voicerisk.store.writer import StoreError

_Limit = Annotated[int, Query(ge=1, le=1000)]


class Deed(BaseModel):
    """Who does it and what they add; a signed-in person's own name goes before `person`."""

    person: str | None = Field(None, max_length=200)
    note: str = Field("", max_length=2000)


def api_router(board: LiveBoard, store: Store, commands: Commands) -> APIRouter:
    """The routes under /api/v1 that answer JSON."""
    router = APIRouter(prefix="/api/v1", tags=["voicerisk"])

    @router.get("/status", summary="How the service itself fares")
    async def status() -> Response:
        return _json({"status": board.vitals, "store_problem": store.problem})

    @router.get("/calls", summary="The live calls, the tensest first")
    async def calls() -> Response:
        return _json({"calls": board.calls()})

    @router.get("/calls/past", summary="Calls from the record, the newest first")
    async def past_calls(limit: _Limit = 100, before_s: float | None = None) -> Response:
        return _json({"calls": await _read(store.calls(limit, before_s))})

    @router.get("/calls/{call_id:path}/curve", summary="The stored tension curve of a call")
    async def curve(call_id: str) -> Response:
        pieces = await _read(store.curve(call_id))
        return _json({"pieces": [{"first_hop": first, "levels": unpack(levels)} for first, levels in pieces]})

    @router.get("/calls/{call_id:path}", summary="One call, live or past")
    async def call(call_id: str) -> Response:
        found: Any = board.call(call_id) or await _read(store.call(call_id))
        if found is None:
            raise HTTPException(404, f"there is no call {call_id[:100]!r}")
        return _json({"call": found})

    @router.get("/alerts", summary="Alerts: those not resolved, or with `state` those in the record")
    async def alerts(state: AlertState | None = None, limit: _Limit = 100) -> Response:
        if state is None:
            return _json({"alerts": board.alerts()[:limit]})
        return _json({"alerts": [alert_view(alert) for alert in await _read(store.alerts([state], limit))]})

    @router.get("/alerts/{alert_id:path}", summary="One alert with its history")
    async def alert(alert_id: str) -> Response:
        if (live := board.alert(alert_id)) is not None:
            return _json({"alert": live})
        stored = await _read(store.alert(alert_id))
        if stored is None:
            raise HTTPException(404, f"there is no alert {alert_id[:100]!r}")
        return _json({"alert": alert_view(stored)})

    @router.post("/alerts/{alert_id:path}/acknowledge", summary="Take the alert: it is yours from now on")
    async def acknowledge(alert_id: str, deed: Deed, request: Request) -> Response:
        person = _person(request, deed)
        try:
            alert = await commands.acknowledge(alert_id, person, deed.note)
        except (UnknownAlertError, AlertStateError) as error:
            raise _problem(error) from None
        return _json({"alert": board.alert(alert_id) or alert_view(alert)})

    @router.post("/alerts/{alert_id:path}/resolve", summary="Close the alert")
    async def resolve(alert_id: str, deed: Deed, request: Request) -> Response:
        person = _person(request, deed)
        try:
            alert = await commands.resolve(alert_id, person, deed.note)
        except (UnknownAlertError, AlertStateError) as error:
            raise _problem(error) from None
        return _json({"alert": board.alert(alert_id) or alert_view(alert)})

    return router


def _person(request: Request, deed: Deed) -> str:
    visitor: Visitor = request.state.visitor
    try:
        return visitor.person or clean_name(deed.person or "")
    except ValueError as error:
        raise HTTPException(422, f"person: {error}") from None


def _problem(error: UnknownAlertError | AlertStateError) -> HTTPException:
    return HTTPException(404 if isinstance(error, UnknownAlertError) else 409, str(error))


async def _read(query: Any) -> Any:
    try:
        return await query
    except StoreError as error:
        raise HTTPException(503, str(error)) from None


def _json(content: Any) -> Response:
    return Response(encode_json(content), media_type="application/json")
