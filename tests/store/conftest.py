"""The two databases that every test of the store runs on."""

import itertools
from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import create_engine, make_url, text
from sqlalchemy.orm import Session

from tests.store.postgres import running_postgres
from voicerisk.store.database import open_database
from voicerisk.store.settings import StoreSettings
from voicerisk.store.writer import WRITING

_numbers = itertools.count()


@pytest.fixture(scope="session")
def postgres() -> Iterator[str]:
    """The address of a real PostgreSQL."""
    with running_postgres() as cluster:
        yield cluster.url


@pytest.fixture
def postgres_url(postgres: str) -> str:
    """The address of an empty database on a real PostgreSQL."""
    name = f"t{next(_numbers)}"
    engine = create_engine(postgres, isolation_level="AUTOCOMMIT")
    with engine.connect() as connection:
        connection.execute(text(f"CREATE DATABASE {name}"))
    engine.dispose()
    return make_url(postgres).set(database=name).render_as_string(hide_password=False)


@pytest.fixture(params=["sqlite", "postgresql"])
def url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """The address of an empty database of each kind."""
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path}/x.db"
    address: str = request.getfixturevalue("postgres_url")
    return address


@pytest.fixture
def session(url: str) -> Iterator[Session]:
    """A session on an empty database of each kind."""
    engine = open_database(StoreSettings(url=url))
    with Session(engine.execution_options(**WRITING)) as session:
        yield session
    engine.dispose()
