"""What reports read, on either database."""

import msgspec
from sqlalchemy.orm import Session

from tests.store.made import an_alert
from voicerisk.events import (
    CallReason,
    CallStarted,
    ContactReason,
    Event,
    Feedback,
    FeedbackReceived,
    Incident,
    IncidentContact,
    Zone,
    encode_event,
    event_type,
)
from voicerisk.store import history, past, queries
from voicerisk.store.audit import write_audit
from voicerisk.store.history import Crossed, ItemRecord, RunRecord
from voicerisk.store.journal import Input, write_inputs
from voicerisk.store.records import AuditEntry, CallRecord

T0 = 1_732_226_400.0
A, B = "h:00000000000000aa", "h:00000000000000bb"


def tell(session: Session, *events: Event, late_s: float = 0.0) -> None:
    """Stores the events, each heard so long after it happened."""
    known = past.count_inputs(session, 0.0, 1e12)
    inputs = [
        Input(
            seq=known + n, id=event.id, type=event_type(event), at_s=event.at, heard_at_s=event.at + late_s,
            payload=encode_event(event).decode(), call_id=event.call, customer=event.customer, queue=event.queue,
        )
        for n, event in enumerate(events, start=1)
    ]  # fmt: skip
    write_inputs(session, inputs)
    session.commit()


def started(n: int, at_s: float, customer: str = A, queue: str = "tech") -> CallStarted:
    """A call begins."""
    return CallStarted(id=f"s-{n}", at=T0 + at_s, call=f"c-{n}", customer=customer, queue=queue)


def test_events_come_by_when_they_happened_inputs_by_when_they_were_heard(session: Session) -> None:
    """Both ends of a span, its types, and a payload that nobody can read any more."""
    reason = CallReason(id="r", at=T0 + 5.0, call="c-1", data=ContactReason(reason="bill"))
    tell(session, started(2, 10.0), started(1, 0.0), reason, started(3, 20.0))
    broken = Input(seq=99, id="x", type="call.started", at_s=T0 + 6.0, heard_at_s=T0 + 6.0, payload="{}")
    write_inputs(session, [broken])
    events = list(past.stream_events(session, T0, T0 + 20.0, {"call.started"}))
    assert [event.id for event in events] == ["s-1", "s-2"]
    assert [one.id for one in past.stream_inputs(session, T0, T0 + 20.0)] == ["s-2", "s-1", "r", "x"]
    assert past.count_inputs(session, T0, T0 + 20.0) == 4
    assert past.first_heard(session, ["c-1", "c-3", "c-9"]) == {"c-1": T0, "c-3": T0 + 20.0}
    assert past.contacts_between(session, T0, T0 + 20.0) == (3, 1)
    assert past.queues_of(session, ["c-1", "c-9"]) == {"c-1": "tech"}


def test_queues_are_seen_by_their_events(session: Session) -> None:
    """How many, and when the last was; what has no queue is nobody's."""
    feedback = FeedbackReceived(id="f", at=T0 + 9.0, queue="tech", data=Feedback(score=2.0))
    tell(session, started(1, 0.0), started(2, 7.0), started(3, 3.0, B, "sales"), feedback)
    seen = past.seen_by_queue(session, "call.started", T0, T0 + 100.0)
    assert {queue: (one.n, one.last_at_s - T0) for queue, one in seen.items()} == {"tech": (2, 7.0), "sales": (1, 3.0)}
    assert set(past.seen_by_queue(session, "feedback.received", T0, T0 + 100.0)) == {"tech"}


def test_where_needles_stood(session: Session) -> None:
    """Of each needle the last crossing before, told late or not; what is green again stands nowhere."""

    def crossed(key: str, at_s: float, zone: Zone) -> Crossed:
        return Crossed(gauge="wait_s", key=key, previous=Zone.GREEN, zone=zone, value=1.0, at_s=T0 + at_s)

    history.write_crossings(
        session,
        [
            crossed("tech", 30.0, Zone.RED), crossed("tech", 10.0, Zone.AMBER), crossed("sales", 10.0, Zone.RED),
            crossed("sales", 20.0, Zone.GREEN), crossed("billing", 90.0, Zone.RED), crossed("old", -900.0, Zone.RED),
        ],
    )  # fmt: skip
    session.commit()
    assert [(one.key, one.zone) for one in past.standing_at(session, T0 + 60.0, T0)] == [("tech", Zone.RED)]


