"""The alerts of a span: how many of each kind, how they ended, and how many of those that were judged were wrong."""

from collections.abc import Iterable, Mapping, Sequence
from math import sqrt
from statistics import median
from typing import Final

import msgspec

from voicerisk.risk.alerts import Alert, AlertState, NotifyReason
from voicerisk.risk.rules import Severity
from voicerisk.risk.texts import Text
from voicerisk.store.history import Mark, Verdict

_Z: Final = 1.96
"""For 95 in 100."""

_WEIGHT: Final = {Severity.CRITICAL: 0, Severity.WARNING: 1, Severity.INFO: 2}
_TAKEN: Final = frozenset({NotifyReason.ACKNOWLEDGED, NotifyReason.TAKEN_OVER})


class RuleLine(msgspec.Struct, frozen=True, kw_only=True):
    """One rule's alerts, and how they ended.

    `rang` told somebody at least once; `hushed` told nobody, for the reasons counted in `hushed_by`. `acknowledged_s`
    is the median time from the first ring to a person's taking it (None: nobody took any). Of the rest each is in one
    of `by_person by_itself call_over still_open`.
    """

    rule: str
    title: Text
    severity: Severity
    alerts: int
    rang: int
    hushed: int
    hushed_by: Mapping[str, int]
    escalated: int
    acknowledged: int
    acknowledged_s: float | None
    by_person: int
    by_itself: int
    call_over: int
    still_open: int


class AlertLine(msgspec.Struct, frozen=True, kw_only=True):
    """One alert, with who took it and who or what closed it."""

    id: str
    rule: str
    title: Text
    severity: Severity
    state: AlertState
    opened_at_s: float
    call: str | None
    queue: str | None
    key: str
    acknowledged_by: str | None
    acknowledged_s: float | None
    ended: str
    """What ended it, by the name of that step in its history; "" while it is open."""
    ended_by: str | None


class FalseAlarms(msgspec.Struct, frozen=True, kw_only=True):
    """What reviewers said of alerts. `rate` is wrong by right and wrong, `low` and `high` its 95 % (Wilson) bounds.

    `missed` are calls of which a reviewer says that they should have alerted.
    """

    right: int
    wrong: int
    unsure: int
    missed: int
    rate: float | None
    low: float | None
    high: float | None


def rule_lines(alerts: Iterable[Alert]) -> Sequence[RuleLine]:
    """A line for each rule, the most severe and frequent first."""
    of: dict[str, list[Alert]] = {}
    for alert in alerts:
        of.setdefault(alert.rule, []).append(alert)
    lines = [_rule_line(rule, own) for rule, own in of.items()]
    return sorted(lines, key=lambda line: (_WEIGHT[line.severity], -line.alerts, line.rule))


def alert_lines(alerts: Iterable[Alert], limit: int) -> Sequence[AlertLine]:
    """The most severe alerts, and of those the first, in that order."""
    ordered = sorted(alerts, key=lambda alert: (_WEIGHT[alert.severity], alert.opened_at_s, alert.id))
    return [_alert_line(alert) for alert in ordered[:limit]]


def false_alarms(marks: Iterable[Mark]) -> FalseAlarms:
    """The verdicts on alerts, of each alert the last that was given; and the calls that were missed."""
    verdicts: dict[str, Verdict] = {}
    missed: set[str] = set()
    for mark in sorted(marks, key=lambda mark: mark.at_s):
        if mark.alert_id is not None:
            verdicts[mark.alert_id] = mark.verdict
        elif mark.call_id is not None:
            (missed.add if mark.verdict is Verdict.MISSED else missed.discard)(mark.call_id)
    given = list(verdicts.values())
    right, wrong = given.count(Verdict.RIGHT), given.count(Verdict.WRONG)
    low, high = _wilson(wrong, right + wrong)
    return FalseAlarms(
        right=right, wrong=wrong, unsure=given.count(Verdict.UNSURE), missed=len(missed),
        rate=wrong / (right + wrong) if right + wrong else None, low=low, high=high,
    )  # fmt: skip


def acknowledged_s(alert: Alert) -> float | None:
    """Seconds from when it first rang (or opened) until a person took it; None while nobody has."""
    taken = next((step.at_s for step in alert.history if step.what in _TAKEN), None)
    if taken is None:
        return None
    rang = next((step.at_s for step in alert.history if step.notify), alert.opened_at_s)
    return max(0.0, taken - min(rang, taken))


def _rule_line(rule: str, alerts: Sequence[Alert]) -> RuleLine:
    first = alerts[0]
    rang = [alert for alert in alerts if _rang(alert)]
    hushed: dict[str, int] = {}
    for alert in alerts:
        if not _rang(alert):
            why = next((step.hushed.value for step in alert.history if step.hushed is not None), "")
            hushed[why] = hushed.get(why, 0) + 1
    times = [t for alert in alerts if (t := acknowledged_s(alert)) is not None]
    ends = [_end(alert) for alert in alerts]
    n_person = ends.count(NotifyReason.RESOLVED_BY_PERSON)
    n_over = ends.count(NotifyReason.CALL_ENDED) + ends.count(NotifyReason.CALL_LOST)
    n_open = ends.count(None)
    return RuleLine(
        rule=rule,
        title=first.title,
        severity=first.severity,
        alerts=len(alerts),
        rang=len(rang),
        hushed=len(alerts) - len(rang),
        hushed_by=dict(sorted(hushed.items())),
        escalated=sum(any(step.what is NotifyReason.ESCALATED for step in alert.history) for alert in alerts),
        acknowledged=len(times),
        acknowledged_s=median(times) if times else None,
        by_person=n_person,
        by_itself=len(alerts) - n_person - n_over - n_open,
        call_over=n_over,
        still_open=n_open,
    )


def _alert_line(alert: Alert) -> AlertLine:
    end = _end(alert)
    return AlertLine(
        id=alert.id, rule=alert.rule, title=alert.title, severity=alert.severity, state=alert.state,
        opened_at_s=alert.opened_at_s, call=alert.call_id, queue=alert.queue, key=alert.key,
        acknowledged_by=alert.acknowledged_by, acknowledged_s=acknowledged_s(alert),
        ended="" if end is None else end.value, ended_by=alert.resolved_by,
    )  # fmt: skip


def _rang(alert: Alert) -> bool:
    return any(step.notify and step.hushed is None for step in alert.history)


def _end(alert: Alert) -> NotifyReason | None:
    """What closed the alert, in its last history step that can have; None while it is open."""
    if alert.state is not AlertState.RESOLVED:
        return None
    return next((step.what for step in reversed(alert.history) if step.what in _ENDS), NotifyReason.CALMED_DOWN)


_ENDS: Final = frozenset(
    {
        NotifyReason.RESOLVED_BY_PERSON,
        NotifyReason.CALMED_DOWN,
        NotifyReason.CALL_ENDED,
        NotifyReason.CALL_LOST,
        NotifyReason.TOO_MANY,
    }
)


def _wilson(part: int, whole: int) -> tuple[float | None, float | None]:
    """The bounds between which a share lies in 95 of 100 cases (E. B. Wilson, 1927)."""
    if whole == 0:
        return None, None
    share = part / whole
    middle = share + _Z**2 / (2 * whole)
    spread = _Z * sqrt(share * (1 - share) / whole + _Z**2 / (4 * whole**2))
    scale = 1 + _Z**2 / whole
    return max(0.0, (middle - spread) / scale), min(1.0, (middle + spread) / scale)
