"""What the tests of notifications share: a store, somebody else's HTTP server, and no proxy on the way to it."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.notify.http_receiver import HttpReceiver, http_receiver
from voicerisk.store.settings import StoreSettings
from voicerisk.store.store import Store


@pytest.fixture(autouse=True)
def _no_proxy(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NO_PROXY", "127.0.0.1,localhost")


@pytest.fixture
async def store(tmp_path: Path) -> AsyncIterator[Store]:
    """An open store in an empty folder."""
    url = f"sqlite:///{tmp_path}/x.db"
    store = Store.open(StoreSettings(url=url, busy_timeout_s=0.05, retry_s=0.05, answer_within_s=5.0))
    yield store
    await store.close()


@pytest.fixture
async def receiver() -> AsyncIterator[HttpReceiver]:
    """Somebody else's HTTP server."""
    async with http_receiver() as running:
        yield running
