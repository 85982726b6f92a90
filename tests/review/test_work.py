import msgspec
import pytest

from voicerisk.review.calls import CallLine
from voicerisk.review.contacts import calls_by_customer
from voicerisk.review.work import Reached, effect_of, promises_of, work_of
from voicerisk.risk.desk.promises import PromiseRecord, PromiseState
from voicerisk.risk.tasks import Task, TaskEntry, TaskKind, TaskWhat
from voicerisk.store.history import ItemRecord

T0 = 1_732_226_400.0
TO = T0 + 86_400.0


def calls_of(**times: tuple[float, ...]) -> list[CallLine]:
    """Each customer's calls, at these seconds of the day."""
    return [
        CallLine(id=f"{customer}-{n}", first_s=T0 + at_s, begun=True, customer=customer)
        for customer, own in times.items()
        for n, at_s in enumerate(own)
    ]


def test_who_was_reached_is_held_against_those_who_were_not() -> None:
    """Called after the third call: others with three or more made 1 more on average, this one made none."""
    lines = calls_of(a=(1.0, 2.0, 3.0), b=(1.0, 2.0, 3.0), c=(1.0, 2.0, 3.0, 4.0, 5.0), d=(1.0,))
    effect = effect_of([Reached("a", T0 + 10.0)], calls_by_customer(lines), call_s=240.0)
    assert (effect.customers, effect.compared, effect.made_calls) == (1, 1, 0)
    assert effect.expected_calls == pytest.approx((0 + 2) / 2)
    assert (effect.avoided, effect.minutes) == (pytest.approx(1.0), pytest.approx(4.0))


def test_an_estimate_never_claims_what_did_not_happen() -> None:
    """Who called on as others did saved nothing; who cannot be compared says nothing; reached twice counts once."""
    lines = calls_of(a=(1.0, 20.0, 30.0, 40.0), b=(1.0, 2.0))
    effect = effect_of([Reached("a", T0 + 10.0), Reached("a", T0 + 35.0)], calls_by_customer(lines), 60.0)
    assert (effect.customers, effect.made_calls, effect.avoided) == (1, 3, 0.0)
    nobody = effect_of([Reached("z", T0)], calls_by_customer(lines), 60.0)
    assert (nobody.customers, nobody.compared, nobody.avoided, nobody.minutes) == (1, 0, None, None)


def task(name: str, kind: TaskKind, closed_s: float | None, person: str | None = "Noa", alert: str = "al-1") -> Task:
    """A task opened at the beginning of the day and due in its first hour."""
    history = () if closed_s is None else (TaskEntry(at_s=T0 + closed_s, what=TaskWhat.CLOSED, person=person),)
    return Task(
        id=name, kind=kind, title={"en": name}, owner="x", opened_at_s=T0, origin="r", due_at_s=T0 + 3600.0,
        closed_at_s=None if closed_s is None else T0 + closed_s, alert_id=alert, customer="a", history=history,
    )  # fmt: skip


def test_tasks_are_counted_by_kind_and_what_was_given_up_is_not_done() -> None:
    """Done by a person in the span, late after its time, open at the span's end; by the rule it came from."""
    tasks = [
        task("1", TaskKind.PROCEDURE, 60.0),
        task("2", TaskKind.PROCEDURE, 7200.0, alert="al-2"),
        task("3", TaskKind.PROCEDURE, 60.0, person=None),
        task("4", TaskKind.PROCEDURE, None),
        task("5", TaskKind.PROCEDURE, 90_000.0),
        task("6", TaskKind.FEEDBACK, 30.0, alert="al-3"),
    ]
    rules = {"al-1": "repeat_caller", "al-2": "tense_call"}
    work = work_of(tasks, rules, calls_by_customer(calls_of(a=(1.0,), b=(1.0,))), 60.0, T0, TO)
    procedure, feedback = work.tasks
    assert (procedure.opened, procedure.done, procedure.late, procedure.open) == (5, 2, 1, 2)
    assert (feedback.kind, feedback.done) == ("feedback", 1)
    assert (work.proactive_done, work.recovery_done) == (1, 2)


def promise(
    name: str, due_s: float, kept_s: float | None = None, state: PromiseState = PromiseState.OPEN
) -> ItemRecord:
    """A promise as the store keeps it."""
    record = PromiseRecord(
        id=name,
        made_at_s=T0,
        due_at_s=T0 + due_s,
        what=name,
        state=state,
        kept_at_s=None if kept_s is None else T0 + kept_s,
    )
    payload = msgspec.json.encode(record).decode()
    return ItemRecord(id=name, kind="promise", state=state, owner="", opened_at_s=T0, payload=payload)


def test_a_promise_is_judged_once_its_time_has_passed() -> None:
    """Kept, kept late, broken; what is due later today is not broken yet; what was given up is not judged."""
    items = [
        promise("kept", 100.0, 90.0), promise("late", 100.0, 110.0), promise("broken", 100.0),
        promise("worse", 50.0, state=PromiseState.OVERDUE), promise("not yet", 5000.0),
        promise("forgotten", 100.0, state=PromiseState.TOO_MANY), promise("tomorrow", 90_000.0),
    ]  # fmt: skip
    found = promises_of(items, T0, TO, T0 + 1000.0)
    assert (found.made, found.due, found.kept, found.kept_late, found.broken) == (7, 4, 1, 1, 2)
    assert [one.what for one in found.open] == ["worse", "broken"]
