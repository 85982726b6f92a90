"""The report of one day, put together from the store."""

from collections.abc import Collection, Mapping, Sequence

import msgspec
from sqlalchemy.orm import Session

from voicerisk.review.alarms import AlertLine, FalseAlarms, RuleLine, alert_lines, false_alarms, rule_lines
from voicerisk.review.calls import READ, Gathered, forget_earlier, gather
from voicerisk.review.contacts import Contacts, calls_by_customer, contacts_of
from voicerisk.review.picks import Candidate, Chosen, pick
from voicerisk.review.quality import (
    BAD_OF_5,
    Conclusion,
    Covered,
    Feedback,
    Gap,
    conclusions,
    covered_queues,
    feedback_of,
    gaps,
)
from voicerisk.review.red import RedCost, red_costs, stays_in_red
from voicerisk.review.settings import ReviewSettings
from voicerisk.review.spans import Span
from voicerisk.review.work import PROMISE, TASKS, Promises, Work, promises_of, tasks_in, work_of
from voicerisk.risk.alerts import Alert
from voicerisk.risk.config import RiskConfig
from voicerisk.store import history, past
from voicerisk.store.history import Mark

_DAY_S = 86_400.0
_BEFORE_S = 8 * _DAY_S
"""How far back a needle that still stands in red may have crossed: no gauge's red lasts longer than its window."""


class DayReport(msgspec.Struct, frozen=True, kw_only=True):
    """A day, or several, in figures. `made_at_s` is when it was counted: of a day that is not over, up to then."""

    date: str
    days: int
    timezone: str
    from_s: float
    to_s: float
    made_at_s: float
    complete: bool
    contacts: Contacts
    alerts: Sequence[RuleLine]
    worst_alerts: Sequence[AlertLine]
    false_alarms: FalseAlarms
    red: Sequence[RedCost]
    promises: Promises
    work: Work
    feedback: Feedback
    gaps: Sequence[Gap]
    coverage_days: int
    coverage: Sequence[Covered]
    conclusions: Sequence[Conclusion]
    picks: Sequence[Chosen]


def day_report(session: Session, span: Span, risk: RiskConfig, settings: ReviewSettings, now_s: float) -> DayReport:
    """The report of the span, a local day, as far as the store knows it at `now_s` (epoch seconds)."""
    return report_of(session, span, risk, settings, now_s, gathered(session, span))


def report_of(
    session: Session, span: Span, risk: RiskConfig, settings: ReviewSettings, now_s: float, found: Gathered
) -> DayReport:
    """The report of the span from its events, which are `found` already, and from the rest of the record."""
    alerts = past.alerts_between(session, span.from_s, span.to_s)
    marks = history.read_marks(session, span.from_s, span.to_s)
    items = past.items_between(session, (PROMISE, *TASKS), span.from_s, span.to_s)
    contacts = contacts_of(found, span)
    covered = _covered(session, span, settings)
    tasks = tasks_in(items)
    rule_of = past.rules_of(session, {task.alert_id for task in tasks if task.alert_id is not None})
    by_customer = calls_by_customer(line for line in found.calls.values() if line.begun)
    alerted = frozenset(alert.call_id for alert in alerts if alert.call_id is not None)
    until_s = min(span.to_s, max(span.from_s, now_s))
    return DayReport(
        date=span.dates[0].isoformat(),
        days=len(span.dates),
        timezone=span.timezone,
        from_s=span.from_s,
        to_s=span.to_s,
        made_at_s=now_s,
        complete=now_s >= span.to_s,
        contacts=contacts,
        alerts=rule_lines(alerts),
        worst_alerts=alert_lines(alerts, settings.alerts),
        false_alarms=false_alarms(marks),
        red=_red(session, span, until_s, risk, found),
        promises=promises_of(items, span.from_s, span.to_s, now_s),
        work=work_of(tasks, rule_of, by_customer, contacts.talk_mean_s, span.from_s, span.to_s),
        feedback=feedback_of(found, alerted),
        gaps=gaps(found.quality, found.feedback),
        coverage_days=settings.coverage_days,
        coverage=covered,
        conclusions=conclusions(marks),
        picks=_picks(
            found, alerts, marks, covered, settings, span, past.tensions_between(session, span.from_s, span.to_s)
        ),
    )


