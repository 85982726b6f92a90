"""The desk: what alerts, promises, feedback and incidents leave to be done, and the procedures that see to it.

One object for the engine; the books behind it know nothing of each other. The desk has its own list of deadlines: it is
moved on with `advance` before anything that happened later is told to it, so what follows does not depend on how often
somebody looks at the clock.
"""

from collections.abc import Iterable, Mapping, Sequence
from typing import Final

from voicerisk.events import (
    CrmEvent,
    Event,
    FeedbackReceived,
    IncidentClosed,
    IncidentContact,
    IncidentOpened,
    PromiseKept,
    PromiseMade,
)
from voicerisk.risk.alerts import Alert
from voicerisk.risk.brakes import BrakesConfig
from voicerisk.risk.desk.actions import DeskAction, DeskState, Observed
from voicerisk.risk.desk.customers import CustomerBook, CustomerFacts
from voicerisk.risk.desk.incidents import (
    IncidentBook,
    IncidentChanged,
    IncidentRecord,
    IncidentWhat,
    UnknownIncidentError,
)
from voicerisk.risk.desk.items import feedback_task, incident_task, outage_task
from voicerisk.risk.desk.outages import Outage, OutageBook, OutageChanged
from voicerisk.risk.desk.promises import PromiseBook, PromiseChanged, PromiseRecord, PromiseState
from voicerisk.risk.desk.runbook import ProcedureRuns
from voicerisk.risk.desk.settings import DeskSettings
from voicerisk.risk.desk.taskbook import TaskBook
from voicerisk.risk.gauges.config import OwnMeasure
from voicerisk.risk.procedures import ActionConfig, Procedure
from voicerisk.risk.runs import Run, StepDue
from voicerisk.risk.tasks import Task

__all__ = [
    "CustomerFacts",
    "Desk",
    "DeskAction",
    "DeskSettings",
    "DeskState",
    "IncidentChanged",
    "IncidentRecord",
    "IncidentWhat",
    "Observed",
    "Outage",
    "OutageChanged",
    "PromiseChanged",
    "PromiseRecord",
    "PromiseState",
    "UnknownIncidentError",
]

SITE: Final = "site"
OUTAGE_ON: Final = "outage.on"
OUTAGE_OFF: Final = "outage.off"
"""Subtypes of a CRM event."""
OUTAGE_ACTION: Final = "outage_on"
"""The one action of a procedure's step that the desk does itself."""

_HEARD: Final = frozenset(
    {FeedbackReceived, PromiseMade, PromiseKept, IncidentOpened, IncidentContact, IncidentClosed, CrmEvent}
)
"""All other events leave nothing to be done; they are many, and are passed over at once."""


