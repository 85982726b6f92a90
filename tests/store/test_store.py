import asyncio
import signal
import sqlite3
import sys
import textwrap
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager
from pathlib import Path

import msgspec
import pytest

from tests.eventually import eventually
from tests.store.made import an_alert
from voicerisk.events import Role
from voicerisk.risk.alerts import Alert, AlertState, NotifyReason, acknowledged, resolved
from voicerisk.store.curve import pack, unpack
from voicerisk.store.records import AuditEntry, CallRecord
from voicerisk.store.settings import StoreSettings
from voicerisk.store.store import Store
from voicerisk.store.writer import StoreError


def _settings(path: Path) -> StoreSettings:
    return StoreSettings(url=f"sqlite:///{path}/x.db", busy_timeout_s=0.05, retry_s=0.05, answer_within_s=5.0)


@pytest.fixture
async def store(tmp_path: Path) -> AsyncIterator[Store]:
    """An open store in an empty folder."""
    store = Store.open(_settings(tmp_path))
    yield store
    await store.close()


@contextmanager
def _locked(path: Path) -> Iterator[None]:
    """The database as it is while another program holds it: it refuses every write."""
    connection = sqlite3.connect(path / "x.db", isolation_level=None)
    connection.execute("BEGIN IMMEDIATE")
    try:
        yield
    finally:
        connection.execute("ROLLBACK")
        connection.close()


def _taken(alert: Alert, person: str) -> Alert:
    changed = acknowledged(alert, person, alert.opened_at_s + 9, "on it")
    assert changed is not None
    return changed[0]


async def test_alert_comes_back_whole(store: Store) -> None:
    """A saved alert is read back equal in every field: reasons, procedure in both languages, history."""
    alert = an_alert("c-1")
    assert await store.save_alert(alert)
    assert await store.alert(alert.id) == alert
    assert await store.open_alerts() == [alert]
    assert await store.alert("another") is None


async def test_life_of_an_alert(store: Store, tmp_path: Path) -> None:
    """Taken, then resolved: the newest state stands, open_alerts forgets it, and each step has one history row."""
    alert = an_alert("c-1")
    taken = _taken(alert, "Maya")
    done = resolved(taken, NotifyReason.RESOLVED_BY_PERSON, taken.since_s + 5, person="Maya", note="calmed")
    for version in (alert, taken, taken, done):
        assert await store.save_alert(version)
    assert await store.open_alerts() == []
    assert await store.alerts([AlertState.RESOLVED]) == [done]
    connection = sqlite3.connect(tmp_path / "x.db")
    rows = connection.execute("SELECT n, what, person, note FROM alert_history ORDER BY n").fetchall()
    connection.close()
    assert rows == [
        (0, "opened", None, ""),
        (1, "acknowledged", "Maya", "on it"),
        (2, "resolved_by_person", "Maya", "calmed"),
    ]


async def test_alerts_are_newest_first_and_limited(store: Store) -> None:
    """A list of alerts starts with the newest and holds no more than asked for."""
    alerts = [an_alert(f"c-{n}", 1000.0 + n) for n in range(5)]
    await asyncio.gather(*(store.save_alert(alert) for alert in alerts))
    assert [alert.call_id for alert in await store.alerts([AlertState.OPEN], 3)] == ["c-4", "c-3", "c-2"]


_SAVE_AND_DIE = textwrap.dedent("""
    import asyncio, os, signal, sys
    from tests.store.made import an_alert
    from voicerisk.store.settings import StoreSettings
    from voicerisk.store.store import Store

    async def main():
        store = Store.open(StoreSettings(url=sys.argv[1], answer_within_s=5.0))
        for n in range(int(sys.argv[2])):
            assert await store.save_alert(an_alert(f"c-{n}"))
        os.kill(os.getpid(), signal.SIGKILL)

    asyncio.run(main())
""")


@pytest.mark.parametrize("n_alerts", [1, 3])
async def test_saved_alert_survives_sigkill(tmp_path: Path, n_alerts: int) -> None:
    """An alert that was answered "saved" is there after the process was killed in the very next instruction."""
    url = f"sqlite:///{tmp_path}/x.db"
    process = await asyncio.create_subprocess_exec(sys.executable, "-c", _SAVE_AND_DIE, url, str(n_alerts))
    assert await asyncio.wait_for(process.wait(), 30) == -signal.SIGKILL
    store = Store.open(StoreSettings(url=url, answer_within_s=5.0))
    assert {alert.call_id for alert in await store.open_alerts()} == {f"c-{n}" for n in range(n_alerts)}
    await store.close()


async def test_concurrent_writers(store: Store, tmp_path: Path) -> None:
    """Two stores on one database (a second process would be the same) lose nothing and mix nothing up."""
    other = Store.open(StoreSettings(url=f"sqlite:///{tmp_path}/x.db", answer_within_s=5.0))
    mine = [an_alert(f"a-{n}", 1000.0 + n) for n in range(100)]
    theirs = [an_alert(f"b-{n}", 1000.0 + n) for n in range(100)]
    await asyncio.gather(*(store.save_alert(alert) for alert in mine), *(other.save_alert(alert) for alert in theirs))
    await other.close()

    async def all_saved() -> bool:
        return len(await store.open_alerts()) == 200

    await eventually(all_saved)  # a refused one is tried again
    assert {alert.id for alert in await store.open_alerts()} == {alert.id for alert in mine + theirs}


async def test_refused_alert_is_saved_later(store: Store, tmp_path: Path) -> None:
    """While the database refuses, the answer is False and the trouble named; afterwards the alert is told durable."""
    durable: list[str] = []
    store.on_durable(durable.append)
    alert = an_alert("c-1")
    with _locked(tmp_path):
        assert not await store.save_alert(alert)
        assert "locked" in str(store.problem)
        assert "locked" in str(await store.probe())
        await asyncio.sleep(0.15)
        assert durable == []
    await eventually(lambda: durable)
    assert durable == [alert.id]
    assert await store.open_alerts() == [alert]
    assert store.problem is None


