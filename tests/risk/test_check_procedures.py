"""What the configuration check refuses in procedures, actions and brakes."""

from typing import Any

import pytest

from tests.risk.desk.made import do, step, tell, wait
from voicerisk.risk.brakes import SENTENCES, BrakesConfig
from voicerisk.risk.check_procedures import procedure_problems
from voicerisk.risk.procedures import ActionConfig, Auto, Procedure, Reach, Step, StepKind, Until
from voicerisk.settings import Problem

SHOW = step(StepKind.SHOW)
ESCALATE = tell(StepKind.ESCALATE, "manager")
TASK = step(StepKind.TASK, to="manager")
SMS = ActionConfig(title={"en": "Send an SMS"}, reach=Reach.CUSTOMER)


def problems(
    *steps: Step, auto: Auto = Auto.NEVER, allow: tuple[str, ...] = (), **actions: ActionConfig
) -> list[Problem]:
    """What is wrong with a procedure "p" of these steps."""
    procedure = Procedure(title={"en": "t"}, steps=steps, auto=auto)
    return list(procedure_problems({"p": procedure}, actions, BrakesConfig(allow_automatic=allow)))


@pytest.mark.parametrize(
    ("steps", "where", "wrong", "mend"),
    [
        ((), "steps", "has no steps", "at least one"),
        ((do(""),), "steps[0].action", "missing in a 'do'", "listen"),
        ((do("lissen"),), "steps[0].action", "no action 'lissen'", "Did you mean 'listen'?"),
        ((do("teleport"),), "steps[0].action", "no action 'teleport'", "[risk.actions.teleport]"),
        ((tell(StepKind.NOTIFY, " "),), "steps[0].to", "missing in a 'notify'", "whom"),
        ((step(StepKind.TASK),), "steps[0].to", "missing in a 'task'", "whom"),
        ((step(StepKind.WAIT),), "steps[0].limit_s", "missing in a 'wait'", "e.g. 20"),
        ((wait(0.0),), "steps[0].limit_s", "is 0 seconds", "more than 0"),
        ((wait(float("inf")),), "steps[0].limit_s", "is inf seconds", "more than 0"),
        ((step(StepKind.SHOW, action="listen"),), "steps[0].action", "nothing in a step of kind 'show'", "for 'do'"),
        ((step(StepKind.ASK, auto=Auto.ALWAYS),), "steps[0].auto", "nothing in a step of kind 'ask'", "for 'do'"),
        ((step(StepKind.SHOW, at_end=True),), "steps[0].at_end", "means nothing", "for 'task' or 'note'"),
        ((wait(until=Until.TASKS_CLOSED),), "steps[0].until", "no step before it opens", "'task' before"),
        ((SHOW, ESCALATE), "steps[1].kind", "a 'show' step is always met", "'wait'"),
        ((step(StepKind.ASK), ESCALATE), "steps[1].kind", "the 'ask' before it has no limit", "steps[0] a limit_s"),
        ((step(StepKind.SHOW, text={}),), "steps[0].text", "is missing", "at least one language"),
        ((step(StepKind.SHOW, text={"he": " "}),), "steps[0].text.he", "is empty", "or remove"),
    ],
)
def test_each_mistake_in_a_step_is_named(steps: tuple[Step, ...], where: str, wrong: str, mend: str) -> None:
    """One mistake, one problem: at its key, in plain words, with what would be right."""
    (problem,) = problems(*steps)
    assert problem.where == f"procedures.p.{where}"
    assert wrong in problem.wrong
    assert mend in problem.mend


def test_what_is_right_is_left_alone() -> None:
    """Escalations that can be needed, waits for tasks that are opened, and the site's own action."""
    assert problems(ESCALATE, do(), ESCALATE, wait(), ESCALATE, TASK, wait(until=Until.TASKS_CLOSED)) == []
    assert problems(do("sms"), sms=SMS) == []


@pytest.mark.parametrize(
    ("action", "reach"), [("barge", Reach.CALL), ("write_to_customer", Reach.CUSTOMER), ("sms", Reach.CUSTOMER)]
)
def test_no_action_reaches_that_far_by_itself_without_the_sentence(action: str, reach: Reach) -> None:
    """Also for the site's own actions; the message says what to write, and writing it settles the matter."""
    (problem,) = problems(do(action), auto=Auto.ALWAYS, sms=SMS)
    assert problem.wrong == f"would {action} without a person"
    assert SENTENCES[reach] in problem.mend
    assert problems(do(action), auto=Auto.ALWAYS, allow=(SENTENCES[reach],), sms=SMS) == []
    assert problems(do(action, auto=Auto.ASK), auto=Auto.ALWAYS, sms=SMS) == []


def test_a_sentence_that_is_not_the_sentence_is_refused() -> None:
    """A careless one would look as if it allowed something; the nearest right one is shown, to be written out."""
    (problem,) = problems(SHOW, allow=("voicerisk may write to customers",))
    assert problem.where == "brakes.allow_automatic[0]"
    assert SENTENCES[Reach.CUSTOMER] in problem.mend


def test_an_action_that_ships_cannot_be_made_harmless_by_its_name() -> None:
    """Nobody gets around the brakes by describing "barge" as something among staff."""
    harmless: dict[str, Any] = {"barge": ActionConfig(title={"en": "Join"}, reach=Reach.STAFF)}
    found = problems(do("barge"), auto=Auto.ALWAYS, **harmless)
    assert [problem.where for problem in found] == ["actions.barge", "procedures.p.steps[0].action"]
