"""Tests of voicerisk.store.outbox."""

import msgspec
from sqlalchemy.orm import Session

from tests.notify.made import an_item
from voicerisk.store import outbox
from voicerisk.store.outbox import OutboxState, PushSubscription


def test_an_item_comes_back_as_it_is_now(session: Session) -> None:
    """The newest version of an item stands, in every field; an alert's items come the oldest first."""
    item = an_item(created_at_s=1.0)
    changed = msgspec.structs.replace(item, state=OutboxState.DELIVERED, tries=3, last_error="x", payload="")
    other = an_item(receiver="mail", created_at_s=2.0, alert_id=item.alert_id)
    outbox.put_items(session, [item, other])
    outbox.put_items(session, [changed])
    assert outbox.items_of_alert(session, item.alert_id) == [changed, other]
    assert outbox.known_keys(session, [item.key, "nt-unknown"]) == {item.key}


def test_only_what_waits_is_read(session: Session) -> None:
    """A receiver's waiting items come the oldest first, no more than asked for, without those in hand."""
    items = [an_item(f"c-{number}", created_at_s=float(number)) for number in range(5)]
    done = msgspec.structs.replace(items[0], state=OutboxState.DELIVERED)
    outbox.put_items(session, [done, *items[1:], an_item("c-9", "mail")])
    assert outbox.waiting_items(session, "crm", 2) == items[1:3]
    assert outbox.waiting_items(session, "crm", 2, [items[1].key, items[2].key]) == items[3:5]


def test_old_records_go_and_waiting_ones_stay(session: Session) -> None:
    """A purge forgets what was done with long ago; what still waits is never forgotten."""
    old = an_item("old", changed_at_s=1.0, state=OutboxState.DELIVERED)
    given_up = an_item("given up", changed_at_s=1.0, state=OutboxState.GIVEN_UP)
    waits = an_item("waits", changed_at_s=1.0)
    recent = an_item("recent", changed_at_s=9.0, state=OutboxState.DELIVERED)
    items = [old, given_up, waits, recent]
    outbox.put_items(session, items)
    outbox.purge(session, before_s=5.0)
    session.flush()
    assert outbox.known_keys(session, [item.key for item in items]) == {waits.key, recent.key}


def test_strangers_are_given_up(session: Session) -> None:
    """What waits for receivers that are not configured is given up; without any receiver, all of it."""
    outbox.put_items(session, [an_item("a"), an_item("b", "gone")])
    outbox.give_up_strangers(session, ["crm"], at_s=7.0)
    assert outbox.waiting_items(session, "gone", 10) == []
    assert len(outbox.waiting_items(session, "crm", 10)) == 1
    outbox.give_up_strangers(session, [], at_s=8.0)
    assert outbox.waiting_items(session, "crm", 10) == []


def test_subscriptions(session: Session) -> None:
    """A browser is put, replaced and dropped by its id."""
    phone = PushSubscription(id="ph-1", person="מאיה", endpoint="https://x/1", p256dh="B", auth="A", created_at_s=1.0)
    outbox.put_subscription(session, phone)
    outbox.put_subscription(session, msgspec.structs.replace(phone, person="Dan"))
    assert [one.person for one in outbox.subscriptions(session)] == ["Dan"]
    outbox.drop_subscription(session, "ph-1")
    outbox.drop_subscription(session, "ph-unknown")
    assert outbox.subscriptions(session) == []
