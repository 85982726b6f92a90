"""What happens in one call of a made-up day, from its start to the customer's feedback."""

from collections.abc import Iterator
from hashlib import blake2b
from typing import Any, Final

import msgspec

from voicerisk.events import (
    CallAbandoned,
    CallAnswered,
    CallEnded,
    CallHeld,
    CallNoteWritten,
    CallQueued,
    CallReason,
    CallResumed,
    CallStarted,
    CallTransferred,
    ContactReason,
    Crm,
    CrmEvent,
    Crossing,
    Event,
    Feedback,
    FeedbackReceived,
    Incident,
    IncidentClosed,
    IncidentContact,
    IncidentOpened,
    Moved,
    Overlap,
    Promise,
    PromiseId,
    PromiseKept,
    PromiseMade,
    Role,
    TalkOverlap,
    TensionZone,
    Waited,
    Zone,
    event_id,
    event_type,
)
from voicerisk.simulate.chance import Chance

CALM_TALK_S: Final = 200.0
AGAIN: Final = 0.22
"""Share of the calls by somebody who has called today already."""
_PASSED_ON: Final = 0.08
_NOTED: Final = 0.96
_TENSE: Final = 0.03
_REASONS: Final = {"bill": 0.34, "contract": 0.22, "delivery": 0.18, "device": 0.16, "password": 0.10}
FAULT: Final = "no internet"


class DayTruth(msgspec.Struct):
    """What happened, counted while it was made up: to hold a report against."""

    calls: int = 0
    abandoned: int = 0
    tense: int = 0
    """Calls in which the tension was red at least once."""
    transfers: int = 0
    promises: int = 0
    broken: int = 0
    """Promises that were kept late or never."""
    bad_feedback: int = 0
    """Feedback of 2 of 5 or less."""
    without_note: int = 0
    events: int = 0


class Caller(msgspec.Struct):
    """A customer who called today, how often, and about which open incident."""

    customer: str
    calls: int = 0
    incident: str | None = None
    queue: str = ""


class Plan(msgspec.Struct, frozen=True):
    """Who answers a call and when; None: the caller's patience ends before that."""

    start_s: float
    queue: str
    answer_s: float | None
    gives_up_s: float
    fault: bool


