"""What an alert is when it opens."""

from voicerisk.risk.alerts import Alert, Cause, alert_id
from voicerisk.risk.groups import group_of
from voicerisk.risk.place import Place
from voicerisk.risk.procedures import Procedure
from voicerisk.risk.rules import RuleConfig


def fingerprint_of(rule: str, place: Place) -> str:
    """What all alerts of this rule in this place have in common."""
    return f"{rule}/{place.name}"


def new_alert(name: str, rule: RuleConfig, procedure: Procedure | None, place: Place, cause: Cause) -> Alert:
    """The alert that this cause opens; the first step of its history is written when it rings, or does not."""
    fingerprint = fingerprint_of(name, place)
    return Alert(
        id=alert_id(fingerprint, cause),
        fingerprint=fingerprint,
        rule=name,
        title=rule.title,
        severity=rule.severity,
        owner=rule.owner,
        call_id=place.call,
        customer=place.customer,
        queue=place.queue,
        incident=place.incident,
        agent=place.agent,
        key=place.name,
        labels=dict(place.labels),
        group=group_of(name, rule, place),
        gauge=cause.gauge,
        value=cause.value,
        opened_at_s=cause.at_s,
        since_s=cause.at_s,
        at_media_s=cause.at_media_s,
        reasons=cause.reasons,
        procedure=procedure,
    )
