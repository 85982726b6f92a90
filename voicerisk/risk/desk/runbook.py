"""The procedures at work: one run for each alert, moved on by the clock, by the alert's life and by people."""

from collections.abc import Mapping

import msgspec

from voicerisk.risk.alerts import Alert
from voicerisk.risk.brakes import Brakes, BrakesConfig
from voicerisk.risk.desk.earliest import Earliest
from voicerisk.risk.desk.runstate import MAX_ENDED, RunAction, RunBookState, packed, unpacked
from voicerisk.risk.desk.steps import (
    CONFIRMABLE,
    DO_LIMIT_S,
    OPEN,
    REPORTABLE,
    RUNNABLE,
    SKIPPABLE,
    definition,
    escalates,
    moved,
    new_run,
    note_task_of,
    require,
    said,
    task_of,
    waiting_for,
)
from voicerisk.risk.desk.taskbook import TaskBook
from voicerisk.risk.procedures import ActionConfig, Auto, Procedure, StepKind, Until
from voicerisk.risk.runs import (
    Run,
    RunChanged,
    RunState,
    RunStateError,
    RunWhat,
    StepDue,
    StepState,
    UnknownRunError,
)
from voicerisk.risk.tasks import Task


class ProcedureRuns:
    """All runs of alerts that are still open, and the latest of those that are not.

    Every method that changes a run gives what the shell has to do about it, in order, with the changed run at the end.
    """

    def __init__(
        self, brakes: BrakesConfig, actions: Mapping[str, ActionConfig], tasks: TaskBook, max_runs: int = 20_000
    ) -> None:
        self._brakes = Brakes(brakes)
        self._actions = actions
        self._tasks = tasks
        self._max_runs = max_runs
        self._runs: dict[str, Run] = {}
        self._ended: dict[str, Run] = {}
        self._of_alert: dict[str, str] = {}
        self._limits = Earliest()

    def runs(self) -> tuple[Run, ...]:
        """Every run of an open alert, the oldest first."""
        return tuple(self._runs.values())

    def get(self, id_: str) -> Run:
        """The run of this id, also of an alert lately resolved. Raises UnknownRunError."""
        if (run := self._runs.get(id_) or self._ended.get(id_)) is None:
            raise UnknownRunError(f"there is no run {id_[:100]!r} here")
        return run

    def of_alert(self, alert_id: str) -> Run | None:
        """The latest run for this alert."""
        id_ = self._of_alert.get(alert_id, "")
        return self._runs.get(id_) or self._ended.get(id_)

    def start(self, alert: Alert, name: str, procedure: Procedure, at_s: float) -> list[RunAction]:
        """Begin the procedure for an alert that has opened; nothing happens where it is at work already."""
        if self._of_alert.get(alert.id) in self._runs:
            return []
        actions: list[RunAction] = []
        run = self._go_on(new_run(alert, name, procedure, at_s), at_s, actions)
        self._ended.pop(run.id, None)
        self._of_alert[alert.id] = run.id
        told = self._put(run, at_s, actions)
        if len(self._runs) > self._max_runs:
            told += self._end(next(iter(self._runs.values())), at_s, [])
        return told

    def acknowledged(self, alert: Alert, at_s: float) -> list[RunAction]:
        """A person has taken the alert: what waited for that goes on."""
        run = self._runs.get(self._of_alert.get(alert.id, ""))
        if run is None or run.person == alert.acknowledged_by:
            return []
        run = msgspec.structs.replace(run, person=alert.acknowledged_by)
        return self._meet(run, Until.ACKNOWLEDGED, at_s)

    def resolved(self, alert: Alert, at_s: float) -> list[RunAction]:
        """The alert is closed: the run ends, and what must be done in any case is done (`Step.at_end`)."""
        run = self._runs.get(self._of_alert.get(alert.id, ""))
        if run is None:
            return []
        note = alert.history[-1].note if alert.history and alert.resolved_by is not None else ""
        actions: list[RunAction] = []
        for n, step in enumerate(run.procedure.steps):
            if run.steps[n].state not in (StepState.PENDING, StepState.WAITING):
                continue
            if step.kind is StepKind.NOTE and note:
                run = moved(run, n, StepState.DONE, RunWhat.CONFIRMED, at_s, person=alert.resolved_by, note=note)
            elif step.kind is StepKind.NOTE and step.at_end and run.person is not None:
                run = self._open_task(run, n, note_task_of(run, n, run.person, at_s), at_s, actions)
            elif step.kind is StepKind.TASK and step.at_end:
                run = self._open_task(run, n, task_of(run, n, at_s), at_s, actions)
            else:
                run = moved(run, n, StepState.SKIPPED, RunWhat.NOT_NEEDED, at_s)
        return self._end(run, at_s, actions)

    def task_closed(self, task: Task, at_s: float) -> list[RunAction]:
        """A task is closed: the run that waited for it goes on."""
        run = self._runs.get(task.origin)
        if run is None or run.state is not RunState.RUNNING or any(map(self._tasks.is_open, run.tasks)):
            return []
        return self._meet(run, Until.TASKS_CLOSED, at_s) if waiting_for(run, StepKind.WAIT) else []

    def run_step(self, run_id: str, step: int, person: str, at_s: float) -> list[RunAction]:
        """A person has the step done now, whoever's turn it is. Raises UnknownRunError, RunStateError."""
        run = self._running(run_id)
        kind = definition(run, step).kind
        if kind not in RUNNABLE:
            raise RunStateError(f"step {step} of run {run_id} is of kind {kind.value!r}: confirm it or skip it")
        allowed = frozenset(StepState) - {StepState.DOING}
        require(run, step, allowed - {StepState.DONE} if kind is StepKind.TASK else allowed, "run")
        actions: list[RunAction] = []
        run = self._act(run, step, at_s, actions, person)
        return self._settle(run, at_s, actions)

    def confirm(self, run_id: str, step: int, person: str, at_s: float, note: str = "") -> list[RunAction]:
        """A person says that the step is done. Raises UnknownRunError, RunStateError; a `note` step needs a note."""
        run = self._running(run_id)
        kind = definition(run, step).kind
        if kind is StepKind.NOTE and not note.strip():
            raise RunStateError(f"step {step} of run {run.id} asks for a note; write one")
        require(run, step, CONFIRMABLE, "confirmed")
        run = moved(run, step, StepState.DONE, RunWhat.CONFIRMED, at_s, person=person, note=note)
        return self._settle(run, at_s, [])

    def skip(self, run_id: str, step: int, person: str, at_s: float, note: str = "") -> list[RunAction]:
        """A person passes the step over. Raises UnknownRunError, RunStateError."""
        run = self._running(run_id)
        definition(run, step)
        require(run, step, SKIPPABLE, "skipped")
        run = moved(run, step, StepState.SKIPPED, RunWhat.SKIPPED, at_s, person=person, note=note)
        return self._settle(run, at_s, [])

    def report(self, run_id: str, step: int, ok: bool, text: str, at_s: float) -> list[RunAction]:
        """The shell says how an action went, be it late. Raises UnknownRunError, RunStateError."""
        run = self.get(run_id)
        definition(run, step)
        require(run, step, REPORTABLE, "reported on")
        state, what = (StepState.DONE, RunWhat.DONE) if ok else (StepState.FAILED, RunWhat.FAILED)
        return self._settle(moved(run, step, state, what, at_s, note=text), at_s, [])

    def next_due_s(self) -> float | None:
        """When the next limit passes."""
        return self._limits.first_s()

    def advance(self, at_s: float) -> list[RunAction]:
        """Every limit that has passed by `at_s`, in order; what follows from one is dated by it."""
        told: list[RunAction] = []
        for due_s, run_id in self._limits.due(at_s):
            run = self.get(run_id)
            for n, step in enumerate(run.steps):
                if step.state in OPEN and step.limit_at_s is not None and step.limit_at_s <= due_s:
                    run = moved(run, n, StepState.UNMET, RunWhat.LIMIT_PASSED, due_s)
            told += self._settle(run, due_s, [])
        return told

    def snapshot(self) -> RunBookState:
        """Everything as it stands."""
        return packed(self._runs.values(), self._ended.values(), self._brakes.snapshot())

    def restore(self, state: RunBookState) -> None:
        """Go on from a snapshot."""
        self._brakes.restore(state.brakes)
        for book, runs in ((self._ended, state.ended), (self._runs, state.runs)):
            for run in unpacked(state, runs):
                book[run.id] = run
                self._of_alert[run.alert_id] = run.id
                self._watch(run)

    def _running(self, run_id: str) -> Run:
        run = self.get(run_id)
        if run.id in self._ended:
            raise RunStateError(f"run {run_id} is over: its alert is resolved")
        return run

    def _go_on(self, run: Run, at_s: float, actions: list[RunAction]) -> Run:
        """The run moved on as far as it goes without waiting."""
        while run.state is RunState.RUNNING and run.turn < len(run.steps):
            if run.steps[run.turn].state is StepState.PENDING:
                run = self._begin(run, run.turn, at_s, actions)
            if run.steps[run.turn].state in OPEN:
                return run
            run = msgspec.structs.replace(run, turn=run.turn + 1)
        if run.state is RunState.RUNNING:
            run = said(msgspec.structs.replace(run, state=RunState.FINISHED), RunWhat.FINISHED, at_s)
        return run

    def _begin(self, run: Run, n: int, at_s: float, actions: list[RunAction]) -> Run:
        """The step's turn has come."""
        step = run.procedure.steps[n]
        match step.kind:
            case StepKind.SHOW:
                return moved(run, n, StepState.DONE, RunWhat.SHOWN, at_s)
            case StepKind.ASK | StepKind.NOTE:
                return self._ask(run, n, at_s, actions, told=step.kind is StepKind.ASK)
            case StepKind.WAIT:
                if self._has_come(run, step.until):
                    return moved(run, n, StepState.DONE, RunWhat.MET, at_s)
                return moved(run, n, StepState.WAITING, RunWhat.WAITS, at_s, limit_s=step.limit_s)
            case StepKind.ESCALATE if not escalates(run, n):
                return moved(run, n, StepState.SKIPPED, RunWhat.NOT_NEEDED, at_s)
            case StepKind.DO if run.procedure.auto_of(step) is not Auto.ALWAYS:
                return self._ask(run, n, at_s, actions, told=run.procedure.auto_of(step) is Auto.ASK)
            case StepKind.DO if (why := self._refusal(run, step.action, at_s)) is not None:
                return moved(run, n, StepState.REFUSED, RunWhat.REFUSED, at_s, note=why)
        return self._act(run, n, at_s, actions, None)

    def _ask(self, run: Run, n: int, at_s: float, actions: list[RunAction], *, told: bool) -> Run:
        """The step waits for a person, who is told so or finds it on the card."""
        step = run.procedure.steps[n]
        run = moved(run, n, StepState.WAITING, RunWhat.ASKED, at_s, limit_s=step.limit_s)
        if told:
            actions.append(StepDue(run=run, step=n, definition=step, at_s=at_s, asks=True))
        return run

    def _act(self, run: Run, n: int, at_s: float, actions: list[RunAction], person: str | None) -> Run:
        """Do what the step says, by a person's hand or by itself."""
        step = run.procedure.steps[n]
        if step.kind is StepKind.TASK:
            return self._open_task(run, n, task_of(run, n, at_s), at_s, actions, person)
        if step.kind is StepKind.DO:
            limit_s = step.limit_s or DO_LIMIT_S
            run = moved(run, n, StepState.DOING, RunWhat.BEGUN, at_s, limit_s=limit_s, person=person, note=step.action)
        else:
            run = moved(run, n, StepState.DONE, RunWhat.TOLD, at_s, person=person, note=step.to)
        actions.append(StepDue(run=run, step=n, definition=step, at_s=at_s, person=person))
        return run

    def _open_task(
        self, run: Run, n: int, task: Task, at_s: float, actions: list[RunAction], person: str | None = None
    ) -> Run:
        actions += self._tasks.open(task)
        run = msgspec.structs.replace(run, tasks=(*run.tasks, task.id))
        return moved(run, n, StepState.DONE, RunWhat.TASK_OPENED, at_s, person=person, note=task.id)

    def _refusal(self, run: Run, action: str, at_s: float) -> str | None:
        if (known := self._actions.get(action)) is None:
            return f"no action {action!r} is configured here any more"
        return self._brakes.refusal(run.name, known.reach, at_s)

    def _has_come(self, run: Run, until: Until) -> bool:
        if until is Until.ACKNOWLEDGED:
            return run.person is not None
        return not any(map(self._tasks.is_open, run.tasks))

    def _meet(self, run: Run, until: Until, at_s: float) -> list[RunAction]:
        """What has waited for this is done waiting."""
        for n in waiting_for(run, StepKind.WAIT):
            if run.procedure.steps[n].until is until:
                run = moved(run, n, StepState.DONE, RunWhat.MET, at_s, person=run.person)
        return self._settle(run, at_s, [])

    def _settle(self, run: Run, at_s: float, actions: list[RunAction]) -> list[RunAction]:
        return self._put(self._go_on(run, at_s, actions), at_s, actions)

    def _put(self, run: Run, at_s: float, actions: list[RunAction]) -> list[RunAction]:
        book = self._ended if run.id in self._ended else self._runs
        book[run.id] = run
        self._watch(run)
        return [*actions, RunChanged(run=run, at_s=at_s)]

    def _end(self, run: Run, at_s: float, actions: list[RunAction]) -> list[RunAction]:
        """The run is over; the oldest that is over is forgotten where there are too many."""
        if run.state is RunState.RUNNING:
            run = said(msgspec.structs.replace(run, state=RunState.STOPPED), RunWhat.STOPPED, at_s)
        del self._runs[run.id]
        self._ended[run.id] = run
        if len(self._ended) > MAX_ENDED:
            oldest = self._ended.pop(next(iter(self._ended)))
            self._limits.drop(oldest.id)
            if self._of_alert.get(oldest.alert_id) == oldest.id:
                del self._of_alert[oldest.alert_id]
        return self._put(run, at_s, actions)

    def _watch(self, run: Run) -> None:
        limits = [step.limit_at_s for step in run.steps if step.state in OPEN and step.limit_at_s is not None]
        if limits:
            self._limits.put(run.id, min(limits))
        else:
            self._limits.drop(run.id)
