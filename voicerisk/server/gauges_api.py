"""Gauges now and over time."""

from functools import partial
from typing import Annotated, Final

from fastapi import APIRouter, HTTPException, Query
from starlette.responses import Response

from voicerisk import clock
from voicerisk.events import Zone
from voicerisk.risk.config import RiskConfig
from voicerisk.risk.engine import Engine
from voicerisk.risk.gauges import GaugeKey
from voicerisk.server.access import Permission, needs
from voicerisk.server.answers import from_store, gives, json_answer, refuses
from voicerisk.server.needles import gauge_views
from voicerisk.server.views import GaugeView
from voicerisk.store import history
from voicerisk.store.store import Store

_DAY_S: Final = 86_400.0
_OBJECTS: Final = {"type": "array", "items": {"type": "object"}}
MAX_NEEDLES: Final = 2_000
"""Needles in one answer, the worst first: of 60,000 customers nobody looks at each."""


def gauges_router(engine: Engine, config: RiskConfig, store: Store) -> APIRouter:
    """The routes under /api/v1/gauges."""
    router = APIRouter(prefix="/api/v1/gauges", tags=["gauges"])

    @router.get(
        "", summary="Every needle as it stands, the worst first", dependencies=[needs(Permission.WATCH)],
        responses=gives(gauges=[GaugeView]),
    )  # fmt: skip
    async def gauges(
        gauge: str | None = None, per: GaugeKey | None = None, key: str | None = None, zone: Zone | None = None
    ) -> Response:
        now = clock.now_s()
        found = [
            view
            for view in gauge_views(engine.readings(now), config.gauges, now)
            if (gauge or view.gauge) == view.gauge
            and (per or view.per) is view.per
            and (key or view.key) == view.key
            and (zone or view.zone) is view.zone
        ]
        return json_answer(gauges=found[:MAX_NEEDLES])

    @router.get(
        "/{gauge}/history", summary="What a needle showed, and when it crossed into another zone",
        dependencies=[needs(Permission.REPORT)],
        responses=gives(readings=_OBJECTS, crossings=_OBJECTS)
        | refuses(_404="there is no such gauge", _503="the store cannot be read"),
    )  # fmt: skip
    async def past(
        gauge: str,
        key: str = "site",
        from_s: Annotated[float | None, Query(ge=0.0)] = None,
        to_s: Annotated[float | None, Query(ge=0.0)] = None,
    ) -> Response:
        if gauge not in config.gauges:
            raise HTTPException(404, f"there is no gauge {gauge[:100]!r}")
        until_s = clock.now_s() + 1.0 if to_s is None else to_s
        since_s = until_s - _DAY_S if from_s is None else from_s
        read = partial(history.read_readings, gauge=gauge, key=key, from_s=since_s, to_s=until_s)
        crossed = partial(history.read_crossings, from_s=since_s, to_s=until_s, gauge=gauge, key=key, limit=10_000)
        readings, crossings = await from_store(store.read(read)), await from_store(store.read(crossed))
        return json_answer(readings=readings, crossings=crossings)

    return router
