"""Notifications as the service knows them: what happens to alerts goes in, and each receiver's lane brings it out."""

import asyncio
from collections.abc import Iterable, Iterator, Mapping
from functools import partial
from typing import Final

import msgspec
import structlog

from voicerisk import clock
from voicerisk.notify import metrics
from voicerisk.notify.lane import Lane, LaneHealth, save
from voicerisk.notify.notice import Delivery, Notice, last_call, latest_of
from voicerisk.notify.phones import Phones, PhonesFullError
from voicerisk.notify.routing import deliveries
from voicerisk.notify.sender import Sender
from voicerisk.notify.settings import NotifySettings
from voicerisk.risk.actions import Action, AlertOpened, AlertResolved, AlertUpdated, Notify
from voicerisk.risk.alerts import Alert, AlertState
from voicerisk.store import outbox
from voicerisk.store.outbox import OutboxItem
from voicerisk.store.store import Store
from voicerisk.store.writer import StoreError

_log = structlog.get_logger(__name__)

MAX_INTAKE: Final = 10_000
LOOK_UP_WITHIN_S: Final = 1.0
PURGE_EVERY_S: Final = 3600.0


class Notifications:
    """Routes what happens, writes it to the outbox, and hands it to the lanes. All in one event loop's thread."""

    def __init__(
        self, settings: NotifySettings, store: Store, senders: Mapping[str, Sender], phones: Phones | None = None
    ) -> None:
        self._settings = settings
        self._store = store
        self._senders = senders
        self._phones = Phones() if phones is None else phones  # an empty one counts as false
        self._lanes = {name: Lane(name, sender, settings, store) for name, sender in senders.items()}
        self._intake: asyncio.Queue[Notice] = asyncio.Queue(MAX_INTAKE)
        self._tasks: list[asyncio.Task[None]] = []
        self._latest_s = 0.0

    async def start(self, alerts: Iterable[Alert] = ()) -> None:
        """Goes on with what waits, and makes up for what a crash kept from the outbox: `alerts` are those open now."""
        await self._load_phones()
        loop = asyncio.get_running_loop()
        for lane in self._lanes.values():
            lane.start()
        self._tasks = [loop.create_task(self._take_in()), loop.create_task(self._purge_for_ever())]
        for alert in alerts:
            self.notify(latest_of(alert))
            if alert.state is AlertState.OPEN and (call := last_call(alert)) is not None:
                self.notify(call)

    async def stop(self) -> None:
        """Writes what has come in to the outbox and ends; what is not delivered yet goes out after the next start."""
        if self._tasks:
            await self._intake.join()
            for task in self._tasks:
                task.cancel()
            await asyncio.wait(self._tasks)
        await asyncio.gather(*(lane.stop() for lane in self._lanes.values()))

    def act(self, action: Action) -> None:
        """Takes what happened to an alert. Never blocks, and never raises."""
        match action:
            case Notify():
                self.notify(Notice(alert=action.alert, what=action.what, to=action.to, at_s=action.at_s))
            case AlertOpened() | AlertUpdated() | AlertResolved():
                self.notify(latest_of(action.alert))
            case _:
                pass

    def notify(self, notice: Notice) -> None:
        """Takes a notice. Never blocks, and never raises."""
        if not self._senders:
            return
        try:
            self._intake.put_nowait(notice)
        except asyncio.QueueFull:
            metrics.dropped.inc()
            _log.error("notify.dropped", alert=notice.alert.id, what=notice.what)

    @property
    def health(self) -> list[LaneHealth]:
        """How each receiver fares, in the order of the configuration."""
        return [lane.health for lane in self._lanes.values()]

    @property
    def problem(self) -> str:
        """What the console shows: which receivers do not take notifications, and why; "" when all is well."""
        return "; ".join(f"{health.name}: {health.problem}" for health in self.health if health.problem)

    async def _take_in(self) -> None:
        while True:
            notices = [await self._intake.get()]
            while not self._intake.empty():
                notices.append(self._intake.get_nowait())
            try:
                await self._admit(notices)
            except Exception:
                _log.exception("notify.intake_failed")
            finally:
                for _ in notices:
                    self._intake.task_done()

    async def _admit(self, notices: Iterable[Notice]) -> None:
        """Into the outbox first, then to the lanes. What the outbox knows already has been taken care of."""
        now = clock.now_s()
        items = {item.key: item for notice in notices for item in self._items(notice, now)}
        if not items:
            return
        for key in await self._known(list(items)):
            del items[key]
        # All at once, so that they share a commit. A store that refuses keeps them and tries again; people are told
        # all the same.
        await asyncio.gather(*(save(self._store, item) for item in items.values()))
        for item in items.values():
            self._lanes[item.receiver].put(item)

    def _items(self, notice: Notice, now_s: float) -> Iterator[OutboxItem]:
        found = list(self._deliveries(notice))
        if not found and notice.to:
            metrics.unrouted.inc()
            _log.warning("notify.unrouted", alert=notice.alert.id, what=notice.what)
        payload = msgspec.json.encode(notice).decode()
        # One after another even within a moment: the outbox goes by this time.
        self._latest_s = max(now_s, self._latest_s + 1e-6)
        for delivery in found:
            if now_s - notice.at_s < self._senders[delivery.receiver].give_up_after_s:
                yield OutboxItem(
                    key=delivery.key,
                    receiver=delivery.receiver,
                    target=delivery.target,
                    alert_id=notice.alert.id,
                    payload=payload,
                    created_at_s=self._latest_s,
                    changed_at_s=now_s,
                    next_try_s=now_s,
                )

    def _deliveries(self, notice: Notice) -> Iterator[Delivery]:
        for delivery in deliveries(notice, self._settings):
            for target in self._senders[delivery.receiver].targets(notice):
                yield msgspec.structs.replace(delivery, target=target)

    async def _known(self, keys: list[str]) -> set[str]:
        try:
            async with asyncio.timeout(LOOK_UP_WITHIN_S):
                return await self._store.read(partial(outbox.known_keys, keys=keys))
        except (StoreError, TimeoutError):
            # Said twice is better than not at all.
            return set()

    async def _load_phones(self) -> None:
        try:
            for phone in await self._store.read(outbox.subscriptions):
                self._phones.add(phone)
        except (StoreError, PhonesFullError) as error:
            _log.error("notify.phones_unread", problem=str(error))

    async def _purge_for_ever(self) -> None:
        strangers = partial(outbox.give_up_strangers, receivers=tuple(self._lanes), at_s=clock.now_s())
        await self._store.save(("outbox-strangers",), strangers)
        while True:
            before_s = clock.now_s() - 86_400.0 * self._settings.keep_days
            await self._store.save(("outbox-purge",), partial(outbox.purge, before_s=before_s))
            await asyncio.sleep(PURGE_EVERY_S)
