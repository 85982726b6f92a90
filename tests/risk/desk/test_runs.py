"""Procedures at work: what each kind of step does, what ends it, and what follows."""

from collections.abc import Callable

import pytest

from tests.risk.desk.made import T0, alert, desk, do, lines, resolved, run_in, states, step, taken, tell, told, wait
from voicerisk.risk.procedures import Auto, StepKind, Until
from voicerisk.risk.runs import RunState, RunStateError, RunWhat, StepDue, StepState, UnknownRunError
from voicerisk.risk.tasks import TaskKind, TaskOpened

SHOW = step(StepKind.SHOW)
ASK = step(StepKind.ASK)
NOTE = step(StepKind.NOTE)
ESCALATE = tell(StepKind.ESCALATE, "next supervisor")
Wrongs = tuple[tuple[Callable[[], object], str], ...]
DONE, WAITING, SKIPPED, UNMET = StepState.DONE, StepState.WAITING, StepState.SKIPPED, StepState.UNMET


def test_showing_and_telling_are_done_at_once() -> None:
    """A procedure of show and notify is finished the moment it begins; the shell is told whom to tell, once."""
    actions = desk(SHOW, tell(StepKind.NOTIFY, "dana")).alert_opened(alert(), "p", T0)
    run = run_in(actions)
    assert told(actions) == [("notify", "dana")]
    assert run.state is RunState.FINISHED
    assert lines(run) == [
        (None, RunWhat.STARTED, None),
        (0, RunWhat.SHOWN, None),
        (1, RunWhat.TOLD, None),
        (None, RunWhat.FINISHED, None),
    ]


def test_nobody_acknowledges_and_the_next_supervisor_is_told_at_the_limit() -> None:
    """A wait of 20 s runs out at 20 s sharp, however late anybody looks, and what follows is dated by it."""
    board = desk(wait(20.0), ESCALATE)
    board.alert_opened(alert(), "p", T0)
    assert board.next_due_s() == T0 + 20.0
    assert board.advance(T0 + 19.999) == []
    actions = board.advance(T0 + 500.0)
    assert told(actions) == [("escalate", "next supervisor")]
    assert {entry.at_s for entry in run_in(actions).log[1:]} == {T0, T0 + 20.0}
    assert states(run_in(actions)) == [UNMET, DONE]
    assert board.next_due_s() is None


def test_an_acknowledgement_ends_the_wait_and_nobody_else_is_told() -> None:
    """Taken within the limit: the wait is met and the escalation is not needed."""
    board = desk(wait(20.0), ESCALATE, SHOW)
    board.alert_opened(alert(), "p", T0)
    actions = board.alert_acknowledged(taken(), T0 + 5.0)
    assert told(actions) == []
    assert states(run_in(actions)) == [DONE, SKIPPED, DONE]
    assert (0, RunWhat.MET, "dana") in lines(run_in(actions))
    assert board.advance(T0 + 100.0) == []


def test_an_alert_that_is_in_hand_already_waits_for_nobody() -> None:
    """An acknowledgement before the step's turn counts for a later wait too."""
    board = desk(ASK, wait(20.0), ESCALATE)
    run = run_in(board.alert_opened(alert(), "p", T0))
    board.alert_acknowledged(taken(), T0 + 1.0)
    actions = board.confirm_step(run.id, 0, "dana", T0 + 2.0, "a bad line")
    assert states(run_in(actions)) == [DONE, DONE, SKIPPED]
    assert told(actions) == []


def test_an_escalation_at_the_head_needs_no_reason() -> None:
    """As the first step it always tells."""
    assert told(desk(ESCALATE).alert_opened(alert(), "p", T0)) == [("escalate", "next supervisor")]


@pytest.mark.parametrize(
    ("auto", "asked", "state"),
    [(Auto.NEVER, [], WAITING), (Auto.ASK, [True], WAITING), (Auto.ALWAYS, [False], "doing")],
)
def test_who_sets_an_action_going(auto: Auto, asked: list[bool], state: StepState) -> None:
    """Never: it waits on the card. Ask: the owner is asked. Always: the shell does it at once."""
    actions = desk(do(), auto=auto).alert_opened(alert(), "p", T0)
    assert [action.asks for action in actions if isinstance(action, StepDue)] == asked
    assert states(run_in(actions)) == [state]


def test_a_step_may_be_more_careful_than_its_procedure() -> None:
    """The step's own `auto` counts before the procedure's."""
    actions = desk(do(auto=Auto.ASK), auto=Auto.ALWAYS).alert_opened(alert(), "p", T0)
    assert states(run_in(actions)) == [WAITING]


