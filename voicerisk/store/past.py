"""What reports read: events as a stream, alerts and items of a span, where needles stood, who did what to a call."""

from collections.abc import Collection, Iterator, Mapping
from typing import Final

import msgspec
from sqlalchemy import exists, func, or_, select
from sqlalchemy.orm import Session

from voicerisk.events import Event, EventError, Zone, decode_event
from voicerisk.risk.alerts import Alert
from voicerisk.store.history import Crossed, ItemRecord, RunRecord
from voicerisk.store.journal import Input
from voicerisk.store.records import AuditEntry
from voicerisk.store.schema import AlertRow, AuditRow, CallRow, CrossingRow, CurveRow, EventRow, ItemRow, RunRow

_PAGE: Final = 2_000
_IN: Final = 500
"""Ids in one question: every database has a limit."""

_alerts = msgspec.json.Decoder(Alert)


class Seen(msgspec.Struct, frozen=True, kw_only=True):
    """How many calls or feedbacks of a queue there were in a span, and when the last was (epoch seconds)."""

    n: int
    last_at_s: float


def stream_events(session: Session, from_s: float, to_s: float, types: Collection[str]) -> Iterator[Event]:
    """The events of these types that happened in `from_s` <= at < `to_s`, the oldest first, a page in memory at a time.

    One that an earlier version wrote and that can no longer be read is left out.
    """
    query = select(EventRow.payload).where(EventRow.at_s >= from_s, EventRow.at_s < to_s, EventRow.type.in_(types))
    query = query.order_by(EventRow.at_s, EventRow.seq).execution_options(yield_per=_PAGE)
    for payload in session.scalars(query):
        try:
            yield decode_event(payload)
        except EventError:
            continue


def stream_inputs(session: Session, from_s: float, to_s: float) -> Iterator[Input]:
    """What the engine heard in `from_s` <= heard < `to_s`, events and deeds, in the order in which it heard them."""
    names = Input.__struct_fields__
    columns = [getattr(EventRow, name) for name in names]
    query = select(*columns).where(EventRow.heard_at_s >= from_s, EventRow.heard_at_s < to_s)
    for row in session.execute(query.order_by(EventRow.seq).execution_options(yield_per=_PAGE)):
        yield Input(**dict(zip(names, row, strict=True)))


def count_inputs(session: Session, from_s: float, to_s: float) -> int:
    """How many that are."""
    query = select(func.count()).select_from(EventRow)
    return session.scalar(query.where(EventRow.heard_at_s >= from_s, EventRow.heard_at_s < to_s)) or 0


def first_heard(session: Session, calls: Collection[str]) -> Mapping[str, float]:
    """When the first event of each of these calls happened."""
    found: dict[str, float] = {}
    for some in _in_pieces(calls):
        query = select(EventRow.call_id, func.min(EventRow.at_s)).where(EventRow.call_id.in_(some))
        found |= {str(call): float(at_s) for call, at_s in session.execute(query.group_by(EventRow.call_id))}
    return found


def alerts_between(session: Session, from_s: float, to_s: float) -> list[Alert]:
    """The alerts that were opened in `from_s` <= at < `to_s`, the oldest first, as they stand now."""
    query = select(AlertRow.payload).where(AlertRow.opened_at_s >= from_s, AlertRow.opened_at_s < to_s)
    return [_alerts.decode(row) for row in session.scalars(query.order_by(AlertRow.opened_at_s, AlertRow.id))]


def alerts_of(session: Session, calls: Collection[str]) -> list[Alert]:
    """The alerts of these calls, the oldest first."""
    found: list[Alert] = []
    for some in _in_pieces(calls):
        rows = session.scalars(select(AlertRow.payload).where(AlertRow.call_id.in_(some)))
        found += [_alerts.decode(row) for row in rows]
    return sorted(found, key=lambda alert: (alert.opened_at_s, alert.id))


