"""A day from events alone: made up, heard by the engine, stored, reported; every figure counted anew in plain loops."""

from collections import Counter, defaultdict
from datetime import date
from pathlib import Path
from statistics import median
from zoneinfo import ZoneInfo

import pytest

from tests.review.stored import database, opened, store_day
from voicerisk.events import event_type
from voicerisk.review.day import DayReport, day_report, picks_of
from voicerisk.review.settings import ReviewSettings
from voicerisk.review.spans import day_span, week_span
from voicerisk.review.week import WeekReport, week_report
from voicerisk.risk.config import RiskConfig
from voicerisk.risk.gauges import SiteSettings
from voicerisk.simulate.day import Day

ZONE = ZoneInfo("Asia/Jerusalem")
DATE = date(2024, 11, 21)
SPAN = day_span(DATE, ZONE)
RISK = RiskConfig(site=SiteSettings(timezone="Asia/Jerusalem", week_starts="sunday"))
LATER_S = SPAN.to_s + 7200.0
N_CALLS = 2_000


async def test_the_report_of_a_day_is_what_happened(tmp_path: Path) -> None:
    """2,000 calls through the engine and the store: the report's figures are those of a recount of the events."""
    day = Day(7, SPAN.from_s, N_CALLS)
    settings = database(tmp_path)
    told, opened_alerts = await store_day(settings, RISK, day.events(), LATER_S)
    with opened(settings) as session:
        report = day_report(session, SPAN, RISK, ReviewSettings(), LATER_S)
        week = week_report(session, week_span(DATE, ZONE, "sunday"), RISK, ReviewSettings(), LATER_S)
        again = picks_of(session, SPAN, ReviewSettings())
    taken = {event.id: event for event in told}
    events = [event for event in taken.values() if SPAN.holds(event.at)]
    of: dict[str, list] = defaultdict(list)  # type: ignore[type-arg]
    for event in sorted(events, key=lambda event: event.at):
        of[event_type(event)].append(event)

    contacts = report.contacts
    assert report.complete
    assert contacts.calls == N_CALLS == day.truth.calls
    assert contacts.abandoned == len(of["call.abandoned"]) == day.truth.abandoned
    assert contacts.answered == len(of["call.answered"])
    red = {event.call for event in of["tension.zone"] if event.data.zone == "red"}
    assert contacts.unhappy.calls == len(red)
    assert contacts.unhappy.customers == len({event.customer for event in of["tension.zone"]})
    assert contacts.unhappy.share == pytest.approx(len(red) / len(of["call.answered"]))
    waits = sorted(event.data.wait_s for kind in ("call.answered", "call.abandoned") for event in of[kind])
    assert contacts.waits.longest_s == waits[-1]
    assert contacts.waits.median_s == pytest.approx(median(waits))
    assert contacts.waits.above_30_s == sum(wait > 30.0 for wait in waits)
    assert contacts.offhours == len(of["call.offhours"])
    by_hour = Counter(int((event.at - SPAN.from_s) // 3600.0) for event in of["call.started"])
    assert [hour.calls for hour in contacts.hours] == [by_hour[n] for n in range(24)]

    customers = Counter(event.customer for event in of["call.started"])
    assert contacts.repeats.customers == len(customers)
    assert contacts.repeats.again == sum(n >= 2 for n in customers.values())
    assert contacts.repeats.often == sum(n >= 3 for n in customers.values())
    assert [one.calls for one in contacts.repeats.most] == sorted(customers.values(), reverse=True)[:10]
    reasons = Counter(event.data.reason for event in of["call.reason"])
    assert {one.reason: one.calls for one in contacts.reasons} == reasons
    assert contacts.transfers.transfers == len(of["call.transferred"]) == day.truth.transfers
    passed = Counter((event.queue, event.data.to, event.data.topic) for event in of["call.transferred"])
    assert {(one.queue, one.to, one.topic): one.transfers for one in contacts.transfers.by} == passed
    incidents = Counter(event.data.incident for event in of["incident.contact"])
    assert contacts.incidents.mean == pytest.approx(sum(incidents.values()) / len(incidents))
    queues = Counter(event.queue for event in of["call.started"])
    assert {one.queue: one.calls for one in contacts.queues} == queues

    kept = {event.data.promise: event.at for event in taken.values() if event_type(event) == "promise.kept"}
    due = {e.data.promise: e.data.due_at for e in taken.values() if event_type(e) == "promise.made"}
    due_today = {promise: at for promise, at in due.items() if SPAN.holds(at)}
    assert report.promises.made == len(of["promise.made"])
    assert report.promises.due == len(due_today)
    assert report.promises.broken == len(due_today.keys() - kept.keys())
    assert report.promises.kept_late == sum(kept.get(promise, 0.0) > at for promise, at in due_today.items())
    scores = [event.data.score for event in of["feedback.received"]]
    assert report.feedback.n == len(scores)
    assert report.feedback.bad == sum(score <= 2.0 for score in scores)

    today = {alert.id: alert for alert in opened_alerts if SPAN.holds(alert.opened_at_s)}
    assert {one.rule: one.alerts for one in report.alerts} == Counter(alert.rule for alert in today.values())
    assert all(one.acknowledged == one.by_person == 0 for one in report.alerts)
    assert {one.queue for one in report.coverage} == set(queues)
    _check_week(report, week)
    assert again == report.picks
    assert len(report.picks) == 15


def _check_week(report: DayReport, week: WeekReport) -> None:
    """The one day that is stored is all of the week."""
    assert week.total.contacts.calls == report.contacts.calls
    assert [day.calls for day in week.days] == [0, 0, 0, 0, N_CALLS, 0, 0]
    assert week.days[4].unhappy == report.contacts.unhappy.calls
    assert week.trend.before is None
    assert sum(reason.calls for reason in week.reasons) == sum(one.calls for one in report.contacts.reasons)
