"""What is written and read, each as a function of a session. Only portable SQL, and all of it through SQLAlchemy."""

from collections.abc import Collection

import msgspec
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from voicerisk.events import Role
from voicerisk.risk.alerts import Alert, AlertState
from voicerisk.store.records import CallRecord
from voicerisk.store.schema import AlertHistoryRow, AlertRow, CallRow, CurveRow, MetaRow

_alerts = msgspec.json.Decoder(Alert)
_labels = msgspec.json.Decoder(dict[str, str])


def write_alert(session: Session, alert: Alert) -> None:
    """Puts the alert as it stands now, and those steps of its history that are not there yet."""
    session.merge(
        AlertRow(
            id=alert.id,
            call_id=alert.call_id,
            rule=alert.rule,
            severity=alert.severity,
            state=alert.state,
            opened_at_s=alert.opened_at_s,
            payload=msgspec.json.encode(alert).decode(),
        )
    )
    session.flush()
    count = select(func.count()).select_from(AlertHistoryRow).where(AlertHistoryRow.alert_id == alert.id)
    known = session.scalar(count) or 0
    session.add_all(
        AlertHistoryRow(alert_id=alert.id, n=n, at_s=step.at_s, what=step.what, person=step.person, note=step.note)
        for n, step in enumerate(alert.history)
        if n >= known
    )


def read_alerts(session: Session, states: Collection[AlertState], limit: int, after_s: float = 0.0) -> list[Alert]:
    """The newest alerts in these states that were opened at `after_s` or later, newest first."""
    rows = select(AlertRow.payload).where(AlertRow.state.in_([str(state) for state in states]))
    rows = rows.where(AlertRow.opened_at_s >= after_s)
    return [_alerts.decode(row) for row in session.scalars(rows.order_by(AlertRow.opened_at_s.desc()).limit(limit))]


def read_alert(session: Session, alert_id: str) -> Alert | None:
    """One alert, or None where there is none of that id."""
    row = session.get(AlertRow, alert_id)
    return None if row is None else _alerts.decode(row.payload)


def write_call(session: Session, call: CallRecord) -> None:
    """Puts the call's line; a call that goes on (a second stream of the same id) keeps its first start."""
    known = session.get(CallRow, call.id)
    tension = [t for t in (call.max_tension, known.max_tension if known else None) if t is not None]
    session.merge(
        CallRow(
            id=call.id,
            gateway=call.gateway,
            started_at_s=min(call.started_at_s, known.started_at_s) if known else call.started_at_s,
            ended_at_s=call.ended_at_s,
            roles=",".join(call.roles),
            queue=call.queue,
            max_tension=max(tension, default=None),
            labels=msgspec.json.encode(call.labels).decode(),
        )
    )


def read_calls(session: Session, limit: int, before_s: float | None) -> list[CallRecord]:
    """The newest calls that started before `before_s` (None: now), newest first."""
    rows = select(CallRow).order_by(CallRow.started_at_s.desc()).limit(limit)
    if before_s is not None:
        rows = rows.where(CallRow.started_at_s < before_s)
    return [_record(row) for row in session.scalars(rows)]


def read_unended(session: Session) -> list[str]:
    """The ids of the calls that have not ended, as far as the index knows."""
    return list(session.scalars(select(CallRow.id).where(CallRow.ended_at_s.is_(None))))


def read_call(session: Session, call_id: str) -> CallRecord | None:
    """One call, or None where there is none of that id."""
    row = session.get(CallRow, call_id)
    return None if row is None else _record(row)


def _record(row: CallRow) -> CallRecord:
    return CallRecord(
        id=row.id,
        gateway=row.gateway,
        started_at_s=row.started_at_s,
        ended_at_s=row.ended_at_s,
        roles=tuple(Role(role) for role in row.roles.split(",") if role),
        queue=row.queue,
        max_tension=row.max_tension,
        labels=_labels.decode(row.labels),
    )


def write_curve(session: Session, call_id: str, first_hop: int, levels: bytes) -> None:
    """Puts one piece of a call's curve; the same piece again replaces itself."""
    session.merge(CurveRow(call_id=call_id, first_hop=first_hop, levels=levels))


def read_curve(session: Session, call_id: str) -> list[tuple[int, bytes]]:
    """The pieces of a call's curve as (first hop, packed levels), in order."""
    rows = select(CurveRow).where(CurveRow.call_id == call_id).order_by(CurveRow.first_hop)
    return [(row.first_hop, row.levels) for row in session.scalars(rows)]


def write_probe(session: Session, at_s: float) -> None:
    """Writes the time, to learn whether the database still takes writes."""
    session.merge(MetaRow(key="last_probe", value=str(at_s)))
