"""The report of a week: its figures, each day's in short, and what changed against the week before."""

from collections import Counter
from collections.abc import Mapping, Sequence

import msgspec
from sqlalchemy.orm import Session

from voicerisk.review.calls import CallLine
from voicerisk.review.contacts import OFTEN, calls_by_customer, waits_of
from voicerisk.review.day import DayReport, gathered, report_of
from voicerisk.review.settings import ReviewSettings
from voicerisk.review.spans import Span, days_of
from voicerisk.risk.alerts import Alert
from voicerisk.risk.config import RiskConfig
from voicerisk.risk.rules import Severity
from voicerisk.store import past

_WEEK_S = 7 * 86_400.0


class DayInShort(msgspec.Struct, frozen=True, kw_only=True):
    """One day of the week; the shares and means are 0 where there was nothing to divide by."""

    date: str
    calls: int
    abandoned_share: float
    wait_p90_s: float | None
    unhappy: int
    unhappy_share: float
    contacts_per_customer: float
    often: int
    transfers_per_call: float
    alerts: int
    critical: int


class ReasonTrend(msgspec.Struct, frozen=True, kw_only=True):
    """Calls for one reason on each day, in the week, and in the week before."""

    reason: str
    days: Sequence[int]
    calls: int
    before: int


class ContactTrend(msgspec.Struct, frozen=True, kw_only=True):
    """Contacts per customer: fewer is better. `before` is None where nothing is stored of the week before."""

    now: float
    before: float | None
    calls: int
    calls_before: int
    customers: int
    customers_before: int


class WeekReport(msgspec.Struct, frozen=True, kw_only=True):
    """A week: `total` is the report over all of its days; its repeat callers are those of the week."""

    total: DayReport
    days: Sequence[DayInShort]
    trend: ContactTrend
    reasons: Sequence[ReasonTrend]


def week_report(session: Session, span: Span, risk: RiskConfig, settings: ReviewSettings, now_s: float) -> WeekReport:
    """The report of the span, a local week, as far as the store knows it at `now_s` (epoch seconds)."""
    found = gathered(session, span)
    total = report_of(session, span, risk, settings, now_s, found)
    alerts = past.alerts_between(session, span.from_s, span.to_s)
    days = days_of(span)
    of_day: list[list[CallLine]] = [[] for _ in days]
    for line in found.calls.values():
        for lines, day in zip(of_day, days, strict=True):
            if line.begun and day.holds(line.first_s):
                lines.append(line)
    shorts = [_in_short(day, lines, alerts) for day, lines in zip(days, of_day, strict=True)]
    return WeekReport(
        total=total, days=shorts, trend=_trend(session, span), reasons=_reasons(of_day, _before(session, span))
    )


def _in_short(day: Span, lines: Sequence[CallLine], alerts: Sequence[Alert]) -> DayInShort:
    abandoned = sum(line.abandoned for line in lines)
    answered = len(lines) - abandoned
    red = sum(line.red for line in lines)
    by_customer = calls_by_customer(lines)
    own = [alert for alert in alerts if day.holds(alert.opened_at_s)]
    return DayInShort(
        date=day.dates[0].isoformat(),
        calls=len(lines),
        abandoned_share=_share(abandoned, len(lines)),
        wait_p90_s=waits_of(lines).p90_s,
        unhappy=red,
        unhappy_share=_share(red, answered),
        contacts_per_customer=_share(sum(len(calls) for calls in by_customer.values()), len(by_customer)),
        often=sum(len(calls) >= OFTEN for calls in by_customer.values()),
        transfers_per_call=_share(sum(line.transfers for line in lines), answered),
        alerts=len(own),
        critical=sum(alert.severity is Severity.CRITICAL for alert in own),
    )


def _trend(session: Session, span: Span) -> ContactTrend:
    calls, customers = past.contacts_between(session, span.from_s, span.to_s)
    calls_before, customers_before = past.contacts_between(session, span.from_s - _WEEK_S, span.from_s)
    return ContactTrend(
        now=_share(calls, customers),
        before=calls_before / customers_before if customers_before else None,
        calls=calls,
        calls_before=calls_before,
        customers=customers,
        customers_before=customers_before,
    )


def _before(session: Session, span: Span) -> Mapping[str, int]:
    events = past.stream_events(session, span.from_s - _WEEK_S, span.from_s, {"call.reason"})
    return Counter(str(getattr(event.data, "reason", "")) for event in events)


def _reasons(of_day: Sequence[Sequence[CallLine]], before: Mapping[str, int]) -> Sequence[ReasonTrend]:
    counts = [Counter(line.reason for line in lines if line.reason) for lines in of_day]
    names = {name for count in counts for name in count} | set(before)
    trends = []
    for name in names:
        days = [count[name] for count in counts]
        trends.append(ReasonTrend(reason=name, days=days, calls=sum(days), before=before.get(name, 0)))
    return sorted(trends, key=lambda trend: (-trend.calls, trend.reason))


def _share(part: int, whole: int) -> float:
    return part / whole if whole else 0.0
