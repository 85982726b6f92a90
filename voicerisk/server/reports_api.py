"""`/api/v1/reports`: a day, a week, a post-mortem, as JSON or as a page to print; and which calls to review first."""

import asyncio
from collections.abc import Callable
from datetime import date
from functools import partial
from typing import Annotated, Any, Final, Literal, TypeVar
from zoneinfo import ZoneInfo

from fastapi import APIRouter, HTTPException, Query, Request
from sqlalchemy.orm import Session
from starlette.responses import HTMLResponse, Response

from voicerisk import clock
from voicerisk.review.day import day_report, picks_of
from voicerisk.review.incident import incident_report
from voicerisk.review.render import day_html, incident_html, week_html
from voicerisk.review.settings import ReviewSettings
from voicerisk.review.spans import day_span, parse_day, today, week_span
from voicerisk.review.week import week_report
from voicerisk.risk.config import RiskConfig
from voicerisk.risk.gauges.windows import zone_of
from voicerisk.server.access import Permission, needs
from voicerisk.server.answers import from_store, gives, json_answer, refuses
from voicerisk.store.store import Store

T = TypeVar("T")

_Format = Literal["json", "html"]
_Language = Literal["en", "he"]
_Date = Annotated[str | None, Query(description="The day at the site, as 2024-11-22; absent: today", max_length=10)]
_FORMAT: Final = Query(description="Absent: a page where the Accept header asks for text/html, else JSON")
_OBJECT: Final = {"type": "object"}
_BAD_DATE: Final = "no date"


def _answers(**members: Any) -> dict[int | str, dict[str, Any]]:
    """JSON or a page, as was asked."""
    answers = gives(**members)
    answers[200]["content"]["text/html"] = {"schema": {"type": "string"}}
    return answers | refuses(_422=_BAD_DATE, _503="the store cannot be read")


def reports_router(store: Store, risk: RiskConfig, settings: ReviewSettings) -> APIRouter:
    """The routes under /api/v1/reports, and /api/v1/review/picks."""
    router = APIRouter(prefix="/api/v1", tags=["reports"])
    zone = zone_of(risk.site)
    turn = asyncio.Lock()

    async def read(query: Callable[[Session], T]) -> T:
        # One at a time: a day of many calls takes seconds to count, and live calls share the processor with it.
        async with turn:
            return await from_store(store.read(query))

    @router.get(
        "/reports/day", summary="What a day came to", dependencies=[needs(Permission.REPORT)],
        responses=_answers(report=_OBJECT), response_class=Response,
    )  # fmt: skip
    async def day(
        request: Request,
        date: _Date = None,
        format: Annotated[_Format | None, _FORMAT] = None,
        language: _Language = "en",
    ) -> Response:
        span = day_span(_day(date, zone), zone)
        report = await read(partial(day_report, span=span, risk=risk, settings=settings, now_s=clock.now_s()))
        return _answer(request, format, report, partial(day_html, report, language))

    @router.get(
        "/reports/week", summary="What the week of a day came to", dependencies=[needs(Permission.REPORT)],
        responses=_answers(report=_OBJECT), response_class=Response,
    )  # fmt: skip
    async def week(
        request: Request,
        date: _Date = None,
        format: Annotated[_Format | None, _FORMAT] = None,
        language: _Language = "en",
    ) -> Response:
        span = week_span(_day(date, zone), zone, risk.site.week_starts)
        report = await read(partial(week_report, span=span, risk=risk, settings=settings, now_s=clock.now_s()))
        return _answer(request, format, report, partial(week_html, report, language))

    @router.get(
        "/reports/incident/{incident_id}", summary="The post-mortem of an alert or of an incident",
        dependencies=[needs(Permission.REPORT)], response_class=Response,
        responses=_answers(report=_OBJECT) | refuses(_404="neither an alert nor an incident has that id"),
    )  # fmt: skip
    async def incident(
        request: Request,
        incident_id: str,
        format: Annotated[_Format | None, _FORMAT] = None,
        language: _Language = "en",
    ) -> Response:
        report = await read(partial(incident_report, name=incident_id, risk=risk, now_s=clock.now_s()))
        if report is None:
            raise HTTPException(404, f"there is neither an alert nor an incident {incident_id[:100]!r} on record")
        return _answer(request, format, report, partial(incident_html, report, language))

    @router.get(
        "/review/picks", summary="Which calls of a day to review first", dependencies=[needs(Permission.REVIEW)],
        responses=gives(picks={"type": "array", "items": _OBJECT})
        | refuses(_422=_BAD_DATE, _503="the store cannot be read"),
    )  # fmt: skip
    async def picks(date: _Date = None) -> Response:
        span = day_span(_day(date, zone), zone)
        return json_answer(picks=await read(partial(picks_of, span=span, settings=settings)))

    return router


def _day(text: str | None, zone: ZoneInfo) -> date:
    try:
        return today(clock.now_s(), zone) if text is None else parse_day(text)
    except ValueError as error:
        raise HTTPException(422, f"date: {error}") from None


def _answer(request: Request, wanted: _Format | None, report: object, page: Callable[[], str]) -> Response:
    as_page = wanted == "html" or (wanted is None and "text/html" in request.headers.get("accept", ""))
    return HTMLResponse(page()) if as_page else json_answer(report=report)
