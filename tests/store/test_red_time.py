"""How long needles stood in red, from what is stored."""

from pathlib import Path

import pytest
from sqlalchemy.orm import Session

from voicerisk.events import Zone
from voicerisk.risk.check import RedShare
from voicerisk.store.database import open_database
from voicerisk.store.red_time import read_red_shares, stored_red_shares
from voicerisk.store.schema import ReadingRow
from voicerisk.store.settings import StoreSettings
from voicerisk.store.writer import StoreError


def fill(session: Session, gauge: str, key: str, reds: int, readings: int) -> None:
    """So many readings, one a minute, the first of them red."""
    for n in range(readings):
        zone = Zone.RED if n < reds else Zone.GREEN
        session.add(ReadingRow(gauge=gauge, key=key, at_s=60.0 * n, value=1.0, zone=zone))
    session.commit()


def test_the_worst_needle_of_each_gauge(session: Session) -> None:
    """One line for each gauge with its worst needle, the worst gauge first; less than an hour tells nothing."""
    fill(session, "wait_s", "billing", 30, 100)
    fill(session, "wait_s", "sales", 1, 100)
    fill(session, "load", "billing", 60, 60)
    fill(session, "load", "new queue", 59, 59)
    assert read_red_shares(session) == [
        RedShare(gauge="load", key="billing", share=1.0),
        RedShare(gauge="wait_s", key="billing", share=0.3),
    ]


def test_reading_makes_no_store(tmp_path: Path) -> None:
    """Where there is none yet the answer is empty, and there is none afterwards."""
    assert stored_red_shares(StoreSettings(url=f"sqlite:///{tmp_path}/none.db")) == []
    assert list(tmp_path.iterdir()) == []


def test_a_store_of_an_earlier_version_tells_nothing(tmp_path: Path) -> None:
    """Its tables are made at the next start; until then there is nothing to tell, and nothing wrong."""
    (tmp_path / "x.db").touch()
    assert stored_red_shares(StoreSettings(url=f"sqlite:///{tmp_path}/x.db")) == []


def test_what_is_no_store_is_named(tmp_path: Path) -> None:
    """A file that is no database is an error in words."""
    (tmp_path / "x.db").write_text("this is no database, and long enough not to be taken for an empty one" * 20)
    with pytest.raises(StoreError, match="the store cannot be read"):
        stored_red_shares(StoreSettings(url=f"sqlite:///{tmp_path}/x.db"))


def test_a_store_is_read_as_it_is(url: str) -> None:
    """From its address alone, on either database."""
    engine = open_database(StoreSettings(url=url))
    with Session(engine) as session:
        fill(session, "load", "billing", 60, 60)
    engine.dispose()
    assert stored_red_shares(StoreSettings(url=url)) == [RedShare(gauge="load", key="billing", share=1.0)]
