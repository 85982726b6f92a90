from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import Connection, create_engine, inspect, text
from sqlalchemy.orm import Session

from voicerisk.store.audit import read_chain, verify
from voicerisk.store.database import open_database
from voicerisk.store.migrate import downgrade, known_steps, upgrade
from voicerisk.store.settings import StoreSettings
from voicerisk.store.tables import METADATA
from voicerisk.store.writer import WRITING

_OLD_LINE = (
    "INSERT INTO audit (id, at_s, person, action, call_id, alert_id, result, detail) "
    "VALUES ({n}, {n}.5, 'Maya', 'listen.start', 'c-{n}', NULL, 'ok', '')"
)


def test_steps_lead_to_the_tables_that_the_program_has(url: str) -> None:
    """A database that walked every step has exactly the columns, indexes and constraints that the code declares."""
    engine = open_database(StoreSettings(url=url))
    with engine.connect() as connection:
        context = MigrationContext.configure(connection, opts={"compare_type": True})
        assert compare_metadata(context, METADATA) == []
    engine.dispose()


def test_every_step_goes_down_and_up_again(url: str) -> None:
    """Walking back step by step leaves nothing behind, and the way up again gives the same tables."""
    engine = open_database(StoreSettings(url=url))
    steps = sorted(known_steps())
    with engine.execution_options(**WRITING).begin() as connection:
        before = _shape(connection)
        for step in [*reversed(steps[:-1]), "base"]:
            downgrade(connection, step)
        assert set(inspect(connection).get_table_names()) == {"alembic_version"}
        for step in steps:
            upgrade(connection, step)
        assert _shape(connection) == before
    engine.dispose()


def test_a_database_from_before_there_were_steps(url: str) -> None:
    """The first version's tables, which knew no steps, are brought up to date, and their audit lines are chained."""
    engine = create_engine(url)
    with engine.begin() as connection:
        upgrade(connection, "0001")
        connection.execute(text("INSERT INTO meta (key, value) VALUES ('schema_version', '1')"))
        for n in (1, 2, 3):
            connection.execute(text(_OLD_LINE.format(n=n)))
        connection.execute(text("DROP TABLE alembic_version"))
    engine.dispose()
    engine = open_database(StoreSettings(url=url))
    with Session(engine) as session:
        lines = list(read_chain(session))
    assert [line.entry.call_id for line in lines] == ["c-1", "c-2", "c-3"]
    assert verify(lines).broken is None
    engine.dispose()


def _shape(connection: Connection) -> dict[str, object]:
    inspector = inspect(connection)
    return {
        table: (
            [(column["name"], str(column["type"]), column["nullable"]) for column in inspector.get_columns(table)],
            sorted(str(index["name"]) for index in inspector.get_indexes(table)),
            sorted(str(unique["name"]) for unique in inspector.get_unique_constraints(table)),
        )
        for table in inspector.get_table_names()
    }
