import sqlite3
from pathlib import Path

import pytest
from sqlalchemy import text

from voicerisk.store.database import open_database
from voicerisk.store.migrate import newest_step
from voicerisk.store.settings import StoreSettings
from voicerisk.store.writer import StoreError


def _at(path: Path) -> StoreSettings:
    return StoreSettings(url=f"sqlite:///{path}")


def test_opens_with_its_safety_on(tmp_path: Path) -> None:
    """A fresh database gets its folder, the newest tables, the write-ahead log, full sync and foreign keys."""
    engine = open_database(_at(tmp_path / "new" / "x.db"))
    with engine.connect() as connection:
        pragma = {
            name: connection.execute(text(f"PRAGMA {name}")).scalar()
            for name in ("journal_mode", "synchronous", "foreign_keys", "busy_timeout")
        }
        version = connection.execute(text("SELECT version_num FROM alembic_version")).scalar()
    engine.dispose()
    assert pragma == {"journal_mode": "wal", "synchronous": 2, "foreign_keys": 1, "busy_timeout": 5000}
    assert version == newest_step()


def test_refuses_a_newer_database(tmp_path: Path) -> None:
    """A database written by a newer program is not touched, and the message names both steps."""
    open_database(_at(tmp_path / "x.db")).dispose()
    with sqlite3.connect(tmp_path / "x.db") as connection:
        connection.execute("UPDATE alembic_version SET version_num = '9999'")
    connection.close()
    with pytest.raises(StoreError, match=f"step 9999, this program knows steps up to {newest_step()}"):
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
