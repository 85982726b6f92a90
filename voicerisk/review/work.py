"""Promises and tasks of a span, and an estimate of what calling customers first has saved."""

from collections.abc import Iterable, Mapping, Sequence
from statistics import fmean

import msgspec

from voicerisk.review.calls import CallLine
from voicerisk.risk.desk.promises import PromiseRecord, PromiseState
from voicerisk.risk.tasks import Task, TaskKind
from voicerisk.store.history import ItemRecord

PROMISE = "promise"
TASKS = tuple(f"task.{kind.value}" for kind in TaskKind)

RECOVERY_RULES = frozenset({"tense_call", "callers_give_up", "broken_promise"})
"""Rules whose procedures bring a customer back after something went wrong."""
PROACTIVE_RULES = frozenset({"repeat_caller"})
"""Rules whose procedures call a customer before they call again."""

_tasks = msgspec.json.Decoder(Task)
_promises = msgspec.json.Decoder(PromiseRecord)


class Promises(msgspec.Struct, frozen=True, kw_only=True):
    """Promises that were made in the span, and those that were due in it (and by now): kept, kept late, or not kept."""

    made: int
    due: int
    kept: int
    kept_late: int
    broken: int
    open: Sequence["BrokenPromise"]
    """Those not kept, the longest overdue first."""


class BrokenPromise(msgspec.Struct, frozen=True, kw_only=True):
    """One promise that nobody has kept."""

    what: str
    customer: str | None
    queue: str | None
    due_at_s: float


class TaskLine(msgspec.Struct, frozen=True, kw_only=True):
    """Tasks of one kind: opened and done in the span, done after their time, and open at its end."""

    kind: str
    opened: int
    done: int
    late: int
    open: int


class Effect(msgspec.Struct, frozen=True, kw_only=True):
    """An estimate of what the proactive calls and recovery steps of the span have saved.

    A customer who was called after their k-th call of the span is held against those who called at least k times and
    were not called: `expected_calls` is how many more calls these made on average, added up over the customers who were
    called, `made_calls` how many they did make. `avoided` is the difference, 0 where there is none, and `minutes`
    that many calls of mean length. None where nobody could be compared.
    """

    customers: int
    compared: int
    expected_calls: float
    made_calls: int
    avoided: float | None
    minutes: float | None
    call_minutes: float | None


class Work(msgspec.Struct, frozen=True, kw_only=True):
    """What was to be done for customers, and was."""

    tasks: Sequence[TaskLine]
    recovery_done: int
    proactive_done: int
    effect: Effect


class Reached(msgspec.Struct, frozen=True):
    """A customer who was called, or written to, at `at_s` (epoch seconds)."""

    customer: str
    at_s: float


def promises_of(items: Iterable[ItemRecord], from_s: float, to_s: float, now_s: float) -> Promises:
    """The promises among the items; what is due after `now_s` counts as made only."""
    promises = [_promises.decode(item.payload) for item in items if item.kind == PROMISE]
    until_s = min(to_s, now_s)
    due = [one for one in promises if from_s <= one.due_at_s < until_s and one.state is not PromiseState.TOO_MANY]
    late = [one for one in due if one.kept_at_s is not None and one.kept_at_s > one.due_at_s]
    broken = sorted((one for one in due if one.kept_at_s is None), key=lambda one: (one.due_at_s, one.id))
    return Promises(
        made=sum(from_s <= one.made_at_s < to_s for one in promises),
        due=len(due),
        kept=len(due) - len(late) - len(broken),
        kept_late=len(late),
        broken=len(broken),
        open=[
            BrokenPromise(what=one.what, customer=one.customer, queue=one.queue, due_at_s=one.due_at_s)
            for one in broken[:20]
        ],
    )


def tasks_in(items: Iterable[ItemRecord]) -> list[Task]:
    """The tasks among the items."""
    return [_tasks.decode(item.payload) for item in items if item.kind in TASKS]


def work_of(
    tasks: Sequence[Task],
    rule_of: Mapping[str, str],
    by_customer: Mapping[str, Sequence[CallLine]],
    call_s: float | None,
    from_s: float,
    to_s: float,
) -> Work:
    """The span's work. `rule_of` gives the rule of an alert's id, `call_s` the mean length of a call."""
    of: dict[TaskKind, list[Task]] = {}
    for task in tasks:
        of.setdefault(task.kind, []).append(task)
    done = [task for task in tasks if _done_in(task, from_s, to_s)]
    recovery = [task for task in done if rule_of.get(task.alert_id or "") in RECOVERY_RULES or _answers(task)]
    proactive = [task for task in done if rule_of.get(task.alert_id or "") in PROACTIVE_RULES]
    reached = [
        Reached(task.customer, task.closed_at_s)
        for task in (*recovery, *proactive)
        if task.customer is not None and task.closed_at_s is not None
    ]
    return Work(
        tasks=[_task_line(kind, of[kind], from_s, to_s) for kind in TaskKind if kind in of],
        recovery_done=len(recovery),
        proactive_done=len(proactive),
        effect=effect_of(reached, by_customer, call_s),
    )


def effect_of(
    reached: Iterable[Reached], by_customer: Mapping[str, Sequence[CallLine]], call_s: float | None
) -> Effect:
    """The estimate, from who was reached when and from every customer's calls of the span."""
    first_s: dict[str, float] = {}
    for one in reached:
        first_s[one.customer] = min(one.at_s, first_s.get(one.customer, one.at_s))
    others = [len(calls) for customer, calls in by_customer.items() if customer not in first_s]
    expected, made, compared = 0.0, 0, 0
    for customer, at_s in first_s.items():
        calls = by_customer.get(customer, ())
        before = sum(line.first_s <= at_s for line in calls)
        alike = [n - before for n in others if n >= before] if before else []
        if alike:
            compared += 1
            expected += fmean(alike)
            made += len(calls) - before
    avoided = max(0.0, expected - made) if compared else None
    minutes = None if avoided is None or call_s is None else avoided * call_s / 60.0
    return Effect(
        customers=len(first_s), compared=compared, expected_calls=expected, made_calls=made, avoided=avoided,
        minutes=minutes, call_minutes=None if call_s is None else call_s / 60.0,
    )  # fmt: skip


def _done_in(task: Task, from_s: float, to_s: float) -> bool:
    """Whether a person closed it in the span; one that was given up is not done."""
    closed_s = task.closed_at_s
    return closed_s is not None and from_s <= closed_s < to_s and _by_person(task)


def _by_person(task: Task) -> bool:
    return any(entry.person is not None for entry in task.history[-1:])


def _answers(task: Task) -> bool:
    return task.kind is TaskKind.FEEDBACK


def _task_line(kind: TaskKind, tasks: Sequence[Task], from_s: float, to_s: float) -> TaskLine:
    done = [task for task in tasks if _done_in(task, from_s, to_s)]
    return TaskLine(
        kind=kind.value,
        opened=sum(from_s <= task.opened_at_s < to_s for task in tasks),
        done=len(done),
        late=sum(task.due_at_s is not None and (task.closed_at_s or 0.0) > task.due_at_s for task in done),
        open=sum(task.closed_at_s is None or task.closed_at_s >= to_s for task in tasks),
    )
