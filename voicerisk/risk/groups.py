"""Groups: alerts that are one matter. One rings for all; for a while after that no further one does."""

from typing import Final

import msgspec

from voicerisk.risk.alerts import Alert, AlertState
from voicerisk.risk.place import Place
from voicerisk.risk.rules import GroupBy, RuleConfig, Severity

MAX_GROUPS: Final = 20_000

GroupsState = dict[str, dict[Severity, float]]
"""When an alert of each severity last rang, by group."""

_LOUDNESS: Final = {Severity.INFO: 0, Severity.WARNING: 1, Severity.CRITICAL: 2}


def group_of(name: str, rule: RuleConfig, place: Place) -> str | None:
    """The group of an alert of this rule in this place; None where it rings for itself alone."""
    match rule.group_by:
        case None:
            return None
        case GroupBy.RULE:
            return f"rule:{name}"
        case GroupBy.SITE:
            return "site"
        case by:
            shared = place.label(by.value)
            return None if shared is None else f"{by.value}:{shared}"


def leads(alert: Alert) -> bool:
    """Whether the alert speaks for its group: it rings, or a person has it in hand."""
    return alert.state is AlertState.ACKNOWLEDGED or (alert.state is AlertState.OPEN and alert.hushed is None)


class _Group(msgspec.Struct):
    """The alerts that speak for a group, and when one of each severity last rang (epoch seconds)."""

    leaders: dict[str, Severity]
    rang_at_s: dict[Severity, float]


class Groups:
    """Which groups have been heard. Nothing is quieter for what is less severe than itself."""

    def __init__(self) -> None:
        self._groups: dict[str, _Group] = {}

    def follow(self, alert: Alert) -> None:
        """Take over how the alert stands now."""
        if alert.group is None:
            return
        group = self._groups.get(alert.group)
        if leads(alert):
            if group is None:
                self._make_room()
                group = self._groups[alert.group] = _Group({}, {})
            group.leaders[alert.id] = alert.severity
            if alert.rang_at_s is not None:
                group.rang_at_s[alert.severity] = max(alert.rang_at_s, group.rang_at_s.get(alert.severity, 0.0))
        elif group is not None:
            group.leaders.pop(alert.id, None)

    def leader(self, alert: Alert) -> str | None:
        """The id of another alert that speaks for this one; None: there is none now."""
        group = self._groups.get(alert.group or "")
        leaders = group.leaders.items() if group else ()
        return next((id_ for id_, loud in leaders if id_ != alert.id and _covers(loud, alert.severity)), None)

    def quiet_until_s(self, alert: Alert, group_s: float) -> float:
        """Until when the alert's group, having rung, is let be; 0 where it has not rung."""
        group = self._groups.get(alert.group or "")
        rang = group.rang_at_s.items() if group else ()
        return max((at_s + group_s for loud, at_s in rang if _covers(loud, alert.severity)), default=0.0)

    def snapshot(self) -> GroupsState:
        """When each group last rang."""
        return {name: dict(group.rang_at_s) for name, group in self._groups.items()}

    def restore(self, state: GroupsState) -> None:
        """Go on with these; who speaks for them, the alerts say."""
        self._groups = {name: _Group({}, dict(rang_at_s)) for name, rang_at_s in state.items()}

    def _make_room(self) -> None:
        if len(self._groups) >= MAX_GROUPS:
            idle = (name for name, group in self._groups.items() if not group.leaders)
            del self._groups[next(idle, next(iter(self._groups)))]


def _covers(loud: Severity, severity: Severity) -> bool:
    return _LOUDNESS[loud] >= _LOUDNESS[severity]
