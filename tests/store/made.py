"""Alerts as the engine makes them, for tests of what keeps and shows them."""

from tests.risk.shipped import BARGE_IN
from voicerisk.events import Reason
from voicerisk.risk.alerts import Alert, Cause, HistoryEntry, NotifyReason, alert_id
from voicerisk.risk.rules import Severity

REASONS = (
    Reason(code="level_db", value=9.0, unit="dB", text="Louder than this caller's own start: +9 dB"),
    Reason(code="pitch_st", value=5.0, unit="st", text="Voice 5 semitones higher than at the start"),
    Reason(code="talk_over", value=4.0, unit="", text="Talked over the agent 4 times in 30 s"),
)


def an_alert(
    call_id: str,
    at_s: float = 1_700_000_000.0,
    *,
    severity: str = "critical",
    queue: str | None = "Billing",
    customer: str | None = "h:0123456789abcdef",
    agent: str | None = "Noa",
) -> Alert:
    """An open alert of that call, raised at `at_s`; the same arguments give the same id."""
    cause = Cause(gauge="call_tension", value=0.87, at_s=at_s, at_media_s=41.2, reasons=REASONS)
    fingerprint = f"tense_call|{call_id}"
    return Alert(
        id=alert_id(fingerprint, cause),
        fingerprint=fingerprint,
        rule="tense_call",
        title={"en": "Tense customer", "he": "לקוח במתח"},
        severity=Severity(severity),
        owner="floor supervisor",
        call_id=call_id,
        customer=customer,
        queue=queue,
        agent=agent,
        gauge="call_tension",
        value=cause.value,
        opened_at_s=at_s,
        since_s=at_s,
        at_media_s=cause.at_media_s,
        reasons=REASONS,
        procedure=BARGE_IN,
        history=(HistoryEntry(at_s=at_s, what=NotifyReason.OPENED, notify=True),),
    )
