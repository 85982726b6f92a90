"""The work around alerts: notes and owners, silences, procedures step by step, tasks, outages, who is on duty."""

from typing import Annotated, Any, Final, Literal

import msgspec
from fastapi import APIRouter, HTTPException, Request
from pydantic import BaseModel, Field
from starlette.responses import Response

from voicerisk import clock
from voicerisk.risk.alerts import Alert
from voicerisk.risk.config import RiskConfig
from voicerisk.risk.deeds import (
    AddNote,
    Assign,
    AssignIncident,
    CloseTask,
    ConfirmStep,
    Deed,
    EndSilence,
    MakeSilence,
    RunStep,
    SetOutage,
    SkipStep,
    TakeTask,
)
from voicerisk.risk.runs import Run
from voicerisk.risk.silences import Matcher, Silence
from voicerisk.risk.tasks import Task
from voicerisk.server.access import Permission, needs
from voicerisk.server.answers import gives, json_answer, person_of, refuses
from voicerisk.server.live import LiveBoard
from voicerisk.server.office import Office
from voicerisk.server.views import AlertView, alert_view

_OBJECTS: Final = {"type": "array", "items": {"type": "object"}}
_REFUSALS: Final = refuses(
    _404="there is no such thing (any more)", _409="it is not in a state for that", _422="a field is wrong, or no name"
)
MAX_ITEMS: Final = 2_000
"""Promises or incidents in one answer: of 50,000 nobody looks at each."""

_Name = Annotated[str, Field(min_length=1, max_length=128)]
_Words = Annotated[str, Field(max_length=2000)]


class ByPerson(BaseModel):
    """Who does it and what they add; a signed-in person's own name goes before `person`."""

    person: str | None = Field(None, max_length=200)
    note: _Words = ""


class Assignment(ByPerson):
    """Whose the alert is to be."""

    to: _Name


class Silencing(ByPerson):
    """Which alerts are not to ring, for how long, and why."""

    matchers: list[dict[str, Any]] = Field(min_length=1, max_length=20)
    for_s: float = Field(gt=0, le=30 * 86400.0)
    why: str = Field(min_length=1, max_length=2000)


class OutageSwitch(ByPerson):
    """A known fault begins or ends; `queue` None: for the whole site."""

    on: bool
    queue: str | None = Field(None, min_length=1, max_length=128)


