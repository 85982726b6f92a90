"""Tasks: what a person still has to do, whose it is, and by when. Nothing falls between the chairs.

A task is opened by a procedure's step, by an exceptional feedback, by a promise nobody kept or by a closed incident.
It is a role's until a person takes it, and open until a person closes it with a line of what came of it.
"""

from collections.abc import Mapping
from enum import StrEnum
from typing import Any, Final

import msgspec

from voicerisk.risk.texts import Text

MAX_HISTORY: Final = 50
"""Entries of a task's history that are kept, the latest."""


class TaskKind(StrEnum):
    """Where a task comes from."""

    PROCEDURE = "procedure"
    """A step of a procedure."""
    NOTE = "note"
    """The note that a resolved alert still lacks."""
    FEEDBACK = "feedback"
    """An exceptional feedback: each one is answered."""
    PREVENTION = "prevention"
    """After an incident: which rule or process changes, so that it does not come back."""


class TaskWhat(StrEnum):
    """What happened to a task."""

    OPENED = "opened"
    TAKEN = "taken"
    OVERDUE = "overdue"
    CLOSED = "closed"
    TOO_MANY = "too_many"
    """More open tasks than are remembered; the oldest was given up."""


class TaskEntry(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One step of a task's life; `at_s` in epoch seconds, `person` None where the engine did it."""

    at_s: float
    what: TaskWhat
    person: str | None = None
    note: str = ""


class Task(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One thing to do.

    `owner` is the role (or person) it was opened for, `person` who has taken it, `due_at_s` when it must be done
    (epoch seconds; None: no set time). `origin` is the id of the run, event or incident that it comes from.
    """

    id: str
    kind: TaskKind
    title: Text
    owner: str
    opened_at_s: float
    origin: str
    due_at_s: float | None = None
    person: str | None = None
    closed_at_s: float | None = None
    overdue: bool = False
    alert_id: str | None = None
    call_id: str | None = None
    customer: str | None = None
    queue: str | None = None
    incident: str | None = None
    history: tuple[TaskEntry, ...] = ()

    @property
    def is_open(self) -> bool:
        """Whether it is still to be done."""
        return self.closed_at_s is None


class TaskOpened(msgspec.Struct, frozen=True, kw_only=True, tag="task_opened"):
    """There is something new to do. Its owner is to be told."""

    task: Task
    at_s: float


class TaskChanged(msgspec.Struct, frozen=True, kw_only=True, tag="task_changed"):
    """A task was taken, ran over its time, or was closed."""

    task: Task
    what: TaskWhat
    at_s: float


class UnknownTaskError(LookupError):
    """There is no task of that id (any more)."""


class TaskStateError(ValueError):
    """That cannot be done with the task; the text says why."""


def changed(
    task: Task, what: TaskWhat, at_s: float, changes: Mapping[str, Any], *, person: str | None = None, note: str = ""
) -> Task:
    """The task after one more step of its life, with `changes` to its other fields."""
    entry = TaskEntry(at_s=at_s, what=what, person=person, note=note)
    return msgspec.structs.replace(task, history=(*task.history, entry)[-MAX_HISTORY:], **changes)
