import asyncio
import sqlite3
import subprocess
import sys
from collections.abc import AsyncIterator
from functools import partial
from pathlib import Path

import msgspec
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy.exc import OperationalError

from tests.server.day_of_events import START_S, some_events
from voicerisk.risk.actions import AlertAction, AlertOpened, EventRefused
from voicerisk.risk.config import RiskConfig
from voicerisk.risk.deeds import Acknowledge, AddNote
from voicerisk.risk.engine import Engine
from voicerisk.server.ledger import Ledger, rules_name
from voicerisk.store import journal
from voicerisk.store.settings import StoreSettings
from voicerisk.store.store import Store
from voicerisk.store.writer import StoreError

CONFIG = RiskConfig()
RULES = rules_name(CONFIG)


@pytest.fixture
async def store(tmp_path: Path) -> AsyncIterator[Store]:
    """An open store in an empty folder."""
    store = _open(tmp_path)
    yield store
    await store.close()


def _open(folder: Path) -> Store:
    return Store.open(StoreSettings(url=f"sqlite:///{folder}/x.db", answer_within_s=10.0))


def _state(engine: Engine) -> bytes:
    """All that the engine remembers, once it has been told that it is tomorrow."""
    engine.tick(START_S + 86_400.0)
    return msgspec.msgpack.encode(engine.snapshot())


class _Floor:
    """An engine with its ledger: hears events, takes deeds, keeps alerts, as the service does."""

    def __init__(self, store: Store, rules: str = RULES) -> None:
        self.store = store
        self.engine = Engine(CONFIG)
        self.ledger = Ledger(store, self.engine, rules, 3600.0)
        self.saves: list[asyncio.Task[bool]] = []

    def hear(self, n_from: int, n_to: int, seed: int = 1) -> None:
        """The events with these numbers, each heard a little after it happened; every third alert is taken."""
        loop = asyncio.get_running_loop()
        for n, event in list(enumerate(some_events(seed, 40)))[n_from:n_to]:
            now = max(event.at, START_S + n) + 0.1
            actions = self.engine.handle(event, now)
            if any(isinstance(action, EventRefused) for action in actions):
                continue
            self.saves.append(loop.create_task(self.ledger.heard([event], now)))
            changed = [action.alert for action in actions if isinstance(action, AlertAction)]
            self.saves += [loop.create_task(self.store.save_alert(alert)) for alert in changed]
            opened = [action.alert for action in actions if isinstance(action, AlertOpened)]
            for alert in opened[::3]:
                self._do(Acknowledge(alert=alert.id, person="Maya"), now)
                self._do(AddNote(alert=alert.id, person="Maya", note="on it"), now)

    def _do(self, deed: Acknowledge | AddNote, now: float) -> None:
        actions = self.engine.do(deed, now)
        loop = asyncio.get_running_loop()
        self.saves.append(loop.create_task(self.ledger.did(deed, now)))
        changed = [action.alert for action in actions if isinstance(action, AlertAction)]
        self.saves += [loop.create_task(self.store.save_alert(alert)) for alert in changed]

    async def saved(self) -> None:
        """Returns once everything is on the disk."""
        assert all(await asyncio.gather(*self.saves))


@settings(max_examples=5, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.integers(0, 100), st.integers(0, 100), st.integers(1, 99))
def test_a_crash_at_any_point_leaves_the_engine_as_it_was(
    tmp_path_factory: pytest.TempPathFactory, n_before: int, n_after: int, seed: int
) -> None:
    """Snapshot, some more inputs, crash: the rebuilt engine's whole state is byte for byte that of the lost one."""

    async def run() -> None:
        folder = tmp_path_factory.mktemp("crash")
        store = _open(folder)
        lost = _Floor(store)
        lost.hear(0, n_before, seed)
        await lost.saved()
        assert await lost.ledger.snapshot(START_S)
        lost.hear(n_before, n_before + n_after, seed)
        await lost.saved()
        again = _Floor(store)
        rebuilt = await again.ledger.rebuild(START_S)
        assert rebuilt.actions == []
        assert _state(again.engine) == _state(lost.engine)
        await store.close()

    asyncio.run(run())


async def test_without_a_snapshot_the_inputs_alone_give_the_engine(store: Store) -> None:
    """A first start after a crash before any snapshot replays every input."""
    lost = _Floor(store)
    lost.hear(0, 90)
    await lost.saved()
    again = _Floor(store)
    rebuilt = await again.ledger.rebuild(START_S)
    assert (rebuilt.from_snapshot, rebuilt.n_inputs > 60) == (False, True)
    assert _state(again.engine) == _state(lost.engine)


