"""Passwords of people: hashed with Argon2id (RFC 9106), checked on another thread, and guessed at slowly only."""

import asyncio
from functools import partial
from typing import Final

import argon2

from voicerisk import clock
from voicerisk.server.access import AccessRole
from voicerisk.server.limits import TokenBucket
from voicerisk.store.people import Person, read_person
from voicerisk.store.store import Store

MIN_PASSWORD_CHARS: Final = 10
MAX_PASSWORD_CHARS: Final = 200

TRIES_PER_S: Final = 0.1
TRIES_BURST: Final = 5
"""Tries for one name: five at once, then one in ten seconds."""

MAX_NAMES: Final = 10_000
"""Names whose tries are counted."""

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
    """Checks people's passwords."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._tries: dict[str, TokenBucket] = {}

    async def role_of(self, name: str, password: str) -> AccessRole | None:
        """The role of the person of that name, if that is the password; else None.

        Raises `TooManyTriesError` where the name was tried too often of late, and `StoreError`.
        """
        bucket = self._tries.pop(name, None) or TokenBucket(TRIES_PER_S, TRIES_BURST)
        self._tries[name] = bucket
        if len(self._tries) > MAX_NAMES:
            del self._tries[next(iter(self._tries))]
        if not bucket.take(clock.monotonic_s()):
            raise TooManyTriesError
        person: Person | None = await self._store.read(partial(read_person, name=name))
        hashed = _NOBODY if person is None else person.password
        if not await asyncio.to_thread(is_password, hashed, password) or person is None:
            return None
        self._tries.pop(name, None)
        return AccessRole(person.role)
