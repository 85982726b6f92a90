"""Tests of voicerisk.notify.notifications and voicerisk.notify.lane, with real senders and a real store."""

import asyncio
import sqlite3
from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager
from functools import partial
from pathlib import Path

import httpx
import msgspec
import pytest

from tests.eventually import eventually
from tests.notify.http_receiver import HttpReceiver, http_receiver
from tests.notify.made import SECRET, URL, a_notice, a_webhook, an_item, settings_for
from tests.store.made import an_alert
from voicerisk.clock import now_s
from voicerisk.notify.http_senders import WebhookSender
from voicerisk.notify.lane import save
from voicerisk.notify.notifications import Notifications
from voicerisk.notify.settings import Receiver, Route
from voicerisk.risk.actions import AlertOpened, AlertResolved, AlertUpdated, Notify
from voicerisk.risk.alerts import Alert, NotifyReason, acknowledged, resolved
from voicerisk.store import outbox
from voicerisk.store.outbox import OutboxItem, OutboxState
from voicerisk.store.settings import StoreSettings
from voicerisk.store.store import Store


@asynccontextmanager
async def notifying(
    store: Store,
    urls: dict[str, str],
    *routes: Route,
    alerts: Iterable[Alert] = (),
    give_up_after_s: float = 600.0,
    **more: float,
) -> AsyncIterator[Notifications]:
    """Running notifications with a webhook to each of these addresses."""
    receivers: dict[str, Receiver] = {
        name: a_webhook(url, give_up_after_s=give_up_after_s) for name, url in urls.items()
    }
    settings = settings_for(receivers, *routes, **more)
    async with httpx.AsyncClient(timeout=5.0) as client:
        senders = {
            name: WebhookSender(client, a_webhook(url, give_up_after_s=give_up_after_s), SECRET, URL)
            for name, url in urls.items()
        }
        notifications = Notifications(settings, store, senders)
        await notifications.start(alerts)
        try:
            yield notifications
        finally:
            await notifications.stop()


async def rows_of(store: Store, alert_id: str) -> list[OutboxItem]:
    """What the outbox knows of an alert's notifications."""
    return await store.read(partial(outbox.items_of_alert, alert_id=alert_id))


async def states_of(store: Store, alert_id: str) -> list[OutboxState]:
    """How far an alert's notifications are."""
    return [item.state for item in await rows_of(store, alert_id)]


def calls_in(receiver: HttpReceiver) -> list[str]:
    """The calls that a receiver was told of, in the order in which it was."""
    return [msgspec.json.decode(taken.body)["data"]["call"] for taken in receiver.taken]


def happenings_in(receiver: HttpReceiver) -> list[str]:
    """What a receiver was told, in the order in which it was."""
    return [msgspec.json.decode(taken.body)["data"]["what"] for taken in receiver.taken]


def opened(alert: Alert) -> AlertOpened:
    """The action for a new alert."""
    return AlertOpened(alert=alert, what=NotifyReason.OPENED)


async def test_written_before_the_first_try(store: Store, receiver: HttpReceiver) -> None:
    """When the receiver hears of it, the outbox has had it; afterwards it says delivered, without what was said."""
    receiver.let_go.clear()
    notice = a_notice()
    async with notifying(store, {"crm": receiver.url}) as notifications:
        notifications.notify(notice)
        await receiver.has(1)
        (row,) = await rows_of(store, notice.alert.id)
        assert (row.state, row.tries) == (OutboxState.WAITING, 0)
        assert row.key == receiver.taken[0].headers["webhook-id"]
        receiver.let_go.set()

        async def is_done() -> bool:
            return await states_of(store, notice.alert.id) == [OutboxState.DELIVERED]

        await eventually(is_done)
        (row,) = await rows_of(store, notice.alert.id)
        assert (row.payload, row.tries) == ("", 1)
        assert notifications.health[0].delivered == 1


async def test_a_dead_receiver_delays_nobody(store: Store, receiver: HttpReceiver) -> None:
    """While one receiver holds its first message without an answer, another gets all of its five."""
    async with http_receiver() as other:
        receiver.let_go.clear()
        async with notifying(store, {"dead": receiver.url, "live": other.url}) as notifications:
            for number in range(5):
                notifications.notify(a_notice(f"c-{number}"))
            await other.has(5)
            await receiver.has(1)
            assert calls_in(other) == [f"c-{number}" for number in range(5)]
            assert calls_in(receiver) == ["c-0"]
            receiver.let_go.set()
            await receiver.has(5)