async def test_changed_rules_see_the_past_with_new_eyes(store: Store) -> None:
    """A snapshot made with other rules is not used: the inputs are replayed with the new ones."""
    lost = _Floor(store)
    lost.hear(0, 60)
    await lost.saved()
    assert await lost.ledger.snapshot(START_S)
    again = _Floor(store, rules="other rules")
    assert not (await again.ledger.rebuild(START_S)).from_snapshot


async def test_a_spoilt_snapshot_is_passed_over(store: Store, tmp_path: Path) -> None:
    """Where the last snapshot cannot be read the one before it is taken, and nothing is lost."""
    lost = _Floor(store)
    for n in (30, 60):
        lost.hear(n - 30, n)
        await lost.saved()
        assert await lost.ledger.snapshot(START_S)
    with sqlite3.connect(tmp_path / "x.db") as connection:
        connection.execute("UPDATE snapshots SET state = x'c1' WHERE seq = (SELECT max(seq) FROM snapshots)")
    connection.close()
    again = _Floor(store)
    rebuilt = await again.ledger.rebuild(START_S)
    assert rebuilt.from_snapshot
    assert rebuilt.n_inputs > 0
    assert _state(again.engine) == _state(lost.engine)


async def test_an_alert_whose_saving_the_crash_prevented_is_made_up_for(store: Store) -> None:
    """An event was on the disk but its alert was not: after the restart the alert is handed out to be saved."""
    lost = _Floor(store)
    event, *_ = [e for e in some_events(1, 40) if lost.engine.handle(e, e.at + 0.1) and lost.engine.alerts()]
    opened = {alert.id for alert in lost.engine.alerts()}
    fresh = _Floor(store)
    heard = list(some_events(1, 40))
    for one in heard[: heard.index(event) + 1]:
        fresh.engine.handle(one, one.at + 0.1)
        assert await fresh.ledger.heard([one], one.at + 0.1)
    again = _Floor(store)
    rebuilt = await again.ledger.rebuild(event.at + 1.0)
    told = {action.alert.id for action in rebuilt.actions if isinstance(action, AlertOpened)}
    assert told
    assert told <= opened


def test_the_name_of_the_rules_is_theirs_alone() -> None:
    """Equal configurations have equal names, different ones different names."""
    assert rules_name(RiskConfig()) == RULES
    assert rules_name(msgspec.structs.replace(CONFIG, reopen_within_s=1.0)) != RULES


def test_killed_fifty_times_at_random_points(tmp_path: Path) -> None:
    """Whatever was acknowledged before a SIGKILL is there after it, and the engine is what those inputs make it."""
    script = Path(__file__).parent / "kill_loop.py"
    done = subprocess.run(
        [sys.executable, str(script), str(tmp_path), "50"], capture_output=True, text=True, timeout=300, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert "50 kills" in done.stdout


async def test_an_event_lost_behind_a_snapshot_can_be_told_again(store: Store) -> None:
    """The snapshot has it, its own line was never written: told again it is kept, and after a crash counts once."""
    lost = _Floor(store)
    [event] = [one for one in some_events(1, 40) if one.call is not None][:1]
    assert not any(isinstance(one, EventRefused) for one in lost.engine.handle(event, event.at + 0.1))
    lost.ledger.heard([event], event.at + 0.1).close()
    assert await lost.ledger.snapshot(event.at)
    assert await lost.ledger.heard([event], event.at + 5.0)
    again = _Floor(store)
    assert (await again.ledger.rebuild(event.at + 6.0)).n_inputs == 1
    assert _state(again.engine) == _state(lost.engine)


async def test_an_engine_that_was_given_back_in_part_is_not_kept(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    """The store fails half way through a rebuild: the stop that follows keeps no snapshot of half a state."""
    lost = _Floor(store)
    lost.hear(0, 60)
    await lost.saved()
    again = _Floor(store)

    def fails(*_: object, **__: object) -> int:
        raise OperationalError("", {}, Exception("gone"))

    with monkeypatch.context() as patched:
        patched.setattr(journal, "last_seq", fails)
        with pytest.raises(StoreError):
            await again.ledger.rebuild(START_S)
    assert await again.ledger.snapshot(START_S)
    assert await store.read(partial(journal.read_snapshots, rules=RULES)) == []
