"""Where people's deeds and programs' events come in: to the engine, to the ledger, and what follows to the recorder."""

import asyncio
from collections.abc import Sequence
from functools import partial

import msgspec

from voicerisk import clock
from voicerisk.events import Event
from voicerisk.floor import Heard
from voicerisk.risk.actions import Action, EventRefused
from voicerisk.risk.deeds import Deed
from voicerisk.risk.engine import Engine
from voicerisk.risk.gauges import OwnMeasure
from voicerisk.risk.watch import SITE
from voicerisk.server.ledger import Ledger
from voicerisk.server.record import Recorder
from voicerisk.store import journal
from voicerisk.store.store import Store
from voicerisk.store.writer import StoreError


class Answer(msgspec.Struct, frozen=True):
    """What became of told events: how many the engine took, and those that it did not, with the reason."""

    n_taken: int
    refused: Sequence[EventRefused]


class Office:
    """Brings to the engine what does not come from live calls. One event loop's thread."""

    def __init__(self, engine: Engine, ledger: Ledger, recorder: Recorder, store: Store) -> None:
        self.engine = engine
        self._ledger = ledger
        self._recorder = recorder
        self._store = store
        self._saves: set[asyncio.Task[bool]] = set()

    async def do(self, deed: Deed) -> Sequence[Action]:
        """What followed from a person's deed, once it is saved and shown.

        A database that refuses delays nobody on the floor: the deed counts, and is saved when it can be.

        Raises:
            LookupError: There is no such alert, run, task or silence (any more).
            ValueError: It is not in a state in which that can be done.
        """
        now = clock.now_s()
        actions = self.engine.do(deed, now)
        saving = asyncio.get_running_loop().create_task(self._ledger.did(deed, now))
        self._recorder.act(actions)
        await saving
        await self._recorder.all_shown()
        return actions

    async def tell(self, events: Sequence[Event]) -> Answer:
        """What became of the events, once those that were taken are on the disk.

        An event that was told before is not counted twice, and taken all the same: its sender may not have heard our
        answer.

        Raises:
            StoreError: They are not on the disk; the sender is to try again, with the same ids.
        """
        now = clock.now_s()
        refused: list[EventRefused] = []
        again: set[str] = set()
        taken: list[Event] = []
        actions: list[Action] = []
        for event in events:
            followed = self.engine.handle(event, now)
            actions += followed
            refusals = [action for action in followed if isinstance(action, EventRefused)]
            if refusals:
                again |= {one.event_id for one in refusals if one.known}
                refused += [one for one in refusals if not one.known]
            else:
                taken.append(event)
        saving = asyncio.get_running_loop().create_task(self._ledger.heard(taken, now))
        self._recorder.act([action for action in actions if not (isinstance(action, EventRefused) and action.known)])
        if not await saving or again - await self._store.read(partial(journal.known_ids, ids=again)):
            raise StoreError(self._store.problem or "the events are not on the disk yet")
        await self._recorder.all_shown()
        return Answer(len(taken) + len(again), refused)

    def heard(self, inputs: Sequence[Heard]) -> None:
        """Writes down what the engine took from live calls. Nobody waits for it."""
        for event, at_s in inputs:
            task = asyncio.get_running_loop().create_task(self._ledger.heard([event], at_s))
            self._saves.add(task)
            task.add_done_callback(self._saves.discard)

    def observe(self, measure: OwnMeasure, value: float | None) -> None:
        """The service has measured something of itself."""
        self._recorder.act(self.engine.observe(measure, SITE, value, clock.now_s()))

    async def close(self) -> None:
        """Returns once everything heard is saved, or refused by the database."""
        while self._saves:
            await asyncio.wait(self._saves)
