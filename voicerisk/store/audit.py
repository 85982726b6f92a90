"""The audit log as a chain: each line's hash covers the line and the hash before it, so an edit or a gap shows.

Whoever can write to the database can also write a whole new chain. Note the last hash that `voicerisk audit verify`
prints somewhere else now and then: the log up to that line can then not be changed unseen.
"""

import hashlib
from collections.abc import Iterable, Iterator, Sequence
from typing import Final

import msgspec
from sqlalchemy import select, text
from sqlalchemy.orm import Session

from voicerisk.store.records import AuditEntry
from voicerisk.store.schema import AuditRow
from voicerisk.store.text import without_nul

BEGINNING: Final = "0" * 64
"""What stands before the first line."""

_LOCK: Final = 7_061_991
"""Any number of our own: PostgreSQL's writers take turns at it, so that two never chain to the same line."""


class Chained(msgspec.Struct, frozen=True, kw_only=True):
    """One line as it is stored."""

    id: int
    entry: AuditEntry
    previous: str
    hash: str


class Broken(msgspec.Struct, frozen=True, kw_only=True):
    """The first line that does not fit: its number, and what is wrong with it."""

    id: int
    wrong: str


class Verdict(msgspec.Struct, frozen=True, kw_only=True):
    """How many lines fit, the hash of the last of them, and the first that does not (None: all do)."""

    n_lines: int
    last_hash: str
    broken: Broken | None = None


def chain_hash(previous: str, entry: AuditEntry) -> str:
    """SHA-256 (hex) over the hash before and the line's fields as a JSON array."""
    fields = [previous, *(getattr(entry, name) for name in AuditEntry.__struct_fields__)]
    return hashlib.sha256(msgspec.json.encode(fields)).hexdigest()


def verify(lines: Iterable[Chained]) -> Verdict:
    """Whether the lines, from the first on, are one unbroken chain."""
    last, n_lines = BEGINNING, 0
    for line in lines:
        if line.previous != last:
            wrong = "does not follow the line before it: a line was removed, inserted or moved"
            return Verdict(n_lines=n_lines, last_hash=last, broken=Broken(id=line.id, wrong=wrong))
        if line.hash != chain_hash(line.previous, line.entry):
            wrong = "was changed after it was written"
            return Verdict(n_lines=n_lines, last_hash=last, broken=Broken(id=line.id, wrong=wrong))
        last, n_lines = line.hash, n_lines + 1
    return Verdict(n_lines=n_lines, last_hash=last)


def write_audit(session: Session, entry: AuditEntry) -> None:
    """Adds one line to the end of the chain."""
    # Before the hash is taken: the line must read as it was written.
    texts = {name: without_nul(text) for name, text in msgspec.structs.asdict(entry).items() if isinstance(text, str)}
    entry = msgspec.structs.replace(entry, **texts)
    if session.get_bind().dialect.name == "postgresql":
        session.execute(text("SELECT pg_advisory_xact_lock(:lock)"), {"lock": _LOCK})
    previous = session.scalar(select(AuditRow.hash).order_by(AuditRow.id.desc()).limit(1)) or BEGINNING
    row = AuditRow(**msgspec.structs.asdict(entry), previous=previous, hash=chain_hash(previous, entry))
    session.add(row)
    # At once: the next line of the same group must see this one.
    session.flush()


def read_audit(session: Session, limit: int) -> Sequence[AuditEntry]:
    """The newest lines of the audit log, newest first."""
    rows = session.scalars(select(AuditRow).order_by(AuditRow.id.desc()).limit(limit))
    return [_entry(row) for row in rows]


def read_chain(session: Session, page: int = 1000) -> Iterator[Chained]:
    """Every line from the first on, a page at a time; whoever stops early leaves no query open."""
    last = 0
    while rows := session.scalars(select(AuditRow).where(AuditRow.id > last).order_by(AuditRow.id).limit(page)).all():
        for row in rows:
            yield Chained(id=row.id, entry=_entry(row), previous=row.previous, hash=row.hash)
        last = rows[-1].id
        session.expunge_all()


def _entry(row: AuditRow) -> AuditEntry:
    return AuditEntry(**{name: getattr(row, name) for name in AuditEntry.__struct_fields__})
