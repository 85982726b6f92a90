"""The store as somebody sees it who looks back: opened to be read."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from sqlalchemy import make_url
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.orm import Session

from voicerisk.store.database import open_database
from voicerisk.store.settings import StoreSettings
from voicerisk.store.writer import StoreError, describe


@contextmanager
def reading(settings: StoreSettings) -> Iterator[Session]:
    """A session on the store. Raises `StoreError` where there is none yet, or it cannot be read."""
    try:
        url = make_url(settings.url)
        if url.get_backend_name() == "sqlite" and not Path(str(url.database)).is_file():
            raise StoreError(f"there is no record at {url.database} yet; the service writes it while it runs")
        engine = open_database(settings)
        try:
            with Session(engine) as session:
                yield session
        finally:
            engine.dispose()
    except SQLAlchemyError as error:
        raise StoreError(f"the store cannot be read: {describe(error)}") from error
