import sqlite3
from pathlib import Path

import pytest
from sqlalchemy import text
from sqlalchemy.dialects import postgresql
from sqlalchemy.schema import CreateTable

from voicerisk.store.database import open_database
from voicerisk.store.schema import SCHEMA_VERSION, Base
from voicerisk.store.settings import StoreSettings
from voicerisk.store.writer import StoreError


def _at(path: Path) -> StoreSettings:
    return StoreSettings(url=f"sqlite:///{path}")


def test_opens_with_its_safety_on(tmp_path: Path) -> None:
    """A fresh database gets its folder, the version row, the write-ahead log, full sync and foreign keys."""
    engine = open_database(_at(tmp_path / "new" / "x.db"))
    with engine.connect() as connection:
        pragma = {
            name: connection.execute(text(f"PRAGMA {name}")).scalar()
            for name in ("journal_mode", "synchronous", "foreign_keys", "busy_timeout")
        }
        version = connection.execute(text("SELECT value FROM meta WHERE key = 'schema_version'")).scalar()
    engine.dispose()
    assert pragma == {"journal_mode": "wal", "synchronous": 2, "foreign_keys": 1, "busy_timeout": 5000}
    assert version == str(SCHEMA_VERSION)


def test_refuses_a_newer_database(tmp_path: Path) -> None:
    """A database written by a newer program is not touched, and the message names both versions."""
    open_database(_at(tmp_path / "x.db")).dispose()
    with sqlite3.connect(tmp_path / "x.db") as connection:
        connection.execute("UPDATE meta SET value = '99' WHERE key = 'schema_version'")
    connection.close()
    with pytest.raises(StoreError, match=f"version 99, this program knows {SCHEMA_VERSION}"):
        open_database(_at(tmp_path / "x.db"))


@pytest.mark.parametrize(
    ("url", "said"),
    [
        ("nonsense", "is not a database address"),
        ("sqlite://", "in memory"),
        ("sqlite:///:memory:", "in memory"),
        ("oracle+nothing://u:secret@h/db", "cannot open the store"),
    ],
)
def test_says_what_is_wrong_with_an_address(url: str, said: str) -> None:
    """An address that cannot work is refused in plain words, without the password in it."""
    with pytest.raises(StoreError, match=said) as caught:
        open_database(StoreSettings(url=url))
    assert "secret" not in str(caught.value)


def test_refuses_what_is_no_database(tmp_path: Path) -> None:
    """A file that is something else is left alone, with a clear error."""
    (tmp_path / "x.db").write_text("This is a letter, not a database. " * 100)
    with pytest.raises(StoreError, match="not a database"):
        open_database(_at(tmp_path / "x.db"))
    assert (tmp_path / "x.db").read_text().startswith("This is a letter")


def test_schema_is_written_in_plain_types() -> None:
    """Every table's definition can be written for PostgreSQL too, with eight-byte times."""
    dialect = postgresql.dialect()  # type: ignore[no-untyped-call]
    ddl = [str(CreateTable(table).compile(dialect=dialect)) for table in Base.metadata.sorted_tables]
    assert len(ddl) == 6
    assert sum("DOUBLE PRECISION" in text for text in ddl) == 4
    assert any("BYTEA" in text for text in ddl)
