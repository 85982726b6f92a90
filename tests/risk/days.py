"""Made-up inputs of an engine: what may happen on a floor, in whatever order, and what people may do about it."""

from collections.abc import Callable, Sequence
from typing import TypeVar

from hypothesis import strategies as st

from voicerisk.events import (
    AgentsReady,
    CallAbandoned,
    CallAnswered,
    CallEnded,
    CallNoteWritten,
    CallQueued,
    CallReason,
    CallStarted,
    CallTransferred,
    ContactReason,
    Crm,
    CrmEvent,
    Event,
    Feedback,
    FeedbackReceived,
    Incident,
    IncidentClosed,
    IncidentContact,
    Moved,
    Promise,
    PromiseId,
    PromiseKept,
    PromiseMade,
    Ready,
)
from voicerisk.risk import deeds
from voicerisk.risk.actions import Action
from voicerisk.risk.engine import Engine
from voicerisk.risk.silences import Matcher

T = TypeVar("T")

T0 = 1_732_226_400.0
CUSTOMERS = ("h:00000000000000aa", "h:00000000000000bb")

Input = Callable[[Engine, float, int], Sequence[Action]]
"""Told to the engine at a time (epoch seconds), as the n-th input of its day."""


def happens(make: Callable[[float, str], Event], late_s: float = 0.0) -> Input:
    """This event is heard of, so long after it happened."""
    return lambda engine, now, n: engine.handle(make(now - late_s, f"e-{n}"), now)


def _call_events(call: str, queue: str, customer: str) -> list[Callable[[float, str], Event]]:
    who = {"call": call, "queue": queue, "customer": customer}
    return [
        lambda at, id_: CallStarted(id=id_, at=at, **who),
        lambda at, id_: CallQueued(id=id_, at=at, **who),
        lambda at, id_: CallAnswered(id=id_, at=at, agent="a-1", **who),
        lambda at, id_: CallTransferred(id=id_, at=at, data=Moved(to="tech"), **who),
        lambda at, id_: CallReason(id=id_, at=at, data=ContactReason(reason="bill"), **who),
        lambda at, id_: CallNoteWritten(id=id_, at=at, **who),
        lambda at, id_: CallAbandoned(id=id_, at=at, **who),
        lambda at, id_: CallEnded(id=id_, at=at, **who),
        lambda at, id_: IncidentContact(id=id_, at=at, data=Incident(incident=f"i-{queue}"), **who),
        lambda at, id_: PromiseMade(id=id_, at=at, data=Promise(promise=f"p-{call}", due_at=at + 60.0), **who),
        lambda at, id_: PromiseKept(id=id_, at=at, data=PromiseId(promise=f"p-{call}"), **who),
        lambda at, id_: FeedbackReceived(id=id_, at=at, data=Feedback(score=1.0), **who),
        lambda at, id_: CrmEvent(id=id_, at=at, data=Crm(subtype="complaint", fields={"vip": True}), **who),
    ]


def _floor_events(queue: str) -> list[Callable[[float, str], Event]]:
    return [
        lambda at, id_: AgentsReady(id=id_, at=at, queue=queue, data=Ready(ready=0)),
        lambda at, id_: AgentsReady(id=id_, at=at, queue=queue, data=Ready(ready=9)),
        lambda at, id_: CrmEvent(id=id_, at=at, queue=queue, data=Crm(subtype="outage.on")),
        lambda at, id_: CrmEvent(id=id_, at=at, queue=queue, data=Crm(subtype="outage.off")),
        lambda at, id_: IncidentClosed(id=id_, at=at, data=Incident(incident=f"i-{queue}")),
    ]


def _deed(kind: str, which: int, person: str) -> Input:
    """What a person does to the so-manieth alert, silence, run or task there is; what cannot be done is let be."""

    def done(engine: Engine, now: float, n: int) -> Sequence[Action]:
        # People see what has happened until now.
        passed = engine.tick(now)
        try:
            return [*passed, *engine.do(_made(engine, now), now)]
        except (LookupError, ValueError):
            return passed

    def _made(engine: Engine, now: float) -> deeds.Deed:
        match kind:
            case "silence":
                matcher = Matcher(label="queue", values=("billing", "tech")[which % 2 :])
                return deeds.MakeSilence(person=person, matchers=(matcher,), until_s=now + 90.0, why="known")
            case "unsilence":
                return deeds.EndSilence(person=person, silence=_pick(engine.silences(), which).id)
            case "outage":
                return deeds.SetOutage(person=person, on=which % 2 == 0, queue=None)
            case "confirm":
                return deeds.ConfirmStep(
                    person=person, run=_pick(engine.desk.runs(), which).id, step=which % 4, note="ok"
                )
            case "task":
                return deeds.CloseTask(person=person, task=_pick(engine.desk.tasks(), which).id, note="done")
            case "assign":
                return deeds.Assign(person=person, alert=_pick(engine.alerts(), which).id, to="noa")
            case "resolve":
                return deeds.Resolve(person=person, alert=_pick(engine.alerts(), which).id)
            case _:
                return deeds.Acknowledge(person=person, alert=_pick(engine.alerts(), which).id)

    return done


def _pick(of: Sequence[T], which: int) -> T:
    if not of:
        raise LookupError("there is none")
    return of[which % len(of)]


_KINDS = ("acknowledge", "assign", "resolve", "silence", "unsilence", "outage", "confirm", "task")

inputs: st.SearchStrategy[Input] = st.one_of(
    st.builds(
        lambda call, queue, customer, what, late_s: happens(_call_events(call, queue, customer)[what], late_s),
        st.sampled_from(("c-1", "c-2", "c-3")),
        st.sampled_from(("billing", "tech")),
        st.sampled_from(CUSTOMERS),
        st.integers(0, 12),
        st.sampled_from((0.0, 0.0, 0.0, 4.0, 35.0)),
    ),
    st.builds(
        lambda queue, what: happens(_floor_events(queue)[what]), st.sampled_from(("billing", "tech")), st.integers(0, 4)
    ),
    st.builds(_deed, st.sampled_from(_KINDS), st.integers(0, 7), st.sampled_from(("dana", "yoav"))),
)
"""Any event or deed."""

days: st.SearchStrategy[list[tuple[float, Input]]] = st.lists(
    st.tuples(st.sampled_from((0.0, 0.5, 3.0, 15.0, 31.0, 400.0)), inputs), min_size=1, max_size=40
)
"""Inputs, each with how long after the one before it comes, in seconds."""
