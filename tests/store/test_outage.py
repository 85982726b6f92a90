import asyncio

from tests.eventually import eventually
from tests.store.made import an_alert
from tests.store.postgres import running_postgres
from voicerisk.store.settings import StoreSettings
from voicerisk.store.store import Store


async def test_a_database_server_that_goes_and_comes_back() -> None:
    """While PostgreSQL is down saves answer False and the trouble is named; when it is back everything is saved."""
    with running_postgres() as cluster:
        store = Store.open(StoreSettings(url=cluster.url, retry_s=0.1, answer_within_s=5.0))
        assert await store.save_alert(an_alert("before"))
        await asyncio.to_thread(cluster.stop)
        assert not await store.save_alert(an_alert("during"))
        assert store.problem is not None
        assert await store.probe() is not None
        await asyncio.to_thread(cluster.start)

        async def is_saved() -> bool:
            return store.problem is None and len(await store.open_alerts()) == 2

        await eventually(is_saved)
        await store.close()
