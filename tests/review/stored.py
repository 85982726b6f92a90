"""Days in a store: heard by a real engine, written down as the service does."""

import asyncio
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from functools import partial
from pathlib import Path

import msgspec
from sqlalchemy.orm import Session

from voicerisk.events import Event, encode_event, event_type
from voicerisk.risk.actions import Action, AlertAction, AlertOpened, EventRefused
from voicerisk.risk.alerts import Alert
from voicerisk.risk.config import RiskConfig
from voicerisk.risk.deeds import Deed
from voicerisk.risk.engine import Engine
from voicerisk.server.ledger import DEED
from voicerisk.server.scribe import Scribe
from voicerisk.simulate.day import Heard
from voicerisk.store import journal
from voicerisk.store.database import open_database
from voicerisk.store.journal import Input
from voicerisk.store.settings import StoreSettings
from voicerisk.store.store import Store

PAGE = 2_000


def database(folder: Path) -> StoreSettings:
    """An SQLite database in that folder."""
    return StoreSettings(url=f"sqlite:///{folder}/x.db")


@contextmanager
def opened(settings: StoreSettings) -> Iterator[Session]:
    """A session to read and write with."""
    engine = open_database(settings)
    with Session(engine) as session:
        yield session
    engine.dispose()


class Told:
    """An engine that is told events and deeds, and a store in which what follows is kept."""

    def __init__(self, store: Store, risk: RiskConfig) -> None:
        self.engine = Engine(risk)
        self.store = store
        self._scribe = Scribe(store)
        self._alerts: dict[str, Alert] = {}
        self._inputs: list[Input] = []
        self._n_inputs = 0

    def tell_window(self, event: Event, now: float) -> Sequence[Action]:
        """A tension window is heard; it is an input only where something follows."""
        actions = self.engine.handle(event, now, own=True)
        return self._told(event, now, actions) if actions else actions

    def tell(self, event: Event, now: float) -> Sequence[Action]:
        """The event is heard of; what is refused is no input."""
        return self._told(event, now, self.engine.handle(event, now))

    def _told(self, event: Event, now: float, actions: Sequence[Action]) -> Sequence[Action]:
        if not any(isinstance(action, EventRefused) for action in actions):
            self._n_inputs += 1
            self._inputs.append(
                Input(
                    seq=self._n_inputs, id=event.id, type=event_type(event), at_s=event.at, heard_at_s=now,
                    payload=encode_event(event).decode(), call_id=event.call, customer=event.customer,
                    queue=event.queue,
                )
            )  # fmt: skip
        return self._take(actions)

    def do(self, deed: Deed, now: float) -> Sequence[Action]:
        """A person does something."""
        actions = self.engine.do(deed, now)
        self._n_inputs += 1
        self._inputs.append(
            Input(
                seq=self._n_inputs, id=f"{DEED}{self._n_inputs}", type=f"{DEED}{type(deed).__struct_config__.tag}",
                at_s=now, heard_at_s=now, payload=msgspec.json.encode(deed).decode(),
            )
        )  # fmt: skip
        return self._take(actions)

    def tick(self, now: float) -> Sequence[Action]:
        """Time goes on."""
        return self._take(self.engine.tick(now))

    async def settled(self) -> None:
        """Returns once everything is on the disk."""
        for begin in range(0, len(self._inputs), PAGE):
            page = self._inputs[begin : begin + PAGE]
            await self.store.write(partial(journal.write_inputs, inputs=page))
        self._inputs.clear()
        await asyncio.gather(*(self.store.save_alert(alert) for alert in self._alerts.values()))
        self._alerts.clear()
        await self._scribe.close()

    def _take(self, actions: Sequence[Action]) -> Sequence[Action]:
        for action in actions:
            if isinstance(action, AlertAction):
                self._alerts[action.alert.id] = action.alert
            self._scribe.act(action)
        return actions


async def store_day(
    settings: StoreSettings, risk: RiskConfig, heard: Iterable[Heard], until_s: float
) -> tuple[list[Event], list[Alert]]:
    """The day in the store, up to `until_s`. Gives the events that were taken and the alerts as they opened."""
    store = Store.open(settings)
    told = Told(store, risk)
    taken: list[Event] = []
    opened: list[Alert] = []
    for one in heard:
        actions = told.tell(one.event, one.at_s)
        opened += [action.alert for action in actions if isinstance(action, AlertOpened)]
        if not any(isinstance(action, EventRefused) for action in actions):
            taken.append(one.event)
    told.tick(until_s)
    await told.settled()
    await store.close()
    return taken, opened
