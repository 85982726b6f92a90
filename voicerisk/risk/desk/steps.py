"""One run, one change: pure functions from a run to the run after, shared by the clock, the alert and the person."""

from hashlib import blake2b
from typing import Final

import msgspec

from voicerisk.risk.alerts import Alert
from voicerisk.risk.procedures import Procedure, Step, StepKind
from voicerisk.risk.runs import Run, RunEntry, RunStateError, RunWhat, StepRun, StepState, UnknownRunError
from voicerisk.risk.tasks import Task, TaskKind

DO_LIMIT_S: Final = 60.0
"""How long the shell may take over an action that says nothing else: without a word by then it has not been done."""

MAX_LOG: Final = 200
"""Lines of a run's log that are kept, the latest."""

NEEDS_ESCALATION: Final = frozenset({StepState.UNMET, StepState.REFUSED, StepState.FAILED})
OPEN: Final = frozenset({StepState.PENDING, StepState.WAITING, StepState.DOING})

RUNNABLE: Final = frozenset({StepKind.NOTIFY, StepKind.DO, StepKind.ESCALATE, StepKind.TASK})
CONFIRMABLE: Final = frozenset(StepState) - {StepState.DONE, StepState.SKIPPED}
SKIPPABLE: Final = frozenset({StepState.PENDING, StepState.WAITING, StepState.REFUSED, StepState.FAILED})
REPORTABLE: Final = frozenset({StepState.DOING, StepState.UNMET})


def new_run(alert: Alert, name: str, procedure: Procedure, at_s: float) -> Run:
    """The run that begins for this alert at `at_s`; the same alert and time give the same id."""
    digest = blake2b(f"{alert.id}|{name}|{at_s:.3f}".encode(), digest_size=8).hexdigest()
    return Run(
        id=f"run-{digest}",
        alert_id=alert.id,
        name=name,
        procedure=procedure,
        started_at_s=at_s,
        steps=(StepRun(),) * len(procedure.steps),
        person=alert.acknowledged_by,
        call_id=alert.call_id,
        customer=alert.customer,
        queue=alert.queue,
        log=(RunEntry(at_s=at_s, what=RunWhat.STARTED),),
    )


def said(
    run: Run, what: RunWhat, at_s: float, step: int | None = None, person: str | None = None, note: str = ""
) -> Run:
    """The run with one more line in its log."""
    entry = RunEntry(at_s=at_s, what=what, step=step, person=person, note=note)
    return msgspec.structs.replace(run, log=(*run.log, entry)[-MAX_LOG:])


def moved(
    run: Run,
    step: int,
    state: StepState,
    what: RunWhat,
    at_s: float,
    *,
    limit_s: float | None = None,
    person: str | None = None,
    note: str = "",
) -> Run:
    """The run with this step in another state, the limit counted from `at_s`, and a line about it."""
    now = StepRun(state=state, since_s=at_s, limit_at_s=None if limit_s is None else at_s + limit_s)
    steps = (*run.steps[:step], now, *run.steps[step + 1 :])
    return said(msgspec.structs.replace(run, steps=steps), what, at_s, step, person, note)


def definition(run: Run, step: int) -> Step:
    """What the step says. Raises UnknownRunError where the run has no such step."""
    if not 0 <= step < len(run.steps):
        raise UnknownRunError(f"run {run.id} has no step {step}; it has {len(run.steps)}, counted from 0")
    return run.procedure.steps[step]


def require(run: Run, step: int, states: frozenset[StepState], deed: str) -> None:
    """Raises RunStateError unless the step is in one of these states."""
    if (state := run.steps[step].state) not in states:
        raise RunStateError(f"step {step} of run {run.id} is {state.value}; it cannot be {deed}")


def waiting_for(run: Run, kind: StepKind) -> list[int]:
    """The steps of this kind that wait."""
    pairs = zip(run.procedure.steps, run.steps, strict=True)
    return [n for n, (step, at) in enumerate(pairs) if step.kind is kind and at.state is StepState.WAITING]


def escalates(run: Run, step: int) -> bool:
    """Whether an `escalate` is needed here: the step before it was not met, or there is none."""
    return step == 0 or run.steps[step - 1].state in NEEDS_ESCALATION


def task_of(run: Run, step: int, at_s: float) -> Task:
    """The task that a `task` step opens."""
    asked = run.procedure.steps[step]
    return Task(
        id=f"{run.id}-{step}",
        kind=TaskKind.PROCEDURE,
        title=asked.text,
        owner=asked.to,
        opened_at_s=at_s,
        origin=run.id,
        due_at_s=None if asked.limit_s is None else at_s + asked.limit_s,
        alert_id=run.alert_id,
        call_id=run.call_id,
        customer=run.customer,
        queue=run.queue,
    )


def note_task_of(run: Run, step: int, person: str, at_s: float) -> Task:
    """The task of writing the note that the alert was resolved without."""
    wanted = task_of(run, step, at_s)
    return msgspec.structs.replace(wanted, kind=TaskKind.NOTE, owner=person, person=person)
