"""An alert and its life: open -> acknowledged -> resolved, and open again when the cause returns.

An alert is a frozen value; each change gives a new one with one more step of history. Every step has a named reason
that also says whether somebody was to be notified, so "why did (or didn't) it ring?" always has an answer.
"""

from collections.abc import Mapping
from enum import StrEnum
from hashlib import blake2b
from typing import Any, Final

import msgspec

from voicerisk.events import Reason
from voicerisk.risk.procedures import Procedure
from voicerisk.risk.rules import Severity
from voicerisk.risk.texts import Text


class AlertState(StrEnum):
    """Where an alert is in its life. Whether it is also assigned to somebody is a field of its own."""

    OPEN = "open"
    ACKNOWLEDGED = "acknowledged"
    RESOLVED = "resolved"


class NotifyReason(StrEnum):
    """What happened to an alert, and thereby why somebody is notified, or is not.

    Where it says "notified", an entry whose `hushed` is set says what kept it quiet all the same.
    """

    OPENED = "opened"
    """Notified: the cause is new."""
    REOPENED = "reopened"
    """Notified: the cause came back after the alert was resolved."""
    HUSH_OVER = "hush_over"
    """Notified: what had kept the alert quiet is over, and it is still open."""
    ESCALATED = "escalated"
    """Notified: nobody acknowledged in time; the next in the chain is told."""
    REPEATED = "repeated"
    """Notified: still nobody has acknowledged."""
    ASSIGNED = "assigned"
    """Notified: a person was asked to take it."""
    PROCEDURE_STEP = "procedure_step"
    """Notified: a step of the procedure tells somebody or asks a person."""
    HELD_BACK = "held_back"
    """Not notified: it was time to escalate or repeat, and something keeps the alert quiet."""
    NOTED = "noted"
    """Not notified: a person wrote a note."""
    CROSSED_AGAIN = "crossed_again"
    """Not notified: the cause came back while the alert was still open; the card is on the screen already."""
    CROSSED_AGAIN_IN_HAND = "crossed_again_in_hand"
    """Not notified: the cause came back, and a person has the alert in hand."""
    ACKNOWLEDGED = "acknowledged"
    """Not notified: a person took it."""
    TAKEN_OVER = "taken_over"
    """Not notified: another person took it from the first."""
    RESOLVED_BY_PERSON = "resolved_by_person"
    """Not notified: a person closed it."""
    CALMED_DOWN = "calmed_down"
    """Not notified: the gauge has been green for the rule's set time."""
    CALL_ENDED = "call_ended"
    """Not notified: the call is over."""
    CALL_LOST = "call_lost"
    """Not notified: nothing has been heard of the call for too long."""
    TOO_MANY = "too_many"
    """Not notified: more alerts than the engine remembers; the oldest was given up."""


OPENS: Final = frozenset({NotifyReason.OPENED, NotifyReason.REOPENED})
"""The steps after which the alert is open and nobody's."""

NOTIFIES: Final = OPENS | {
    NotifyReason.HUSH_OVER,
    NotifyReason.ESCALATED,
    NotifyReason.REPEATED,
    NotifyReason.ASSIGNED,
    NotifyReason.PROCEDURE_STEP,
}
"""The steps at which somebody is notified, unless the alert is hushed."""

MAX_HISTORY: Final = 200
"""Steps kept; after that further crossings and reminders are only counted, while what people do is written down."""


class Hush(StrEnum):
    """Why an alert that would have rung did not."""

    SILENCED = "silenced"
    """A person's silence matches it."""
    INHIBITED = "inhibited"
    """An unresolved alert of the same place explains it."""
    OUTAGE = "outage"
    """It is a symptom of a known fault."""
    GROUPED = "grouped"
    """Another alert of its group has rung for all of them."""


