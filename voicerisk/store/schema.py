"""The tables. Plain SQL types only, so that SQLite and PostgreSQL hold the same schema.

Times are seconds since the Unix epoch (UTC) as doubles, the way they travel through the rest of the program. What only
the program reads (reasons, labels, procedure) lies in JSON text; what a query filters or sorts by has its own column.
"""

from sqlalchemy import BigInteger, Double, ForeignKey, Index, Integer, LargeBinary, String, Text, UniqueConstraint
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column


class Base(DeclarativeBase):
    """What all tables share: one metadata object."""


class MetaRow(Base):
    """Facts about the database itself, by name."""

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
    """Who did what, when, to which call, and what came of it. Rows are only ever added; the database refuses else.

    `hash` is taken over the row and the `previous` row's hash (see `audit.py`), so an edit shows.
    """

    __tablename__ = "audit"
    # Two lines that follow the same line would be a fork.
    __table_args__ = (UniqueConstraint("previous", name="uq_audit_previous"),)

    id: Mapped[int] = mapped_column(Integer, primary_key=True, autoincrement=True)
    at_s: Mapped[float] = mapped_column(Double, index=True)
    person: Mapped[str] = mapped_column(String(128))
    action: Mapped[str] = mapped_column(String(64))
    call_id: Mapped[str | None] = mapped_column(String(256), index=True)
    alert_id: Mapped[str | None] = mapped_column(String(256))
    result: Mapped[str] = mapped_column(String(64))
    detail: Mapped[str] = mapped_column(Text)
    previous: Mapped[str] = mapped_column(String(64))
    hash: Mapped[str] = mapped_column(String(64))


class EventRow(Base):
    """One input of the risk engine, in the order in which it was heard: an event, or what a person did.

    `at_s` is when it happened, `heard_at_s` when the engine heard of it. Replaying the rows by `seq` gives the same
    engine again.
    """

    __tablename__ = "events"
    __table_args__ = (Index("ix_events_type_at", "type", "at_s"),)

    seq: Mapped[int] = mapped_column(BigInteger, primary_key=True, autoincrement=False)
    id: Mapped[str] = mapped_column(String(400), unique=True)
    type: Mapped[str] = mapped_column(String(64))
    at_s: Mapped[float] = mapped_column(Double, index=True)
    heard_at_s: Mapped[float] = mapped_column(Double, index=True)
    call_id: Mapped[str | None] = mapped_column(String(256), index=True)
    customer: Mapped[str | None] = mapped_column(String(80), index=True)
    queue: Mapped[str | None] = mapped_column(String(256))
    payload: Mapped[str] = mapped_column(Text)


class SnapshotRow(Base):
    """The engine's whole state after the input `seq`, so that a restart need not replay the day."""

    __tablename__ = "snapshots"

    seq: Mapped[int] = mapped_column(BigInteger, primary_key=True, autoincrement=False)
    at_s: Mapped[float] = mapped_column(Double)
    rules: Mapped[str] = mapped_column(String(64))
    state: Mapped[bytes] = mapped_column(LargeBinary)


class DeadLetterRow(Base):
    """What was refused, from whom and why. Long digits in `payload` are masked: it may hold anything."""

    __tablename__ = "dead_letters"

    id: Mapped[int] = mapped_column(Integer, primary_key=True, autoincrement=True)
    at_s: Mapped[float] = mapped_column(Double, index=True)
    source: Mapped[str] = mapped_column(String(128))
    reason: Mapped[str] = mapped_column(Text)
    payload: Mapped[str] = mapped_column(Text)


class CrossingRow(Base):
    """A needle went from one zone into another."""

    __tablename__ = "crossings"
    __table_args__ = (Index("ix_crossings_gauge_at", "gauge", "at_s"),)

    id: Mapped[int] = mapped_column(Integer, primary_key=True, autoincrement=True)
    gauge: Mapped[str] = mapped_column(String(128))
    key: Mapped[str] = mapped_column(String(256))
    previous: Mapped[str] = mapped_column(String(8))
    zone: Mapped[str] = mapped_column(String(8))
    value: Mapped[float] = mapped_column(Double)
    at_s: Mapped[float] = mapped_column(Double, index=True)
    queue: Mapped[str | None] = mapped_column(String(256))


class ReadingRow(Base):
    """What a needle of a queue, a group or the site showed at a full minute: the history that a gauge is drawn from."""

    __tablename__ = "readings"

    gauge: Mapped[str] = mapped_column(String(128), primary_key=True)
    key: Mapped[str] = mapped_column(String(256), primary_key=True)
    at_s: Mapped[float] = mapped_column(Double, primary_key=True, index=True)
    value: Mapped[float] = mapped_column(Double)
    zone: Mapped[str] = mapped_column(String(8))


class RunRow(Base):
    """One run of a procedure as it stands now; `payload` is the whole run with its log as JSON."""

    __tablename__ = "procedure_runs"

    id: Mapped[str] = mapped_column(String(256), primary_key=True)
    alert_id: Mapped[str | None] = mapped_column(String(256), index=True)
    procedure: Mapped[str] = mapped_column(String(128))
    state: Mapped[str] = mapped_column(String(32))
    started_at_s: Mapped[float] = mapped_column(Double, index=True)
    payload: Mapped[str] = mapped_column(Text)


class ItemRow(Base):
    """Something that must be handled and closed: a task, a feedback, a promise, an incident (`kind`)."""

    __tablename__ = "items"
    __table_args__ = (Index("ix_items_kind_state", "kind", "state"),)

    id: Mapped[str] = mapped_column(String(400), primary_key=True)
    kind: Mapped[str] = mapped_column(String(32))
    state: Mapped[str] = mapped_column(String(32))
    owner: Mapped[str] = mapped_column(String(128))
    customer: Mapped[str | None] = mapped_column(String(80), index=True)
    call_id: Mapped[str | None] = mapped_column(String(256))
    queue: Mapped[str | None] = mapped_column(String(256))
    opened_at_s: Mapped[float] = mapped_column(Double, index=True)
    due_at_s: Mapped[float | None] = mapped_column(Double)
    closed_at_s: Mapped[float | None] = mapped_column(Double, index=True)
    payload: Mapped[str] = mapped_column(Text)


class MarkRow(Base):
    """What a reviewer found: was the alert (or the silence) right, and what process or topic it points to."""

    __tablename__ = "marks"

    id: Mapped[int] = mapped_column(Integer, primary_key=True, autoincrement=True)
    at_s: Mapped[float] = mapped_column(Double, index=True)
    person: Mapped[str] = mapped_column(String(128))
    call_id: Mapped[str | None] = mapped_column(String(256), index=True)
    alert_id: Mapped[str | None] = mapped_column(String(256), index=True)
    verdict: Mapped[str] = mapped_column(String(16))
    topic: Mapped[str] = mapped_column(String(128))
    note: Mapped[str] = mapped_column(Text)


class SameCustomerRow(Base):
    """One customer under two names: a second number, or the hash of a key that has been changed."""

    __tablename__ = "same_customer"

    other: Mapped[str] = mapped_column(String(80), primary_key=True)
    customer: Mapped[str] = mapped_column(String(80), index=True)
    since_s: Mapped[float] = mapped_column(Double)