async def test_tried_again_until_taken(store: Store, receiver: HttpReceiver) -> None:
    """Three refusals, each with a pause, then taken: one key all the time, and the console says what is wrong."""
    receiver.answers.extend([(503, {}, b"")] * 3)
    async with notifying(store, {"crm": receiver.url}) as notifications:
        notifications.notify(a_notice())
        await eventually(lambda: notifications.problem)
        assert notifications.problem == f"crm: 127.0.0.1:{receiver.port} answered 503"
        await receiver.has(4)
        assert len({taken.headers["webhook-id"] for taken in receiver.taken}) == 1
        await eventually(lambda: not notifications.problem)


async def test_what_is_new_goes_first(store: Store, receiver: HttpReceiver) -> None:
    """A message that has failed waits behind one that was never tried: what is new concerns somebody now."""
    receiver.answers.extend([(503, {}, b"")] * 2)
    async with notifying(store, {"crm": receiver.url}, first_retry_s=0.2, longest_retry_s=0.2) as notifications:
        notifications.notify(a_notice("old"))
        await receiver.has(1)
        await eventually(lambda: notifications.problem)
        receiver.let_go.clear()
        notifications.notify(a_notice("new-1"))
        await receiver.has(2)
        notifications.notify(a_notice("new-2"))
        await asyncio.sleep(0.25)  # until the old one is due again
        receiver.let_go.set()
        await receiver.has(5)
        assert calls_in(receiver)[:3] == ["old", "new-1", "new-2"]


async def test_a_refused_message_holds_up_nobody(store: Store, receiver: HttpReceiver) -> None:
    """A message that the receiver will never take is given up at once and said; the next one goes through."""
    receiver.answers.append((422, {}, b""))
    first = a_notice("c-1")
    async with notifying(store, {"crm": receiver.url}) as notifications:
        notifications.notify(first)
        await eventually(lambda: notifications.health[0].given_up == 1)
        assert "answered 422" in notifications.problem
        notifications.notify(a_notice("c-2"))
        await receiver.has(2)
        (row,) = await rows_of(store, first.alert.id)
        assert (row.state, row.payload) == (OutboxState.GIVEN_UP, "")
        assert "422" in row.last_error


async def test_given_up_after_its_time(store: Store, receiver: HttpReceiver) -> None:
    """What a receiver does not take in its time is given up: in the outbox with the last reason, and in the health."""
    receiver.answers.extend([(503, {}, b"")] * 1000)
    notice = a_notice()
    async with notifying(store, {"crm": receiver.url}, give_up_after_s=0.3) as notifications:
        notifications.notify(notice)
        await eventually(lambda: notifications.health[0].given_up == 1)
        assert "too late after" in notifications.problem

        async def is_given_up() -> bool:
            return await states_of(store, notice.alert.id) == [OutboxState.GIVEN_UP]

        await eventually(is_given_up)
        (row,) = await rows_of(store, notice.alert.id)
        assert "answered 503" in row.last_error
        assert row.tries > 2


async def test_the_next_process_goes_on(store: Store, receiver: HttpReceiver) -> None:
    """What waits when the service stops goes out after the next start, under the same key; what was delivered stays."""
    receiver.answers.append((204, {}, b""))
    receiver.answers.extend([(503, {}, b"")] * 1000)
    done, waits = a_notice("done"), a_notice("waits")
    async with notifying(store, {"crm": receiver.url}) as notifications:
        notifications.notify(done)
        await eventually(lambda: notifications.health[0].delivered == 1)
        notifications.notify(waits)
        await receiver.has(2)
    receiver.answers.clear()
    receiver.taken.clear()
    async with notifying(store, {"crm": receiver.url}) as notifications:
        await receiver.has(1)
        notifications.notify(done)
        notifications.notify(waits)
        await eventually(lambda: notifications.health[0].delivered == 1)
        notifications.notify(a_notice("last"))
        await receiver.has(2)
        assert calls_in(receiver) == ["waits", "last"]


async def test_a_crash_before_the_outbox_is_made_up_for(store: Store, receiver: HttpReceiver) -> None:
    """An open alert whose notification never reached the outbox is told at the start; once told, never again."""
    open_alert = an_alert("c-1", now_s())
    changed = acknowledged(an_alert("c-2", now_s()), "Maya", now_s(), "")
    assert changed is not None
    long_ago = an_alert("c-3", now_s() - 1000.0)
    for _ in range(2):
        async with notifying(store, {"crm": receiver.url}, alerts=(open_alert, changed[0], long_ago)):
            await receiver.has(1)
    assert calls_in(receiver) == ["c-1"]


