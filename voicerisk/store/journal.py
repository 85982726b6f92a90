"""The engine's inputs in the order in which they were heard, and snapshots to begin a replay from.

An input is an event that the engine took, or what a person did. Of the tension windows, two a second for each call,
only those are kept that something followed from: a restart begins a live call's needle anew.
"""

import re
from collections.abc import Collection, Sequence
from typing import Final

import msgspec
from sqlalchemy import delete, func, select
from sqlalchemy.orm import Session

from voicerisk.store.schema import DeadLetterRow, EventRow, SnapshotRow
from voicerisk.store.text import without_nul

KEPT_SNAPSHOTS: Final = 2
"""The last one, and the one before it should the last not be readable."""

MAX_LETTER_CHARS: Final = 4000

MASK: Final = "#"

_LONG_NUMBER: Final = re.compile(r"\+?\(?\d(?:[\s()./\u2010-\u2015-]{0,3}\d){6,}")


class Input(msgspec.Struct, frozen=True, kw_only=True):
    """One input. `at_s` is when it happened, `heard_at_s` when the engine heard of it; `payload` is its JSON."""

    seq: int
    id: str
    type: str
    at_s: float
    heard_at_s: float
    payload: str
    call_id: str | None = None
    customer: str | None = None
    queue: str | None = None


class Snapshot(msgspec.Struct, frozen=True, kw_only=True):
    """The engine's state after input `seq`; `rules` names the configuration that it was made with."""

    seq: int
    at_s: float
    rules: str
    state: bytes


class DeadLetter(msgspec.Struct, frozen=True, kw_only=True):
    """What was refused at `at_s`, from whom, why, and the beginning of what it was, without telephone numbers."""

    at_s: float
    source: str
    reason: str
    payload: str


def write_inputs(session: Session, inputs: Sequence[Input]) -> None:
    """Puts inputs; one whose id is there already changes nothing."""
    known = known_ids(session, [one.id for one in inputs])
    for one in inputs:
        if one.id not in known:
            session.add(EventRow(**msgspec.structs.asdict(one)))
            known.add(one.id)


def read_inputs(session: Session, after_seq: int, limit: int = 1000) -> list[Input]:
    """The inputs after that number, in order."""
    rows = session.scalars(select(EventRow).where(EventRow.seq > after_seq).order_by(EventRow.seq).limit(limit))
    return [_input(row) for row in rows]


def read_events(
    session: Session,
    *,
    from_s: float = 0.0,
    to_s: float = float("inf"),
    types: Collection[str] = (),
    call_id: str | None = None,
    customer: str | None = None,
    limit: int = 1000,
) -> list[Input]:
    """Inputs that happened in `from_s` <= at < `to_s`, the oldest first, of these types (none: all), call, customer."""
    query = select(EventRow).where(EventRow.at_s >= from_s)
    if to_s != float("inf"):
        query = query.where(EventRow.at_s < to_s)
    if types:
        query = query.where(EventRow.type.in_(types))
    if call_id is not None:
        query = query.where(EventRow.call_id == call_id)
    if customer is not None:
        query = query.where(EventRow.customer == customer)
    return [_input(row) for row in session.scalars(query.order_by(EventRow.at_s, EventRow.seq).limit(limit))]


def known_ids(session: Session, ids: Collection[str]) -> set[str]:
    """Those of the ids that are on the disk."""
    stored = set(session.scalars(select(EventRow.id).where(EventRow.id.in_(ids))))
    return {id_ for id_ in ids if id_ in stored or without_nul(id_) in stored}


def last_seq(session: Session) -> int:
    """The number of the last input; 0 where there is none."""
    return session.scalar(select(func.max(EventRow.seq))) or 0


def first_seq_since(session: Session, heard_at_s: float) -> int:
    """The number before the first input that was heard at that time or later: where a replay of the time begins."""
    first = session.scalar(select(func.min(EventRow.seq)).where(EventRow.heard_at_s >= heard_at_s))
    return last_seq(session) if first is None else first - 1


def write_snapshot(session: Session, snapshot: Snapshot) -> None:
    """Puts a snapshot and lets go of those that it replaces."""
    session.merge(SnapshotRow(**msgspec.structs.asdict(snapshot)))
    session.flush()
    kept = session.scalars(select(SnapshotRow.seq).order_by(SnapshotRow.seq.desc()).limit(KEPT_SNAPSHOTS)).all()
    session.execute(delete(SnapshotRow).where(SnapshotRow.seq.not_in(kept)))


def read_snapshots(session: Session, rules: str) -> list[Snapshot]:
    """The snapshots of that configuration, the newest first."""
    rows = session.scalars(select(SnapshotRow).where(SnapshotRow.rules == rules).order_by(SnapshotRow.seq.desc()))
    return [Snapshot(seq=row.seq, at_s=row.at_s, rules=row.rules, state=row.state) for row in rows]


def write_dead_letter(session: Session, letter: DeadLetter) -> None:
    """Puts what was refused; every run of seven digits or more in it is masked, and what is too long is cut."""
    session.add(
        DeadLetterRow(
            at_s=letter.at_s,
            source=masked(letter.source)[:128],
            reason=masked(letter.reason)[:MAX_LETTER_CHARS],
            payload=masked(letter.payload)[:MAX_LETTER_CHARS],
        )
    )


def read_dead_letters(session: Session, limit: int = 100) -> list[DeadLetter]:
    """The newest refusals, the newest first."""
    rows = session.scalars(select(DeadLetterRow).order_by(DeadLetterRow.id.desc()).limit(limit))
    return [DeadLetter(at_s=row.at_s, source=row.source, reason=row.reason, payload=row.payload) for row in rows]


def masked(text: str) -> str:
    """The text with everything that could be a telephone number made unreadable."""
    return _LONG_NUMBER.sub(MASK, text)


def _input(row: EventRow) -> Input:
    return Input(**{name: getattr(row, name) for name in Input.__struct_fields__})
