"""Days in a store: heard by a real engine, written down by the service's own ledger and scribe."""

import asyncio
from collections.abc import Iterable, Sequence
from pathlib import Path

from sqlalchemy import Engine as Database
from sqlalchemy.orm import Session

from voicerisk.events import Event
from voicerisk.risk.actions import Action, AlertAction
from voicerisk.risk.alerts import Alert
from voicerisk.risk.config import RiskConfig
from voicerisk.risk.deeds import Deed
from voicerisk.risk.engine import Engine
from voicerisk.server.ledger import Ledger, rules_name
from voicerisk.server.scribe import Scribe
from voicerisk.simulate.day import Heard
from voicerisk.store.database import open_database
from voicerisk.store.settings import StoreSettings
from voicerisk.store.store import Store


def database(folder: Path) -> StoreSettings:
    """An SQLite database in that folder."""
    return StoreSettings(url=f"sqlite:///{folder}/x.db")


def opened(settings: StoreSettings) -> Session:
    """A session to read with; close its bind when done."""
    return Session(open_database(settings))


class Told:
    """An engine that is told events and deeds, and a store in which all of it is kept."""

    def __init__(self, store: Store, risk: RiskConfig) -> None:
        self.engine = Engine(risk)
        self.store = store
        self.scribe = Scribe(store)
        self._ledger = Ledger(store, self.engine, rules_name(risk), 3600.0)
        self._alerts: dict[str, Alert] = {}
        self._saves: list[asyncio.Task[bool]] = []

    def tell(self, event: Event, now: float) -> Sequence[Action]:
        """The event is heard of; what is refused is no input."""
        actions = self.engine.handle(event, now)
        if not any(type(action).__name__ == "EventRefused" for action in actions):
            self._saves.append(asyncio.ensure_future(self._ledger.heard([event], now)))
        return self._take(actions)

    def do(self, deed: Deed, now: float) -> Sequence[Action]:
        """A person does something."""
        actions = self.engine.do(deed, now)
        self._saves.append(asyncio.ensure_future(self._ledger.did(deed, now)))
        return self._take(actions)

    def tick(self, now: float) -> Sequence[Action]:
        """Time goes on."""
        return self._take(self.engine.tick(now))

    async def settled(self) -> None:
        """Returns once everything is on the disk."""
        for alert in self._alerts.values():
            await self.store.save_alert(alert)
        self._alerts.clear()
        await asyncio.gather(*self._saves)
        self._saves.clear()
        await self.scribe.close()

    def _take(self, actions: Sequence[Action]) -> Sequence[Action]:
        for action in actions:
            if isinstance(action, AlertAction):
                self._alerts[action.alert.id] = action.alert
            self.scribe.act(action)
        return actions


async def store_day(settings: StoreSettings, risk: RiskConfig, heard: Iterable[Heard], until_s: float) -> Told:
    """The day in the store, up to `until_s`; the store is closed afterwards."""
    store = Store.open(settings)
    told = Told(store, risk)
    for n, one in enumerate(heard):
        told.tell(one.event, one.at_s)
        if n % 500 == 499:
            await told.settled()
    told.tick(until_s)
    await told.settled()
    await store.close()
    return told


def close(database: Database) -> None:
    """Lets the database go."""
    database.dispose()
