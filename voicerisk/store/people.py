"""People who sign in with a password of their own: their role, and what their password is checked against."""

import msgspec
from sqlalchemy import Double, String, select
from sqlalchemy.orm import Mapped, Session, mapped_column

from voicerisk.store.schema import Base


class PersonRow(Base):
    """One person; `password` is an Argon2 hash, never the password."""

    __tablename__ = "people"

    name: Mapped[str] = mapped_column(String(64), primary_key=True)
    role: Mapped[str] = mapped_column(String(16))
    password: Mapped[str] = mapped_column(String(256))
    since_s: Mapped[float] = mapped_column(Double)


class Person(msgspec.Struct, frozen=True, kw_only=True):
    """One person. `password` is an Argon2 hash; `since_s` (epoch) says since when it holds."""

    name: str
    role: str
    password: str
    since_s: float

    def __repr__(self) -> str:
        """Without the hash: a repr ends in logs."""
        return f"Person({self.name!r}, {self.role!r})"


def write_person(session: Session, person: Person) -> None:
    """Puts a person, or the new role and password of one."""
    session.merge(PersonRow(**msgspec.structs.asdict(person)))


def remove_person(session: Session, name: str) -> bool:
    """True where there was such a person, who is gone now."""
    row = session.get(PersonRow, name)
    if row is None:
        return False
    session.delete(row)
    return True


def read_person(session: Session, name: str) -> Person | None:
    """The person of that name, or None."""
    row = session.get(PersonRow, name)
    return None if row is None else _person(row)


def read_people(session: Session) -> list[Person]:
    """Everybody, by name."""
    return [_person(row) for row in session.scalars(select(PersonRow).order_by(PersonRow.name))]


def _person(row: PersonRow) -> Person:
    return Person(name=row.name, role=row.role, password=row.password, since_s=row.since_s)
