"""Calls, curves, alerts and their history, and an audit log."""

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None


def upgrade() -> None:
    """Makes the first tables."""
    op.create_table(
        "meta",
        sa.Column("key", sa.String(64), primary_key=True),
        sa.Column("value", sa.Text, nullable=False),
    )
    op.create_table(
        "calls",
        sa.Column("id", sa.String(256), primary_key=True),
        sa.Column("gateway", sa.String(64), nullable=False),
        sa.Column("started_at_s", sa.Double, nullable=False, index=True),
        sa.Column("ended_at_s", sa.Double),
        sa.Column("roles", sa.String(128), nullable=False),
        sa.Column("queue", sa.String(256), index=True),
        sa.Column("max_tension", sa.Double),
        sa.Column("labels", sa.Text, nullable=False),
    )
    op.create_table(
        "tension_curve",
        sa.Column("call_id", sa.String(256), sa.ForeignKey("calls.id", ondelete="CASCADE"), primary_key=True),
        sa.Column("first_hop", sa.Integer, primary_key=True),
        sa.Column("levels", sa.LargeBinary, nullable=False),
    )
    op.create_table(
        "alerts",
        sa.Column("id", sa.String(256), primary_key=True),
        sa.Column("call_id", sa.String(256), index=True),
        sa.Column("rule", sa.String(128), nullable=False),
        sa.Column("severity", sa.String(16), nullable=False),
        sa.Column("state", sa.String(16), nullable=False),
        sa.Column("opened_at_s", sa.Double, nullable=False, index=True),
        sa.Column("payload", sa.Text, nullable=False),
    )
    op.create_index("ix_alerts_state_opened", "alerts", ["state", "opened_at_s"])
    op.create_table(
        "alert_history",
        sa.Column("alert_id", sa.String(256), sa.ForeignKey("alerts.id", ondelete="CASCADE"), primary_key=True),
        sa.Column("n", sa.Integer, primary_key=True),
        sa.Column("at_s", sa.Double, nullable=False),
        sa.Column("what", sa.String(64), nullable=False),
        sa.Column("person", sa.String(128)),
        sa.Column("note", sa.Text, nullable=False),
    )
    op.create_table(
        "audit",
        sa.Column("id", sa.Integer, primary_key=True, autoincrement=True),
        sa.Column("at_s", sa.Double, nullable=False, index=True),
        sa.Column("person", sa.String(128), nullable=False),
        sa.Column("action", sa.String(64), nullable=False),
        sa.Column("call_id", sa.String(256), index=True),
        sa.Column("alert_id", sa.String(256)),
        sa.Column("result", sa.String(64), nullable=False),
        sa.Column("detail", sa.Text, nullable=False),
    )


def downgrade() -> None:
    """Drops them all."""
    for table in ("audit", "alert_history", "alerts", "tension_curve", "calls", "meta"):
        op.drop_table(table)