def picks_of(session: Session, span: Span, settings: ReviewSettings) -> Sequence[Chosen]:
    """Which calls of the span to review first; those that are marked already are left out."""
    found = gathered(session, span)
    alerts = past.alerts_between(session, span.from_s, span.to_s)
    marks = history.read_marks(session, span.from_s)
    return _picks(
        found,
        alerts,
        marks,
        _covered(session, span, settings),
        settings,
        span,
        past.tensions_between(session, span.from_s, span.to_s),
    )


def gathered(session: Session, span: Span) -> Gathered:
    """The span's events, gathered."""
    found = gather(past.stream_events(session, span.from_s, span.to_s, READ))
    unbegun = [line.id for line in found.calls.values() if not line.begun]
    forget_earlier(found, past.first_heard(session, unbegun), span.from_s)
    return found


def _red(session: Session, span: Span, until_s: float, risk: RiskConfig, found: Gathered) -> Sequence[RedCost]:
    before = past.standing_at(session, span.from_s, span.from_s - _BEFORE_S)
    crossings = history.read_crossings(session, span.from_s, until_s, limit=5_000_000)
    ended = {line.id: line.ended_s for line in found.calls.values() if line.ended_s is not None}
    stays = stays_in_red(before, crossings, span.from_s, until_s, risk.gauges, ended)
    return red_costs(stays, risk.gauges)


def _covered(session: Session, span: Span, settings: ReviewSettings) -> Sequence[Covered]:
    since_s = span.to_s - settings.coverage_days * _DAY_S
    calls = past.seen_by_queue(session, "call.started", since_s, span.to_s)
    feedback = past.seen_by_queue(session, "feedback.received", since_s, span.to_s)
    marks = history.read_marks(session, since_s, span.to_s)
    of_call = past.queues_of(session, {mark.call_id for mark in marks if mark.call_id is not None})
    of_alert = _queues_of_alerts(session, {mark.alert_id for mark in marks if mark.alert_id is not None})
    reviewed: dict[str, float] = {}
    for mark in marks:
        queue = of_call.get(mark.call_id or "") or of_alert.get(mark.alert_id or "")
        if queue is not None:
            reviewed[queue] = max(mark.at_s, reviewed.get(queue, mark.at_s))
    return covered_queues(calls, feedback, reviewed)


def _queues_of_alerts(session: Session, alerts: Collection[str]) -> Mapping[str, str]:
    return {alert.id: alert.queue for alert in past.alerts_by_id(session, alerts) if alert.queue is not None}


def _picks(
    found: Gathered,
    alerts: Sequence[Alert],
    marks: Sequence[Mark],
    covered: Sequence[Covered],
    settings: ReviewSettings,
    span: Span,
    tension: Mapping[str, float],
) -> Sequence[Chosen]:
    alerted = {alert.call_id for alert in alerts}
    alert_call = {alert.id: alert.call_id for alert in alerts}
    reviewed = {mark.call_id for mark in marks} | {alert_call.get(mark.alert_id or "") for mark in marks}
    uncovered = {line.queue for line in covered if line.reviewed_at_s is None}
    bad = {score.call for score in found.feedback if score.of_5 <= BAD_OF_5}
    begun = [line for line in found.calls.values() if line.begun]
    nth = {line.id: n for calls in calls_by_customer(begun).values() for n, line in enumerate(calls, start=1)}
    candidates = (
        Candidate(
            call=line.id,
            queue=line.queue or "",
            started_at_s=line.first_s,
            alerted=line.id in alerted,
            red=line.red,
            max_tension=tension.get(line.id),
            nth=nth.get(line.id, 1),
            transfers=line.transfers,
            bad_feedback=line.id in bad,
            uncovered=(line.queue or "") in uncovered,
        )
        for line in begun
        if not line.abandoned and line.id not in reviewed
    )
    return pick(candidates, settings.picks, settings.calm_share, f"{settings.seed}|{span.dates[0].isoformat()}")
