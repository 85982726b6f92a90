"""Notifications on their way out, and the phones that asked for them: tables, and what is written and read there.

A row is there before the first try and holds how it went after each, so neither a crash nor a receiver that is down for
an hour loses a notification. A row names its receiver, never a mail address or a telephone number.
"""

from collections.abc import Collection, Iterable, Sequence
from enum import StrEnum
from typing import Final

import msgspec
from sqlalchemy import Double, Index, Integer, String, Text, delete, select, update
from sqlalchemy.orm import Mapped, Session, mapped_column

from voicerisk.store.schema import Base

MAX_PARAMETERS: Final = 500


class OutboxState(StrEnum):
    """Where a notification is."""

    WAITING = "waiting"
    DELIVERED = "delivered"
    GIVEN_UP = "given_up"


class OutboxItem(msgspec.Struct, frozen=True, kw_only=True):
    """One notification to one receiver. Times are epoch seconds; `payload` is what is to be said, as JSON."""

    key: str
    receiver: str
    target: str
    alert_id: str
    payload: str
    created_at_s: float
    changed_at_s: float
    next_try_s: float
    state: OutboxState = OutboxState.WAITING
    tries: int = 0
    last_error: str = ""


class PushSubscription(msgspec.Struct, frozen=True, kw_only=True):
    """A browser that takes Web Push for a person: where to, and the keys that it alone can read with (base64url)."""

    id: str
    person: str
    endpoint: str
    p256dh: str
    auth: str
    created_at_s: float


class OutboxRow(Base):
    """One notification to one receiver; `id` is its idempotency key."""

    __tablename__ = "outbox"
    __table_args__ = (Index("ix_outbox_state_receiver_created", "state", "receiver", "created_at_s"),)

    id: Mapped[str] = mapped_column(String(64), primary_key=True)
    receiver: Mapped[str] = mapped_column(String(64))
    target: Mapped[str] = mapped_column(String(64))
    alert_id: Mapped[str] = mapped_column(String(256), index=True)
    payload: Mapped[str] = mapped_column(Text)
    created_at_s: Mapped[float] = mapped_column(Double)
    changed_at_s: Mapped[float] = mapped_column(Double)
    next_try_s: Mapped[float] = mapped_column(Double)
    state: Mapped[str] = mapped_column(String(16))
    tries: Mapped[int] = mapped_column(Integer)
    last_error: Mapped[str] = mapped_column(Text)


class PushSubscriptionRow(Base):
    """One browser that takes Web Push."""

    __tablename__ = "push_subscriptions"

    id: Mapped[str] = mapped_column(String(64), primary_key=True)
    person: Mapped[str] = mapped_column(String(128), index=True)
    endpoint: Mapped[str] = mapped_column(Text)
    p256dh: Mapped[str] = mapped_column(String(128))
    auth: Mapped[str] = mapped_column(String(64))
    created_at_s: Mapped[float] = mapped_column(Double)


def put_items(session: Session, items: Iterable[OutboxItem]) -> None:
    """Puts the items as they stand now, new or changed."""
    for item in items:
        fields = msgspec.structs.asdict(item)
        session.merge(OutboxRow(id=fields.pop("key"), **fields))


def known_keys(session: Session, keys: Sequence[str]) -> set[str]:
    """Those of the keys that have a row, in whatever state."""
    # In pieces: a statement has a limit to its parameters.
    pieces = [keys[at : at + MAX_PARAMETERS] for at in range(0, len(keys), MAX_PARAMETERS)]
    return {id_ for piece in pieces for id_ in session.scalars(select(OutboxRow.id).where(OutboxRow.id.in_(piece)))}


def waiting_items(session: Session, receiver: str, limit: int, except_keys: Collection[str] = ()) -> list[OutboxItem]:
    """A receiver's undelivered items, the oldest first, without those that are in hand already."""
    rows = select(OutboxRow).where(OutboxRow.state == OutboxState.WAITING, OutboxRow.receiver == receiver)
    rows = rows.order_by(OutboxRow.created_at_s, OutboxRow.id).limit(limit + len(except_keys))
    in_hand = set(except_keys)
    return [_item(row) for row in session.scalars(rows) if row.id not in in_hand][:limit]


def items_of_alert(session: Session, alert_id: str) -> list[OutboxItem]:
    """Every notification of an alert, the oldest first."""
    rows = select(OutboxRow).where(OutboxRow.alert_id == alert_id).order_by(OutboxRow.created_at_s, OutboxRow.id)
    return [_item(row) for row in session.scalars(rows)]


def give_up_strangers(session: Session, receivers: Collection[str], at_s: float) -> None:
    """Gives up what waits for receivers that are no longer configured."""
    why = "the configuration has no such receiver any more"
    rows = update(OutboxRow).where(OutboxRow.state == OutboxState.WAITING, OutboxRow.receiver.not_in(receivers))
    session.execute(rows.values(state=OutboxState.GIVEN_UP, changed_at_s=at_s, last_error=why))


def purge(session: Session, before_s: float) -> None:
    """Forgets what was delivered or given up before."""
    session.execute(delete(OutboxRow).where(OutboxRow.state != OutboxState.WAITING, OutboxRow.changed_at_s < before_s))


def put_subscription(session: Session, subscription: PushSubscription) -> None:
    """Puts the browser; the same one again takes the place of what was known of it."""
    session.merge(PushSubscriptionRow(**msgspec.structs.asdict(subscription)))


def drop_subscription(session: Session, id_: str) -> None:
    """Forgets the browser, if it is known."""
    session.execute(delete(PushSubscriptionRow).where(PushSubscriptionRow.id == id_))


def subscriptions(session: Session) -> Sequence[PushSubscription]:
    """Every browser that takes Web Push, the oldest first."""
    rows = session.scalars(select(PushSubscriptionRow).order_by(PushSubscriptionRow.created_at_s))
    names = PushSubscription.__struct_fields__
    return [PushSubscription(**{name: getattr(row, name) for name in names}) for row in rows]


def _item(row: OutboxRow) -> OutboxItem:
    fields = {name: getattr(row, name) for name in OutboxItem.__struct_fields__ if name not in ("key", "state")}
    return OutboxItem(key=row.id, state=OutboxState(row.state), **fields)