def alerts_by_id(session: Session, ids: Collection[str]) -> list[Alert]:
    """Those of these alerts that are there, by their ids."""
    found: list[Alert] = []
    for some in _in_pieces(ids):
        rows = session.scalars(select(AlertRow.payload).where(AlertRow.id.in_(some)).order_by(AlertRow.id))
        found += [_alerts.decode(row) for row in rows]
    return found


def rules_of(session: Session, alerts: Collection[str]) -> Mapping[str, str]:
    """The rule of each of these alerts that is there."""
    found: dict[str, str] = {}
    for some in _in_pieces(alerts):
        rows = session.execute(select(AlertRow.id, AlertRow.rule).where(AlertRow.id.in_(some)))
        found |= {str(id_): str(rule) for id_, rule in rows}
    return found


def items_between(session: Session, kinds: Collection[str], from_s: float, to_s: float) -> list[ItemRecord]:
    """The items of these kinds that were opened, due or closed in `from_s` <= at < `to_s`, in the order of opening."""
    times = (ItemRow.opened_at_s, ItemRow.due_at_s, ItemRow.closed_at_s)
    touched = or_(*((at >= from_s) & (at < to_s) for at in times))
    query = select(ItemRow).where(ItemRow.kind.in_(kinds), touched)
    return [_item(row) for row in session.scalars(query.order_by(ItemRow.opened_at_s, ItemRow.id))]


def items_about(session: Session, ids: Collection[str], calls: Collection[str]) -> list[ItemRecord]:
    """The items with these ids, and those of these calls, in the order of opening."""
    found: dict[str, ItemRecord] = {}
    for some in _in_pieces(ids):
        found |= {row.id: _item(row) for row in session.scalars(select(ItemRow).where(ItemRow.id.in_(some)))}
    for some in _in_pieces(calls):
        found |= {row.id: _item(row) for row in session.scalars(select(ItemRow).where(ItemRow.call_id.in_(some)))}
    return sorted(found.values(), key=lambda item: (item.opened_at_s, item.id))


def tasks_naming(session: Session, ids: Collection[str], kinds: Collection[str]) -> list[ItemRecord]:
    """The tasks of these kinds whose payload names one of the ids: of an alert, of an incident."""
    names = [ItemRow.payload.contains(msgspec.json.encode(id_).decode(), autoescape=True) for id_ in sorted(ids)]
    if not names:
        return []
    query = select(ItemRow).where(ItemRow.kind.in_(kinds), or_(*names))
    return [_item(row) for row in session.scalars(query.order_by(ItemRow.opened_at_s, ItemRow.id))]


def events_of_incident(session: Session, incident: str) -> list[Event]:
    """The events that name the incident, the oldest first."""
    types = ("incident.opened", "incident.contact", "incident.closed")
    named = EventRow.payload.contains(msgspec.json.encode(incident).decode(), autoescape=True)
    rows = session.scalars(select(EventRow.payload).where(EventRow.type.in_(types), named).order_by(EventRow.at_s))
    events = [decode_event(row) for row in rows]
    return [event for event in events if getattr(event.data, "incident", None) == incident]


def standing_at(session: Session, at_s: float, since_s: float) -> list[Crossed]:
    """The last crossing of every needle before `at_s`, as far as it is in amber or red since `since_s` or later."""
    nth = func.row_number().over(
        partition_by=(CrossingRow.gauge, CrossingRow.key), order_by=(CrossingRow.at_s.desc(), CrossingRow.id.desc())
    )
    names = Crossed.__struct_fields__
    columns = [getattr(CrossingRow, name) for name in names]
    ranked = select(*columns, nth.label("nth")).where(CrossingRow.at_s >= since_s, CrossingRow.at_s < at_s).subquery()
    query = select(*(ranked.c[name] for name in names)).where(ranked.c.nth == 1, ranked.c.zone != Zone.GREEN.value)
    rows = session.execute(query.order_by(ranked.c.gauge, ranked.c.key))
    return [msgspec.convert(dict(zip(names, row, strict=True)), Crossed) for row in rows]


