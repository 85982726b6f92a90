"""From the configuration to the ways out."""

from collections.abc import Awaitable, Callable, Mapping
from pathlib import Path

import httpx

from voicerisk.notify.http_senders import ChatSender, SmsSender, WebhookSender
from voicerisk.notify.phones import Phones
from voicerisk.notify.sender import Sender
from voicerisk.notify.settings import (
    ChatReceiver,
    EmailReceiver,
    NotifySettings,
    Receiver,
    SmsReceiver,
    WebhookReceiver,
    WebPushReceiver,
)
from voicerisk.notify.smtp import EmailSender
from voicerisk.notify.vapid import VapidKey, load_vapid_key


class WaysOut:
    """Everything that the senders share: one HTTP client, the phones, the Web Push key."""

    def __init__(
        self,
        settings: NotifySettings,
        environ: Mapping[str, str],
        data_dir: Path,
        forget_phone: Callable[[str], Awaitable[None]],
    ) -> None:
        """Raises `OSError` or `ValueError` when the Web Push key is needed and cannot be had."""
        self._settings = settings
        self._environ = environ
        self._forget_phone = forget_phone
        self.phones = Phones()
        self.client = httpx.AsyncClient(timeout=settings.timeout_s)
        is_wanted = any(isinstance(receiver, WebPushReceiver) for receiver in settings.receivers.values())
        self.vapid: VapidKey | None = load_vapid_key(data_dir / "vapid.pem") if is_wanted else None

    def senders(self) -> dict[str, Sender]:
        """One for each receiver, by its name. The configuration must have been found good (`notify_problems`)."""
        return {name: self.sender(receiver) for name, receiver in self._settings.receivers.items()}

    def sender(self, receiver: Receiver) -> Sender:
        """The way to one receiver."""
        public_url, environ = self._settings.public_url, self._environ
        match receiver:
            case WebhookReceiver():
                return WebhookSender(self.client, receiver, environ[receiver.secret_env], public_url)
            case EmailReceiver():
                password = environ[receiver.password_env] if receiver.password_env else ""
                return EmailSender(receiver, password, public_url, self._settings.timeout_s)
            case WebPushReceiver():
                # A good part of the start-up time and memory: only where it is wanted.
                from voicerisk.notify.push import PushSender

                if self.vapid is None:
                    raise ValueError("there is no Web Push key")
                return PushSender(self.client, receiver, self.vapid, self.phones, self._forget_phone, public_url)
            case ChatReceiver():
                return ChatSender(self.client, receiver, environ[receiver.url_env], public_url)
            case SmsReceiver():
                return SmsSender(self.client, receiver, environ[receiver.token_env], public_url)

    async def close(self) -> None:
        """Lets the connections go."""
        await self.client.aclose()
