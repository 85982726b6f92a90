"""The tasks that come from no procedure: feedback to be answered, and what an incident or an outage has to teach."""

from hashlib import blake2b

from voicerisk.events import FeedbackReceived
from voicerisk.risk.desk.incidents import IncidentRecord
from voicerisk.risk.desk.outages import Outage
from voicerisk.risk.desk.settings import DeskSettings
from voicerisk.risk.tasks import Task, TaskKind


def feedback_task(event: FeedbackReceived, settings: DeskSettings) -> Task | None:
    """The task of answering this feedback; None where it is not exceptional."""
    data = event.data
    if data.score > settings.feedback_share * data.best:
        return None
    score = f"{data.score:g}"
    best = f"{data.best:g}"
    return Task(
        id=_id("feedback", event.id),
        kind=TaskKind.FEEDBACK,
        title={
            "en": f"Feedback of {score} out of {best}: call the customer within the day and hear why",
            "he": f"משוב {score} מתוך {best}: להתקשר ללקוח עוד היום ולשמוע למה",
        },
        owner=settings.feedback_owner,
        opened_at_s=event.at,
        origin=event.id,
        due_at_s=event.at + settings.feedback_due_s,
        call_id=event.call,
        customer=event.customer,
        queue=event.queue,
    )


def incident_task(incident: IncidentRecord, settings: DeskSettings, at_s: float) -> Task | None:
    """The task of preventing the next such incident; None where this one took few contacts."""
    if incident.contacts < settings.prevention_contacts:
        return None
    return Task(
        id=_id("prevention", f"{incident.id}|{at_s:.3f}"),
        kind=TaskKind.PREVENTION,
        title={
            "en": f"An incident took {incident.contacts} contacts: what rule or process changes so that one is enough?",
            "he": f"אירוע אחד דרש {incident.contacts} פניות: איזה כלל או תהליך משתנה כדי שפנייה אחת תספיק?",
        },
        owner=settings.prevention_owner,
        opened_at_s=at_s,
        origin=incident.id,
        due_at_s=at_s + settings.prevention_due_s,
        customer=incident.customer,
        queue=incident.queue,
        incident=incident.id,
    )


def outage_task(outage: Outage, settings: DeskSettings, at_s: float) -> Task:
    """The task of learning from an outage that is over."""
    return Task(
        id=_id("prevention", outage.id),
        kind=TaskKind.PREVENTION,
        title={
            "en": "The outage is over: what is changed so that it does not come back, or is told before customers ask?",
            "he": "התקלה הסתיימה: מה משנים כדי שלא תחזור, או שלקוחות יידעו עליה לפני שיתקשרו?",
        },
        owner=settings.prevention_owner,
        opened_at_s=at_s,
        origin=outage.id,
        due_at_s=at_s + settings.prevention_due_s,
        queue=outage.queue,
        incident=outage.incident,
    )


def _id(kind: str, origin: str) -> str:
    return f"{kind}-{blake2b(origin.encode(), digest_size=8).hexdigest()}"
