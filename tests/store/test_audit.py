from collections.abc import Iterator

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import Engine, text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.orm import Session

from voicerisk.store.audit import BEGINNING, Chained, chain_hash, read_chain, verify, write_audit
from voicerisk.store.database import open_database
from voicerisk.store.records import AuditEntry
from voicerisk.store.settings import StoreSettings
from voicerisk.store.writer import WRITING

_ENTRIES = st.builds(
    AuditEntry,
    at_s=st.floats(0, 4e9),
    person=st.text(max_size=20),
    action=st.sampled_from(["listen.start", "barge", "opt_out"]),
    call_id=st.none() | st.text(max_size=20),
    detail=st.text(max_size=40),
)


@pytest.fixture
def engine(url: str) -> Iterator[Engine]:
    """A database with an audit log of five lines, written in two transactions."""
    engine = open_database(StoreSettings(url=url))
    for numbers in ((1, 2, 3), (4, 5)):
        with Session(engine.execution_options(**WRITING)) as session, session.begin():
            for n in numbers:
                write_audit(session, AuditEntry(at_s=n + 0.5, person="Maya", action="listen.start", call_id=f"c-{n}"))
    yield engine
    engine.dispose()


def _chained(entries: list[AuditEntry]) -> list[Chained]:
    lines, last = [], BEGINNING
    for n, entry in enumerate(entries, 1):
        digest = chain_hash(last, entry)
        lines.append(Chained(id=n, entry=entry, previous=last, hash=digest))
        last = digest
    return lines


@given(st.lists(_ENTRIES, max_size=6))
def test_untouched_log_verifies(entries: list[AuditEntry]) -> None:
    """Any log that was only written to is one chain, and its last hash is the last line's."""
    lines = _chained(entries)
    verdict = verify(lines)
    assert (verdict.broken, verdict.n_lines) == (None, len(entries))
    assert verdict.last_hash == (lines[-1].hash if lines else BEGINNING)


@given(st.lists(_ENTRIES, min_size=2, max_size=6), st.data())
def test_any_removed_line_shows(entries: list[AuditEntry], data: st.DataObject) -> None:
    """A line taken out of the middle is noticed at the line after it."""
    lines = _chained(entries)
    out = data.draw(st.integers(0, len(lines) - 2))
    broken = verify(lines[:out] + lines[out + 1 :]).broken
    assert broken is not None
    assert broken.id == lines[out + 1].id


def test_the_database_refuses_to_change_a_line(engine: Engine) -> None:
    """An update or a delete of the audit log fails in the database itself, whoever tries."""
    for deed in ("UPDATE audit SET person = 'Noa' WHERE id = 3", "DELETE FROM audit WHERE id = 3"):
        with engine.connect() as connection, pytest.raises(DBAPIError, match="append-only"):
            connection.execute(text(deed))


@pytest.mark.parametrize(
    ("deed", "named"),
    [
        ("UPDATE audit SET person = 'Noa' WHERE id = 3", 3),
        ("UPDATE audit SET at_s = at_s + 0.001 WHERE id = 5", 5),
        ("UPDATE audit SET call_id = NULL WHERE id = 1", 1),
        ("DELETE FROM audit WHERE id = 2", 3),
    ],
)
def test_an_edit_behind_the_guard_names_the_row(engine: Engine, deed: str, named: int) -> None:
    """Who takes the guard away and edits a line is found out: the verdict names the first line that does not fit."""
    with engine.begin() as connection:
        if engine.dialect.name == "postgresql":
            connection.execute(text("DROP TRIGGER audit_append_only ON audit"))
        else:
            connection.execute(text("DROP TRIGGER audit_no_update"))
            connection.execute(text("DROP TRIGGER audit_no_delete"))
        connection.execute(text(deed))
    with Session(engine) as session:
        broken = verify(read_chain(session)).broken
    assert broken is not None
    assert broken.id == named
