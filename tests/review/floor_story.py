"""One tense call with everything that can be on record of it, in a store."""

from pathlib import Path

from sqlalchemy.orm import Session

from tests.review.stored import Told, database
from voicerisk.events import (
    CallAnswered,
    CallEnded,
    CallStarted,
    Crossing,
    Evidence,
    Incident,
    IncidentContact,
    IncidentOpened,
    TensionWindow,
    TensionZone,
    Window,
    Zone,
)
from voicerisk.risk import deeds
from voicerisk.risk.config import RiskConfig
from voicerisk.store import audit, curve, history, queries, recordings
from voicerisk.store.history import Mark, Verdict
from voicerisk.store.recordings import RecordingClass, RecordingRecord
from voicerisk.store.records import AuditEntry, CallRecord
from voicerisk.store.settings import StoreSettings
from voicerisk.store.store import Store

T0 = 1_732_262_400.0
"""22 November 2024, 10:00 in Jerusalem."""
STEP_S = 0.48
WHO = {"call": "c-1", "customer": "h:00000000000000aa", "queue": "חיוב"}
N_CALM, N_TENSE, N_AFTER = 60, 40, 50


def levels() -> list[float]:
    """A calm voice that turns tense and calms down, never standing still."""
    calm = [0.2 + 0.01 * (n % 3) for n in range(N_CALM)]
    tense = [0.9 + 0.01 * (n % 3) for n in range(N_TENSE)]
    return calm + tense + [0.1 + 0.01 * (n % 3) for n in range(N_AFTER)]


def window(n: int, level: float, zone: Zone) -> TensionWindow:
    """The n-th window, counted from 1."""
    at_s = round(n * STEP_S, 2)
    data = Window(
        start_s=round(at_s - STEP_S, 2), at_s=at_s, level=level, zone=zone, evidence=Evidence.HEARD, evidence_s=STEP_S,
        speech=1.0, quality=1.0,
    )  # fmt: skip
    return TensionWindow(id=f"c-1:tension.window:{2 * n}", at=round(T0 + at_s, 3), data=data, **WHO)


async def tense_call(folder: Path, risk: RiskConfig) -> tuple[StoreSettings, str]:
    """The store, and the id of the alert that the call raised."""
    settings = database(folder)
    store = Store.open(settings)
    told = Told(store, risk)
    told.tell(CallStarted(id="e-1", at=T0, **WHO), T0)
    told.tell(CallAnswered(id="e-2", at=T0 + 1.0, agent="a-7", **WHO), T0 + 1.0)
    told.tell(IncidentOpened(id="e-3", at=T0 + 2.0, data=Incident(incident="i-9"), **WHO), T0 + 2.0)
    told.tell(IncidentContact(id="e-4", at=T0 + 2.0, data=Incident(incident="i-9"), **WHO), T0 + 2.0)
    alert = ""
    for n, level in enumerate(levels(), start=1):
        zone = Zone.RED if N_CALM + 9 <= n <= N_CALM + N_TENSE else Zone.GREEN
        one = window(n, level, zone)
        opened = [action.alert.id for action in told.tell_window(one, one.at) if hasattr(action, "alert")]
        alert = alert or (opened[0] if opened else "")
        if n in (N_CALM + 9, N_CALM + N_TENSE + 1):
            previous = Zone.GREEN if zone is Zone.RED else Zone.RED
            crossing = Crossing(at_s=round(n * STEP_S, 2), level=level, zone=zone, previous=previous)
            told.tell(TensionZone(id=f"z-{n}", at=one.at, data=crossing, **WHO), one.at)
        if n == N_CALM + 20:
            told.do(deeds.Acknowledge(alert=alert, person="נועה <lead>", note="אני על זה"), one.at)
    told.tell(CallEnded(id="e-9", at=T0 + 74.0, **WHO), T0 + 74.0)
    told.tick(T0 + 400.0)
    await told.settled()
    await store.write(lambda session: _more(session, alert))
    await store.close()
    return settings, alert


def _more(session: Session, alert: str) -> None:
    """What the rest of the service writes down of such a call."""
    call = CallRecord(
        id="c-1", gateway="g", started_at_s=T0, ended_at_s=T0 + 74.0, queue=WHO["queue"], max_tension=0.92
    )
    queries.write_call(session, call)
    session.flush()
    packed = curve.pack(levels())
    queries.write_curve(session, "c-1", 0, packed[:64])
    queries.write_curve(session, "c-1", 64, packed[64:])
    for after_s, action in ((35.0, "listen.start"), (41.0, "control.barge")):
        line = AuditEntry(at_s=T0 + after_s, person="נועה <lead>", action=action, call_id="c-1", alert_id=alert)
        audit.write_audit(session, line)
    kept = RecordingRecord(
        id="r-1", call_id="c-1", kind=RecordingClass.ALERT, file="r/r-1", began_at_s=T0 + 33.0, start_s=20.0,
        seconds=52.0, alert_id=alert,
    )  # fmt: skip
    recordings.write_recording(session, kept)
    mark = Mark(
        at_s=T0 + 900.0, person="Gil", verdict=Verdict.RIGHT, call_id="c-1", alert_id=alert, topic="bill <format>",
        note="the new bill cannot be read",
    )  # fmt: skip
    history.write_mark(session, mark)
