"""Indexes by age for the purge: without them each hour's look reads whole tables, and what is to be saved waits."""

from alembic import op

revision = "0006"
down_revision = "0005"


def upgrade() -> None:
    """Makes them."""
    op.create_index("ix_events_heard_at_s", "events", ["heard_at_s"])
    op.create_index("ix_readings_at_s", "readings", ["at_s"])
    op.create_index("ix_items_closed_at_s", "items", ["closed_at_s"])


def downgrade() -> None:
    """Drops them."""
    op.drop_index("ix_items_closed_at_s", "items")
    op.drop_index("ix_readings_at_s", "readings")
    op.drop_index("ix_events_heard_at_s", "events")
