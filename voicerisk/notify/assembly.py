"""The notifying part of the service, put together from its configuration."""

from collections.abc import Iterable, Mapping
from functools import partial
from pathlib import Path

import httpx

from voicerisk.notify.http_senders import ChatSender, SmsSender, WebhookSender
from voicerisk.notify.notifications import Notifications
from voicerisk.notify.phones import Phones, forget_phone
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
from voicerisk.risk.alerts import Alert
from voicerisk.store.store import Store


class NotifyPart:
    """What the senders share (one HTTP client, the phones, the Web Push key), the senders, and who drives them.

    The settings must have been found good (`notify_problems`), with the same environment.
    """

    def __init__(self, settings: NotifySettings, store: Store, environ: Mapping[str, str], data_dir: Path) -> None:
        """Raises `OSError` when the Web Push key is needed and cannot be had."""
        self.store = store
        self.phones = Phones()
        push = [receiver for receiver in settings.receivers.values() if isinstance(receiver, WebPushReceiver)]
        self.vapid: VapidKey | None = load_vapid_key(data_dir / "vapid.pem") if push else None
        self.push_services = {host for receiver in push for host in receiver.services}
        self._settings = settings
        self._environ = environ
        # Without receivers nothing is ever sent, and the certificates need not be read.
        self._client = _http_client(settings.timeout_s) if settings.receivers else None
        self.senders = {
            name: self._sender(receiver, self._client) for name, receiver in settings.receivers.items() if self._client
        }
        self.notifications = Notifications(settings, store, self.senders, self.phones)

    async def start(self, alerts: Iterable[Alert]) -> None:
        """Begins to deliver; `alerts` are those that are open now."""
        await self.notifications.start(alerts)

    async def stop(self) -> None:
        """Ends; what is not delivered yet goes out after the next start."""
        await self.notifications.stop()
        if self._client is not None:
            await self._client.aclose()

    def _sender(self, receiver: Receiver, client: httpx.AsyncClient) -> Sender:
        public_url, environ = self._settings.public_url, self._environ
        match receiver:
            case WebhookReceiver():
                return WebhookSender(client, receiver, environ[receiver.secret_env], public_url)
            case EmailReceiver():
                password = environ[receiver.password_env] if receiver.password_env else ""
                return EmailSender(receiver, password, public_url, self._settings.timeout_s)
            case WebPushReceiver():
                # A good part of the start-up time and memory: only where it is wanted.
                from voicerisk.notify.push import PushSender

                assert self.vapid is not None
                forget = partial(forget_phone, self.store, self.phones)
                return PushSender(client, receiver, self.vapid, self.phones, forget, public_url)
            case ChatReceiver():
                return ChatSender(client, receiver, environ[receiver.url_env].strip(), public_url)
            case SmsReceiver():
                return SmsSender(client, receiver, environ[receiver.token_env], public_url)


def _http_client(timeout_s: float) -> httpx.AsyncClient:
    # A proxy of the environment leads out of the house; what listens on this machine is not looked for behind it.
    here = dict.fromkeys(("all://127.0.0.1", "all://localhost", "all://[::1]"))
    return httpx.AsyncClient(timeout=timeout_s, mounts=here)
