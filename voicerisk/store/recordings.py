"""The list of recordings. The line of one that was let go stays, and says when and why."""

from enum import StrEnum

import msgspec
from sqlalchemy import Double, String, Text, select
from sqlalchemy.orm import Mapped, Session, mapped_column

from voicerisk.store.schema import Base


class RecordingClass(StrEnum):
    """Why a call is recorded; how long it is kept depends on it."""

    ALERT = "alert"
    REVIEW = "review"


class RecordingRow(Base):
    """One recording; `gaps` is JSON."""

    __tablename__ = "recordings"

    id: Mapped[str] = mapped_column(String(64), primary_key=True)
    call_id: Mapped[str] = mapped_column(String(256), index=True)
    alert_id: Mapped[str | None] = mapped_column(String(256), index=True)
    kind: Mapped[str] = mapped_column(String(16))
    file: Mapped[str] = mapped_column(String(256))
    began_at_s: Mapped[float] = mapped_column(Double, index=True)
    start_s: Mapped[float] = mapped_column(Double)
    seconds: Mapped[float] = mapped_column(Double)
    gaps: Mapped[str] = mapped_column(Text)
    gone_at_s: Mapped[float | None] = mapped_column(Double)
    gone_why: Mapped[str] = mapped_column(String(128))


class RecordingRecord(msgspec.Struct, frozen=True, kw_only=True):
    """One recording of a call: from its media second `start_s` on, `seconds` long.

    `began_at_s` is epoch seconds. `gaps` is a JSON array of spans that were left out. `file` lies below the recordings'
    folder. `gone_at_s` says when it was let go, and `gone_why` why; None: it is there.
    """

    id: str
    call_id: str
    kind: RecordingClass
    file: str
    began_at_s: float
    start_s: float
    seconds: float = 0.0
    alert_id: str | None = None
    gaps: str = "[]"
    gone_at_s: float | None = None
    gone_why: str = ""


def write_recording(session: Session, recording: RecordingRecord) -> None:
    """Puts a recording's line as it stands now; that it is gone is never taken back."""
    known = session.get(RecordingRow, recording.id)
    if known is not None and known.gone_at_s is not None:
        return
    session.merge(RecordingRow(**msgspec.structs.asdict(recording)))


def read_recording(session: Session, id_: str) -> RecordingRecord | None:
    """One recording's line, or None."""
    row = session.get(RecordingRow, id_)
    return None if row is None else _record(row)


def read_recordings(session: Session, *, call_id: str | None = None, limit: int = 100) -> list[RecordingRecord]:
    """The lines of one call's recordings, or of all, the newest first."""
    query = select(RecordingRow)
    if call_id is not None:
        query = query.where(RecordingRow.call_id == call_id)
    return [_record(row) for row in session.scalars(query.order_by(RecordingRow.began_at_s.desc()).limit(limit))]


def read_old(session: Session, kind: RecordingClass, before_s: float, limit: int = 500) -> list[RecordingRecord]:
    """Recordings of that kind which began before `before_s` and are still there."""
    query = select(RecordingRow).where(
        RecordingRow.kind == kind.value, RecordingRow.began_at_s < before_s, RecordingRow.gone_at_s.is_(None)
    )
    return [_record(row) for row in session.scalars(query.limit(limit))]


def _record(row: RecordingRow) -> RecordingRecord:
    return msgspec.convert({name: getattr(row, name) for name in RecordingRecord.__struct_fields__}, RecordingRecord)
