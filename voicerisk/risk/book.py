"""The book of alerts: one line per rule and call, never two open ones for the same."""

from collections.abc import Iterable

from voicerisk.risk.actions import Action, AlertResolved, action_for
from voicerisk.risk.alerts import (
    Alert,
    AlertState,
    Cause,
    NotifyReason,
    UnknownAlertError,
    acknowledged,
    alert_id,
    crossed,
    happened,
    resolved,
)
from voicerisk.risk.calls import CallState
from voicerisk.risk.procedures import Procedure
from voicerisk.risk.rules import RuleConfig


class AlertBook:
    """All alerts that the engine remembers, the oldest first."""

    def __init__(self, reopen_within_s: float, max_alerts: int) -> None:
        self._reopen_within_s = reopen_within_s
        self._max_alerts = max_alerts
        self._alerts: dict[str, Alert] = {}
        self._latest: dict[str, str] = {}
        self._of_call: dict[str, dict[str, None]] = {}

    def alerts(self) -> tuple[Alert, ...]:
        """Every alert remembered, the oldest first."""
        return tuple(self._alerts.values())

    def get(self, id_: str) -> Alert:
        """The alert of this id. Raises UnknownAlertError."""
        if (alert := self._alerts.get(id_)) is None:
            raise UnknownAlertError(f"there is no alert {id_[:100]!r} here")
        return alert

    def of_call(self, call: str) -> list[Alert]:
        """The call's alerts, the oldest first."""
        return [self._alerts[id_] for id_ in self._of_call.get(call, ())]

    def put(self, alert: Alert) -> None:
        """Take in an alert, new or changed."""
        self._alerts[alert.id] = alert
        self._latest[alert.fingerprint] = alert.id
        if alert.call_id is not None:
            self._of_call.setdefault(alert.call_id, {})[alert.id] = None

    def cross(
        self, name: str, rule: RuleConfig, procedure: Procedure | None, call: str, state: CallState, cause: Cause
    ) -> list[Action]:
        """The rule has become true for the call: open its alert, or say on the one there is that it came back."""
        fingerprint = f"{name}/{call}"
        before = self._alerts.get(self._latest.get(fingerprint, ""))
        if before is not None and self._still_current(before, cause.at_s):
            alert, what = crossed(before, cause)
            self.put(alert)
            return [action_for(alert, what)]
        fresh = Alert(
            id=alert_id(fingerprint, cause),
            fingerprint=fingerprint,
            rule=name,
            title=rule.title,
            severity=rule.severity,
            owner=rule.owner,
            call_id=call,
            customer=state.customer,
            queue=state.queue,
            agent=state.agent,
            gauge=cause.gauge,
            value=cause.value,
            opened_at_s=cause.at_s,
            since_s=cause.at_s,
            at_media_s=cause.at_media_s,
            reasons=cause.reasons,
            procedure=procedure,
        )
        alert = happened(fresh, NotifyReason.OPENED, cause.at_s, {})
        self.put(alert)
        return [action_for(alert, NotifyReason.OPENED), *self._make_room(cause.at_s)]

    def acknowledge(self, id_: str, person: str, at_s: float, note: str) -> list[Action]:
        """Put the alert in a person's hand. Raises UnknownAlertError, AlertStateError."""
        changed = acknowledged(self.get(id_), person, at_s, note)
        if changed is None:
            return []
        alert, what = changed
        self.put(alert)
        return [action_for(alert, what)]

    def resolve(
        self, id_: str, what: NotifyReason, at_s: float, *, person: str | None = None, note: str = ""
    ) -> list[Action]:
        """Close the alert. Raises UnknownAlertError, AlertStateError."""
        alert = resolved(self.get(id_), what, at_s, person=person, note=note)
        self.put(alert)
        return [AlertResolved(alert=alert, what=what)]

    def forget_resolved(self, call: str) -> None:
        """Let go of the call's closed alerts; open ones stay until somebody closes them."""
        for alert in self.of_call(call):
            if alert.state is AlertState.RESOLVED:
                self.drop(alert)

    def drop(self, alert: Alert) -> None:
        """Remember the alert no longer."""
        del self._alerts[alert.id]
        if self._latest.get(alert.fingerprint) == alert.id:
            del self._latest[alert.fingerprint]
        if alert.call_id is not None and (ids := self._of_call.get(alert.call_id)) is not None:
            ids.pop(alert.id, None)
            if not ids:
                del self._of_call[alert.call_id]

    def restore(self, alerts: Iterable[Alert]) -> None:
        """Take in stored alerts, in whatever order they come."""
        for alert in sorted(alerts, key=lambda alert: (alert.opened_at_s, alert.id)):
            self.put(alert)

    def _still_current(self, alert: Alert, at_s: float) -> bool:
        return alert.state is not AlertState.RESOLVED or at_s - alert.since_s <= self._reopen_within_s

    def _make_room(self, at_s: float) -> list[Action]:
        if len(self._alerts) <= self._max_alerts:
            return []
        oldest = next(iter(self._alerts.values()))
        told: list[Action] = []
        if oldest.state is not AlertState.RESOLVED:
            told = self.resolve(oldest.id, NotifyReason.TOO_MANY, at_s)
        self.drop(self.get(oldest.id))
        return told
