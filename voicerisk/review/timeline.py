"""Everything that is on record of a call or an incident, as moments of one time line. Agents are not named in it."""

from collections.abc import Iterator, Mapping
from enum import StrEnum

import msgspec

from voicerisk.events import Event, event_type
from voicerisk.risk.alerts import Alert
from voicerisk.risk.gauges import GaugeConfig
from voicerisk.risk.runs import Run, RunEntry
from voicerisk.risk.texts import Text
from voicerisk.store.history import Crossed
from voicerisk.store.records import AuditEntry


class Source(StrEnum):
    """Where a moment is known from."""

    EVENT = "event"
    GAUGE = "gauge"
    ALERT = "alert"
    PROCEDURE = "procedure"
    PERSON = "person"
    """The audit log: who listened, whispered, joined, heard a recording."""
    REVIEW = "review"


class Moment(msgspec.Struct, frozen=True, kw_only=True):
    """One line. `what` is the word for it in the record, `title` whose it is (a gauge, a rule, a step), where any."""

    at_s: float
    source: Source
    what: str
    title: Text = {}
    person: str | None = None
    note: str = ""
    zone: str = ""
    to: tuple[str, ...] = ()


_QUIET = frozenset({"type", "reasons", "at_s", "start_s"})
"""Fields of an event's data that say nothing on a time line."""


def from_event(event: Event) -> Moment:
    """What happened, with the fields that the event carries."""
    fields = msgspec.structs.asdict(event.data)
    told = [f"{name}: {_plain(value)}" for name, value in fields.items() if name not in _QUIET and _says(value)]
    zone = str(fields.get("zone", "")) if event_type(event) == "tension.zone" else ""
    return Moment(at_s=event.at, source=Source.EVENT, what=event_type(event), note=", ".join(told), zone=zone)


def from_crossing(one: Crossed, gauges: Mapping[str, GaugeConfig]) -> Moment:
    """A needle went into another zone; the key is said where it is not the call's."""
    title = gauges[one.gauge].title if one.gauge in gauges else {"en": one.gauge}
    unit = gauges[one.gauge].unit if one.gauge in gauges else ""
    note = f"{one.value:.4g} {unit}".strip() + (f" ({one.queue})" if one.queue else "")
    return Moment(
        at_s=one.at_s, source=Source.GAUGE, what=f"{one.previous} → {one.zone}", title=title, note=note, zone=one.zone
    )


def from_alert(alert: Alert) -> Iterator[Moment]:
    """Every step of the alert's history; one that told nobody says what kept it quiet."""
    for step in alert.history:
        quiet = f"{step.hushed.value} {step.by}".strip() if step.hushed is not None else ""
        note = " ".join(part for part in (step.note, quiet) if part)
        yield Moment(
            at_s=step.at_s, source=Source.ALERT, what=step.what.value, title=alert.title, person=step.person,
            note=note, to=step.to,
        )  # fmt: skip


def from_run(run: Run) -> Iterator[Moment]:
    """Every line of the procedure's log."""
    for entry in run.log:
        yield Moment(
            at_s=entry.at_s, source=Source.PROCEDURE, what=entry.what.value, title=_step(run, entry),
            person=entry.person, note=entry.note,
        )  # fmt: skip


def from_audit(line: AuditEntry) -> Moment:
    """A line of the audit log."""
    note = " ".join(part for part in (line.detail, "" if line.result == "ok" else line.result) if part)
    return Moment(at_s=line.at_s, source=Source.PERSON, what=line.action, person=line.person, note=note)


def _step(run: Run, entry: RunEntry) -> Text:
    if entry.step is None or entry.step >= len(run.procedure.steps):
        return run.procedure.title
    return run.procedure.steps[entry.step].text


def _says(value: object) -> bool:
    return value not in (None, "", (), {}, [])


def _plain(value: object) -> str:
    return f"{value:.4g}" if isinstance(value, float) else str(value)
