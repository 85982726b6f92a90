"""How long needles stood in red, from the readings that are stored once a minute."""

from pathlib import Path
from typing import Final

from sqlalchemy import case, create_engine, func, inspect, make_url, select
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.orm import Session

from voicerisk.events import Zone
from voicerisk.risk.check import RedShare
from voicerisk.store.schema import ReadingRow
from voicerisk.store.settings import StoreSettings
from voicerisk.store.writer import StoreError, describe

LEAST_READINGS: Final = 60
"""A needle of which less than an hour is stored tells nothing yet."""


def read_red_shares(session: Session) -> list[RedShare]:
    """For each gauge the needle that was red for the largest share of its stored time, worst gauge first."""
    red = func.sum(case((ReadingRow.zone == Zone.RED.value, 1), else_=0))
    number = func.count()
    query = select(ReadingRow.gauge, ReadingRow.key, red, number).group_by(ReadingRow.gauge, ReadingRow.key)
    worst: dict[str, RedShare] = {}
    for gauge, key, reds, readings in session.execute(query.having(number >= LEAST_READINGS)):
        share = RedShare(gauge=gauge, key=key, share=int(reds) / int(readings))
        if gauge not in worst or (share.share, share.key) > (worst[gauge].share, worst[gauge].key):
            worst[gauge] = share
    return sorted(worst.values(), key=lambda share: (-share.share, share.gauge))


def stored_red_shares(settings: StoreSettings) -> list[RedShare]:
    """The same from the store as it is, which is neither made nor changed; empty where nothing is stored yet.

    Raises `StoreError` when it is there and cannot be read.
    """
    try:
        url = make_url(settings.url)
        if url.get_backend_name() == "sqlite" and not Path(str(url.database)).is_file():
            return []
        engine = create_engine(url)
        try:
            if not inspect(engine).has_table(ReadingRow.__tablename__):
                return []
            with Session(engine) as session:
                return read_red_shares(session)
        finally:
            engine.dispose()
    except (OSError, ImportError, SQLAlchemyError) as error:
        raise StoreError(f"the store cannot be read: {describe(error)}") from error
