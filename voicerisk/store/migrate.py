"""Brings a database to this program's tables, step by step (Alembic), or back to an earlier step."""

from typing import Any, Final

from alembic import command
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, inspect, text

FIRST: Final = "0001"
HEAD: Final = "head"

_LOCK: Final = 7_061_990
"""Any number of our own: of two processes that start on one PostgreSQL, the second waits for the first's steps."""


class NewerDatabaseError(Exception):
    """The database was written by a newer program; the text names the step that is not known here."""


def upgrade(connection: Connection, to: str = HEAD) -> None:
    """Walks every step up to `to` that the database has not been taken yet, inside the connection's transaction.

    A database from before there were steps is taken to be at the first. Raises `NewerDatabaseError`.
    """
    if connection.dialect.name == "postgresql":
        connection.execute(text("SELECT pg_advisory_xact_lock(:lock)"), {"lock": _LOCK})
    config = _config(connection)
    at = MigrationContext.configure(connection).get_current_revision()
    if at is None and inspect(connection).has_table("meta"):
        command.stamp(config, FIRST)
    elif at is not None and at not in known_steps():
        raise NewerDatabaseError(f"is at step {at}, this program knows steps up to {newest_step()}")
    command.upgrade(config, to)


def downgrade(connection: Connection, to: str) -> None:
    """Walks back to the step `to`; what only later steps can hold is lost."""
    command.downgrade(_config(connection), to)


def newest_step() -> str:
    """The step that this program's tables are at."""
    return str(_scripts().get_current_head())


def known_steps() -> set[str]:
    """Every step that this program knows."""
    return {script.revision for script in _scripts().walk_revisions()}


def _scripts() -> ScriptDirectory:
    return ScriptDirectory.from_config(_config(None))


def _config(connection: Any) -> Config:
    config = Config()
    config.set_main_option("script_location", "voicerisk.store:migrations")
    config.attributes["connection"] = connection
    return config
