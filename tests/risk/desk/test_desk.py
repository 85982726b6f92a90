"""The desk as a whole: its own deed, and that neither a restart nor the beat of the clock changes what happens."""

from collections.abc import Callable

import msgspec
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.risk.desk.made import T0, alert, desk, do, resolved, run_in, states, step, taken, tell, told, wait
from tests.risk.desk.test_books import crm, feedback, incident, kept, made
from voicerisk.events import IncidentClosed, IncidentContact
from voicerisk.risk.brakes import BrakesConfig
from voicerisk.risk.desk import Desk, DeskAction, DeskState, OutageChanged
from voicerisk.risk.procedures import Auto, StepKind, Until
from voicerisk.risk.runs import RunStateError, StepState, UnknownRunError
from voicerisk.risk.tasks import TaskStateError, UnknownTaskError


def test_the_desk_switches_outage_mode_on_itself() -> None:
    """A step that does so is done at once by the hand that ran it; the shell is not asked, the queue is covered."""
    board = desk(do("outage_on"), step(StepKind.SHOW))
    run = run_in(board.alert_opened(alert(), "p", T0))
    actions = board.run_step(run.id, 0, "dana", T0 + 1.0)
    assert told(actions) == []
    assert [change.person for change in actions if isinstance(change, OutageChanged)] == ["dana"]
    assert states(run_in(actions)) == [StepState.DONE, StepState.DONE]
    assert board.outage_covering("billing") is not None


def full_desk() -> Desk:
    """A desk whose procedure has a step of every kind."""
    return desk(
        step(StepKind.SHOW),
        do(auto=Auto.ALWAYS, limit_s=10.0),
        wait(20.0),
        tell(StepKind.ESCALATE, "next"),
        step(StepKind.TASK, to="senior", limit_s=30.0),
        wait(40.0, until=Until.TASKS_CLOSED),
        tell(StepKind.ESCALATE, "manager"),
        step(StepKind.ASK, limit_s=15.0),
        do("outage_on"),
        tell(StepKind.NOTIFY, "all"),
        step(StepKind.NOTE, at_end=True),
        brakes=BrakesConfig(per_procedure_per_hour=2),
    )


Deed = Callable[[Desk, float], list[DeskAction]]


def on_run(deed: Callable[[Desk, str, int, float], list[DeskAction]], number: int) -> Deed:
    """A deed on a step of the first alert's run, over or not; where it cannot be done, nothing happens."""

    def done(board: Desk, at_s: float) -> list[DeskAction]:
        run = board.run_of("al-1")
        try:
            return deed(board, run.id, number, at_s) if run else []
        except (RunStateError, UnknownRunError):
            return []

    return done


def on_task(deed: Callable[[Desk, str, float], list[DeskAction]]) -> Deed:
    """A deed on the oldest task."""

    def done(board: Desk, at_s: float) -> list[DeskAction]:
        tasks = board.tasks()
        try:
            return deed(board, tasks[0].id, at_s) if tasks else []
        except (TaskStateError, UnknownTaskError):
            return []

    return done


ALERTS = st.sampled_from(["al-1", "al-2"])
STEPS = st.integers(0, 10)
DEEDS: st.SearchStrategy[Deed] = st.one_of(
    ALERTS.map(lambda id_: lambda board, at_s: board.alert_opened(alert(id_), "p", at_s)),
    ALERTS.map(lambda id_: lambda board, at_s: board.alert_acknowledged(taken(id_), at_s)),
    ALERTS.map(lambda id_: lambda board, at_s: board.alert_resolved(resolved(id_), at_s)),
    STEPS.map(lambda n: on_run(lambda board, run, step, at_s: board.run_step(run, step, "dana", at_s), n)),
    STEPS.map(lambda n: on_run(lambda board, run, step, at_s: board.confirm_step(run, step, "dana", at_s, "ok"), n)),
    STEPS.map(lambda n: on_run(lambda board, run, step, at_s: board.skip_step(run, step, "dana", at_s), n)),
    STEPS.map(lambda n: on_run(lambda board, run, step, at_s: board.report_step(run, step, n % 2 == 0, "", at_s), n)),
    st.just(on_task(lambda board, task, at_s: board.take_task(task, "dana", at_s))),
    st.just(on_task(lambda board, task, at_s: board.close_task(task, "dana", at_s, "done"))),
    st.integers(0, 5).map(lambda n: lambda board, at_s: board.handle(feedback(float(n), at_s - T0, id_=f"f{at_s}"))),
    st.integers(0, 60).map(lambda n: lambda board, at_s: board.handle(made(at_s - T0 + n, at_s - T0, f"p{n % 3}"))),
    st.integers(0, 2).map(lambda n: lambda board, at_s: board.handle(kept(at_s - T0, f"p{n}"))),
    st.just(lambda board, at_s: board.handle(incident(IncidentContact, at_s - T0))),
    st.just(lambda board, at_s: board.handle(incident(IncidentClosed, at_s - T0))),
    st.sampled_from(["outage.on", "outage.off", "survey.sent"]).map(
        lambda subtype: lambda board, at_s: board.handle(crm(subtype, at_s - T0, queue="billing"))
    ),
)
SCRIPTS = st.lists(st.tuples(st.integers(0, 25), DEEDS), min_size=1, max_size=25)


def played(script: list[tuple[int, Deed]], restart_before: int | None, every_s: int | None) -> bytes:
    """Everything that the desk says to this script, and its state at the end, as bytes.

    Before the deed `restart_before` the desk is put into bytes and taken up by a new one; `every_s`: how often somebody
    looks at the clock in between.
    """
    board, now = full_desk(), 0
    said = board.alert_opened(alert(), "p", T0)
    for number, (pause, deed) in enumerate(script):
        if number == restart_before:
            state = msgspec.msgpack.decode(msgspec.msgpack.encode(board.snapshot()), type=DeskState)
            board = full_desk()
            board.restore(state)
        for at_s in range(now, now + pause, every_s or pause + 1):
            said += board.advance(T0 + at_s)
        now += pause
        said += board.advance(T0 + now)
        said += deed(board, T0 + now)
    said += board.advance(T0 + now + 200.0)
    return msgspec.json.encode(said) + msgspec.msgpack.encode(board.snapshot())


@settings(max_examples=100, deadline=None)
@given(SCRIPTS, st.integers(0, 24))
def test_a_restart_at_any_point_changes_nothing(script: list[tuple[int, Deed]], point: int) -> None:
    """State to bytes and back at a random point: everything said afterwards is the same, byte for byte."""
    assert played(script, point, None) == played(script, None, None)


@settings(max_examples=100, deadline=None)
@given(SCRIPTS, st.integers(1, 7))
def test_how_often_somebody_looks_at_the_clock_changes_nothing(script: list[tuple[int, Deed]], every_s: int) -> None:
    """Deadlines are dated by themselves: a tick every few seconds gives the same as one at the end."""
    assert played(script, None, every_s) == played(script, None, None)