def test_alerts_and_what_belongs_to_them(session: Session) -> None:
    """By span, by call, by id; their runs, their lines of the audit log, their tasks."""
    alerts = [an_alert("c-1", T0), an_alert("c-2", T0 + 10.0)]
    for alert in alerts:
        queries.write_alert(session, alert)
    ids = [alert.id for alert in alerts]
    history.write_run(
        session, RunRecord(id="r", procedure="p", state="x", started_at_s=T0, payload="", alert_id=ids[0])
    )
    for call, alert_id in (("c-1", None), (None, ids[1]), ("c-3", None)):
        line = AuditEntry(at_s=T0, person="Noa", action="listen", call_id=call, alert_id=alert_id)
        write_audit(session, line)
    payload = msgspec.json.encode({"alert_id": ids[0], "what": "50%_off"}).decode()
    item = ItemRecord(id="t", kind="task.note", state="open", owner="x", opened_at_s=T0, payload=payload)
    history.write_item(session, item)
    session.commit()
    assert [alert.id for alert in past.alerts_between(session, T0, T0 + 10.0)] == ids[:1]
    assert [alert.id for alert in past.alerts_of(session, ["c-2", "c-1"])] == ids
    assert {alert.id for alert in past.alerts_by_id(session, [*ids, "no"])} == set(ids)
    assert past.rules_of(session, [*ids, "no"]) == dict.fromkeys(ids, "tense_call")
    assert [run.id for run in past.runs_of(session, ids)] == ["r"]
    assert len(past.audit_of(session, ["c-1"], [ids[1]])) == 2
    assert [one.id for one in past.tasks_naming(session, [ids[0]], ["task.note"])] == ["t"]
    assert past.tasks_naming(session, ["50_%off"], ["task.note"]) == []
    assert past.tasks_naming(session, [], ["task.note"]) == []


def test_items_that_a_span_touches(session: Session) -> None:
    """Opened, due or closed in it."""
    for n, (opened, due, closed) in enumerate(
        [(-9, 5, None), (5, 99, None), (-9, 99, 5), (-9, 99, 99), (-9, -5, None)]
    ):
        times = {"due_at_s": T0 + due, "closed_at_s": None if closed is None else T0 + closed}
        item = ItemRecord(
            id=f"p-{n}", kind="promise", state="open", owner="", opened_at_s=T0 + opened, payload="{}", **times
        )
        history.write_item(session, item)
    session.commit()
    found = past.items_between(session, ["promise"], T0, T0 + 10.0)
    assert {one.id for one in found} == {"p-0", "p-1", "p-2"}
    assert past.items_between(session, ["task.note"], T0, T0 + 10.0) == []
    assert [one.id for one in past.items_about(session, ["p-4"], [])] == ["p-4"]


def test_an_incident_s_events_are_its_own(session: Session) -> None:
    """Not those of one whose name begins the same, and no wildcard."""
    events = [
        IncidentContact(id=f"i-{n}", at=T0 + n, call=f"c-{n}", data=Incident(incident=name))
        for n, name in enumerate(["תקלה-1", "תקלה-12", "a%"])
    ]
    tell(session, *events)
    assert [event.call for event in past.events_of_incident(session, "תקלה-1")] == ["c-0"]
    assert [event.call for event in past.events_of_incident(session, "a%")] == ["c-2"]
    assert past.events_of_incident(session, "%") == []


def test_calls_with_a_curve(session: Session) -> None:
    """On at any time in the span, and heard; and how tense the calls that began in it became."""
    for n, (begin, end) in enumerate([(-50.0, -10.0), (-50.0, 10.0), (10.0, None), (200.0, 300.0)]):
        over = None if end is None else T0 + end
        call = CallRecord(id=f"c-{n}", gateway="g", started_at_s=T0 + begin, ended_at_s=over, max_tension=0.1 * n)
        queries.write_call(session, call)
        session.flush()
        queries.write_curve(session, f"c-{n}", 0, b"\x01")
    queries.write_call(session, CallRecord(id="silent", gateway="g", started_at_s=T0 + 1.0))
    session.commit()
    assert past.calls_with_curves(session, T0, T0 + 100.0) == {"c-1", "c-2"}
    assert past.tensions_between(session, T0, T0 + 100.0) == {"c-2": 0.2}
