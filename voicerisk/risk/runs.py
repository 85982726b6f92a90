"""Runs: a procedure at work for one alert, step by step, with a line for everything that was done and by whom."""

from enum import StrEnum

import msgspec

from voicerisk.risk.procedures import Procedure, Step


class StepState(StrEnum):
    """How far one step has come."""

    PENDING = "pending"
    """Its turn has not come."""
    WAITING = "waiting"
    """It waits: for a person, for the acknowledgement, for tasks."""
    DOING = "doing"
    """The shell was told to do it and has not yet said how it went."""
    DONE = "done"
    UNMET = "unmet"
    """Its limit passed first."""
    SKIPPED = "skipped"
    """A person passed over it, or it was not needed."""
    REFUSED = "refused"
    """The brakes held it; a person may still run it."""
    FAILED = "failed"
    """The shell could not do it; a person may try again."""


class RunState(StrEnum):
    """Whether the procedure is still at work."""

    RUNNING = "running"
    FINISHED = "finished"
    """Every step has had its turn."""
    STOPPED = "stopped"
    """The alert was resolved first."""


class RunWhat(StrEnum):
    """What a line of a run's log tells."""

    STARTED = "started"
    TOLD = "told"
    """notify, escalate: told `to`."""
    SHOWN = "shown"
    ASKED = "asked"
    """A person is asked: a question, a yes to an action, a note."""
    WAITS = "waits"
    BEGUN = "begun"
    """The action was handed to the shell, by `person` or by itself."""
    DONE = "done"
    """The shell did it."""
    FAILED = "failed"
    CONFIRMED = "confirmed"
    """A person says that it is done."""
    SKIPPED = "skipped"
    NOT_NEEDED = "not_needed"
    """An `escalate` after a step that was met, or what was left when the alert was resolved."""
    MET = "met"
    """What was waited for has come."""
    LIMIT_PASSED = "limit_passed"
    REFUSED = "refused"
    """The brakes held it; the note says why."""
    TASK_OPENED = "task_opened"
    FINISHED = "finished"
    STOPPED = "stopped"


class RunEntry(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One line; `at_s` in epoch seconds, `step` counts from 0 (None: the whole run), `person` None: by itself."""

    at_s: float
    what: RunWhat
    step: int | None = None
    person: str | None = None
    note: str = ""


class StepRun(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """How far one step has come, since when, and until when it may take (epoch seconds; None: no limit)."""

    state: StepState = StepState.PENDING
    since_s: float | None = None
    limit_at_s: float | None = None


class Run(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A procedure at work for one alert. `steps[n]` is how far `procedure.steps[n]` has come.

    `name` is the procedure's name in the configuration; `turn` the step whose turn it is (the number of steps once all
    have had theirs); `person` who has the alert in hand (None: nobody yet); `tasks` the ids of the tasks it opened.
    """

    id: str
    alert_id: str
    name: str
    procedure: Procedure
    started_at_s: float
    steps: tuple[StepRun, ...]
    state: RunState = RunState.RUNNING
    turn: int = 0
    person: str | None = None
    call_id: str | None = None
    customer: str | None = None
    queue: str | None = None
    tasks: tuple[str, ...] = ()
    log: tuple[RunEntry, ...] = ()


class RunChanged(msgspec.Struct, frozen=True, kw_only=True, tag="run_changed"):
    """A run began, moved on or ended: to be stored and shown."""

    run: Run
    at_s: float


class StepDue(msgspec.Struct, frozen=True, kw_only=True, tag="step_due"):
    """The shell's turn: tell `definition.to` (notify, escalate), ask for a yes (`ask`), or do `definition.action`.

    `person` is who set it going; None: it runs by itself. The shell says how a `do` went with `Desk.report`.
    """

    run: Run
    step: int
    definition: Step
    at_s: float
    asks: bool = False
    person: str | None = None


class UnknownRunError(LookupError):
    """There is no run of that id (any more), or no such step in it."""


class RunStateError(ValueError):
    """The step or the run is not in a state in which that can be done; the text says in which it is."""
