"""Where people's deeds and programs' events come in: to the engine, to the ledger, and what follows to the recorder."""

import asyncio
from collections.abc import Sequence
from functools import partial
from typing import Final

import msgspec
import structlog

from voicerisk import clock
from voicerisk.events import Event, event_type
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

_log = structlog.get_logger(__name__)

TURN: Final = 50
"""Events that the engine takes before live calls have their turn: some milliseconds."""


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
        loop = asyncio.get_running_loop()
        refused: list[EventRefused] = []
        again: list[Event] = []
        savings: list[asyncio.Task[bool]] = []
        for first in range(0, len(events), TURN):
            now = clock.now_s()
            taken, actions = self._take(events[first : first + TURN], now, refused, again)
            savings.append(loop.create_task(self._ledger.heard(taken, now)))
            self._recorder.act(actions)
            # Live calls have their turn before the next ones.
            await asyncio.sleep(0)
        saved = all(await asyncio.gather(*savings))
        if not saved or not await self._kept(again):
            raise StoreError(self._store.problem or "the events are not on the disk yet")
        await self._recorder.all_shown()
        return Answer(len(events) - len(refused), refused)

    def _take(
        self, events: Sequence[Event], now: float, refused: list[EventRefused], again: list[Event]
    ) -> tuple[list[Event], list[Action]]:
        """Those that the engine took, and what followed; what was told before goes to `again`, others to `refused`."""
        taken: list[Event] = []
        actions: list[Action] = []
        for event in events:
            try:
                followed = self.engine.handle(event, now)
            except Exception as error:
                # One event that nobody thought of must not take with it those of the same request.
                _log.exception("the engine failed on an event", type=event_type(event))
                why = f"it cannot be taken here ({type(error).__name__})"
                followed = [EventRefused(event_id=event.id, event_type=event_type(event), reason=why, at_s=now)]
            refusals = [action for action in followed if isinstance(action, EventRefused)]
            if not refusals:
                taken.append(event)
            elif any(one.known for one in refusals):
                again.append(event)
            else:
                refused += refusals
            actions += [action for action in followed if not (isinstance(action, EventRefused) and action.known)]
        return taken, actions

    async def _kept(self, again: Sequence[Event]) -> bool:
        """Whether events that were told before are on the disk; those that were lost on the way there are put there."""
        if not again:
            return True
        known = await self._store.read(partial(journal.known_ids, ids={event.id for event in again}))
        return await self._ledger.heard([event for event in again if event.id not in known], clock.now_s())

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
