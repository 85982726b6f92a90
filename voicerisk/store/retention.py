"""How long what is kept is kept, and the purge that lets it go and says so in the audit log."""

from collections.abc import Mapping
from typing import Annotated, Final

import msgspec
from sqlalchemy import ColumnElement, and_, delete, inspect, select, tuple_
from sqlalchemy.orm import Session

from voicerisk.risk.alerts import AlertState
from voicerisk.store.audit import write_audit
from voicerisk.store.records import AuditEntry
from voicerisk.store.schema import (
    AlertRow,
    Base,
    CallRow,
    CrossingRow,
    DeadLetterRow,
    EventRow,
    ItemRow,
    MarkRow,
    ReadingRow,
    RunRow,
)

_DAY_S: Final = 86_400.0
_Days = Annotated[float, msgspec.Meta(gt=0.0, le=36_500.0)]

BATCH: Final = 2_000
"""Rows let go in one transaction: live writes come in between."""

IN_ONE: Final = 250
"""Rows let go in one statement, which has a limit to its parameters."""


class RetentionSettings(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The `[store.retention]` table: days that each class of record is kept. The audit log is kept for good."""

    calls_days: _Days = 90.0
    """The index of calls, and their tension curves."""

    events_days: _Days = 90.0
    """Events and what people did: what a dry run and a report can look back on."""

    alerts_days: _Days = 400.0
    """Resolved alerts with their history, runs of procedures, closed items and reviewers' marks."""

    gauges_days: _Days = 400.0
    """When needles crossed into another zone."""

    readings_days: _Days = 30.0
    """What needles showed from minute to minute."""

    dead_letters_days: _Days = 30.0
    """What was refused, and why."""


def purge(session: Session, settings: RetentionSettings, now: float) -> Mapping[str, int]:
    """Lets go of at most `BATCH` rows of each table that are older than they may be, and audits how many of which.

    Returns how many rows of each table went; call it again while any did.
    """
    old = {name: now - days * _DAY_S for name, days in msgspec.structs.asdict(settings).items()}
    alerts_s = old["alerts_days"]
    doomed: list[tuple[type[Base], ColumnElement[bool]]] = [
        (CallRow, CallRow.started_at_s < old["calls_days"]),
        (EventRow, EventRow.heard_at_s < old["events_days"]),
        (AlertRow, and_(AlertRow.opened_at_s < alerts_s, AlertRow.state == AlertState.RESOLVED.value)),
        (RunRow, RunRow.started_at_s < alerts_s),
        (ItemRow, ItemRow.closed_at_s < alerts_s),
        (MarkRow, MarkRow.at_s < alerts_s),
        (CrossingRow, CrossingRow.at_s < old["gauges_days"]),
        (ReadingRow, ReadingRow.at_s < old["readings_days"]),
        (DeadLetterRow, DeadLetterRow.at_s < old["dead_letters_days"]),
    ]
    gone = {table.__tablename__: _let_go(session, table, which) for table, which in doomed}
    gone = {name: count for name, count in gone.items() if count}
    if gone:
        detail = ", ".join(f"{name} {count}" for name, count in gone.items())
        write_audit(session, AuditEntry(at_s=now, person="voicerisk", action="purge", detail=detail))
    return gone


def _let_go(session: Session, table: type[Base], which: ColumnElement[bool]) -> int:
    key = inspect(table).primary_key
    rows = session.execute(select(*key).where(which).limit(BATCH)).all()
    # A few statements and not one for each row: what is to be saved waits meanwhile.
    for first in range(0, len(rows), IN_ONE):
        session.execute(delete(table).where(tuple_(*key).in_([tuple(row) for row in rows[first : first + IN_ONE]])))
    return len(rows)