async def test_slow_database_delays_no_alert(tmp_path: Path) -> None:
    """A database that neither takes nor refuses is not waited for: the answer comes in time, the commit later."""
    store = Store.open(msgspec.structs.replace(_settings(tmp_path), busy_timeout_s=30.0, answer_within_s=0.1))
    durable: list[str] = []
    store.on_durable(durable.append)
    with _locked(tmp_path):
        async with asyncio.timeout(3):
            assert not await store.save_alert(an_alert("c-1"))
        assert durable == []
    await eventually(lambda: durable)
    assert durable == [an_alert("c-1").id]
    await store.close()


async def test_newest_version_wins_after_an_outage(store: Store, tmp_path: Path) -> None:
    """An alert that was taken during the outage ends up taken, whatever order the tries came in."""
    alert = an_alert("c-1")
    taken = _taken(alert, "Maya")
    with _locked(tmp_path):
        assert not await store.save_alert(alert)
        assert not await store.save_alert(taken)

    async def is_taken() -> bool:
        return await store.open_alerts() == [taken]

    await eventually(is_taken)
    await asyncio.sleep(0.2)
    assert await store.open_alerts() == [taken]


async def test_outage_is_bounded(tmp_path: Path) -> None:
    """During an outage calls over the limit are let go, the oldest first; alerts and audit lines never."""
    store = Store.open(msgspec.structs.replace(_settings(tmp_path), max_unsaved=10, retry_s=60.0))
    with _locked(tmp_path):
        assert not await store.save_alert(an_alert("c-0"))
        assert not await store.audit_soon(AuditEntry(at_s=1.0, person="Maya", action="listen.stop"))
        for n in range(20):
            assert not await store.save_call(CallRecord(id=f"c-{n}", gateway="l16", started_at_s=float(n)))
    await store.close()
    store = Store.open(_settings(tmp_path))
    assert [call.id for call in await store.calls()] == [f"c-{n}" for n in range(19, 11, -1)]
    assert len(await store.open_alerts()) == 1
    assert len(await store.audit_log()) == 1
    await store.close()


async def test_close_saves_what_was_refused(tmp_path: Path) -> None:
    """An alert that the database refused is tried once more when the store closes."""
    store = Store.open(msgspec.structs.replace(_settings(tmp_path), retry_s=60.0))
    with _locked(tmp_path):
        assert not await store.save_alert(an_alert("c-1"))
    await store.close()
    store = Store.open(_settings(tmp_path))
    assert len(await store.open_alerts()) == 1
    await store.close()


async def test_audit_refuses_rather_than_forgets(store: Store, tmp_path: Path) -> None:
    """What must be logged first raises when it cannot be; what is logged stays in order with who, what and when."""
    with _locked(tmp_path), pytest.raises(StoreError, match="locked"):
        await store.audit(AuditEntry(at_s=1.0, person="Maya", action="listen.start", call_id="c-1"))
    assert await store.audit_log() == []
    first = AuditEntry(at_s=2.0, person="Maya", action="listen.start", call_id="c-1")
    second = AuditEntry(at_s=3.0, person="Maya", action="listen.stop", call_id="c-1", result="left", detail="heard 1 s")
    await store.audit(first)
    assert await store.audit_soon(second)
    assert await store.audit_log() == [second, first]


async def test_call_index(store: Store) -> None:
    """A call's line keeps its first start and highest tension, also when the call goes on in a second stream."""
    start = CallRecord(
        id="c-1", gateway="twilio", started_at_s=100.0, roles=(Role.CUSTOMER, Role.AGENT), queue="Billing"
    )
    assert await store.save_call(start)
    assert await store.call("c-1") == start
    end = msgspec.structs.replace(start, ended_at_s=200.0, max_tension=0.9, labels={"agent": "Noa"})
    assert await store.save_call(end)
    assert await store.save_call(msgspec.structs.replace(end, started_at_s=150.0, max_tension=0.4))
    assert await store.call("c-1") == end
    assert await store.call("c-2") is None


async def test_calls_by_page(store: Store) -> None:
    """The index is read newest first, page by page."""
    for n in range(5):
        await store.save_call(CallRecord(id=f"c-{n}", gateway="l16", started_at_s=float(n)))
    first = await store.calls(limit=2)
    assert [call.id for call in first] == ["c-4", "c-3"]
    assert [call.id for call in await store.calls(limit=2, before_s=first[-1].started_at_s)] == ["c-2", "c-1"]


async def test_curve_comes_back_in_order(store: Store) -> None:
    """Pieces of a curve come back in the order of the call; the same piece again replaces itself."""
    await store.save_call(CallRecord(id="c-1", gateway="l16", started_at_s=0.0))
    assert await store.save_curve("c-1", 250, pack([0.5, None]))
    assert await store.save_curve("c-1", 0, pack([0.1]))
    assert await store.save_curve("c-1", 0, pack([0.2]))
    pieces = [(first, unpack(levels)) for first, levels in await store.curve("c-1")]
    assert [first for first, _ in pieces] == [0, 250]
    assert pieces[0][1] == [pytest.approx(0.2, abs=0.002)]
    assert pieces[1][1] == [pytest.approx(0.5, abs=0.002), None]


async def test_curve_of_no_call_is_let_go(store: Store) -> None:
    """A piece that can never be saved is not tried for ever, and is no sign of a broken database."""
    assert not await store.save_curve("nobody", 0, b"")
    assert store.problem is None
    assert await store.probe() is None
