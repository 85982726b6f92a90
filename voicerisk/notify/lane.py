"""One receiver's lane: its own queue and its own task, so that nothing it does can keep another receiver waiting."""

import asyncio
import random
from contextlib import suppress
from functools import partial
from typing import Any, Final

import msgspec
import structlog

from voicerisk import clock
from voicerisk.notify import metrics
from voicerisk.notify.backoff import pause_s
from voicerisk.notify.notice import Delivery, Notice
from voicerisk.notify.outcome import Delivered, GiveUp, Outcome, TryAgain
from voicerisk.notify.sender import Sender
from voicerisk.notify.settings import NotifySettings
from voicerisk.store import outbox
from voicerisk.store.outbox import OutboxItem, OutboxState
from voicerisk.store.store import Store
from voicerisk.store.writer import StoreError

_log = structlog.get_logger(__name__)
_notices: Final = msgspec.json.Decoder(Notice)

FAULT_PAUSE_S: Final = 1.0
"""After an error of our own, or when the store cannot be read."""

FINISH_S: Final = 2.0
"""What a try that is under way may take when the service stops, so that it need not be made twice."""


class LaneHealth(msgspec.Struct, frozen=True, kw_only=True):
    """How a receiver fares. `waiting` is what is in memory; `delivered` and `given_up` count since the start."""

    name: str
    kind: str
    waiting: int
    delivered: int
    given_up: int
    last_delivered_at_s: float | None
    problem: str


