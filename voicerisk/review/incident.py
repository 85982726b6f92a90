"""The post-mortem of one alert, or of one incident with all of its calls: what happened when, and who did what."""

from collections.abc import Iterable, Sequence
from enum import StrEnum
from typing import Final

import msgspec
from sqlalchemy.orm import Session

from voicerisk.events import Event, Reason, Zone, decode_event
from voicerisk.review.alarms import AlertLine, alert_lines
from voicerisk.review.curves import STEP_S, read_levels
from voicerisk.review.timeline import Moment, Source, from_alert, from_audit, from_crossing, from_event, from_run
from voicerisk.review.work import TASKS, tasks_in
from voicerisk.risk.alerts import Alert
from voicerisk.risk.config import RiskConfig
from voicerisk.risk.runs import Run
from voicerisk.risk.tasks import Task, TaskKind
from voicerisk.store import history, journal, past, queries
from voicerisk.store.history import Mark
from voicerisk.store.recordings import RecordingRecord, read_recordings

AROUND_S: Final = 600.0
"""How long before and after it the queue's needles are told of, in seconds."""

MAX_MOMENTS: Final = 2_000

_runs = msgspec.json.Decoder(Run)


class About(StrEnum):
    """What a post-mortem is of."""

    ALERT = "alert"
    INCIDENT = "incident"


class CallCurve(msgspec.Struct, frozen=True, kw_only=True):
    """One call's tension, a level (0 to 1; None: not known) every `step_s`, and its alerts as media seconds."""

    call: str
    started_at_s: float
    ended_at_s: float | None
    queue: str | None
    max_tension: float | None
    step_s: float
    levels: Sequence[float | None]
    alerts_s: Sequence[float]


class Kept(msgspec.Struct, frozen=True, kw_only=True):
    """A recording: where the API gives it out, or when and why it was let go."""

    id: str
    call: str
    seconds: float
    gone_at_s: float | None
    gone_why: str


class IncidentReport(msgspec.Struct, frozen=True, kw_only=True):
    """The post-mortem. `reasons` are those of the alert's cause, `prevention` what is to keep it from coming back.

    `cut` says that the time line is longer than what is shown.
    """

    about: About
    id: str
    timezone: str
    made_at_s: float
    customer: str | None
    queue: str | None
    alerts: Sequence[AlertLine]
    reasons: Sequence[Reason]
    curves: Sequence[CallCurve]
    moments: Sequence[Moment]
    cut: bool
    recordings: Sequence[Kept]
    tasks: Sequence[Task]
    prevention: Sequence[Task]
    marks: Sequence[Mark]


def incident_report(session: Session, name: str, risk: RiskConfig, now_s: float) -> IncidentReport | None:
    """The post-mortem of the alert, or else of the incident, of that id; None where there is neither."""
    alert = queries.read_alert(session, name)
    events = _events(session, name, alert)
    if alert is None and not events:
        return None
    calls = sorted({event.call for event in events if event.call is not None})
    alerts = past.alerts_of(session, calls)
    if alert is not None:
        # Of an alert's post-mortem its own call's other alerts are part, not another call's.
        alerts = [alert, *(one for one in alerts if one.id != alert.id)]
    ids = [one.id for one in alerts]
    tasks = _tasks(session, name, alerts, calls)
    runs = [_runs.decode(run.payload) for run in past.runs_of(session, ids)]
    crossings = [one for call in calls for one in history.read_crossings(session, 0.0, 1e12, key=call, limit=1_000)]
    moments = [from_event(event) for event in events]
    moments += [from_crossing(one, risk.gauges) for one in (*crossings, *_queue_crossings(session, alerts, events))]
    moments += [moment for one in alerts for moment in from_alert(one)]
    moments += [moment for run in runs for moment in from_run(run)]
    moments += [from_audit(line) for line in past.audit_of(session, calls, ids)]
    marks = [mark for mark in history.read_marks(session) if mark.call_id in calls or mark.alert_id in ids]
    moments += [
        Moment(at_s=mark.at_s, source=Source.REVIEW, what=mark.verdict.value, person=mark.person, note=mark.note)
        for mark in marks
    ]
    ordered = sorted(moments, key=lambda moment: moment.at_s)
    first = alerts[0] if alerts else None
    return IncidentReport(
        about=About.ALERT if alert is not None else About.INCIDENT,
        id=name,
        timezone=risk.site.timezone,
        made_at_s=now_s,
        customer=next((event.customer for event in events if event.customer), first.customer if first else None),
        queue=first.queue if first and first.queue else next((event.queue for event in events if event.queue), None),
        alerts=alert_lines(alerts, 100),
        reasons=first.reasons if first else (),
        curves=[one for call in calls if (one := _curve(session, call, alerts)) is not None],
        moments=ordered[:MAX_MOMENTS],
        cut=len(ordered) > MAX_MOMENTS,
        recordings=[_kept(one) for call in calls for one in read_recordings(session, call_id=call)],
        tasks=[task for task in tasks if task.kind is not TaskKind.PREVENTION],
        prevention=[task for task in tasks if task.kind is TaskKind.PREVENTION],
        marks=marks,
    )


