"""Recordings of flagged calls."""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"


def upgrade() -> None:
    """Makes the table."""
    op.create_table(
        "recordings",
        sa.Column("id", sa.String(64), primary_key=True),
        sa.Column("call_id", sa.String(256), nullable=False, index=True),
        sa.Column("alert_id", sa.String(256), index=True),
        sa.Column("kind", sa.String(16), nullable=False),
        sa.Column("file", sa.String(256), nullable=False),
        sa.Column("began_at_s", sa.Double, nullable=False, index=True),
        sa.Column("start_s", sa.Double, nullable=False),
        sa.Column("seconds", sa.Double, nullable=False),
        sa.Column("gaps", sa.Text, nullable=False),
        sa.Column("gone_at_s", sa.Double),
        sa.Column("gone_why", sa.String(128), nullable=False),
    )


def downgrade() -> None:
    """Drops it; the files stay where they are."""
    op.drop_table("recordings")