class Lane:
    """What waits for one receiver, and the tasks that bring it there: as many as its sender is wide.

    At most `max_waiting` messages are in memory; the rest stays in the outbox until there is room. Each change is
    written to the outbox, so that another process goes on where this one was killed.
    """

    def __init__(self, name: str, sender: Sender, settings: NotifySettings, store: Store) -> None:
        self.name = name
        self._sender = sender
        self._settings = settings
        self._store = store
        self._waiting: dict[str, OutboxItem] = {}
        # What was left from before is read first.
        self._more_in_store = True
        self._wake = asyncio.Event()
        self._in_hand: set[str] = set()
        self._choosing = asyncio.Lock()
        self._tasks: set[asyncio.Task[None]] = set()
        self._stopping = False
        self._problem = ""
        self._n_delivered = 0
        self._n_given_up = 0
        self._last_delivered_at_s: float | None = None

    def start(self) -> None:
        """Begins to deliver, first what an earlier process left."""
        loop = asyncio.get_running_loop()
        self._tasks = {loop.create_task(self._run()) for _ in range(self._sender.width)}

    async def stop(self) -> None:
        """Lets tries under way end for `FINISH_S`, then cuts them; they are made again after the next start."""
        self._stopping = True
        self._wake.set()
        if self._tasks:
            await asyncio.wait(self._tasks, timeout=FINISH_S)
            for task in self._tasks:
                task.cancel()
            await asyncio.wait(self._tasks)

    def put(self, item: OutboxItem) -> None:
        """Takes a message that is in the outbox. Never blocks."""
        if item.key in self._waiting:
            return
        if len(self._waiting) >= self._settings.max_waiting:
            self._more_in_store = True
            metrics.put_off.labels(self.name).inc()
            return
        self._waiting[item.key] = item
        self._changed()

    @property
    def health(self) -> LaneHealth:
        """How this receiver fares."""
        return LaneHealth(
            name=self.name,
            kind=self._sender.kind,
            waiting=len(self._waiting),
            delivered=self._n_delivered,
            given_up=self._n_given_up,
            last_delivered_at_s=self._last_delivered_at_s,
            problem=self._problem,
        )

    async def _run(self) -> None:
        while not self._stopping:
            try:
                await self._step()
            except Exception:
                _log.exception("notify.lane_failed", receiver=self.name)
                await asyncio.sleep(FAULT_PAUSE_S)

    async def _step(self) -> None:
        # One at a time, or what one has just delivered could be read again by another as still waiting.
        async with self._choosing:
            if self._more_in_store and len(self._waiting) <= self._settings.max_waiting // 2:
                await self._refill()
            now = clock.now_s()
            free = [item for item in self._waiting.values() if item.key not in self._in_hand]
            due = [item for item in free if _is_due(item, now)]
            # One that has never been tried goes before those that failed: what is new concerns somebody now.
            chosen = min(due, key=lambda item: (item.tries, item.created_at_s), default=None)
            if chosen is not None:
                self._in_hand.add(chosen.key)
        if chosen is not None:
            try:
                await self._attempt(chosen, now)
            finally:
                self._in_hand.discard(chosen.key)
        elif not self._stopping:
            await self._rest(min((item.next_try_s - now for item in free), default=None))

    async def _rest(self, limit_s: float | None) -> None:
        """Returns when something may have become due: after `limit_s` at the latest (None: there is nothing)."""
        if self._more_in_store:
            limit_s = FAULT_PAUSE_S if limit_s is None else min(limit_s, FAULT_PAUSE_S)
        self._wake.clear()
        with suppress(TimeoutError):
            # The longest pause bounds what a clock that was set back can cost.
            async with asyncio.timeout(None if limit_s is None else min(limit_s, self._settings.longest_retry_s)):
                await self._wake.wait()

    async def _refill(self) -> None:
        room = self._settings.max_waiting - len(self._waiting)
        query = partial(outbox.waiting_items, receiver=self.name, limit=room, except_keys=tuple(self._waiting))
        try:
            items = await self._store.read(query)
        except StoreError:
            return
        self._more_in_store = len(items) == room
        for item in items:
            self._waiting.setdefault(item.key, item)
        self._changed()

    async def _attempt(self, item: OutboxItem, now_s: float) -> None:
        if now_s - item.created_at_s >= self._sender.give_up_after_s:
            late = GiveUp(f"too late after {item.tries} tries; the last: {item.last_error or 'none'}")
            await self._note(item, late)
        else:
            outcome = await self._try(item)
            await self._note(msgspec.structs.replace(item, tries=item.tries + 1), outcome)

    async def _try(self, item: OutboxItem) -> Outcome:
        try:
            notice = _notices.decode(item.payload)
        except msgspec.MsgspecError:
            return GiveUp("it was written by another version and cannot be read")
        delivery = Delivery(receiver=item.receiver, target=item.target, notice=notice)
        try:
            async with asyncio.timeout(self._settings.timeout_s):
                return await self._sender.send(delivery)
        except TimeoutError:
            return TryAgain(f"no answer within {self._settings.timeout_s:g} s")
        except Exception:
            _log.exception("notify.sender_failed", receiver=self.name)
            return TryAgain("an error of our own; the log says more")

    async def _note(self, item: OutboxItem, outcome: Outcome) -> None:
        now = clock.now_s()
        changes: dict[str, Any]
        match outcome:
            case Delivered():
                # What was said is in the alert's own record; only that it was delivered is kept here.
                changes = {"state": OutboxState.DELIVERED, "payload": "", "last_error": outcome.note}
                self._delivered(item, outcome, now)
            case TryAgain():
                spread = pause_s(
                    item.tries, self._settings.first_retry_s, self._settings.longest_retry_s, random.random()
                )
                pause = spread if outcome.after_s is None else max(outcome.after_s, spread)
                # At its end at the latest, so that it is given up in time.
                next_s = min(now + pause, item.created_at_s + self._sender.give_up_after_s)
                changes = {"next_try_s": next_s, "last_error": outcome.why}
                self._failed(item, outcome.why)
            case GiveUp():
                changes = {"state": OutboxState.GIVEN_UP, "payload": "", "last_error": outcome.why}
                self._given_up(item, outcome)
        changed: OutboxItem = msgspec.structs.replace(item, changed_at_s=now, **changes)
        if changed.state is OutboxState.WAITING:
            self._waiting[item.key] = changed
        else:
            del self._waiting[item.key]
        metrics.waiting.labels(self.name).set(len(self._waiting))
        await save(self._store, changed)

    def _delivered(self, item: OutboxItem, outcome: Delivered, now_s: float) -> None:
        self._n_delivered += 1
        self._last_delivered_at_s = now_s
        metrics.delivered.labels(self.name).inc()
        metrics.delay_seconds.labels(self.name).observe(max(now_s - item.created_at_s, 0.0))
        _log.info("notify.delivered", receiver=self.name, alert=item.alert_id, tries=item.tries, note=outcome.note)
        self._problem = ""

    def _failed(self, item: OutboxItem, why: str) -> None:
        metrics.failed_tries.labels(self.name).inc()
        if why != self._problem:
            _log.warning("notify.failed", receiver=self.name, alert=item.alert_id, why=why)
        self._problem = why

    def _given_up(self, item: OutboxItem, outcome: GiveUp) -> None:
        if not outcome.is_trouble:
            _log.info("notify.nobody_there", receiver=self.name, alert=item.alert_id, why=outcome.why)
            return
        self._n_given_up += 1
        metrics.given_up.labels(self.name).inc()
        _log.error("notify.given_up", receiver=self.name, alert=item.alert_id, tries=item.tries, why=outcome.why)
        self._problem = f"given up: {outcome.why}"

    def _changed(self) -> None:
        metrics.waiting.labels(self.name).set(len(self._waiting))
        self._wake.set()


def _is_due(item: OutboxItem, now_s: float) -> bool:
    # Changed in the future: the clock was set back, and its times are worth nothing.
    return item.next_try_s <= now_s or item.changed_at_s > now_s


async def save(store: Store, item: OutboxItem) -> bool:
    """True once the item is on the disk as it is now; False when the store refuses for now and tries again itself."""
    return await store.save(("outbox", item.key), partial(outbox.put_items, items=(item,)))