def seen_by_queue(session: Session, type_: str, from_s: float, to_s: float) -> Mapping[str, Seen]:
    """For each queue the events of that type in `from_s` <= at < `to_s`."""
    query = select(EventRow.queue, func.count(), func.max(EventRow.at_s))
    query = query.where(EventRow.type == type_, EventRow.at_s >= from_s, EventRow.at_s < to_s)
    rows = session.execute(query.where(EventRow.queue.is_not(None)).group_by(EventRow.queue))
    return {str(queue): Seen(n=int(n), last_at_s=float(last)) for queue, n, last in rows}


def queues_of(session: Session, calls: Collection[str]) -> Mapping[str, str]:
    """The queue of each of these calls, where one is known: as the index says, else as its first event did."""
    found: dict[str, str] = {}
    for some in _in_pieces(calls):
        said = select(EventRow.call_id, func.min(EventRow.queue)).where(EventRow.call_id.in_(some))
        rows = session.execute(said.where(EventRow.queue.is_not(None)).group_by(EventRow.call_id))
        found |= {str(call): str(queue) for call, queue in rows}
        index = select(CallRow.id, CallRow.queue).where(CallRow.id.in_(some), CallRow.queue.is_not(None))
        found |= {str(call): str(queue) for call, queue in session.execute(index)}
    return found


def tensions_between(session: Session, from_s: float, to_s: float) -> Mapping[str, float]:
    """The highest tension of each call that began in the span and was heard, 0 to 1."""
    query = select(CallRow.id, CallRow.max_tension).where(CallRow.max_tension.is_not(None))
    rows = session.execute(query.where(CallRow.started_at_s >= from_s, CallRow.started_at_s < to_s))
    return {str(call): float(highest) for call, highest in rows if highest is not None}


def contacts_between(session: Session, from_s: float, to_s: float) -> tuple[int, int]:
    """Calls that began in the span, and how many customers they came from."""
    columns = (func.count(), func.count(EventRow.customer.distinct()))
    query = select(*columns).where(EventRow.type == "call.started", EventRow.at_s >= from_s, EventRow.at_s < to_s)
    n_calls, n_customers = session.execute(query).one()
    return int(n_calls), int(n_customers)


def runs_of(session: Session, alerts: Collection[str]) -> list[RunRecord]:
    """The runs of procedures for these alerts, in the order in which they began."""
    found: list[RunRecord] = []
    for some in _in_pieces(alerts):
        rows = session.scalars(select(RunRow).where(RunRow.alert_id.in_(some)))
        found += [RunRecord(**{name: getattr(row, name) for name in RunRecord.__struct_fields__}) for row in rows]
    return sorted(found, key=lambda run: (run.started_at_s, run.id))


def audit_of(session: Session, calls: Collection[str], alerts: Collection[str]) -> list[AuditEntry]:
    """Who did what to these calls and alerts, in order."""
    query = select(AuditRow).where(or_(AuditRow.call_id.in_(list(calls)), AuditRow.alert_id.in_(list(alerts))))
    rows = session.scalars(query.order_by(AuditRow.id))
    return [AuditEntry(**{name: getattr(row, name) for name in AuditEntry.__struct_fields__}) for row in rows]


def calls_with_curves(session: Session, from_s: float, to_s: float) -> set[str]:
    """The calls that were on at any time in the span and whose tension curve is stored.

    A call whose end is not known is taken to have ended within a day.
    """
    day_s = 86_400.0
    over = func.coalesce(CallRow.ended_at_s, CallRow.started_at_s + day_s)
    query = select(CallRow.id).where(
        CallRow.started_at_s < to_s, CallRow.started_at_s >= from_s - day_s, over >= from_s
    )
    return set(session.scalars(query.where(exists().where(CurveRow.call_id == CallRow.id))))


def _item(row: ItemRow) -> ItemRecord:
    return ItemRecord(**{name: getattr(row, name) for name in ItemRecord.__struct_fields__})


def _in_pieces(ids: Collection[str]) -> Iterator[list[str]]:
    some = sorted(ids)
    for begin in range(0, len(some), _IN):
        yield some[begin : begin + _IN]