class HistoryEntry(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One step. `at_s` is epoch seconds; `person` is None where the engine did it; `note` is what they said.

    `to` are those who were notified. `hushed` is why nobody was although it was time, and `by` the id of the silence,
    the alert or the outage that it is owed to.
    """

    at_s: float
    what: NotifyReason
    notify: bool
    person: str | None = None
    note: str = ""
    to: tuple[str, ...] = ()
    hushed: Hush | None = None
    by: str = ""


class Alert(msgspec.Struct, frozen=True, kw_only=True, tag="alert", tag_field="type"):
    """One call for a person's attention.

    `fingerprint` is the same for the same rule and the same place: `key` names the one that the rule looks at (a
    call's id, a queue's name ...). `opened_at_s` and `since_s` (of the present state) are epoch seconds; `at_media_s`
    (in JSON: `at_s`) is the media second of the cause. `value` is the gauge's, and `reasons` are those of the latest
    crossing. `count` is how often the cause crossed. `group` is what alerts share that ring as one, None where it rings
    alone. `waits_since_s` is since when it waits to be acknowledged, with somebody notified, and `rang_at_s` when that
    was last; both are None while nobody has to. `hushed` and `hushed_by` (the id of a silence, an alert, an outage) say
    why it is quiet while it is open. `level` is how many links of the rule's escalation chain have been told.
    """

    id: str
    fingerprint: str
    rule: str
    title: Text
    severity: Severity
    owner: str
    state: AlertState = AlertState.OPEN
    call_id: str | None = msgspec.field(default=None, name="call")
    customer: str | None = None
    queue: str | None = None
    incident: str | None = None
    agent: str | None = None
    key: str = ""
    labels: dict[str, str] = {}
    group: str | None = None
    gauge: str = ""
    value: float = 0.0
    opened_at_s: float = 0.0
    since_s: float = 0.0
    at_media_s: float | None = msgspec.field(default=None, name="at_s")
    reasons: tuple[Reason, ...] = ()
    procedure: Procedure | None = None
    acknowledged_by: str | None = None
    assigned_to: str | None = None
    resolved_by: str | None = None
    rang_at_s: float | None = None
    waits_since_s: float | None = None
    hushed: Hush | None = None
    hushed_by: str = ""
    level: int = 0
    count: int = 1
    history: tuple[HistoryEntry, ...] = ()


class UnknownAlertError(LookupError):
    """There is no alert of that id (any more)."""


class AlertStateError(ValueError):
    """The alert is not in a state in which that can be done; the text says in which it is."""


class Cause(msgspec.Struct, frozen=True, kw_only=True):
    """What made a rule true: the gauge's value, when (epoch and media seconds), and the reasons."""

    gauge: str
    value: float
    at_s: float
    at_media_s: float | None
    reasons: tuple[Reason, ...]


def alert_id(fingerprint: str, cause: Cause) -> str:
    """The id of the alert that this cause opens: the same events give the same id, another day's call another."""
    return "al-" + blake2b(f"{fingerprint}|{cause.at_s:.3f}".encode(), digest_size=8).hexdigest()


_COUNTED: Final = frozenset(
    {NotifyReason.CROSSED_AGAIN, NotifyReason.CROSSED_AGAIN_IN_HAND, NotifyReason.REPEATED, NotifyReason.HELD_BACK}
)
"""Steps that may come without end while nobody does anything."""

_AT_REST: Final[dict[str, Any]] = {"rang_at_s": None, "waits_since_s": None, "hushed": None, "hushed_by": ""}
"""Nobody has to be notified of the alert any more."""


def is_of_call(alert: Alert) -> bool:
    """Whether the alert is about its call, and not only came up in it: then it is over when the call is."""
    return alert.call_id is not None and alert.key in ("", alert.call_id)


def happened(
    alert: Alert,
    what: NotifyReason,
    at_s: float,
    changes: Mapping[str, Any],
    *,
    person: str | None = None,
    note: str = "",
    to: tuple[str, ...] = (),
    hushed: Hush | None = None,
    by: str = "",
) -> Alert:
    """The alert after one more step of its life, with `changes` to its other fields.

    A step that is heard of late is written down behind those that are there already, at the time of the last of them.
    """
    history = alert.history
    if not (what in _COUNTED and len(history) >= MAX_HISTORY):
        entry = HistoryEntry(
            at_s=max(at_s, history[-1].at_s) if history else at_s,
            what=what,
            notify=what in NOTIFIES and hushed is None,
            person=person,
            note=note,
            to=to,
            hushed=hushed,
            by=by,
        )
        history += (entry,)
    return msgspec.structs.replace(alert, history=history, **changes)


def crossed(alert: Alert, cause: Cause) -> tuple[Alert, NotifyReason]:
    """The alert after its cause has come back while it was not resolved, and what that means."""
    changes = {"count": alert.count + 1, "value": cause.value, "reasons": cause.reasons}
    in_hand = alert.state is AlertState.ACKNOWLEDGED
    what = NotifyReason.CROSSED_AGAIN_IN_HAND if in_hand else NotifyReason.CROSSED_AGAIN
    return happened(alert, what, cause.at_s, changes), what


def reopened(alert: Alert, cause: Cause) -> Alert:
    """The resolved alert, open again and nobody's; the step that says so is written when it rings, or does not."""
    return msgspec.structs.replace(
        alert,
        state=AlertState.OPEN,
        since_s=cause.at_s,
        count=alert.count + 1,
        value=cause.value,
        reasons=cause.reasons,
        acknowledged_by=None,
        assigned_to=None,
        resolved_by=None,
        level=0,
    )


def acknowledged(alert: Alert, person: str, at_s: float, note: str) -> tuple[Alert, NotifyReason] | None:
    """The alert in this person's hand; None where it is there already. Raises AlertStateError when it is resolved."""
    if alert.state is AlertState.RESOLVED:
        raise AlertStateError(f"alert {alert.id} is resolved; it cannot be acknowledged any more")
    if alert.acknowledged_by == person:
        return None
    what = NotifyReason.ACKNOWLEDGED if alert.acknowledged_by is None else NotifyReason.TAKEN_OVER
    if what is NotifyReason.TAKEN_OVER:
        _need_room(alert)
    changes = {"state": AlertState.ACKNOWLEDGED, "since_s": at_s, "acknowledged_by": person, **_AT_REST}
    return happened(alert, what, at_s, changes, person=person, note=note), what


def resolved(alert: Alert, what: NotifyReason, at_s: float, *, person: str | None = None, note: str = "") -> Alert:
    """The alert, closed. Raises AlertStateError when it is closed already."""
    if alert.state is AlertState.RESOLVED:
        raise AlertStateError(f"alert {alert.id} is resolved already")
    changes = {"state": AlertState.RESOLVED, "since_s": at_s, "resolved_by": person, **_AT_REST}
    return happened(alert, what, at_s, changes, person=person, note=note)


def assigned(alert: Alert, person: str, to: str, people: tuple[str, ...], at_s: float, note: str) -> Alert:
    """The alert with `to` asked, and these people told; an open one waits anew. Raises AlertStateError when closed."""
    if alert.state is AlertState.RESOLVED:
        raise AlertStateError(f"alert {alert.id} is resolved; it cannot be assigned any more")
    _need_room(alert)
    changes: dict[str, Any] = {"assigned_to": to}
    if alert.state is AlertState.OPEN:
        changes |= _AT_REST | {"rang_at_s": at_s, "waits_since_s": at_s}
    return happened(alert, NotifyReason.ASSIGNED, at_s, changes, person=person, note=note, to=people)


def noted(alert: Alert, person: str, at_s: float, note: str) -> Alert:
    """The alert with one more note. Raises AlertStateError where its history is full."""
    _need_room(alert)
    return happened(alert, NotifyReason.NOTED, at_s, {}, person=person, note=note)


def _need_room(alert: Alert) -> None:
    """People may always take an alert and close it; what they may do without end has one."""
    if len(alert.history) >= 2 * MAX_HISTORY:
        raise AlertStateError(f"the history of alert {alert.id} is full")
