"""The engine's inputs and snapshots, crossings, readings, procedure runs, items, marks; the audit log as a chain."""

import sqlalchemy as sa
from alembic import op

from voicerisk.store.audit import BEGINNING, chain_hash
from voicerisk.store.records import AuditEntry

revision = "0002"
down_revision = "0001"

TABLES = ("events", "snapshots", "dead_letters", "crossings", "readings", "procedure_runs", "items", "marks")


def upgrade() -> None:
    """Makes the tables and chains the audit lines that there are."""
    op.create_table(
        "events",
        sa.Column("seq", sa.BigInteger, primary_key=True, autoincrement=False),
        sa.Column("id", sa.String(400), nullable=False, unique=True),
        sa.Column("type", sa.String(64), nullable=False),
        sa.Column("at_s", sa.Double, nullable=False, index=True),
        sa.Column("heard_at_s", sa.Double, nullable=False),
        sa.Column("call_id", sa.String(256), index=True),
        sa.Column("customer", sa.String(80), index=True),
        sa.Column("queue", sa.String(256)),
        sa.Column("payload", sa.Text, nullable=False),
    )
    op.create_index("ix_events_type_at", "events", ["type", "at_s"])
    op.create_table(
        "snapshots",
        sa.Column("seq", sa.BigInteger, primary_key=True, autoincrement=False),
        sa.Column("at_s", sa.Double, nullable=False),
        sa.Column("rules", sa.String(64), nullable=False),
        sa.Column("state", sa.LargeBinary, nullable=False),
    )
    op.create_table(
        "dead_letters",
        sa.Column("id", sa.Integer, primary_key=True, autoincrement=True),
        sa.Column("at_s", sa.Double, nullable=False, index=True),
        sa.Column("source", sa.String(128), nullable=False),
        sa.Column("reason", sa.Text, nullable=False),
        sa.Column("payload", sa.Text, nullable=False),
    )
    op.create_table(
        "crossings",
        sa.Column("id", sa.Integer, primary_key=True, autoincrement=True),
        sa.Column("gauge", sa.String(128), nullable=False),
        sa.Column("key", sa.String(256), nullable=False),
        sa.Column("previous", sa.String(8), nullable=False),
        sa.Column("zone", sa.String(8), nullable=False),
        sa.Column("value", sa.Double, nullable=False),
        sa.Column("at_s", sa.Double, nullable=False, index=True),
        sa.Column("queue", sa.String(256)),
    )
    op.create_index("ix_crossings_gauge_at", "crossings", ["gauge", "at_s"])
    op.create_table(
        "readings",
        sa.Column("gauge", sa.String(128), primary_key=True),
        sa.Column("key", sa.String(256), primary_key=True),
        sa.Column("at_s", sa.Double, primary_key=True),
        sa.Column("value", sa.Double, nullable=False),
        sa.Column("zone", sa.String(8), nullable=False),
    )
    op.create_table(
        "procedure_runs",
        sa.Column("id", sa.String(256), primary_key=True),
        sa.Column("alert_id", sa.String(256), index=True),
        sa.Column("procedure", sa.String(128), nullable=False),
        sa.Column("state", sa.String(32), nullable=False),
        sa.Column("started_at_s", sa.Double, nullable=False, index=True),
        sa.Column("payload", sa.Text, nullable=False),
    )
    op.create_table(
        "items",
        sa.Column("id", sa.String(400), primary_key=True),
        sa.Column("kind", sa.String(32), nullable=False),
        sa.Column("state", sa.String(32), nullable=False),
        sa.Column("owner", sa.String(128), nullable=False),
        sa.Column("customer", sa.String(80), index=True),
        sa.Column("call_id", sa.String(256)),
        sa.Column("queue", sa.String(256)),
        sa.Column("opened_at_s", sa.Double, nullable=False, index=True),
        sa.Column("due_at_s", sa.Double),
        sa.Column("closed_at_s", sa.Double),
        sa.Column("payload", sa.Text, nullable=False),
    )
    op.create_index("ix_items_kind_state", "items", ["kind", "state"])
    op.create_table(
        "marks",
        sa.Column("id", sa.Integer, primary_key=True, autoincrement=True),
        sa.Column("at_s", sa.Double, nullable=False, index=True),
        sa.Column("person", sa.String(128), nullable=False),
        sa.Column("call_id", sa.String(256), index=True),
        sa.Column("alert_id", sa.String(256), index=True),
        sa.Column("verdict", sa.String(16), nullable=False),
        sa.Column("topic", sa.String(128), nullable=False),
        sa.Column("note", sa.Text, nullable=False),
    )
    op.create_table(
        "same_customer",
        sa.Column("other", sa.String(80), primary_key=True),
        sa.Column("customer", sa.String(80), nullable=False, index=True),
        sa.Column("since_s", sa.Double, nullable=False),
    )
    with op.batch_alter_table("audit") as audit:
        audit.add_column(sa.Column("previous", sa.String(64)))
        audit.add_column(sa.Column("hash", sa.String(64)))
    _chain()
    with op.batch_alter_table("audit") as audit:
        audit.alter_column("previous", existing_type=sa.String(64), nullable=False)
        audit.alter_column("hash", existing_type=sa.String(64), nullable=False)
        audit.create_unique_constraint("uq_audit_previous", ["previous"])
    _forbid_changes()


def downgrade() -> None:
    """Drops the tables and unchains the audit log."""
    _allow_changes()
    with op.batch_alter_table("audit") as audit:
        audit.drop_constraint("uq_audit_previous", type_="unique")
        audit.drop_column("hash")
        audit.drop_column("previous")
    for table in ("same_customer", *reversed(TABLES)):
        op.drop_table(table)


def _chain() -> None:
    connection = op.get_bind()
    names = AuditEntry.__struct_fields__
    audit = sa.table("audit", sa.column("id"), *(sa.column(name) for name in (*names, "previous", "hash")))
    previous = BEGINNING
    for row in connection.execute(sa.select(audit).order_by(audit.c.id)).mappings().all():
        digest = chain_hash(previous, AuditEntry(**{name: row[name] for name in names}))
        change = sa.update(audit).where(audit.c.id == row["id"]).values(previous=previous, hash=digest)
        connection.execute(change)
        previous = digest


def _forbid_changes() -> None:
    if op.get_bind().dialect.name == "postgresql":
        op.execute(
            "CREATE FUNCTION audit_is_append_only() RETURNS trigger LANGUAGE plpgsql AS "
            "$$ BEGIN RAISE EXCEPTION 'the audit log is append-only'; END $$"
        )
        op.execute(
            "CREATE TRIGGER audit_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON audit "
            "FOR EACH STATEMENT EXECUTE FUNCTION audit_is_append_only()"
        )
        return
    for deed in ("UPDATE", "DELETE"):
        op.execute(
            f"CREATE TRIGGER audit_no_{deed.lower()} BEFORE {deed} ON audit "
            "BEGIN SELECT RAISE(ABORT, 'the audit log is append-only'); END"
        )


def _allow_changes() -> None:
    if op.get_bind().dialect.name == "postgresql":
        op.execute("DROP TRIGGER audit_append_only ON audit")
        op.execute("DROP FUNCTION audit_is_append_only")
        return
    for deed in ("update", "delete"):
        op.execute(f"DROP TRIGGER audit_no_{deed}")