class Story:
    """Tells calls one after another; remembers who called, so that some call again."""

    def __init__(self, seed: int, chance: Chance, truth: DayTruth) -> None:
        self._seed = seed
        self._chance = chance
        self._truth = truth
        self._callers: list[Caller] = []

    def call(self, plan: Plan) -> tuple[list[Event], float]:
        """The events of the next call, and when its agent is free again (its end, or when the caller gave up)."""
        chance, truth = self._chance, self._truth
        call = f"day-{self._seed}-{truth.calls}"
        truth.calls += 1
        caller = self._caller(plan)
        caller.calls += 1
        self._ids: dict[str, int] = {}
        labels: dict[str, Any] = {"call": call, "customer": caller.customer, "queue": plan.queue}
        events: list[Event] = [
            self._event(CallStarted, plan.start_s, labels),
            self._event(CallQueued, plan.start_s + 1.0, labels),
        ]
        if plan.answer_s is None:
            truth.abandoned += 1
            waited = Waited(wait_s=round(plan.gives_up_s - plan.start_s - 1.0, 3))
            return [*events, self._event(CallAbandoned, plan.gives_up_s, labels, waited)], plan.gives_up_s
        labels["agent"] = f"a-{chance.number(400)}"
        wait_s = round(plan.answer_s - plan.start_s - 1.0, 3)
        events.append(self._event(CallAnswered, plan.answer_s, labels, Waited(wait_s=wait_s)))
        reason = FAULT if plan.fault else chance.weighed(_REASONS)
        events.append(self._event(CallReason, plan.answer_s + 20.0, labels, ContactReason(reason=reason)))
        end_s = round(plan.answer_s + 30.0 + chance.about(CALM_TALK_S), 3)
        passed_on = chance.happens(_PASSED_ON)
        if passed_on:
            truth.transfers += 1
            passed_s = round(plan.answer_s + 0.5 * (end_s - plan.answer_s), 3)
            events.append(self._event(CallTransferred, passed_s, labels, Moved(to="retention", topic=reason)))
            labels["agent"] = f"a-{chance.number(400)}"
        tense = chance.happens(_TENSE * (1.0 + wait_s / 60.0) * (3.0 if passed_on else 1.0) * caller.calls)
        events += self._talk(labels, plan.answer_s, end_s, tense)
        events += self._incident(caller, labels, plan.answer_s + 25.0, end_s)
        events.append(self._event(CallEnded, end_s, labels))
        if chance.happens(_NOTED if not passed_on else 0.85):
            events.append(self._event(CallNoteWritten, end_s + chance.between(5.0, 120.0), labels))
        else:
            truth.without_note += 1
        events += self._promise(labels, call, end_s)
        events += self._afterwards(labels, end_s, tense, wait_s)
        return events, end_s

    def _talk(self, labels: dict[str, Any], begin_s: float, end_s: float, tense: bool) -> Iterator[Event]:
        chance, length_s = self._chance, end_s - begin_s
        if chance.happens(0.1):
            yield self._event(CallHeld, begin_s + 0.2 * length_s, labels)
            yield self._event(CallResumed, begin_s + 0.4 * length_s, labels)
        if not tense:
            return
        self._truth.tense += 1
        steps = (
            (0.45, Zone.AMBER, Zone.GREEN, 0.65),
            (0.55, Zone.RED, Zone.AMBER, 0.85),
            (0.8, Zone.GREEN, Zone.RED, 0.3),
        )
        for share, zone, previous, level in steps:
            media_s = round(share * length_s, 2)
            data = Crossing(at_s=media_s, level=level, zone=zone, previous=previous)
            yield self._event(TensionZone, begin_s + media_s, labels, data)
        media_s = round(0.57 * length_s, 2)
        overlap = Overlap(start_s=media_s, at_s=media_s + 1.5, by=Role.CUSTOMER)
        yield self._event(TalkOverlap, begin_s + media_s + 1.5, labels, overlap)

    def _incident(self, caller: Caller, labels: dict[str, Any], at_s: float, end_s: float) -> Iterator[Event]:
        if caller.incident is None:
            if not self._chance.happens(0.06):
                return
            caller.incident = f"i-{labels['call']}"
            yield self._event(IncidentOpened, at_s, labels, Incident(incident=caller.incident))
        yield self._event(IncidentContact, at_s + 0.5, labels, Incident(incident=caller.incident))
        if self._chance.happens(0.5):
            yield self._event(IncidentClosed, end_s - 1.0, labels, Incident(incident=caller.incident))
            caller.incident = None

    def _promise(self, labels: dict[str, Any], call: str, end_s: float) -> Iterator[Event]:
        chance = self._chance
        if not chance.happens(0.04):
            return
        self._truth.promises += 1
        due_s = round(end_s + chance.one_of((1800.0, 3600.0, 7200.0)), 3)
        promise = f"p-{call}"
        yield self._event(PromiseMade, end_s - 5.0, labels, Promise(promise=promise, due_at=due_s, what="call back"))
        if chance.happens(0.85):
            kept_s = due_s - chance.between(60.0, 1500.0)
        else:
            self._truth.broken += 1
            kept_s = due_s + chance.about(1800.0)
            if chance.happens(0.5):
                return
        yield self._event(PromiseKept, kept_s, labels, PromiseId(promise=promise))

    def _afterwards(self, labels: dict[str, Any], end_s: float, tense: bool, wait_s: float) -> Iterator[Event]:
        chance = self._chance
        if chance.happens(0.05):
            unhappy = tense or wait_s > 90.0
            score = float(chance.number(3) if unhappy else 5 - chance.number(3) * chance.number(2))
            self._truth.bad_feedback += score <= 2.0
            data = Feedback(score=score, channel="sms")
            yield self._event(FeedbackReceived, end_s + chance.about(1200.0), labels, data)
        if tense and chance.happens(0.1):
            yield self._event(CrmEvent, end_s + chance.about(3600.0), labels, Crm(subtype="complaint"))

    def _caller(self, plan: Plan) -> Caller:
        chance = self._chance
        if self._callers and not plan.fault and chance.happens(AGAIN):
            return chance.one_of(self._callers)
        name = f"{self._seed}/{len(self._callers)}"
        caller = Caller(customer="h:" + blake2b(name.encode(), digest_size=8).hexdigest(), queue=plan.queue)
        self._callers.append(caller)
        return caller

    def _event(self, kind: Any, at_s: float, labels: dict[str, Any], data: Any = None) -> Any:
        number = self._ids[kind.__name__] = self._ids.get(kind.__name__, -1) + 1
        told = {} if data is None else {"data": data}
        event = kind(id="", at=round(at_s, 3), **labels, **told)
        return msgspec.structs.replace(event, id=event_id(labels["call"], event_type(event), number))
