"""People with passwords of their own."""

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"


def upgrade() -> None:
    """Makes the table."""
    op.create_table(
        "people",
        sa.Column("name", sa.String(64), primary_key=True),
        sa.Column("role", sa.String(16), nullable=False),
        sa.Column("password", sa.String(256), nullable=False),
        sa.Column("since_s", sa.Double, nullable=False),
    )


def downgrade() -> None:
    """Drops it: everybody signs in with the site's token again."""
    op.drop_table("people")
