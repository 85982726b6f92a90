"""Where alerts are kept: found by id, by the place they are about, by rule, and by what keeps them quiet."""

from collections.abc import Iterable

from voicerisk.risk.alerts import Alert, AlertState, UnknownAlertError


class Shelf:
    """Every alert remembered, the oldest first; holds values and decides nothing."""

    def __init__(self) -> None:
        self._alerts: dict[str, Alert] = {}
        self._resolved: dict[str, None] = {}
        self._latest: dict[str, str] = {}
        self._of_call: dict[str, dict[str, None]] = {}
        self._open_of_rule: dict[str, dict[str, None]] = {}
        self._quiet: dict[str, dict[str, None]] = {}

    def __len__(self) -> int:
        return len(self._alerts)

    def alerts(self) -> tuple[Alert, ...]:
        """Every alert, the oldest first."""
        return tuple(self._alerts.values())

    def get(self, id_: str) -> Alert:
        """The alert of this id. Raises UnknownAlertError."""
        if (alert := self._alerts.get(id_)) is None:
            raise UnknownAlertError(f"there is no alert {id_[:100]!r} here")
        return alert

    def latest(self, fingerprint: str) -> Alert | None:
        """The latest alert of this rule and place."""
        return self._alerts.get(self._latest.get(fingerprint, ""))

    def of_call(self, call: str) -> list[Alert]:
        """The call's alerts, the oldest first."""
        return [self._alerts[id_] for id_ in self._of_call.get(call, ())]

    def open_of_rule(self, rule: str) -> Iterable[Alert]:
        """The rule's alerts that are not resolved."""
        return (self._alerts[id_] for id_ in self._open_of_rule.get(rule, ()))

    def kept_quiet_by(self, by: str) -> list[Alert]:
        """The open alerts that are quiet because of this silence, fault, alert or group, the oldest first."""
        quiet = (self._alerts[id_] for id_ in self._quiet.get(by, ()))
        return sorted(quiet, key=lambda alert: (alert.opened_at_s, alert.id))

    def put(self, alert: Alert) -> None:
        """Take in an alert, new or changed."""
        if (before := self._alerts.get(alert.id)) is not None:
            self._unlink(before)
        self._alerts[alert.id] = alert
        self._latest[alert.fingerprint] = alert.id
        if alert.call_id is not None:
            self._of_call.setdefault(alert.call_id, {})[alert.id] = None
        if alert.state is AlertState.RESOLVED:
            self._resolved[alert.id] = None
        else:
            self._open_of_rule.setdefault(alert.rule, {})[alert.id] = None
        if alert.hushed is not None:
            self._quiet.setdefault(alert.hushed_by, {})[alert.id] = None

    def drop(self, alert: Alert) -> None:
        """Remember the alert no longer."""
        self._unlink(self._alerts.pop(alert.id))
        if self._latest.get(alert.fingerprint) == alert.id:
            del self._latest[alert.fingerprint]
        if alert.call_id is not None:
            _discard(self._of_call, alert.call_id, alert.id)

    def surplus(self, most: int) -> Alert | None:
        """An alert to give up where there are more than `most`: the oldest resolved one, or else the oldest."""
        if len(self._alerts) <= most:
            return None
        return self._alerts[next(iter(self._resolved or self._alerts))]

    def _unlink(self, alert: Alert) -> None:
        self._resolved.pop(alert.id, None)
        _discard(self._open_of_rule, alert.rule, alert.id)
        _discard(self._quiet, alert.hushed_by, alert.id)


def _discard(index: dict[str, dict[str, None]], name: str, id_: str) -> None:
    if (ids := index.get(name)) is not None:
        ids.pop(id_, None)
        if not ids:
            del index[name]
