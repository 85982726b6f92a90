from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.eventually import eventually
from voicerisk.events import decode_event
from voicerisk.recordings.keeper import Keeper
from voicerisk.recordings.settings import RecordingSettings
from voicerisk.risk.config import RiskConfig
from voicerisk.risk.engine import Engine
from voicerisk.server.housekeeping import SAMPLE_EVERY_S, Housekeeping
from voicerisk.server.ledger import Ledger
from voicerisk.server.scribe import Scribe
from voicerisk.store import history, journal
from voicerisk.store.settings import StoreSettings
from voicerisk.store.store import Store

_NOW = 1_732_270_000.0


class _House:
    """Everything that housekeeping looks after, with a real store."""

    def __init__(self, folder: Path) -> None:
        settings = StoreSettings(url=f"sqlite:///{folder}/x.db", answer_within_s=5.0, snapshot_every_s=60.0)
        config = RiskConfig()
        self.store = Store.open(settings)
        self.engine = Engine(config)
        self.ledger = Ledger(self.store, self.engine, "rules", 3600.0)
        self.scribe = Scribe(self.store)
        self.keeper = Keeper(RecordingSettings(), folder, self.store, None)
        self.keeping = Housekeeping(config, self.engine, self.ledger, self.scribe, self.keeper, self.store, settings)

    async def hear(self, n: int, at_s: float) -> None:
        """A caller queues."""
        event = decode_event({"id": f"e-{n}", "at": at_s, "type": "call.queued", "call": f"c-{n}", "queue": "billing"})
        self.engine.handle(event, at_s)
        assert await self.ledger.heard([event], at_s)

    async def are_kept(self, *numbers: int) -> None:
        """Returns once there are snapshots behind these inputs, and no others."""

        async def are_there() -> bool:
            return await self.snapshots() == list(numbers)

        await eventually(are_there)

    async def snapshots(self) -> list[int]:
        """The numbers of the inputs that snapshots stand behind."""
        return [one.seq for one in await self.store.read(lambda s: journal.read_snapshots(s, "rules"))]


@pytest.fixture
async def house(tmp_path: Path) -> AsyncIterator[_House]:
    """A house in an empty folder."""
    house = _House(tmp_path)
    yield house
    await house.scribe.close()
    await house.keeper.close()
    await house.store.close()


async def test_a_snapshot_is_kept_at_its_time_and_at_the_end(house: _House) -> None:
    """Not before its time, not where nothing was heard, and a last one when the service stops."""
    house.keeping.tick(_NOW)
    await house.hear(1, _NOW)
    house.keeping.tick(_NOW + 59.0)
    assert await house.snapshots() == []
    house.keeping.tick(_NOW + 60.0)
    await house.are_kept(1)
    house.keeping.tick(_NOW + 200.0)
    await house.hear(2, _NOW + 201.0)
    await house.keeping.stop(_NOW + 202.0)
    assert await house.snapshots() == [2, 1]


async def test_a_clock_that_is_set_back_stops_nothing(house: _House) -> None:
    """After the clock went back an hour the next tick does what is due, and not an hour later."""
    house.keeping.tick(_NOW)
    await house.hear(1, _NOW)
    house.keeping.tick(_NOW - 3600.0)
    await house.are_kept(1)


async def test_needles_of_queues_are_sampled_by_the_minute(house: _House) -> None:
    """What a queue's needle shows is kept once a minute, at the full minute; a call's or a customer's is not."""
    await house.hear(1, _NOW)
    house.keeping.tick(_NOW)
    house.keeping.tick(_NOW + SAMPLE_EVERY_S)
    await house.scribe.close()
    read = await house.store.read(lambda s: history.read_readings(s, "wait_s", "billing", 0.0, 1e12))
    assert [sample.at_s % 60.0 for sample in read] == [0.0]
    assert read[0].value == pytest.approx(60.0, abs=1.0)
