"""Notices as the engine brings them about, and settings that try again within hundredths of a second."""

from typing import Any, Final

import msgspec

from tests.store.made import an_alert
from voicerisk.clock import now_s
from voicerisk.notify.notice import Delivery, Notice
from voicerisk.notify.settings import NotifySettings, Receiver, Route, WebhookReceiver
from voicerisk.risk.alerts import Alert
from voicerisk.store.outbox import OutboxItem

SECRET: Final = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
SECRET_ENV: Final = "VOICERISK_TEST_SECRET"
OWNER: Final = "floor supervisor"
URL: Final = "https://desk.example"


def a_notice(call: str = "c-1", what: str = "opened", to: tuple[str, ...] = (OWNER,), **changes: Any) -> Notice:
    """A notice of an alert that opened just now; `changes` are to the alert."""
    at_s = now_s()
    alert: Alert = msgspec.structs.replace(an_alert(call, at_s), **changes)
    return Notice(alert=alert, what=what, to=to, at_s=at_s)


def a_delivery(notice: Notice | None = None, receiver: str = "crm", target: str = "") -> Delivery:
    """A notice on its way to one receiver."""
    return Delivery(receiver=receiver, notice=notice or a_notice(), target=target)


def an_item(call: str = "c-1", receiver: str = "crm", **changes: Any) -> OutboxItem:
    """What the outbox holds of a notice that is to be delivered now."""
    notice = a_notice(call)
    item = OutboxItem(
        key=a_delivery(notice, receiver).key,
        receiver=receiver,
        target="",
        alert_id=notice.alert.id,
        payload=msgspec.json.encode(notice).decode(),
        created_at_s=notice.at_s,
        changed_at_s=notice.at_s,
        next_try_s=notice.at_s,
    )
    changed: OutboxItem = msgspec.structs.replace(item, **changes)
    return changed


def a_webhook(url: str = "https://crm.example/hook", **more: Any) -> WebhookReceiver:
    """A webhook whose secret is `SECRET`."""
    return WebhookReceiver(url=url, secret_env=SECRET_ENV, **more)


def settings_for(receivers: dict[str, Receiver], *routes: Route, **more: Any) -> NotifySettings:
    """Quick settings; without routes everything that is meant for somebody goes to every receiver."""
    routed = routes or (Route(receivers=tuple(receivers)),)
    quick: dict[str, Any] = {"first_retry_s": 0.02, "longest_retry_s": 0.05, "timeout_s": 5.0, "public_url": URL}
    return NotifySettings(receivers=receivers, routes=routed, **(quick | more))
