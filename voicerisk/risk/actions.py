"""What the engine asks of the shell: to store, to show, to notify. In the order in which it happened."""

import msgspec

from voicerisk.events import Evidence, Zone
from voicerisk.risk.alerts import NOTIFIES, Alert, NotifyReason


class ZoneCrossed(msgspec.Struct, frozen=True, kw_only=True, tag="zone_crossed"):
    """A needle went from one zone into another; `at_s` is epoch seconds, `at_media_s` media seconds of the call."""

    gauge: str
    key: str
    previous: Zone
    zone: Zone
    value: float
    evidence: Evidence
    at_s: float
    at_media_s: float | None = None
    queue: str | None = None


class AlertOpened(msgspec.Struct, frozen=True, kw_only=True, tag="alert_opened"):
    """A new alert, or a resolved one that is open again (`what` says which). Somebody is to be notified."""

    alert: Alert
    what: NotifyReason


class AlertUpdated(msgspec.Struct, frozen=True, kw_only=True, tag="alert_updated"):
    """An alert that is not resolved has changed: taken by a person, or its cause came back."""

    alert: Alert
    what: NotifyReason


class AlertResolved(msgspec.Struct, frozen=True, kw_only=True, tag="alert_resolved"):
    """An alert was closed, by a person or by itself."""

    alert: Alert
    what: NotifyReason


Action = ZoneCrossed | AlertOpened | AlertUpdated | AlertResolved


def action_for(alert: Alert, what: NotifyReason) -> AlertOpened | AlertUpdated:
    """The action that a crossing or a person's deed asks for."""
    return AlertOpened(alert=alert, what=what) if what in NOTIFIES else AlertUpdated(alert=alert, what=what)
