"""How the API answers: JSON made from structs, schemas that say what is in it, and the person who asks."""

import json
from collections.abc import Awaitable
from typing import Any, Final, TypeVar

import msgspec
from fastapi import FastAPI, HTTPException, Request
from fastapi.exceptions import RequestValidationError
from fastapi.openapi.utils import get_openapi
from starlette.responses import Response

from voicerisk.risk.card import CustomerCard
from voicerisk.risk.runs import Run
from voicerisk.risk.silences import Silence
from voicerisk.risk.tasks import Task
from voicerisk.server.access import Visitor
from voicerisk.server.auth import clean_name
from voicerisk.server.views import AlertView, CallView, CurvePiece, GaugeView, Vitals, encode_json
from voicerisk.store.history import Mark
from voicerisk.store.records import CallRecord
from voicerisk.store.writer import StoreError

T = TypeVar("T")

_SHOWN: Final = (
    AlertView,
    CallRecord,
    CallView,
    CurvePiece,
    CustomerCard,
    GaugeView,
    Mark,
    Run,
    Silence,
    Task,
    Vitals,
)
_, _SCHEMAS = msgspec.json.schema_components(_SHOWN, ref_template="#/components/schemas/{name}")


def json_answer(**members: Any) -> Response:
    """A JSON object with these members."""
    return Response(encode_json(members), media_type="application/json")


def gives(**members: Any) -> dict[int | str, dict[str, Any]]:
    """What a route answers, for its OpenAPI description: each a shown struct, a list of one, or a JSON schema."""
    schema = {
        "type": "object",
        "required": list(members),
        "properties": {name: _schema(what) for name, what in members.items()},
    }
    return {200: {"description": "OK", "content": {"application/json": {"schema": schema}}}}


def refuses(**reasons: str) -> dict[int | str, dict[str, Any]]:
    """The refusals of a route, as `_404="why"`, for its OpenAPI description."""
    schema = {"type": "object", "required": ["detail"], "properties": {"detail": {}}}
    content = {"application/json": {"schema": schema}}
    return {int(code[1:]): {"description": why, "content": content} for code, why in reasons.items()}


async def not_as_described(_request: Request, error: Exception) -> Response:
    """A 422 that says what is wrong and where, without what was sent: that may be no JSON, or a customer's number."""
    problems = error.errors() if isinstance(error, RequestValidationError) else []
    detail = [{"type": one["type"], "loc": one["loc"], "msg": one["msg"]} for one in problems]
    return Response(json.dumps({"detail": detail}), 422, media_type="application/json")


def describe(app: FastAPI) -> dict[str, Any]:
    """The application's OpenAPI document, with the schemas that `gives` refers to."""
    if app.openapi_schema is None:
        document = get_openapi(title=app.title, version=app.version, routes=app.routes)
        document.setdefault("components", {}).setdefault("schemas", {}).update(_SCHEMAS)
        app.openapi_schema = document
    return app.openapi_schema


def person_of(request: Request, given: str | None) -> str:
    """Who asks: the signed-in person, or else the name that was given. Raises a 422 where there is neither."""
    visitor: Visitor = request.state.visitor
    try:
        return visitor.person or clean_name(given or "")
    except ValueError as error:
        raise HTTPException(422, f"person: {error}") from None


async def from_store(reading: Awaitable[T]) -> T:
    """What the store gives. Raises a 503 with its words where it cannot be read."""
    try:
        return await reading
    except StoreError as error:
        raise HTTPException(503, str(error)) from None


def _schema(what: Any) -> dict[str, Any]:
    if isinstance(what, dict):
        return what
    if isinstance(what, list):
        return {"type": "array", "items": _schema(what[0])}
    if isinstance(what, tuple):
        return {"anyOf": [_schema(each) for each in what]}
    return {"$ref": f"#/components/schemas/{what.__name__}"}