async def test_more_than_fits_in_memory(store: Store, receiver: HttpReceiver) -> None:
    """With room for three in memory, twenty messages all arrive, each once: the rest waits in the outbox."""
    receiver.let_go.clear()
    async with notifying(store, {"crm": receiver.url}, max_waiting=3) as notifications:
        for number in range(20):
            notifications.notify(a_notice(f"c-{number}"))
        await receiver.has(1)
        assert notifications.health[0].waiting <= 3
        receiver.let_go.set()
        await eventually(lambda: notifications.health[0].delivered == 20)
        assert sorted(calls_in(receiver)) == sorted(f"c-{number}" for number in range(20))


async def test_people_and_followers(store: Store, receiver: HttpReceiver) -> None:
    """People hear what the engine says to tell them; a program that follows hears the alert's whole life, each once."""
    async with http_receiver() as feed:
        routes = (Route(receivers=("people",)), Route(receivers=("feed",), follow=True))
        async with notifying(store, {"people": receiver.url, "feed": feed.url}, *routes) as notifications:
            alert = an_alert("c-1", now_s())
            named = msgspec.structs.replace(alert.history[0], to=("Maya",))
            alert = msgspec.structs.replace(alert, history=(named,))
            notifications.act(opened(alert))
            told = Notify(alert=alert, what=NotifyReason.OPENED, to=("Maya",), level=0, at_s=alert.opened_at_s)
            notifications.act(told)
            changed = acknowledged(alert, "Maya", now_s(), "")
            assert changed is not None
            notifications.act(AlertUpdated(alert=changed[0], what=NotifyReason.ACKNOWLEDGED))
            over = resolved(changed[0], NotifyReason.CALMED_DOWN, now_s())
            notifications.act(AlertResolved(alert=over, what=NotifyReason.CALMED_DOWN))
            await feed.has(3)
            await receiver.has(1)
        assert happenings_in(feed) == ["opened", "acknowledged", "calmed_down"]
        assert happenings_in(receiver) == ["opened"]


async def test_a_receiver_that_is_no_more(store: Store, receiver: HttpReceiver) -> None:
    """What waits for a receiver that the configuration has no longer is given up, and says why."""
    item = an_item(receiver="gone")
    assert await save(store, item)
    async with notifying(store, {"crm": receiver.url}):

        async def is_given_up() -> bool:
            return await states_of(store, item.alert_id) == [OutboxState.GIVEN_UP]

        await eventually(is_given_up)
    (row,) = await rows_of(store, item.alert_id)
    assert "no such receiver" in row.last_error


async def test_told_even_without_the_store(tmp_path: Path, receiver: HttpReceiver) -> None:
    """While the database refuses, people are told all the same; once it takes writes, it is written down."""
    settings = StoreSettings(url=f"sqlite:///{tmp_path}/y.db", busy_timeout_s=0.05, retry_s=0.05, answer_within_s=0.1)
    store = Store.open(settings)
    notice = a_notice()
    async with notifying(store, {"crm": receiver.url}) as notifications:
        await eventually(lambda: notifications.health)
        held = sqlite3.connect(tmp_path / "y.db", isolation_level=None)
        held.execute("BEGIN IMMEDIATE")
        notifications.notify(notice)
        await receiver.has(1)
        held.execute("ROLLBACK")
        held.close()

        async def is_done() -> bool:
            return await states_of(store, notice.alert.id) == [OutboxState.DELIVERED]

        await eventually(is_done)
    await store.close()


async def test_a_message_that_cannot_be_read(store: Store, receiver: HttpReceiver) -> None:
    """What another version wrote and this one cannot read is given up; it blocks nobody."""
    strange = an_item("strange", payload='{"alert": 7}')
    assert await save(store, strange)
    async with notifying(store, {"crm": receiver.url}) as notifications:
        await eventually(lambda: notifications.health[0].given_up == 1)
        notifications.notify(a_notice("c-2"))
        await receiver.has(1)
    assert calls_in(receiver) == ["c-2"]


async def test_a_clock_that_was_set_back(store: Store, receiver: HttpReceiver) -> None:
    """A message that was to be tried again at a time that has moved an hour away is tried now."""
    later = now_s() + 3600.0
    assert await save(store, an_item("c-1", changed_at_s=later, next_try_s=later))
    async with notifying(store, {"crm": receiver.url}, longest_retry_s=300.0):
        await receiver.has(1)


@pytest.mark.parametrize("n_notices", [1, 50])
async def test_stop_loses_nothing(store: Store, receiver: HttpReceiver, n_notices: int) -> None:
    """What came in the instant before the stop is in the outbox, delivered or waiting."""
    receiver.answers.extend([(503, {}, b"")] * 1000)
    notices = [a_notice(f"c-{number}") for number in range(n_notices)]
    async with notifying(store, {"crm": receiver.url}) as notifications:
        for notice in notices:
            notifications.notify(notice)
    for notice in notices:
        assert await states_of(store, notice.alert.id) == [OutboxState.WAITING]
