"""What housekeeping writes down of needles is what `voicerisk check` warns by."""

import asyncio
from pathlib import Path

from cryptography.fernet import Fernet, MultiFernet

from voicerisk.check_notes import check_notes
from voicerisk.config import Config
from voicerisk.events import CallAnswered, CallQueued
from voicerisk.recordings.keeper import Keeper
from voicerisk.risk.engine import Engine
from voicerisk.server.housekeeping import Housekeeping
from voicerisk.server.ledger import Ledger, rules_name
from voicerisk.server.scribe import Scribe
from voicerisk.store.store import Store

T0 = 1_732_226_400.0
MINUTES = 120


async def red_for(folder: Path, minutes: int) -> list[str]:
    """The warnings of the check after two hours in which one caller waited for so long."""
    config = Config(data_dir=str(folder))
    store = Store.open(config.store_settings)
    engine = Engine(config.risk)
    scribe = Scribe(store)
    ledger = Ledger(store, engine, rules_name(config.risk), 3600.0)
    keeper = Keeper(config.recordings, folder / "recordings", store, MultiFernet([Fernet(Fernet.generate_key())]))
    house = Housekeeping(config.risk, engine, ledger, scribe, keeper, store, config.store_settings)
    engine.handle(CallQueued(id="q", at=T0, call="c-1", queue="billing"), T0)
    for minute in range(MINUTES + 1):
        now = T0 + 60.0 * minute
        if minute == minutes:
            engine.handle(CallAnswered(id="a", at=now, call="c-1", queue="billing"), now)
        engine.tick(now)
        house.tick(now)
        await asyncio.sleep(0)
    await house.stop(T0 + 60.0 * MINUTES)
    await keeper.close()
    await store.close()
    return [note for note in check_notes(config) if note.startswith("Warning")]


async def test_a_gauge_that_was_red_too_long_is_found_in_a_real_store(tmp_path: Path) -> None:
    """A wait that was red for half of two hours is a warning with its share and its queue."""
    warnings = await red_for(tmp_path, 61)
    assert [note for note in warnings if note.startswith("Warning: risk.gauges.wait_s was red for 50%")]
    assert any("(billing)" in note for note in warnings)


async def test_one_that_was_not_is_none(tmp_path: Path) -> None:
    """A twentieth of the time is what red is for."""
    assert not any("wait_s" in note for note in await red_for(tmp_path, 6))
