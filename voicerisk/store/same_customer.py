"""Names that are one customer's: a second number, or the name that an earlier key made."""

from sqlalchemy import select
from sqlalchemy.orm import Session

from voicerisk.store.schema import SameCustomerRow


def write_same(session: Session, other: str, customer: str, since_s: float) -> None:
    """From `since_s` (epoch) on, what is told of `other` counts for `customer`."""
    session.merge(SameCustomerRow(other=other, customer=customer, since_s=since_s))


def read_same(session: Session, limit: int) -> list[tuple[str, str]]:
    """The newest of the pairs (other, customer), the oldest of these first."""
    rows = session.scalars(select(SameCustomerRow).order_by(SameCustomerRow.since_s.desc()).limit(limit))
    return [(row.other, row.customer) for row in reversed(rows.all())]
