"""The book of tasks: everything that a person still has to do, and since when nobody has taken it."""

from typing import Final

import msgspec

from voicerisk.risk.desk.earliest import Earliest
from voicerisk.risk.tasks import (
    Task,
    TaskChanged,
    TaskKind,
    TaskOpened,
    TaskStateError,
    TaskWhat,
    UnknownTaskError,
    changed,
)

URGENT_S: Final = 12 * 3600.0
"""A task that may take longer than this lies about only once it is overdue: nobody is called at night for next week."""


class TaskBookState(msgspec.Struct, kw_only=True):
    """What has to be remembered over a restart."""

    tasks: list[Task] = []


class TaskBook:
    """Every open task, the oldest first. A closed one is handed out once more and then forgotten here."""

    def __init__(self, max_open: int = 20_000) -> None:
        self._max_open = max_open
        self._tasks: dict[str, Task] = {}
        self._of_customer: dict[str, dict[str, None]] = {}
        self._due = Earliest()
        self._unowned = Earliest()
        self._feedback = Earliest()

    def tasks(self) -> tuple[Task, ...]:
        """Every open task, in the order in which they were opened."""
        return tuple(self._tasks.values())

    def of_customer(self, customer: str) -> tuple[Task, ...]:
        """What is still to be done for this customer, in the order in which it was opened."""
        return tuple(self._tasks[id_] for id_ in self._of_customer.get(customer, ()))

    def get(self, id_: str) -> Task:
        """The open task of this id. Raises UnknownTaskError."""
        if (task := self._tasks.get(id_)) is None:
            raise UnknownTaskError(f"there is no open task {id_[:100]!r} here")
        return task

    def is_open(self, id_: str) -> bool:
        """Whether there is such a task still to be done."""
        return id_ in self._tasks

    def open(self, task: Task) -> list[TaskOpened | TaskChanged]:
        """Take a new task in; nothing happens where its id is known. Beyond the most, the oldest is given up."""
        if task.id in self._tasks:
            return []
        task = changed(task, TaskWhat.OPENED, task.opened_at_s, {})
        self._put(task)
        told: list[TaskOpened | TaskChanged] = [TaskOpened(task=task, at_s=task.opened_at_s)]
        if len(self._tasks) > self._max_open:
            told.append(self._close(next(iter(self._tasks.values())), TaskWhat.TOO_MANY, task.opened_at_s))
        return told

    def take(self, id_: str, person: str, at_s: float, note: str = "") -> list[TaskChanged]:
        """Put the task in a person's hand; nothing happens where it is there. Raises UnknownTaskError."""
        task = self.get(id_)
        if task.person == person:
            return []
        task = changed(task, TaskWhat.TAKEN, at_s, {"person": person}, person=person, note=note)
        self._put(task)
        return [TaskChanged(task=task, what=TaskWhat.TAKEN, at_s=at_s)]

    def close(self, id_: str, person: str, at_s: float, note: str) -> TaskChanged:
        """Close the task with what came of it. Raises UnknownTaskError, TaskStateError where `note` is empty."""
        task = self.get(id_)
        if not note.strip():
            raise TaskStateError(f"task {id_} is closed with a note of what came of it")
        return self._close(task, TaskWhat.CLOSED, at_s, person=person, note=note)

    def unowned_since_s(self) -> float | None:
        """Since when the oldest task lies about: not taken, overdue, or a note not written; None where none does."""
        return self._unowned.first_s()

    def feedback_since_s(self) -> float | None:
        """Since when the oldest unanswered feedback is open; None where there is none."""
        return self._feedback.first_s()

    def next_due_s(self) -> float | None:
        """When the next task runs over its time."""
        return self._due.first_s()

    def advance(self, at_s: float) -> list[TaskChanged]:
        """What has run over its time by `at_s`; each is told once."""
        told = []
        for due_s, id_ in self._due.due(at_s):
            task = changed(self._tasks[id_], TaskWhat.OVERDUE, due_s, {"overdue": True})
            self._put(task)
            told.append(TaskChanged(task=task, what=TaskWhat.OVERDUE, at_s=due_s))
        return told

    def snapshot(self) -> TaskBookState:
        """The book as it stands."""
        return TaskBookState(tasks=list(self._tasks.values()))

    def restore(self, state: TaskBookState) -> None:
        """Go on from a snapshot."""
        for task in state.tasks:
            self._put(task)

    def _put(self, task: Task) -> None:
        self._tasks[task.id] = task
        if task.customer is not None:
            self._of_customer.setdefault(task.customer, {})[task.id] = None
        if task.due_at_s is not None and not task.overdue:
            self._due.put(task.id, task.due_at_s)
        if (since_s := _unowned_since_s(task)) is not None:
            self._unowned.put(task.id, since_s)
        else:
            self._unowned.drop(task.id)
        if task.kind is TaskKind.FEEDBACK:
            self._feedback.put(task.id, task.opened_at_s)

    def _close(
        self, task: Task, what: TaskWhat, at_s: float, *, person: str | None = None, note: str = ""
    ) -> TaskChanged:
        del self._tasks[task.id]
        if task.customer is not None:
            mine = self._of_customer[task.customer]
            del mine[task.id]
            if not mine:
                del self._of_customer[task.customer]
        for times in (self._due, self._unowned, self._feedback):
            times.drop(task.id)
        changes = {"person": person or task.person, "closed_at_s": at_s}
        task = changed(task, what, at_s, changes, person=person, note=note)
        return TaskChanged(task=task, what=what, at_s=at_s)


def _unowned_since_s(task: Task) -> float | None:
    """Since when the task lies about; None while it is in somebody's hands or has time."""
    if task.overdue:
        return task.due_at_s
    if task.kind is TaskKind.NOTE:
        return task.opened_at_s
    urgent = task.due_at_s is None or task.due_at_s - task.opened_at_s <= URGENT_S
    return task.opened_at_s if task.person is None and urgent else None