def _events(session: Session, name: str, alert: Alert | None) -> list[Event]:
    """The events of the alert's call, or of every call of the incident; tension windows are in the curve."""
    if alert is None:
        told = past.events_of_incident(session, name)
        calls = {event.call for event in told if event.call is not None}
        loose = [event for event in told if event.call is None]
    else:
        calls, loose = ({alert.call_id} if alert.call_id is not None else set()), []
    inputs = [
        one
        for call in sorted(calls)
        for one in journal.read_events(session, call_id=call, limit=5_000)
        if one.type != "tension.window"
    ]
    return [*loose, *(decode_event(one.payload) for one in inputs)]


def _queue_crossings(session: Session, alerts: Sequence[Alert], events: Sequence[Event]) -> Iterable[history.Crossed]:
    """Where needles of the same queue, and of the site, went into red or out of it about that time."""
    times = [alert.opened_at_s for alert in alerts] or [event.at for event in events]
    if not times:
        return []
    queues = {one.queue for one in (*alerts, *events) if one.queue is not None} | {alert.key for alert in alerts}
    around = history.read_crossings(session, min(times) - AROUND_S, max(times) + AROUND_S)
    keys = {*queues, "site"}
    red = [one for one in around if one.key in keys and Zone.RED in (one.zone, one.previous)]
    return [one for one in red if any(abs(one.at_s - at_s) <= AROUND_S for at_s in times)]


def _tasks(session: Session, name: str, alerts: Sequence[Alert], calls: Sequence[str]) -> list[Task]:
    incidents = {alert.incident for alert in alerts if alert.incident is not None} | {name}
    ids = {alert.id for alert in alerts}
    items = past.items_about(session, (), calls) + past.tasks_naming(session, (*ids, *incidents), TASKS)
    tasks = {
        task.id: task
        for task in tasks_in(items)
        if task.alert_id in ids or task.incident in incidents or task.call_id in calls
    }
    return sorted(tasks.values(), key=lambda task: (task.opened_at_s, task.id))


def _curve(session: Session, call_id: str, alerts: Sequence[Alert]) -> CallCurve | None:
    call = queries.read_call(session, call_id)
    levels = read_levels(session, call_id)
    if call is None or not levels:
        return None
    at_s = [alert.at_media_s for alert in alerts if alert.call_id == call_id and alert.at_media_s is not None]
    return CallCurve(
        call=call_id,
        started_at_s=call.started_at_s,
        ended_at_s=call.ended_at_s,
        queue=call.queue,
        max_tension=call.max_tension,
        step_s=STEP_S,
        levels=levels,
        alerts_s=sorted(at_s),
    )


def _kept(one: RecordingRecord) -> Kept:
    return Kept(id=one.id, call=one.call_id, seconds=one.seconds, gone_at_s=one.gone_at_s, gone_why=one.gone_why)
