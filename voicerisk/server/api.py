"""The JSON API: live and past calls, alerts, and what a person does about them."""

from typing import Annotated, Any, Final

from fastapi import APIRouter, HTTPException, Query, Request
from pydantic import BaseModel, Field
from starlette.responses import Response

from voicerisk.risk.alerts import AlertState, AlertStateError, UnknownAlertError
from voicerisk.server.access import Permission, needs
from voicerisk.server.answers import from_store, gives, json_answer, person_of, refuses
from voicerisk.server.commands import Commands
from voicerisk.server.live import LiveBoard
from voicerisk.server.views import AlertView, CallView, CurvePiece, Vitals, alert_view
from voicerisk.store.curve import unpack
from voicerisk.store.records import CallRecord
from voicerisk.store.store import Store

_Limit = Annotated[int, Query(ge=1, le=1000)]
_TEXT: Final = {"anyOf": [{"type": "string"}, {"type": "null"}]}
_READS: Final = refuses(_503="the store cannot be read")
_DEEDS: Final = refuses(_404="there is no such alert", _409="the alert is not in a state for that", _422="no name")


class Deed(BaseModel):
    """Who does it and what they add; a signed-in person's own name goes before `person`."""

    person: str | None = Field(None, max_length=200)
    note: str = Field("", max_length=2000)


def api_router(board: LiveBoard, store: Store, commands: Commands) -> APIRouter:
    """The routes under /api/v1 that answer JSON."""
    router = APIRouter(prefix="/api/v1", tags=["voicerisk"], dependencies=[needs(Permission.WATCH)])
    supervise = [needs(Permission.SUPERVISE)]

    @router.get("/status", summary="How the service itself fares", responses=gives(status=Vitals, store_problem=_TEXT))
    async def status() -> Response:
        return json_answer(status=board.vitals, store_problem=store.problem)

    @router.get("/calls", summary="The live calls, the tensest first", responses=gives(calls=[CallView]))
    async def calls() -> Response:
        return json_answer(calls=board.calls())

    @router.get(
        "/calls/past", summary="Calls from the record, the newest first", responses=gives(calls=[CallRecord]) | _READS
    )
    async def past_calls(limit: _Limit = 100, before_s: float | None = None) -> Response:
        return json_answer(calls=await from_store(store.calls(limit, before_s)))

    @router.get(
        "/calls/{call_id:path}/curve", summary="The stored tension curve of a call",
        responses=gives(pieces=[CurvePiece]) | _READS,
    )  # fmt: skip
    async def curve(call_id: str) -> Response:
        pieces = await from_store(store.curve(call_id))
        return json_answer(pieces=[CurvePiece(first, unpack(levels)) for first, levels in pieces])

    @router.get(
        "/calls/{call_id:path}", summary="One call, live or past",
        responses=gives(call=(CallView, CallRecord)) | _READS | refuses(_404="there is no such call"),
    )  # fmt: skip
    async def call(call_id: str) -> Response:
        found: Any = board.call(call_id) or await from_store(store.call(call_id))
        if found is None:
            raise HTTPException(404, f"there is no call {call_id[:100]!r}")
        return json_answer(call=found)

    @router.post(
        "/calls/{call_id:path}/opt-out", summary="The customer does not want to be judged: scoring stops at once",
        responses=gives(call=CallView) | refuses(_404="there is no such live call", _422="no name"),
        dependencies=supervise,
    )  # fmt: skip
    async def opt_out(call_id: str, deed: Deed, request: Request) -> Response:
        person = person_of(request, deed.person)
        if not await commands.opt_out(call_id, person) or (view := board.call(call_id)) is None:
            raise HTTPException(404, f"there is no live call {call_id[:100]!r}")
        return json_answer(call=view)

    @router.get(
        "/alerts", summary="Alerts: those not resolved, or with `state` those in the record, the newest first",
        responses=gives(alerts=[AlertView]) | _READS,
    )  # fmt: skip
    async def alerts(state: AlertState | None = None, limit: _Limit = 100, after_s: float = 0.0) -> Response:
        if state is None:
            return json_answer(alerts=[alert for alert in board.alerts() if alert.opened_at_s >= after_s][:limit])
        return json_answer(
            alerts=[alert_view(alert) for alert in await from_store(store.alerts([state], limit, after_s))]
        )

    @router.get(
        "/alerts/{alert_id:path}", summary="One alert with its history",
        responses=gives(alert=AlertView) | _READS | refuses(_404="there is no such alert"),
    )  # fmt: skip
    async def alert(alert_id: str) -> Response:
        if (live := board.alert(alert_id)) is not None:
            return json_answer(alert=live)
        stored = await from_store(store.alert(alert_id))
        if stored is None:
            raise HTTPException(404, f"there is no alert {alert_id[:100]!r}")
        return json_answer(alert=alert_view(stored))

    @router.post(
        "/alerts/{alert_id:path}/acknowledge", summary="Take the alert: it is yours from now on",
        responses=gives(alert=AlertView) | _DEEDS, dependencies=supervise,
    )  # fmt: skip
    async def acknowledge(alert_id: str, deed: Deed, request: Request) -> Response:
        person = person_of(request, deed.person)
        try:
            alert = await commands.acknowledge(alert_id, person, deed.note)
        except (UnknownAlertError, AlertStateError) as error:
            raise _problem(error) from None
        return json_answer(alert=board.alert(alert_id) or alert_view(alert))

    @router.post(
        "/alerts/{alert_id:path}/resolve", summary="Close the alert",
        responses=gives(alert=AlertView) | _DEEDS, dependencies=supervise,
    )  # fmt: skip
    async def resolve(alert_id: str, deed: Deed, request: Request) -> Response:
        person = person_of(request, deed.person)
        try:
            alert = await commands.resolve(alert_id, person, deed.note)
        except (UnknownAlertError, AlertStateError) as error:
            raise _problem(error) from None
        return json_answer(alert=board.alert(alert_id) or alert_view(alert))

    return router


def _problem(error: UnknownAlertError | AlertStateError) -> HTTPException:
    return HTTPException(404 if isinstance(error, UnknownAlertError) else 409, str(error))
