"""What the engine asks of the shell: to store, to show, to notify. In the order in which it happened."""

import msgspec

from voicerisk.events import Evidence, Zone
from voicerisk.risk.alerts import OPENS, Alert, NotifyReason
from voicerisk.risk.desk.incidents import IncidentChanged
from voicerisk.risk.desk.outages import OutageChanged
from voicerisk.risk.desk.promises import PromiseChanged
from voicerisk.risk.runs import RunChanged, StepDue
from voicerisk.risk.silences import Silence
from voicerisk.risk.tasks import TaskChanged, TaskOpened


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
    """A new alert, or a resolved one that is open again (`what` says which). Whom that rings, a `Notify` says."""

    alert: Alert
    what: NotifyReason


class AlertUpdated(msgspec.Struct, frozen=True, kw_only=True, tag="alert_updated"):
    """An alert has changed and is not newly open or closed: taken, assigned, noted, escalated, or its cause is back."""

    alert: Alert
    what: NotifyReason


class AlertResolved(msgspec.Struct, frozen=True, kw_only=True, tag="alert_resolved"):
    """An alert was closed, by a person or by itself."""

    alert: Alert
    what: NotifyReason


class Notify(msgspec.Struct, frozen=True, kw_only=True, tag="notify"):
    """These people are to be told now: the only action that notifiers follow.

    It comes right after the action that shows the same alert with the same `what`. `to` are roles, persons or
    receivers, each once; `level` is 0 for the alert's own people and counts the links of the escalation chain from
    there. `at_s` is epoch seconds.
    """

    alert: Alert
    what: NotifyReason
    to: tuple[str, ...]
    level: int
    at_s: float


class SilenceChanged(msgspec.Struct, frozen=True, kw_only=True, tag="silence_changed"):
    """A silence was made, or has ended (by a person where `ended_by` is set, else by itself)."""

    silence: Silence
    at_s: float
    over: bool


class EventRefused(msgspec.Struct, frozen=True, kw_only=True, tag="event_refused"):
    """An event was not counted: known already (`known`), too late, or dated in the future. For the dead letters."""

    event_id: str
    event_type: str
    reason: str
    at_s: float
    known: bool = False


AlertAction = AlertOpened | AlertUpdated | AlertResolved
"""The actions that show an alert and have it stored."""

Action = (
    ZoneCrossed
    | AlertAction
    | Notify
    | SilenceChanged
    | EventRefused
    | RunChanged
    | StepDue
    | TaskOpened
    | TaskChanged
    | PromiseChanged
    | IncidentChanged
    | OutageChanged
)


def action_for(alert: Alert, what: NotifyReason) -> AlertOpened | AlertUpdated:
    """The action that shows what has happened to an alert that is not resolved."""
    return AlertOpened(alert=alert, what=what) if what in OPENS else AlertUpdated(alert=alert, what=what)
