"""The browsers on which people switched notifications on, and what may become one."""

import base64
import binascii
from collections.abc import Iterable
from functools import partial
from hashlib import blake2b
from typing import Final
from urllib.parse import urlsplit

from cryptography.hazmat.primitives.asymmetric.ec import SECP256R1, EllipticCurvePublicKey

from voicerisk.server.http_settings import is_loopback
from voicerisk.store.outbox import PushSubscription, drop_subscription
from voicerisk.store.store import Store

MAX_PHONES: Final = 1000
MAX_PER_PERSON: Final = 10
"""A browser gets a new address now and then; the oldest of a person's give way."""


class PhoneError(ValueError):
    """This cannot be a browser's subscription; the text says why."""


class PhonesFullError(Exception):
    """No more can be taken."""


class Phones:
    """Every subscription known, in the order in which they came."""

    def __init__(self) -> None:
        self._phones: dict[str, PushSubscription] = {}

    def __len__(self) -> int:
        return len(self._phones)

    def get(self, id_: str) -> PushSubscription | None:
        """One of them, or None."""
        return self._phones.get(id_)

    def add(self, phone: PushSubscription) -> list[PushSubscription]:
        """Takes it in; gives those of the same person that had to make room. Raises `PhonesFullError`."""
        self._phones.pop(phone.id, None)
        own = self.of([phone.person])
        gone = [self._phones.pop(id_) for id_ in own[: max(0, len(own) - MAX_PER_PERSON + 1)]]
        if len(self._phones) >= MAX_PHONES:
            raise PhonesFullError(f"{MAX_PHONES} browsers take notifications; no more can be added")
        self._phones[phone.id] = phone
        return gone

    def drop(self, id_: str) -> None:
        """Forgets it, if it is known."""
        self._phones.pop(id_, None)

    def of(self, people: Iterable[str]) -> list[str]:
        """The ids of these people's, the oldest first."""
        wanted = set(people)
        return [phone.id for phone in self._phones.values() if phone.person in wanted]

    def all(self) -> list[str]:
        """Every id, the oldest first."""
        return list(self._phones)


def phone_of(
    person: str, endpoint: str, p256dh: str, auth: str, now_s: float, services: Iterable[str]
) -> PushSubscription:
    """A browser's subscription, checked: its address is a push service's, its keys can be encrypted for.

    Raises:
        PhoneError: It is none.
    """
    if not is_push_service(endpoint, services):
        raise PhoneError("endpoint: not an address of a push service known here; see notify.receivers.*.services")
    try:
        EllipticCurvePublicKey.from_encoded_point(SECP256R1(), _decoded(p256dh))
    except ValueError:
        raise PhoneError("keys.p256dh: not a point on P-256 in base64url") from None
    try:
        n_bytes = len(_decoded(auth))
    except ValueError:
        n_bytes = 0
    if n_bytes != 16:
        raise PhoneError("keys.auth: not 16 bytes in base64url")
    id_ = "ph-" + blake2b(endpoint.encode(), digest_size=12).hexdigest()
    return PushSubscription(
        id=id_, person=person, endpoint=endpoint, p256dh=p256dh.rstrip("="), auth=auth.rstrip("="), created_at_s=now_s
    )


async def forget_phone(store: Store, phones: Phones, phone_id: str) -> None:
    """Takes a browser off the list, here and in the store."""
    phones.drop(phone_id)
    await store.save(("phone", phone_id), partial(drop_subscription, id_=phone_id))


def is_push_service(endpoint: str, services: Iterable[str]) -> bool:
    """Whether this server may call that address: https, and a host that is named ("*." stands for any below)."""
    try:
        parts = urlsplit(endpoint)
        host = parts.hostname or ""
        port_ok = parts.port in (None, 443)
    except ValueError:
        return False
    if not endpoint.isascii() or not endpoint.isprintable() or " " in endpoint or parts.username is not None:
        return False
    if is_loopback(host):
        # Only for a push service on this very machine, and only where it is named outright.
        return host in services and parts.scheme in ("http", "https")
    named = any(host == one or (one.startswith("*.") and host.endswith(one[1:])) for one in services)
    return named and port_ok and parts.scheme == "https"


def _decoded(text: str) -> bytes:
    if not text.isascii():
        raise ValueError("not base64url")
    try:
        return base64.b64decode(text.rstrip("=") + "=" * (-len(text.rstrip("=")) % 4), altchars=b"-_", validate=True)
    except binascii.Error as error:
        raise ValueError("not base64url") from error