class Desk:
    """Tasks, promises, feedback, incidents, outages, and the procedures at work.

    Methods give actions in the order in which things happened. Unknown ids are errors: UnknownRunError,
    UnknownTaskError, UnknownIncidentError; what cannot be done now is RunStateError or TaskStateError.
    """

    def __init__(
        self,
        procedures: Mapping[str, Procedure],
        actions: Mapping[str, ActionConfig],
        brakes: BrakesConfig = BrakesConfig(),  # noqa: B008 -- frozen
        settings: DeskSettings = DeskSettings(),  # noqa: B008 -- frozen
    ) -> None:
        self._procedures = procedures
        self._settings = settings
        self._tasks = TaskBook()
        self._runs = ProcedureRuns(brakes, actions, self._tasks)
        self._promises = PromiseBook()
        self._incidents = IncidentBook()
        self._outages = OutageBook()
        self._customers = CustomerBook()
        self._feedback_since_s: float | None = None

    def handle(self, event: Event) -> list[DeskAction]:
        """What the event leaves to be done; most leave nothing."""
        if type(event) not in _HEARD:
            return []
        match event:
            case FeedbackReceived():
                self._customers.feedback(event)
                task = feedback_task(event, self._settings)
                return self._told(self._tasks.open(task), event.at) if task else []
            case PromiseMade():
                return [*self._promises.made(event)]
            case PromiseKept():
                return [*self._promises.kept(event)]
            case IncidentOpened() | IncidentContact() | IncidentClosed():
                return self._incident(self._incidents.handle(event), event.at)
            case CrmEvent():
                return self._crm(event)
        return []

    def alert_opened(self, alert: Alert, procedure: str, at_s: float) -> list[DeskAction]:
        """An alert has opened, or has opened again: its procedure begins."""
        self._customers.alerted(alert, at_s)
        if (steps := self._procedures.get(procedure)) is None:
            return []
        return self._told(self._runs.start(alert, procedure, steps, at_s), at_s)

    def alert_acknowledged(self, alert: Alert, at_s: float) -> list[DeskAction]:
        """A person has taken the alert (also from another)."""
        return self._told(self._runs.acknowledged(alert, at_s), at_s)

    def alert_resolved(self, alert: Alert, at_s: float) -> list[DeskAction]:
        """The alert is closed, by whatever; its latest history entry says by whom and with what note."""
        return self._told(self._runs.resolved(alert, at_s), at_s)

    def run_step(self, run: str, step: int, person: str, at_s: float) -> list[DeskAction]:
        """A person has a step done now."""
        return self._told(self._runs.run_step(run, step, person, at_s), at_s)

    def confirm_step(self, run: str, step: int, person: str, at_s: float, note: str = "") -> list[DeskAction]:
        """A person says that a step is done, or answers its question."""
        return self._told(self._runs.confirm(run, step, person, at_s, note), at_s)

    def skip_step(self, run: str, step: int, person: str, at_s: float, note: str = "") -> list[DeskAction]:
        """A person passes a step over."""
        return self._told(self._runs.skip(run, step, person, at_s, note), at_s)

    def report_step(self, run: str, step: int, ok: bool, text: str, at_s: float) -> list[DeskAction]:
        """The shell says how an action went."""
        return self._told(self._runs.report(run, step, ok, text, at_s), at_s)

    def take_task(self, task: str, person: str, at_s: float) -> list[DeskAction]:
        """A person takes a task."""
        return self._told(self._tasks.take(task, person, at_s), at_s)

    def close_task(self, task: str, person: str, at_s: float, note: str) -> list[DeskAction]:
        """A person closes a task with what came of it."""
        closed = self._tasks.close(task, person, at_s, note)
        return self._told([closed, *self._runs.task_closed(closed.task, at_s)], at_s)

    def assign_incident(self, incident: str, person: str, at_s: float) -> list[DeskAction]:
        """Name the one person who answers for an incident."""
        return [*self._incidents.assign(incident, person, at_s)]

    def outage(self, on: bool, person: str | None, at_s: float, why: str, queue: str | None = None) -> list[DeskAction]:
        """Switch a known fault on or off, for a queue or for the whole site."""
        return self._outage(on, person, at_s, why, queue, "")

    def next_due_s(self) -> float | None:
        """When the next deadline passes."""
        first_s = self._tasks.next_due_s()
        for at_s in (self._runs.next_due_s(), self._promises.next_due_s()):
            if at_s is not None and (first_s is None or at_s < first_s):
                first_s = at_s
        return first_s

    def advance(self, at_s: float) -> list[DeskAction]:
        """Every deadline that has passed by `at_s`, the earliest first."""
        told: list[DeskAction] = []
        while (due_s := self.next_due_s()) is not None and due_s <= at_s:
            told += self._promises.advance(due_s)
            told += self._tasks.advance(due_s)
            told += self._told(self._runs.advance(due_s), due_s)
        return told

    def tasks(self) -> tuple[Task, ...]:
        """Every open task, the oldest first."""
        return self._tasks.tasks()

    def tasks_of(self, customer: str) -> tuple[Task, ...]:
        """What is still to be done for this customer, the oldest first."""
        return self._tasks.of_customer(customer)

    def runs(self) -> tuple[Run, ...]:
        """The run of every open alert, the oldest first."""
        return self._runs.runs()

    def run_of(self, alert_id: str) -> Run | None:
        """The latest run for an alert."""
        return self._runs.of_alert(alert_id)

    def promises(self, customer: str | None = None) -> tuple[PromiseRecord, ...]:
        """What this customer still waits for, the earliest due first; without one, every promise not kept."""
        return self._promises.open() if customer is None else self._promises.of_customer(customer)

    def incidents(self, customer: str | None = None) -> tuple[IncidentRecord, ...]:
        """This customer's open incidents; without one, all."""
        return self._incidents.open() if customer is None else self._incidents.of_customer(customer)

    def customer(self, customer: str) -> CustomerFacts:
        """What is remembered of the customer."""
        return self._customers.of(customer)

    def outages(self) -> tuple[Outage, ...]:
        """Every known fault that is on, the oldest first."""
        return self._outages.on()

    def outage_covering(self, queue: str | None) -> Outage | None:
        """The known fault that explains what happens in this queue."""
        return self._outages.covering(queue)

    def unowned_since_s(self) -> float | None:
        """Since when the oldest task lies about: not taken, overdue, or a note not written."""
        return self._tasks.unowned_since_s()

    def snapshot(self) -> DeskState:
        """Everything as it stands."""
        return DeskState(
            tasks=self._tasks.snapshot(),
            runs=self._runs.snapshot(),
            promises=self._promises.snapshot(),
            incidents=self._incidents.snapshot(),
            outages=self._outages.snapshot(),
            customers=self._customers.snapshot(),
        )

    def restore(self, state: DeskState) -> None:
        """Go on from a snapshot, before anything else happens."""
        self._tasks.restore(state.tasks)
        self._runs.restore(state.runs)
        self._promises.restore(state.promises)
        self._incidents.restore(state.incidents)
        self._outages.restore(state.outages)
        self._customers.restore(state.customers)
        self._feedback_since_s = self._tasks.feedback_since_s()

    def _crm(self, event: CrmEvent) -> list[DeskAction]:
        self._customers.told(event)
        if event.data.subtype not in (OUTAGE_ON, OUTAGE_OFF):
            return []
        fields = {name: value for name, value in event.data.fields.items() if isinstance(value, str)}
        on = event.data.subtype == OUTAGE_ON
        return self._outage(on, None, event.at, fields.get("why", ""), event.queue, fields.get("incident", ""))

    def _outage(
        self, on: bool, person: str | None, at_s: float, why: str, queue: str | None, incident: str
    ) -> list[DeskAction]:
        if on:
            changed = self._outages.switch_on(queue, at_s, person=person, why=why, incident=incident)
        else:
            changed = self._outages.switch_off(queue, at_s, person=person)
        told: list[DeskAction] = [*changed]
        for change in changed:
            if change.over:
                told += self._told(self._tasks.open(outage_task(change.outage, self._settings, at_s)), at_s)
            number = float(len(self._outages.on()))
            told.append(Observed(measure=OwnMeasure.OUTAGES, key=SITE, value=number, at_s=at_s))
        return told

    def _incident(self, changed: Sequence[IncidentChanged], at_s: float) -> list[DeskAction]:
        told: list[DeskAction] = [*changed]
        for change in changed:
            if change.what is IncidentWhat.CLOSED and (task := incident_task(change.incident, self._settings, at_s)):
                told += self._told(self._tasks.open(task), at_s)
        return told

    def _told(self, actions: Iterable[DeskAction], at_s: float) -> list[DeskAction]:
        """The actions, with what the desk does about them itself and what they do to its own needles."""
        told = list(actions)
        mine = [action for action in told if isinstance(action, StepDue) and _is_outage(action)]
        told = [action for action in told if action not in mine]
        for step in mine:
            told += self._switch_on_for(step)
        if (since_s := self._tasks.feedback_since_s()) != self._feedback_since_s:
            self._feedback_since_s = since_s
            told.append(Observed(measure=OwnMeasure.OPEN_FEEDBACK, key=SITE, value=since_s, at_s=at_s))
        return told

    def _switch_on_for(self, step: StepDue) -> list[DeskAction]:
        """Outage mode is the desk's own: the step is done here, and nobody else is asked to do it."""
        run = step.run
        on = self._outage(True, step.person, step.at_s, run.procedure.title.get("en", run.name), run.queue, "")
        return [*on, *self._told(self._runs.report(run.id, step.step, True, "", step.at_s), step.at_s)]


def _is_outage(action: StepDue) -> bool:
    return not action.asks and action.definition.action == OUTAGE_ACTION
