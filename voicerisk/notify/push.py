"""Web Push (RFC 8030) to people's phones, encrypted so that the push service cannot read it (RFC 8291)."""

from collections.abc import Awaitable, Callable, Sequence
from hashlib import blake2b
from typing import Final

import httpx
import msgspec
from pywebpush import WebPusher

from voicerisk import clock
from voicerisk.notify.http_post import Answer, judge, post
from voicerisk.notify.notice import Delivery, Notice
from voicerisk.notify.outcome import GiveUp, Outcome
from voicerisk.notify.phones import Phones
from voicerisk.notify.settings import WebPushReceiver
from voicerisk.notify.vapid import VapidKey
from voicerisk.notify.words import link_to, words_of
from voicerisk.store.outbox import PushSubscription

GONE: Final = frozenset({404, 410})
"""The browser has unsubscribed, or was removed (RFC 8030, 7.3)."""

MAX_BODY_CHARS: Final = 1000
"""Of the reasons; a push service takes 4096 bytes in all, and Hebrew has two a character."""


class PushSender:
    """One message to one browser."""

    kind: Final = "webpush"
    width: Final = 8
    """One push service that does not answer must not keep the phones of another waiting."""

    def __init__(
        self,
        client: httpx.AsyncClient,
        receiver: WebPushReceiver,
        key: VapidKey,
        phones: Phones,
        forget: Callable[[str], Awaitable[None]],
        public_url: str,
    ) -> None:
        self._client = client
        self._receiver = receiver
        self._key = key
        self._phones = phones
        self._forget = forget
        self._public_url = public_url
        self.give_up_after_s = receiver.give_up_after_s

    def targets(self, notice: Notice) -> Sequence[str]:
        """The phones of the people it is for, if those have any here; else those of everybody it may go to."""
        people = self._receiver.people
        of_all = self._phones.of(people) if people else self._phones.all()
        own = set(self._phones.of(notice.to))
        return [id_ for id_ in of_all if id_ in own] or of_all

    async def send(self, delivery: Delivery) -> Outcome:
        """Encrypts for this browser alone, and signs with this installation's key."""
        phone = self._phones.get(delivery.target)
        if phone is None:
            return GiveUp("notifications were switched off on that phone", is_trouble=False)
        headers = {
            **self._key.headers(phone.endpoint, self._receiver.contact, clock.now_s()),
            "content-encoding": "aes128gcm",
            "content-type": "application/octet-stream",
            "ttl": str(int(self.give_up_after_s)),
            "urgency": "high",
            # A newer message of the same alert takes the place of one that the phone has not fetched yet.
            "topic": blake2b(delivery.notice.alert.id.encode(), digest_size=16).hexdigest(),
        }
        body = encrypted(self._message(delivery), phone)
        answer = await post(self._client, phone.endpoint, headers=headers, body=body)
        if isinstance(answer, Answer) and answer.status in GONE:
            await self._forget(phone.id)
            return GiveUp("the phone has unsubscribed", is_trouble=False)
        return judge(answer, phone.endpoint)

    def _message(self, delivery: Delivery) -> bytes:
        """What the service worker shows; see `static/push_worker.js`."""
        notice = delivery.notice
        words = words_of(notice, self._receiver.language, self._public_url)
        lines = [", ".join(f"{name} {value}" for name, value in words.facts), *words.reasons]
        return msgspec.json.encode(
            {
                "key": delivery.key,
                "alert": notice.alert.id,
                "title": words.headline[:200],
                "body": "\n".join(line for line in lines if line)[:MAX_BODY_CHARS],
                "lang": words.language,
                "dir": words.direction,
                "severity": notice.alert.severity,
                # Without a public address the worker opens the console that it came from.
                "url": words.link or link_to(notice.alert.id, "/"),
            }
        )


def encrypted(message: bytes, phone: PushSubscription) -> bytes:
    """The message as only that browser can read it, in the content encoding aes128gcm."""
    info = {"endpoint": phone.endpoint, "keys": {"p256dh": phone.p256dh, "auth": phone.auth}}
    body: bytes = WebPusher(info).encode(message, "aes128gcm")["body"]
    return body
