"""The HTTP side with a real engine, ledger and store behind it, and no telephones: what programs and people can ask."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import httpx
import msgspec
from cryptography.fernet import Fernet, MultiFernet
from fastapi import FastAPI

from tests.server.floor import Floor
from tests.server.served import KEY
from voicerisk.clock import now_s
from voicerisk.config import Config
from voicerisk.customers import CustomerKey
from voicerisk.recordings.keeper import Keeper
from voicerisk.risk.config import RiskConfig
from voicerisk.risk.engine import Engine
from voicerisk.risk.gauges import GaugeKey
from voicerisk.server.admin_api import admin_router
from voicerisk.server.door import Door, known_to
from voicerisk.server.events_api import events_router
from voicerisk.server.gauges_api import gauges_router
from voicerisk.server.http import HttpServer, create_app
from voicerisk.server.http_settings import HttpSettings
from voicerisk.server.ledger import Ledger, rules_name
from voicerisk.server.live import LiveBoard
from voicerisk.server.office import Office
from voicerisk.server.record import Recorder
from voicerisk.server.recordings_api import recordings_router
from voicerisk.server.reports_api import reports_router
from voicerisk.server.review_api import review_router
from voicerisk.server.scribe import Scribe
from voicerisk.server.work_api import work_router
from voicerisk.store.settings import StoreSettings
from voicerisk.store.store import Store

CUSTOMER_KEYS = (CustomerKey("k1", bytes(range(32))),)
SETTINGS = HttpSettings(port=0)


class ServedOffice:
    """A running HTTP side: `http` asks it; engine, store and the rest are there to look at."""

    def __init__(
        self, app: FastAPI, http: httpx.AsyncClient, office: Office, scribe: Scribe, keeper: Keeper, store: Store
    ) -> None:
        self.app = app
        self.http = http
        self.office = office
        self.engine = office.engine
        self.store = store
        self.keeper = keeper
        self.scribe = scribe

    async def tell(self, *events: object) -> httpx.Response:
        """The answer to events told in one request."""
        return await self.http.post("/api/v1/events", content=msgspec.json.encode(events))


@asynccontextmanager
async def serving_office(
    folder: Path,
    settings: HttpSettings = SETTINGS,
    risk: RiskConfig | None = None,
    keys: tuple[CustomerKey, ...] = CUSTOMER_KEYS,
) -> AsyncIterator[ServedOffice]:
    """The HTTP side on a free loopback port, until the block ends."""
    config = Config(risk=risk or RiskConfig(), http=settings)
    url = f"sqlite:///{folder}/x.db"
    store = Store.open(StoreSettings(url=url, busy_timeout_s=0.05, retry_s=0.05, answer_within_s=5.0))
    board = LiveBoard()
    keeper = Keeper(config.recordings, folder / "recordings", store, MultiFernet([Fernet(Fernet.generate_key())]))
    recorder = Recorder(board, store, keeper)
    engine = Engine(config.risk)
    ledger = Ledger(store, engine, rules_name(config.risk), 3600.0)
    office = Office(engine, ledger, recorder, store)
    per_customer = tuple(name for name, gauge in config.risk.gauges.items() if gauge.key is GaugeKey.CUSTOMER)
    door = Door(keys, "IL", store, known_to(engine, per_customer))
    await ledger.rebuild(now_s())
    await door.load()
    scribe = Scribe(store)
    recorder.on_action(scribe.act)
    recorder.start()
    more = [
        recordings_router(keeper, store),
        work_router(board, office, config.risk),
        gauges_router(engine, config.risk, store),
        events_router(office, scribe, store, config.risk, door, settings),
        review_router(store),
        reports_router(store, config.risk, config.review),
        admin_router(config, store),
    ]
    app = create_app(board, store, Floor(board, store), settings, session_key=KEY, more=more)
    server = HttpServer(app, settings)
    try:
        port = await server.start()
        async with httpx.AsyncClient(base_url=f"http://127.0.0.1:{port}", trust_env=False) as http:
            yield ServedOffice(app, http, office, scribe, keeper, store)
    finally:
        await recorder.stop()
        await office.close()
        await door.close()
        await scribe.close()
        await keeper.close()
        await server.stop()
        await store.close()
