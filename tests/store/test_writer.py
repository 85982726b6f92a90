import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import Engine, select
from sqlalchemy.orm import Session

from voicerisk.store.database import open_database
from voicerisk.store.schema import CurveRow, MetaRow
from voicerisk.store.settings import StoreSettings
from voicerisk.store.writer import COMMIT_SECONDS, RejectedError, StoreError, Writer


@pytest.fixture
def engine(tmp_path: Path) -> Iterator[Engine]:
    """An empty database with its tables."""
    engine = open_database(StoreSettings(url=f"sqlite:///{tmp_path}/x.db", busy_timeout_s=0.1))
    yield engine
    engine.dispose()


def _keys(engine: Engine) -> set[str]:
    with Session(engine) as session:
        return set(session.scalars(select(MetaRow.key)))


def _n_commits() -> float:
    return next(s.value for m in COMMIT_SECONDS.collect() for s in m.samples if s.name.endswith("_count"))


def test_many_writes_share_a_commit(engine: Engine) -> None:
    """What arrives while a commit runs goes into the next one together, in order, each with its own result."""
    writer = Writer(engine)
    gate = threading.Event()
    before = _n_commits()
    first = writer.submit(lambda session: gate.wait(5))
    futures = [
        writer.submit(lambda session, n=n: (session.add(MetaRow(key=f"k{n}", value="")), n)[1]) for n in range(100)
    ]
    gate.set()
    assert [future.result(5) for future in futures] == list(range(100))
    assert first.result(5) is True
    writer.close()
    assert _n_commits() - before <= 3
    assert {f"k{n}" for n in range(100)} <= _keys(engine)


def test_bad_work_fails_alone(engine: Engine) -> None:
    """Work that breaks a rule of the schema, or a bug in it, fails by itself; its neighbours are written."""
    writer = Writer(engine)
    gate = threading.Event()
    writer.submit(lambda session: gate.wait(5))
    good = writer.submit(lambda session: session.add(MetaRow(key="good", value="")))
    orphan = writer.submit(lambda session: session.add(CurveRow(call_id="nobody", first_hop=0, levels=b"")))
    bug = writer.submit(lambda session: 1 / 0)
    also = writer.submit(lambda session: session.add(MetaRow(key="also", value="")))
    gate.set()
    assert good.result(5) is None
    assert also.result(5) is None
    assert isinstance(orphan.exception(5), RejectedError)
    assert isinstance(bug.exception(5), RejectedError)
    writer.close()
    assert {"good", "also"} <= _keys(engine)


def test_full_queue_says_so(engine: Engine) -> None:
    """Above its limit the writer refuses at once instead of growing."""
    writer = Writer(engine, max_waiting=3)
    gate, entered = threading.Event(), threading.Event()
    writer.submit(lambda session: (entered.set(), gate.wait(5)))
    assert entered.wait(5)
    for _ in range(3):
        writer.submit(lambda session: None)
    with pytest.raises(StoreError, match="3 writes are waiting"):
        writer.submit(lambda session: None)
    gate.set()
    writer.close()


def test_close_writes_what_waits(engine: Engine) -> None:
    """Closing finishes what was accepted, and accepts no more."""
    writer = Writer(engine)
    futures = [writer.submit(lambda session, n=n: session.add(MetaRow(key=f"c{n}", value=""))) for n in range(20)]
    writer.close()
    writer.close()
    assert all(future.done() for future in futures)
    assert {f"c{n}" for n in range(20)} <= _keys(engine)
    with pytest.raises(StoreError, match="closed"):
        writer.submit(lambda session: None)


def test_cancelled_work_does_not_stop_the_thread(engine: Engine) -> None:
    """Work that was cancelled while it waited is left out; the thread goes on."""
    writer = Writer(engine)
    gate, entered = threading.Event(), threading.Event()
    writer.submit(lambda session: (entered.set(), gate.wait(5)))
    assert entered.wait(5)
    assert writer.submit(lambda session: session.add(MetaRow(key="cancelled", value=""))).cancel()
    gate.set()
    assert writer.submit(lambda session: 7).result(5) == 7
    writer.close()
    assert "cancelled" not in _keys(engine)
