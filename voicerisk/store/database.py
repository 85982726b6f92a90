"""Opens the database: the engine with its safety settings, its tables brought up to date."""

from pathlib import Path
from typing import Any

from sqlalchemy import Connection, Engine, create_engine, event, make_url
from sqlalchemy.exc import SQLAlchemyError

from voicerisk.store.migrate import NewerDatabaseError, upgrade
from voicerisk.store.settings import StoreSettings
from voicerisk.store.text import without_nul
from voicerisk.store.writer import WRITING, StoreError, describe


def open_database(settings: StoreSettings) -> Engine:
    """An engine whose tables exist and are this program's version.

    Raises `StoreError` when the place cannot be opened or was written by a newer program.
    """
    try:
        url = make_url(settings.url)
    except SQLAlchemyError:
        raise StoreError(
            f"store.url {settings.url!r} is not a database address; e.g. sqlite:///data/voicerisk.db"
        ) from None
    shown = url.render_as_string(hide_password=True)
    is_sqlite = url.get_backend_name() == "sqlite"
    if is_sqlite and url.database in (None, "", ":memory:"):
        raise StoreError("store.url names a database in memory; alerts would not survive a restart. Give it a file.")
    try:
        if is_sqlite:
            Path(str(url.database)).parent.mkdir(parents=True, exist_ok=True)
        engine = create_engine(url, pool_pre_ping=not is_sqlite)
        if is_sqlite:
            _make_sqlite_durable(engine, settings.busy_timeout_s)
        else:
            _take_any_text(engine)
        with engine.execution_options(**WRITING).begin() as connection:
            upgrade(connection)
    except NewerDatabaseError as error:
        mend = "run the program's version that wrote it, or name another store.url"
        raise StoreError(f"the store at {shown} {error}; {mend}") from error
    except (OSError, ImportError, SQLAlchemyError) as error:
        raise StoreError(f"cannot open the store at {shown}: {describe(error)}") from error
    return engine


def _take_any_text(engine: Engine) -> None:
    """PostgreSQL's text holds no NUL, and a row with one in a name that somebody sent would be refused for good."""

    @event.listens_for(engine, "before_cursor_execute", retval=True)
    def before(
        _connection: Connection, _cursor: Any, statement: str, parameters: Any, _context: Any, many: bool
    ) -> tuple[str, Any]:
        rows = parameters if many else [parameters]
        if any(isinstance(value, str) and "\0" in value for row in rows for value in _values(row)):
            parameters = [_clean(row) for row in rows] if many else _clean(parameters)
        return statement, parameters


def _values(row: Any) -> Any:
    return row.values() if isinstance(row, dict) else row


def _clean(row: Any) -> Any:
    if isinstance(row, dict):
        return {name: without_nul(value) if isinstance(value, str) else value for name, value in row.items()}
    return tuple(without_nul(value) if isinstance(value, str) else value for value in row)


def _make_sqlite_durable(engine: Engine, busy_timeout_s: float) -> None:
    @event.listens_for(engine, "connect")
    def set_pragmas(connection: Any, _record: Any) -> None:
        cursor = connection.cursor()
        cursor.execute(f"PRAGMA busy_timeout={round(busy_timeout_s * 1000)}")
        cursor.execute("PRAGMA journal_mode=WAL")
        # FULL: in WAL mode the default lets the last commits go when the power does; a shown alert must stay.
        cursor.execute("PRAGMA synchronous=FULL")
        cursor.execute("PRAGMA foreign_keys=ON")
        cursor.close()
        # The driver would begin transactions only before the first write; `begin` below does it for every one.
        connection.isolation_level = None

    @event.listens_for(engine, "begin")
    def begin(connection: Connection) -> None:
        writes = connection.get_execution_options().get("voicerisk_writes", False)
        connection.exec_driver_sql("BEGIN IMMEDIATE" if writes else "BEGIN")
