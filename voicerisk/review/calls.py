"""The calls of a day, gathered from its events: one line for each, from which every figure of a report is counted."""

from collections.abc import Iterable, Mapping
from typing import Final

import msgspec

from voicerisk.events import (
    CallAbandoned,
    CallAnswered,
    CallEnded,
    CallNoteWritten,
    CallOffhours,
    CallQueued,
    CallReason,
    CallRedirected,
    CallStarted,
    CallTransferred,
    CrmEvent,
    Event,
    FeedbackReceived,
    IncidentContact,
    TensionZone,
    Zone,
)

READ: Final = frozenset(
    str(kind.__struct_config__.tag)
    for kind in (
        CallAbandoned,
        CallAnswered,
        CallEnded,
        CallNoteWritten,
        CallOffhours,
        CallQueued,
        CallReason,
        CallRedirected,
        CallStarted,
        CallTransferred,
        CrmEvent,
        FeedbackReceived,
        IncidentContact,
        TensionZone,
    )
)
"""The types of events that a day is gathered from."""

QUALITY: Final = "quality.scored"
"""A `crm.event` of this subtype tells the house's own score of a call: `fields.score` up to `fields.best` (5)."""


class CallLine(msgspec.Struct, kw_only=True):
    """What one call came to; times in epoch seconds, None where it was not said."""

    id: str
    first_s: float
    begun: bool = False
    """It began in the span; else only its later part lies there."""
    inbound: bool = True
    customer: str | None = None
    queue: str | None = None
    queued_s: float | None = None
    answered_s: float | None = None
    ended_s: float | None = None
    wait_s: float | None = None
    abandoned: bool = False
    red: bool = False
    transfers: int = 0
    reason: str | None = None
    noted: bool = False


class Passed(msgspec.Struct, frozen=True):
    """A caller was passed on, or told to ring elsewhere: from which queue, to which unit, about what."""

    queue: str
    to: str
    topic: str
    redirected: bool


class Score(msgspec.Struct, frozen=True):
    """A score of one contact, brought to 0 to 5."""

    queue: str
    call: str | None
    of_5: float


class Gathered(msgspec.Struct, kw_only=True):
    """What a span's events came to."""

    calls: dict[str, CallLine] = {}
    passed: list[Passed] = []
    feedback: list[Score] = []
    quality: list[Score] = []
    contacts: dict[str, int] = {}
    """Contacts of the span for each incident."""
    incident_queue: dict[str, str] = {}
    offhours_s: list[float] = []


def gather(events: Iterable[Event]) -> Gathered:
    """The lines of the calls, and what belongs to no call, from events in the order in which they happened."""
    found = Gathered(calls={}, passed=[], feedback=[], quality=[], contacts={}, incident_queue={}, offhours_s=[])
    for event in events:
        if isinstance(event, CallOffhours):
            found.offhours_s.append(event.at)
        else:
            _count(found, event)
    return found


def forget_earlier(found: Gathered, first_heard: Mapping[str, float], from_s: float) -> None:
    """Marks the calls as begun that were not heard of before `from_s`, whether or not their beginning was told."""
    for line in found.calls.values():
        line.begun = line.begun or first_heard.get(line.id, line.first_s) >= from_s


def _count(found: Gathered, event: Event) -> None:
    line = _line(found, event)
    match event:
        case CallStarted():
            line.begun, line.inbound = True, event.data.direction == "inbound"
        case CallQueued():
            line.queued_s = event.at if line.queued_s is None else line.queued_s
        case CallAnswered():
            line.wait_s = _wait_s(line, event.data.wait_s, event.at) if line.answered_s is None else line.wait_s
            line.answered_s = event.at if line.answered_s is None else line.answered_s
        case CallAbandoned():
            line.wait_s = _wait_s(line, event.data.wait_s, event.at)
            line.abandoned, line.ended_s = True, event.at
        case CallEnded():
            line.ended_s = event.at
        case CallTransferred() | CallRedirected():
            line.transfers += 1
            redirected = isinstance(event, CallRedirected)
            passed = Passed(event.queue or line.queue or "", event.data.to, event.data.topic or "", redirected)
            found.passed.append(passed)
        case CallReason():
            line.reason = event.data.reason
        case CallNoteWritten():
            line.noted = True
        case TensionZone():
            line.red = line.red or event.data.zone is Zone.RED
        case FeedbackReceived():
            of_5 = 5.0 * min(1.0, event.data.score / event.data.best)
            found.feedback.append(Score(event.queue or line.queue or "", event.call, of_5))
        case IncidentContact():
            incident = event.data.incident
            found.contacts[incident] = found.contacts.get(incident, 0) + 1
            found.incident_queue.setdefault(incident, event.queue or line.queue or "")
        case CrmEvent() if event.data.subtype == QUALITY:
            _quality(found, event, line)
        case _:
            pass


def _line(found: Gathered, event: Event) -> CallLine:
    """The call's line with what the event says of whose it is. Of an event without a call, a line of its own."""
    if event.call is None:
        return CallLine(id="", first_s=event.at)
    line = found.calls.get(event.call)
    if line is None:
        line = found.calls[event.call] = CallLine(id=event.call, first_s=event.at)
    line.customer = line.customer or event.customer
    line.queue = line.queue or event.queue
    return line


def _wait_s(line: CallLine, told_s: float | None, at_s: float) -> float | None:
    if told_s is not None:
        return told_s
    return None if line.queued_s is None else max(0.0, at_s - line.queued_s)


def _quality(found: Gathered, event: CrmEvent, line: CallLine) -> None:
    score, best = event.data.fields.get("score"), event.data.fields.get("best", 5.0)
    if not isinstance(score, int | float) or not isinstance(best, int | float) or best <= 0.0:
        return
    found.quality.append(Score(event.queue or line.queue or "", event.call, 5.0 * min(1.0, max(0.0, score / best))))