def work_router(board: LiveBoard, office: Office, config: RiskConfig) -> APIRouter:
    """The routes under /api/v1 for work."""
    router = APIRouter(prefix="/api/v1", tags=["work"], dependencies=[needs(Permission.WATCH)])
    supervise = [needs(Permission.SUPERVISE)]
    engine = office.engine

    def view(alert: Alert) -> AlertView:
        return board.alert(alert.id) or alert_view(alert)

    @router.post(
        "/alerts/{alert_id:path}/assign", summary="Give the alert to somebody, who is told so", dependencies=supervise,
        responses=gives(alert=AlertView) | _REFUSALS,
    )  # fmt: skip
    async def assign(alert_id: str, assignment: Assignment, request: Request) -> Response:
        person = person_of(request, assignment.person)
        await _done(office, Assign(alert=alert_id, person=person, to=assignment.to, note=assignment.note))
        return json_answer(alert=view(engine.alert(alert_id)))

    @router.post(
        "/alerts/{alert_id:path}/notes", summary="Add a line to the alert's history", dependencies=supervise,
        responses=gives(alert=AlertView) | _REFUSALS,
    )  # fmt: skip
    async def note(alert_id: str, words: ByPerson, request: Request) -> Response:
        person = person_of(request, words.person)
        if not words.note.strip():
            raise HTTPException(422, "note: it is empty")
        await _done(office, AddNote(alert=alert_id, person=person, note=words.note))
        return json_answer(alert=view(engine.alert(alert_id)))

    @router.get("/silences", summary="The silences in force", responses=gives(silences=[Silence]))
    async def silences() -> Response:
        return json_answer(silences=engine.silences())

    @router.post(
        "/silences", summary="Keep matching alerts quiet for a while; they still open, are shown and counted",
        dependencies=supervise, responses=gives(silences=[Silence]) | _REFUSALS,
    )  # fmt: skip
    async def silence(wanted: Silencing, request: Request) -> Response:
        person = person_of(request, wanted.person)
        try:
            # By way of JSON: half a character, which Python's strings may hold, must not get to the record.
            matchers = msgspec.json.decode(msgspec.json.encode(wanted.matchers), type=tuple[Matcher, ...])
        except (msgspec.ValidationError, UnicodeEncodeError) as error:
            raise HTTPException(422, f"matchers: {error}") from None
        until_s = clock.now_s() + wanted.for_s
        await _done(office, MakeSilence(person=person, matchers=matchers, until_s=until_s, why=wanted.why))
        return json_answer(silences=engine.silences())

    @router.delete(
        "/silences/{silence_id}", summary="End a silence; what it kept quiet and is still open rings now",
        dependencies=supervise, responses=gives(silences=[Silence]) | _REFUSALS,
    )  # fmt: skip
    async def unsilence(silence_id: str, request: Request, person: str = "") -> Response:
        await _done(office, EndSilence(person=person_of(request, person), silence=silence_id))
        return json_answer(silences=engine.silences())

    @router.get("/procedures/runs", summary="Procedures at work", responses=gives(runs=[Run]))
    async def runs(alert: str | None = None) -> Response:
        return json_answer(runs=[run for run in engine.desk.runs() if alert in (None, run.alert_id)])

    @router.post(
        "/procedures/runs/{run_id}/steps/{step}/{deed}", summary="Run, confirm or skip a step", dependencies=supervise,
        responses=gives(runs=[Run]) | _REFUSALS,
    )  # fmt: skip
    async def step(
        run_id: str, step: int, deed: Literal["run", "confirm", "skip"], words: ByPerson, request: Request
    ) -> Response:
        person = person_of(request, words.person)
        if not 0 <= step < 1000:
            raise HTTPException(404, f"there is no step {step}")
        deeds: dict[str, Deed] = {
            "run": RunStep(run=run_id, step=step, person=person),
            "confirm": ConfirmStep(run=run_id, step=step, person=person, note=words.note),
            "skip": SkipStep(run=run_id, step=step, person=person, note=words.note),
        }
        await _done(office, deeds[deed])
        return json_answer(runs=[run for run in engine.desk.runs() if run.id == run_id])

    @router.get("/tasks", summary="What is still to be done, and whose it is", responses=gives(tasks=[Task]))
    async def tasks() -> Response:
        return json_answer(tasks=engine.desk.tasks())

    @router.post(
        "/tasks/{task_id:path}/{deed}", summary="Take or close a task", dependencies=supervise,
        responses=gives(tasks=[Task]) | _REFUSALS,
    )  # fmt: skip
    async def task(task_id: str, deed: Literal["take", "close"], words: ByPerson, request: Request) -> Response:
        person = person_of(request, words.person)
        taken: Deed = TakeTask(task=task_id, person=person)
        await _done(office, taken if deed == "take" else CloseTask(task=task_id, person=person, note=words.note))
        return json_answer(tasks=engine.desk.tasks())

    @router.get(
        "/promises", summary="Promises not kept yet, the earliest due first", responses=gives(promises=_OBJECTS)
    )
    async def promises() -> Response:
        return json_answer(promises=sorted(engine.desk.promises(), key=lambda promise: promise.due_at_s)[:MAX_ITEMS])

    @router.get(
        "/incidents", summary="Open incidents, those with the most contacts first", responses=gives(incidents=_OBJECTS)
    )
    async def incidents() -> Response:
        most_first = sorted(engine.desk.incidents(), key=lambda incident: (-incident.contacts, incident.opened_at_s))
        return json_answer(incidents=most_first[:MAX_ITEMS])

    @router.post(
        "/incidents/{incident_id:path}/assign", summary="Name the one person who answers for the incident",
        dependencies=supervise, responses=gives(incidents=_OBJECTS) | _REFUSALS,
    )  # fmt: skip
    async def assign_incident(incident_id: str, assignment: Assignment, request: Request) -> Response:
        person = person_of(request, assignment.person)
        await _done(office, AssignIncident(person=person, incident=incident_id, to=assignment.to))
        return json_answer(incidents=[one for one in engine.desk.incidents() if one.id == incident_id])

    @router.get("/outages", summary="Known faults", responses=gives(outages=_OBJECTS))
    async def outages() -> Response:
        return json_answer(outages=engine.desk.outages())

    @router.post(
        "/outages", summary="A known fault begins or ends: its symptoms do not ring", dependencies=supervise,
        responses=gives(outages=_OBJECTS) | _REFUSALS,
    )  # fmt: skip
    async def outage(switch: OutageSwitch, request: Request) -> Response:
        person = person_of(request, switch.person)
        await _done(office, SetOutage(person=person, on=switch.on, queue=switch.queue, why=switch.note))
        return json_answer(outages=engine.desk.outages())

    @router.get("/schedule", summary="The roster, and who is on duty now", responses=gives(on_duty={}, shifts=_OBJECTS))
    async def schedule() -> Response:
        now = clock.now_s()
        roles = sorted({shift.role for shift in config.duty} | {rule.owner for rule in config.rules.values()})
        return json_answer(on_duty={role: engine.on_duty(role, now) for role in roles}, shifts=config.duty)

    return router


async def _done(office: Office, deed: Deed) -> None:
    try:
        await office.do(deed)
    except LookupError as error:
        raise HTTPException(404, str(error)) from None
    except ValueError as error:
        raise HTTPException(409, str(error)) from None
