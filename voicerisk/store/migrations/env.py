"""What Alembic runs: the steps, on the connection that `voicerisk.store.migrate` gives it."""

from alembic import context

from voicerisk.store.tables import METADATA

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=METADATA,
    # SQLite cannot change a column in place: Alembic then makes the table anew and moves the rows.
    render_as_batch=True,
)
with context.begin_transaction():
    context.run_migrations()
