"""The tables. Plain SQL types only, so that SQLite and PostgreSQL hold the same schema.

Times are seconds since the Unix epoch (UTC) as doubles, the way they travel through the rest of the program. What only
the program reads (reasons, labels, procedure) lies in JSON text; what a query filters or sorts by has its own column.
"""

from typing import Final

from sqlalchemy import Double, ForeignKey, Index, Integer, LargeBinary, String, Text
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column

SCHEMA_VERSION: Final = 1


class Base(DeclarativeBase):
    """What all tables share: one metadata object."""


class MetaRow(Base):
    """Facts about the database itself, by name; `schema_version` says which program wrote it."""

    __tablename__ = "meta"

    key: Mapped[str] = mapped_column(String(64), primary_key=True)
    value: Mapped[str] = mapped_column(Text)


class CallRow(Base):
    """One call: when, through which gateway, who was heard, and how tense it became."""

    __tablename__ = "calls"

    id: Mapped[str] = mapped_column(String(256), primary_key=True)
    gateway: Mapped[str] = mapped_column(String(64))
    started_at_s: Mapped[float] = mapped_column(Double, index=True)
    ended_at_s: Mapped[float | None] = mapped_column(Double)
    roles: Mapped[str] = mapped_column(String(128))
    queue: Mapped[str | None] = mapped_column(String(256), index=True)
    max_tension: Mapped[float | None] = mapped_column(Double)
    labels: Mapped[str] = mapped_column(Text)


class CurveRow(Base):
    """A piece of a call's tension curve: one byte per scored hop, from hop number `first_hop` on (see `curve.py`)."""

    __tablename__ = "tension_curve"

    call_id: Mapped[str] = mapped_column(ForeignKey("calls.id", ondelete="CASCADE"), primary_key=True)
    first_hop: Mapped[int] = mapped_column(Integer, primary_key=True)
    levels: Mapped[bytes] = mapped_column(LargeBinary)


class AlertRow(Base):
    """One alert as it stands now. `payload` is the whole alert as JSON; the other columns are for queries.

    `call_id` is no foreign key: an alert must be saved even when the row of its call could not be, and later kinds of
    alert belong to a queue or a customer rather than to a call.
    """

    __tablename__ = "alerts"
    __table_args__ = (Index("ix_alerts_state_opened", "state", "opened_at_s"),)

    id: Mapped[str] = mapped_column(String(256), primary_key=True)
    call_id: Mapped[str | None] = mapped_column(String(256), index=True)
    rule: Mapped[str] = mapped_column(String(128))
    severity: Mapped[str] = mapped_column(String(16))
    state: Mapped[str] = mapped_column(String(16))
    opened_at_s: Mapped[float] = mapped_column(Double, index=True)
    payload: Mapped[str] = mapped_column(Text)


class AlertHistoryRow(Base):
    """One step in an alert's life: what happened, when and by whom. Rows are only ever added."""

    __tablename__ = "alert_history"

    alert_id: Mapped[str] = mapped_column(ForeignKey("alerts.id", ondelete="CASCADE"), primary_key=True)
    n: Mapped[int] = mapped_column(Integer, primary_key=True)
    at_s: Mapped[float] = mapped_column(Double)
    what: Mapped[str] = mapped_column(String(64))
    person: Mapped[str | None] = mapped_column(String(128))
    note: Mapped[str] = mapped_column(Text)


class AuditRow(Base):
    """Who did what, when, to which call, and what came of it. Rows are only ever added, never changed."""

    __tablename__ = "audit"

    id: Mapped[int] = mapped_column(Integer, primary_key=True, autoincrement=True)
    at_s: Mapped[float] = mapped_column(Double, index=True)
    person: Mapped[str] = mapped_column(String(128))
    action: Mapped[str] = mapped_column(String(64))
    call_id: Mapped[str | None] = mapped_column(String(256), index=True)
    alert_id: Mapped[str | None] = mapped_column(String(256))
    result: Mapped[str] = mapped_column(String(64))
    detail: Mapped[str] = mapped_column(Text)
