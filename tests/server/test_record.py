import asyncio
import sqlite3
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.eventually import eventually
from tests.store.made import an_alert
from voicerisk import clock
from voicerisk.recordings.keeper import Keeper
from voicerisk.recordings.settings import RecordingSettings
from voicerisk.risk.actions import AlertOpened, AlertResolved, AlertUpdated
from voicerisk.risk.alerts import NotifyReason, acknowledged, resolved
from voicerisk.server.live import LiveBoard
from voicerisk.server.record import Recorder
from voicerisk.store.settings import StoreSettings
from voicerisk.store.store import Store

ANSWER_S = 0.3


@pytest.fixture
async def store(tmp_path: Path) -> AsyncIterator[Store]:
    """A store that waits for its database longer than an alert may wait."""
    url = f"sqlite:///{tmp_path}/x.db"
    store = Store.open(StoreSettings(url=url, busy_timeout_s=20.0, answer_within_s=ANSWER_S, retry_s=0.1))
    yield store
    await store.close()


@pytest.fixture
async def recorder(store: Store, tmp_path: Path) -> AsyncIterator[Recorder]:
    """A recorder that has begun, with a board of its own."""
    keeper = Keeper(RecordingSettings(), tmp_path, store, None)
    recorder = Recorder(LiveBoard(), store, keeper)
    recorder.start()
    yield recorder
    await recorder.stop()
    await keeper.close()


def _opened(call_id: str) -> AlertOpened:
    return AlertOpened(alert=an_alert(call_id), what=NotifyReason.OPENED)


async def test_alerts_of_one_moment_do_not_queue_behind_a_slow_disk(
    recorder: Recorder, store: Store, tmp_path: Path
) -> None:
    """Twenty alerts at once on a database that stands still are all shown in the time of one, and saved later."""
    board = recorder._board
    lock = sqlite3.connect(tmp_path / "x.db", isolation_level=None)
    lock.execute("BEGIN IMMEDIATE")
    began = clock.monotonic_s()
    recorder.act([_opened(f"c-{n}") for n in range(20)], began)
    await eventually(lambda: len(board.alerts()) == 20)
    took_s = clock.monotonic_s() - began
    lock.execute("ROLLBACK")
    lock.close()
    assert took_s < 5 * ANSWER_S
    assert not any(alert.durable for alert in board.alerts())
    assert recorder.alert_delay_p95_s == pytest.approx(took_s, abs=0.5)
    await eventually(lambda: all(alert.durable for alert in board.alerts()))
    assert len(await store.open_alerts()) == 20


async def test_each_alert_keeps_its_order(recorder: Recorder, store: Store) -> None:
    """Steps of an alert that come in one breath are shown in their order, and the last is what is kept."""
    alert = an_alert("c-1")
    taken = acknowledged(alert, "Maya", alert.opened_at_s + 1, "")
    assert taken is not None
    over = resolved(taken[0], NotifyReason.CALL_ENDED, alert.opened_at_s + 2)
    client = recorder._board.feed.subscribe()
    await client.next()
    recorder.act(
        [
            AlertOpened(alert=alert, what=NotifyReason.OPENED),
            AlertUpdated(alert=taken[0], what=taken[1]),
            AlertResolved(alert=over, what=NotifyReason.CALL_ENDED),
        ]
    )
    async with asyncio.timeout(5):
        told = [await client.next() for _ in range(3)]
    states = ['"state":"open"', '"state":"acknowledged"', '"state":"resolved"']
    assert all(state in event for state, event in zip(states, told, strict=True))
    kept = await store.alert(alert.id)
    assert kept == over
