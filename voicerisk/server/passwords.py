"""Passwords of people: hashed with Argon2id (RFC 9106), checked on another thread, and guessed at slowly only."""

import asyncio
from functools import partial
from typing import Final

import argon2
import structlog

from voicerisk import clock
from voicerisk.server.limits import TokenBuckets
from voicerisk.store.people import Person, read_people, read_person
from voicerisk.store.store import Store
from voicerisk.store.writer import StoreError

_log = structlog.get_logger(__name__)

MIN_PASSWORD_CHARS: Final = 10
MAX_PASSWORD_CHARS: Final = 200

TRIES_PER_S: Final = 0.1
TRIES_BURST: Final = 5
"""Tries for one name: five at once, then one in ten seconds."""

HASHED_AT_ONCE: Final = 2
"""Passwords that are hashed at a time, at 64 MiB and a core each: calls need the rest."""

MAX_WAITING: Final = 20
"""Passwords that wait for that; whoever comes then is told to come again."""

LOOK_EVERY_S: Final = 5.0
"""How long somebody who was removed may still be taken for signed in."""

_hasher: Final = argon2.PasswordHasher()
_NOBODY: Final = _hasher.hash("nobody has this password")
"""Checked where there is no such person, so that the time taken does not tell who exists."""


def hash_password(password: str) -> str:
    """What a password is checked against later. Raises ValueError for one that is too short or too long."""
    if not MIN_PASSWORD_CHARS <= len(password) <= MAX_PASSWORD_CHARS:
        raise ValueError(f"a password has {MIN_PASSWORD_CHARS} to {MAX_PASSWORD_CHARS} characters")
    return _hasher.hash(password)


def is_password(hashed: str, password: str) -> bool:
    """Whether that is the password that was hashed. Takes some tens of milliseconds, on purpose."""
    try:
        return _hasher.verify(hashed, password[:MAX_PASSWORD_CHARS])
    except (argon2.exceptions.VerificationError, argon2.exceptions.InvalidHashError):
        return False


class TooManyTriesError(Exception):
    """Somebody guesses at this name; it has to wait."""


class Passwords:
    """Checks people's passwords, and knows who there is now."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._tries = TokenBuckets(TRIES_PER_S, TRIES_BURST)
        self._hashing = asyncio.Semaphore(HASHED_AT_ONCE)
        self._n_waiting = 0
        self._people: dict[str, Person] | None = None

    async def person(self, name: str, password: str) -> Person | None:
        """The person of that name, if that is the password; else None.

        Raises `TooManyTriesError` where the name was tried too often of late, or too many wait, and `StoreError`.
        """
        if self._n_waiting >= MAX_WAITING or not self._tries.take(name, clock.monotonic_s()):
            raise TooManyTriesError
        self._n_waiting += 1
        try:
            person: Person | None = await self._store.read(partial(read_person, name=name))
            hashed = _NOBODY if person is None else person.password
            async with self._hashing:
                is_right = await asyncio.to_thread(is_password, hashed, password)
        finally:
            self._n_waiting -= 1
        if not is_right or person is None:
            return None
        self._tries.forget(name)
        if self._people is not None:
            self._people[name] = person
        return person

    async def look_who_there_is(self) -> None:
        """Reads who there is; where the store does not answer, what was read last goes on to hold."""
        try:
            self._people = {person.name: person for person in await self._store.read(read_people)}
        except StoreError as error:
            _log.warning("it cannot be read who may sign in", problem=str(error))

    def still_holds(self, name: str, role: str, since_s: float) -> bool:
        """Whether somebody who signed in with the password of that time still has it, and that role."""
        if self._people is None:
            return True
        person = self._people.get(name)
        return person is not None and person.since_s == since_s and person.role == role
