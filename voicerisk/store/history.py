"""What happened on the floor, for reports and for those who come later: needles, procedures, open items, marks."""

from collections.abc import Collection, Sequence
from enum import StrEnum
from typing import TypeVar

import msgspec
from sqlalchemy import select
from sqlalchemy.orm import Session

from voicerisk.events import Zone
from voicerisk.store.schema import CrossingRow, ItemRow, MarkRow, ReadingRow, RunRow

T = TypeVar("T", bound=msgspec.Struct)


class Crossed(msgspec.Struct, frozen=True, kw_only=True):
    """A needle went from one zone into another at `at_s`."""

    gauge: str
    key: str
    previous: Zone
    zone: Zone
    value: float
    at_s: float
    queue: str | None = None


class Sample(msgspec.Struct, frozen=True, kw_only=True):
    """What a needle showed at `at_s`."""

    gauge: str
    key: str
    at_s: float
    value: float
    zone: Zone


class RunRecord(msgspec.Struct, frozen=True, kw_only=True):
    """One run of a procedure; `payload` is the whole run with its log as JSON."""

    id: str
    procedure: str
    state: str
    started_at_s: float
    payload: str
    alert_id: str | None = None


class ItemRecord(msgspec.Struct, frozen=True, kw_only=True):
    """Something that must be handled and closed: a task, a feedback, a promise, an incident (`kind`)."""

    id: str
    kind: str
    state: str
    owner: str
    opened_at_s: float
    payload: str
    customer: str | None = None
    call_id: str | None = None
    queue: str | None = None
    due_at_s: float | None = None
    closed_at_s: float | None = None


class Verdict(StrEnum):
    """What a reviewer says of an alert, or of a call that had none."""

    RIGHT = "right"
    WRONG = "wrong"
    MISSED = "missed"
    UNSURE = "unsure"


class Mark(msgspec.Struct, frozen=True, kw_only=True):
    """A reviewer's finding. `topic` names a process or a policy, not a person."""

    at_s: float
    person: str
    verdict: Verdict
    call_id: str | None = None
    alert_id: str | None = None
    topic: str = ""
    note: str = ""


def write_crossings(session: Session, crossings: Sequence[Crossed]) -> None:
    """Adds crossings."""
    session.add_all(CrossingRow(**msgspec.structs.asdict(one)) for one in crossings)


def read_crossings(
    session: Session, from_s: float, to_s: float, gauge: str | None = None, key: str | None = None, limit: int = 100_000
) -> list[Crossed]:
    """Crossings in `from_s` <= at < `to_s`, the oldest first, of that gauge and key (None: all)."""
    query = select(CrossingRow).where(CrossingRow.at_s >= from_s, CrossingRow.at_s < to_s)
    if gauge is not None:
        query = query.where(CrossingRow.gauge == gauge)
    if key is not None:
        query = query.where(CrossingRow.key == key)
    rows = session.scalars(query.order_by(CrossingRow.at_s, CrossingRow.id).limit(limit))
    return [_from(Crossed, row) for row in rows]


def write_readings(session: Session, samples: Sequence[Sample]) -> None:
    """Puts what needles showed; the same needle at the same time replaces itself."""
    for one in samples:
        session.merge(ReadingRow(**msgspec.structs.asdict(one)))


def read_readings(session: Session, gauge: str, key: str, from_s: float, to_s: float) -> list[Sample]:
    """What a needle showed in `from_s` <= at < `to_s`, the oldest first."""
    query = select(ReadingRow).where(ReadingRow.gauge == gauge, ReadingRow.key == key)
    query = query.where(ReadingRow.at_s >= from_s, ReadingRow.at_s < to_s).order_by(ReadingRow.at_s)
    return [_from(Sample, row) for row in session.scalars(query)]


def write_run(session: Session, run: RunRecord) -> None:
    """Puts a run as it stands now."""
    session.merge(RunRow(**msgspec.structs.asdict(run)))


def read_runs(
    session: Session, *, alert_id: str | None = None, from_s: float = 0.0, limit: int = 1000
) -> list[RunRecord]:
    """Runs that began at `from_s` or later, the newest first; of one alert, or of all."""
    query = select(RunRow).where(RunRow.started_at_s >= from_s)
    if alert_id is not None:
        query = query.where(RunRow.alert_id == alert_id)
    return [_from(RunRecord, row) for row in session.scalars(query.order_by(RunRow.started_at_s.desc()).limit(limit))]


def write_item(session: Session, item: ItemRecord) -> None:
    """Puts an item as it stands now."""
    session.merge(ItemRow(**msgspec.structs.asdict(item)))


def read_items(
    session: Session,
    kinds: Collection[str] = (),
    *,
    open_only: bool = False,
    customer: str | None = None,
    from_s: float = 0.0,
    limit: int = 1000,
) -> list[ItemRecord]:
    """Items opened at `from_s` or later, the newest first; of these kinds (none: all)."""
    query = select(ItemRow).where(ItemRow.opened_at_s >= from_s)
    if kinds:
        query = query.where(ItemRow.kind.in_(kinds))
    if open_only:
        query = query.where(ItemRow.closed_at_s.is_(None))
    if customer is not None:
        query = query.where(ItemRow.customer == customer)
    return [_from(ItemRecord, row) for row in session.scalars(query.order_by(ItemRow.opened_at_s.desc()).limit(limit))]


def write_mark(session: Session, mark: Mark) -> None:
    """Adds a reviewer's finding; an earlier one of the same person stays and is outdated by it."""
    session.add(MarkRow(**msgspec.structs.asdict(mark)))


def read_marks(session: Session, from_s: float = 0.0, to_s: float = 1e12, *, call_id: str | None = None) -> list[Mark]:
    """Findings made in `from_s` <= at < `to_s`, the oldest first; of one call, or of all."""
    query = select(MarkRow).where(MarkRow.at_s >= from_s, MarkRow.at_s < to_s)
    if call_id is not None:
        query = query.where(MarkRow.call_id == call_id)
    return [_from(Mark, row) for row in session.scalars(query.order_by(MarkRow.at_s, MarkRow.id))]


def _from(kind: type[T], row: object) -> T:
    return msgspec.convert({name: getattr(row, name) for name in kind.__struct_fields__}, kind)
