"""The sound of a moment ago as WAV files: a live call's last seconds, and what caused an alert."""

import asyncio
from typing import Annotated, Any, Final

from fastapi import APIRouter, HTTPException, Query, Request
from starlette.responses import Response

from voicerisk.clock import now_s
from voicerisk.media.ring import Ring
from voicerisk.server.access import Permission, needs
from voicerisk.server.answers import person_of, refuses
from voicerisk.server.live import LiveBoard
from voicerisk.server.recent import KEPT_S, wav
from voicerisk.store.records import AuditEntry
from voicerisk.store.store import Store
from voicerisk.store.writer import StoreError

_Seconds = Annotated[float, Query(ge=1.0, le=KEPT_S)]
_WAV: Final[dict[int | str, dict[str, Any]]] = {
    200: {
        "description": "8 kHz, 16 bit, customer on the left and agent on the right (one channel for both: on the left)",
        "content": {"audio/wav": {"schema": {"type": "string", "format": "binary"}}},
    }
}
_REFUSALS: Final = refuses(
    _404="nothing of that is kept", _422="no name, or wrong seconds", _503="it cannot be logged, so it is not heard"
)
_ANSWERS: Final[dict[int | str, dict[str, Any]]] = {**_WAV, **_REFUSALS}


def sound_router(board: LiveBoard, store: Store) -> APIRouter:
    """The routes under /api/v1 that answer sound. Who hears it is in the audit log before the first byte is sent."""
    router = APIRouter(prefix="/api/v1", tags=["voicerisk"], dependencies=[needs(Permission.LISTEN)])

    @router.get(
        "/calls/{call_id:path}/recent.wav", summary="The last seconds of a live call", response_class=Response,
        responses=_ANSWERS,
    )  # fmt: skip
    async def recent(request: Request, call_id: str, seconds: _Seconds = 10.0, person: str = "") -> Response:
        name = person_of(request, person)
        sound = board.recent.last(call_id, seconds)
        if sound is None:
            raise HTTPException(404, f"no sound is kept of a call {call_id[:100]!r}")
        entry = AuditEntry(
            at_s=now_s(), person=name, action="listen.recent", call_id=call_id, detail=f"the last {sound.seconds:g} s"
        )
        return await _logged(store, entry, sound)

    @router.get(
        "/alerts/{alert_id:path}/cause.wav", summary="What was said before the alert", response_class=Response,
        responses=_ANSWERS,
    )  # fmt: skip
    async def cause(request: Request, alert_id: str, person: str = "") -> Response:
        name = person_of(request, person)
        alert = board.alert(alert_id)
        sound = None if alert is None else board.recent.cause(alert_id, alert.call_id)
        if alert is None or sound is None:
            raise HTTPException(404, f"the sound of an alert {alert_id[:100]!r} is not kept (any more)")
        entry = AuditEntry(
            at_s=now_s(), person=name, action="listen.cause", call_id=alert.call_id, alert_id=alert_id,
            detail=f"{sound.seconds:g} s",
        )  # fmt: skip
        return await _logged(store, entry, sound)

    return router


async def _logged(store: Store, entry: AuditEntry, sound: Ring) -> Response:
    try:
        await store.audit(entry)
    except StoreError:
        raise HTTPException(503, "listening cannot be logged now, so it is not allowed") from None
    # Unpacking half a minute takes milliseconds that live calls need. A browser must not put it on its disk either.
    content = await asyncio.to_thread(wav, sound)
    return Response(content, media_type="audio/wav", headers={"Cache-Control": "no-store"})