def test_a_person_runs_an_action_and_the_shell_says_how_it_went() -> None:
    """Run by hand, reported done: the log has the person, then the result, and the next step has its turn."""
    board = desk(do(), SHOW)
    run = run_in(board.alert_opened(alert(), "p", T0))
    begun = board.run_step(run.id, 0, "dana", T0 + 3.0)
    assert told(begun) == [("do", "log_in_reserve")]
    assert states(run_in(begun)) == [StepState.DOING, StepState.PENDING]
    done = run_in(board.report_step(run.id, 0, True, "4 logged in", T0 + 5.0))
    assert states(done) == [DONE, DONE]
    assert (0, RunWhat.BEGUN, "dana") in lines(done)
    assert next(entry.note for entry in done.log if entry.what is RunWhat.DONE) == "4 logged in"


def test_a_failed_action_escalates_and_can_be_tried_again() -> None:
    """What the shell could not do leads on at once; a person may run it again, and its late success is recorded."""
    board = desk(do(), ESCALATE, auto=Auto.ALWAYS)
    run = run_in(board.alert_opened(alert(), "p", T0))
    failed = board.report_step(run.id, 0, False, "no route", T0 + 1.0)
    assert told(failed) == [("escalate", "next supervisor")]
    board.run_step(run.id, 0, "dana", T0 + 2.0)
    assert states(run_in(board.report_step(run.id, 0, True, "", T0 + 3.0))) == [DONE, DONE]


def test_an_action_of_which_nothing_is_heard_is_not_done() -> None:
    """Without a word from the shell within a minute (or its own limit) the step is unmet; a late word still counts."""
    board = desk(do(), ESCALATE, auto=Auto.ALWAYS)
    run = run_in(board.alert_opened(alert(), "p", T0))
    assert board.next_due_s() == T0 + 60.0
    assert told(board.advance(T0 + 60.0)) == [("escalate", "next supervisor")]
    assert states(run_in(board.report_step(run.id, 0, True, "", T0 + 70.0))) == [DONE, DONE]


def test_a_person_need_not_keep_to_the_order() -> None:
    """A later step can be run at once; when its turn comes it is passed over, done."""
    board = desk(ASK, do("barge"), NOTE)
    run = run_in(board.alert_opened(alert(), "p", T0))
    board.run_step(run.id, 1, "dana", T0 + 1.0)
    board.report_step(run.id, 1, True, "", T0 + 2.0)
    actions = board.skip_step(run.id, 0, "dana", T0 + 3.0, "no time")
    assert states(run_in(actions)) == [SKIPPED, DONE, WAITING]
    assert run_in(board.confirm_step(run.id, 2, "dana", T0 + 4.0, "a wrong bill")).state is RunState.FINISHED


def test_a_question_runs_into_its_limit() -> None:
    """Nobody answers in ten minutes: the next step has its turn, and may be an escalation."""
    board = desk(step(StepKind.ASK, limit_s=600.0), ESCALATE, SHOW)
    board.alert_opened(alert(), "p", T0)
    actions = board.advance(T0 + 600.0)
    assert told(actions) == [("escalate", "next supervisor")]
    assert states(run_in(actions)) == [UNMET, DONE, DONE]


def test_a_task_is_opened_and_waited_for() -> None:
    """The task has owner and due time; closing it ends the wait, and only then."""
    board = desk(
        step(StepKind.TASK, to="senior agent", limit_s=1800.0),
        wait(1800.0, until=Until.TASKS_CLOSED),
        tell(StepKind.ESCALATE, "manager"),
    )
    opened = [a for a in board.alert_opened(alert(), "p", T0) if isinstance(a, TaskOpened)]
    (task,) = [action.task for action in opened]
    assert (task.owner, task.due_at_s, task.customer) == ("senior agent", T0 + 1800.0, alert().customer)
    board.take_task(task.id, "avi", T0 + 10.0)
    actions = board.close_task(task.id, "avi", T0 + 900.0, "settled")
    assert states(run_in(actions)) == [DONE, DONE, SKIPPED]


def test_a_task_that_is_left_lying_goes_to_the_manager() -> None:
    """After 30 minutes the task is overdue and the escalation tells, at that very second."""
    board = desk(
        step(StepKind.TASK, to="senior agent", limit_s=1800.0),
        wait(1800.0, until=Until.TASKS_CLOSED),
        tell(StepKind.ESCALATE, "manager"),
    )
    board.alert_opened(alert(), "p", T0)
    actions = board.advance(T0 + 1800.0)
    assert told(actions) == [("escalate", "manager")]
    assert board.tasks()[0].overdue


def test_the_end_of_the_alert_ends_the_run() -> None:
    """What was left is not needed; nothing can be run any more, and no limit passes later."""
    board = desk(wait(20.0), ESCALATE, do())
    run = run_in(board.alert_opened(alert(), "p", T0))
    ended = run_in(board.alert_resolved(resolved(), T0 + 5.0))
    assert ended.state is RunState.STOPPED
    assert states(ended) == [SKIPPED, SKIPPED, SKIPPED]
    assert board.advance(T0 + 100.0) == []
    with pytest.raises(RunStateError, match="is over"):
        board.run_step(run.id, 2, "dana", T0 + 6.0)


