"""`/api/v1/recordings`: what was kept of flagged calls, heard only by people whose name is in the audit log first."""

from collections.abc import Iterator
from functools import partial
from typing import Annotated, Any, Final

from fastapi import APIRouter, HTTPException, Query, Request
from starlette.responses import Response, StreamingResponse

from voicerisk import clock
from voicerisk.recordings.keeper import Keeper
from voicerisk.recordings.vault import Parts, VaultError, find_parts
from voicerisk.recordings.wav import RangeError, parse_range, wav_bytes, wav_piece
from voicerisk.server.access import Permission, needs
from voicerisk.server.answers import from_store, gives, json_answer, person_of, refuses
from voicerisk.store.recordings import RecordingRecord, read_recording, read_recordings
from voicerisk.store.records import AuditEntry
from voicerisk.store.store import Store
from voicerisk.store.writer import StoreError

_Limit = Annotated[int, Query(ge=1, le=1000)]
_OBJECT: Final = {"type": "object"}
_MISSING: Final = "there is no such recording"
_WAV: Final[dict[int | str, dict[str, Any]]] = {
    200: {"description": "8 kHz, 16 bit, customer left, agent right", "content": {"audio/wav": {}}},
    206: {"description": "The asked range of it", "content": {"audio/wav": {}}},
}
HEARD_AGAIN_S: Final = 600.0
"""A player asks for a file in many pieces: within this time they are one hearing in the audit log."""

MAX_HEARINGS: Final = 10_000


def recordings_router(keeper: Keeper, store: Store) -> APIRouter:
    """The routes under /api/v1/recordings."""
    router = APIRouter(prefix="/api/v1", tags=["recordings"], dependencies=[needs(Permission.REVIEW)])
    heard_at_s: dict[tuple[str, str], float] = {}

    @router.get(
        "/recordings", summary="Recordings, the newest first; of one call, or of all",
        responses=gives(recordings={"type": "array", "items": _OBJECT}) | refuses(_503="the store cannot be read"),
    )  # fmt: skip
    async def recordings(call: str | None = None, limit: _Limit = 100) -> Response:
        read = partial(read_recordings, call_id=call, limit=limit)
        return json_answer(recordings=await from_store(store.read(read)))

    @router.get(
        "/recordings/{recording_id}", summary="One recording's line, also of one that was let go",
        responses=gives(recording=_OBJECT) | refuses(_404=_MISSING, _503="the store cannot be read"),
    )  # fmt: skip
    async def recording(recording_id: str) -> Response:
        return json_answer(recording=await _known(store, recording_id))

    @router.get(
        "/recordings/{recording_id}/audio.wav", summary="The sound; ranges may be asked for", response_class=Response,
        responses=_WAV | refuses(_404=_MISSING, _410="it was let go", _416="not such a range", _422="no name",
                                 _503="it cannot be logged or decrypted"),
    )  # fmt: skip
    async def audio(request: Request, recording_id: str, person: str = "") -> Response:
        record = await _known(store, recording_id)
        name = person_of(request, person)
        if record.gone_at_s is not None:
            raise HTTPException(410, f"this recording was let go: {record.gone_why}")
        try:
            parts = find_parts(keeper.path_of(record))
        except VaultError as error:
            raise HTTPException(503, str(error)) from None
        await _log(name, record)
        return _answer(keeper, record, parts, request.headers.get("range"))

    @router.delete(
        "/recordings/{recording_id}", summary="Let a recording go; its line stays", responses=gives(recording=_OBJECT)
        | refuses(_404=_MISSING, _422="no name", _503="it cannot be logged"),
        dependencies=[needs(Permission.ADMINISTER)],
    )  # fmt: skip
    async def delete(request: Request, recording_id: str, person: str = "") -> Response:
        record = await _known(store, recording_id)
        name = person_of(request, person)
        await _audit(AuditEntry(
            at_s=clock.now_s(), person=name, action="recording.delete", call_id=record.call_id,
            alert_id=record.alert_id, detail=record.id,
        ))  # fmt: skip
        await keeper.let_go(record, f"deleted by {name}"[:128], clock.now_s())
        return json_answer(recording=await _known(store, recording_id))

    async def _log(name: str, record: RecordingRecord) -> None:
        # Not the time of day: set back by an hour, it would keep an hour of hearings out of the log.
        now_s = clock.monotonic_s()
        key = (name, record.id)
        if key in heard_at_s and now_s - heard_at_s[key] < HEARD_AGAIN_S:
            return
        await _audit(AuditEntry(
            at_s=clock.now_s(), person=name, action="recording.hear", call_id=record.call_id, alert_id=record.alert_id,
            detail=record.id,
        ))  # fmt: skip
        heard_at_s.pop(key, None)
        heard_at_s[key] = now_s
        if len(heard_at_s) > MAX_HEARINGS:
            del heard_at_s[next(iter(heard_at_s))]

    async def _audit(entry: AuditEntry) -> None:
        try:
            await store.audit(entry)
        except StoreError:
            raise HTTPException(503, "this cannot be logged now, so it is not allowed") from None

    return router


async def _known(store: Store, recording_id: str) -> RecordingRecord:
    record = await from_store(store.read(partial(read_recording, id_=recording_id)))
    if record is None:
        raise HTTPException(404, f"there is no recording {recording_id[:100]!r}")
    return record


def _answer(keeper: Keeper, record: RecordingRecord, parts: Parts, asked: str | None) -> Response:
    if keeper.keys is None:
        raise HTTPException(503, f"no key to decrypt with; set {keeper.settings.keys_env}")
    n_bytes = wav_bytes(parts)
    try:
        span = parse_range(asked, n_bytes)
    except RangeError as error:
        raise HTTPException(416, str(error), {"Content-Range": f"bytes */{n_bytes}"}) from None
    first, last = span or (0, n_bytes)
    pieces: Iterator[bytes] = wav_piece(keeper.path_of(record), parts, first, last, keeper.keys)
    try:
        # The first piece now: a file that cannot be decrypted must be a clear answer, not a broken one.
        start = next(pieces, b"")
        start += next(pieces, b"") if first == 0 else b""
    except VaultError as error:
        raise HTTPException(503, str(error)) from None
    headers = {"Accept-Ranges": "bytes", "Content-Length": str(last - first), "Cache-Control": "no-store"}
    if span is not None:
        headers["Content-Range"] = f"bytes {first}-{last - 1}/{n_bytes}"
    return StreamingResponse(_chain(start, pieces), 206 if span is not None else 200, headers, media_type="audio/wav")


def _chain(start: bytes, rest: Iterator[bytes]) -> Iterator[bytes]:
    yield start
    yield from rest