def test_what_must_be_done_in_any_case_is_done_at_the_end() -> None:
    """A task marked `at_end` is opened when the alert ends before its turn; once, even where it was opened before."""
    task = step(StepKind.TASK, to="service recovery", at_end=True)
    board = desk(ASK, task)
    board.alert_opened(alert(), "p", T0)
    board.alert_resolved(resolved(), T0 + 5.0)
    assert [found.owner for found in board.tasks()] == ["service recovery"]
    early = desk(task, ASK)
    early.alert_opened(alert(), "p", T0)
    early.alert_resolved(resolved(), T0 + 5.0)
    assert len(early.tasks()) == 1


def test_the_note_of_whoever_closes_the_alert_is_the_note() -> None:
    """Resolving with words does the note step, in that person's name."""
    board = desk(step(StepKind.NOTE, at_end=True))
    board.alert_opened(alert(), "p", T0)
    run = run_in(board.alert_resolved(resolved(person="dana", note="a wrong bill"), T0 + 5.0))
    assert states(run) == [DONE]
    assert (0, RunWhat.CONFIRMED, "dana") in lines(run)
    assert board.tasks() == ()


def test_a_note_that_is_missing_is_owed_by_who_had_the_alert() -> None:
    """An alert that ends by itself in somebody's hand leaves them the note as a task; one nobody had leaves none."""
    board = desk(step(StepKind.NOTE, at_end=True))
    board.alert_opened(alert(), "p", T0)
    board.alert_acknowledged(taken(), T0 + 1.0)
    board.alert_resolved(resolved(), T0 + 5.0)
    (task,) = board.tasks()
    assert (task.kind, task.owner, task.person) == (TaskKind.NOTE, "dana", "dana")
    assert board.unowned_since_s() == T0 + 5.0
    alone = desk(step(StepKind.NOTE, at_end=True))
    alone.alert_opened(alert(), "p", T0)
    alone.alert_resolved(resolved(), T0 + 5.0)
    assert alone.tasks() == ()


def test_an_alert_that_opens_again_begins_anew() -> None:
    """A reopened alert has a run of its own; one that is at work is not begun twice."""
    board = desk(wait(20.0), ESCALATE)
    first = run_in(board.alert_opened(alert(), "p", T0))
    assert board.alert_opened(alert(), "p", T0 + 1.0) == []
    board.alert_resolved(resolved(), T0 + 5.0)
    second = run_in(board.alert_opened(alert(), "p", T0 + 60.0))
    assert second.id != first.id
    assert states(second) == [WAITING, StepState.PENDING]
    assert board.run_of("al-1") == second


def test_an_alert_that_ends_and_opens_within_one_moment_is_at_work_again() -> None:
    """The run of the same moment begins anew, and its steps can be run."""
    board = desk(wait(20.0), do())
    board.alert_opened(alert(), "p", T0)
    board.alert_resolved(resolved(), T0)
    run = run_in(board.alert_opened(alert(), "p", T0))
    assert board.runs() == (run,)
    assert told(board.run_step(run.id, 1, "dana", T0)) == [("do", "log_in_reserve")]


def test_what_cannot_be_done_is_refused_in_words() -> None:
    """Unknown runs and steps, deeds that do not fit the kind, empty notes and steps that are over."""
    board = desk(SHOW, do(), wait(20.0), NOTE, auto=Auto.ALWAYS)
    run = run_in(board.alert_opened(alert(), "p", T0))
    unknown: Wrongs = (
        (lambda: board.run_step("run-x", 0, "dana", T0), "no run 'run-x'"),
        (lambda: board.run_step(run.id, 9, "dana", T0), "no step 9; it has 4"),
    )
    for wrong, match in unknown:
        with pytest.raises(UnknownRunError, match=match):
            wrong()
    unfit: Wrongs = (
        (lambda: board.run_step(run.id, 1, "dana", T0), "is doing; it cannot be run"),
        (lambda: board.run_step(run.id, 2, "dana", T0), "of kind 'wait'"),
        (lambda: board.skip_step(run.id, 0, "dana", T0), "is done; it cannot be skipped"),
        (lambda: board.confirm_step(run.id, 0, "dana", T0), "is done; it cannot be confirmed"),
        (lambda: board.confirm_step(run.id, 3, "dana", T0, "  "), "asks for a note"),
        (lambda: board.report_step(run.id, 2, True, "", T0), "cannot be reported on"),
    )
    for wrong, match in unfit:
        with pytest.raises(RunStateError, match=match):
            wrong()


def test_a_rule_without_a_known_procedure_has_no_run() -> None:
    """Nothing begins, nothing fails, at any time of the alert's life."""
    board = desk()
    assert board.alert_opened(alert(), "gone", T0) == []
    assert board.alert_acknowledged(taken(), T0) == []
    assert board.alert_resolved(resolved(), T0) == []
