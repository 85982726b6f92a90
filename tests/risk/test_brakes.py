"""How far and how often a step may act by itself."""

import msgspec
import pytest

from tests.risk.desk.made import T0, alert, desk, do, run_in, states, told
from voicerisk.risk.brakes import SENTENCES, Brakes, BrakesConfig, BrakesState
from voicerisk.risk.procedures import Auto, Reach
from voicerisk.risk.runs import StepState


@pytest.mark.parametrize(("action", "reach"), [("barge", Reach.CALL), ("write_to_customer", Reach.CUSTOMER)])
def test_nothing_enters_a_call_or_writes_to_a_customer_by_itself(action: str, reach: Reach) -> None:
    """Even with auto = "always" the step is refused, the log says why, and a person may still run it."""
    board = desk(do(action), auto=Auto.ALWAYS)
    actions = board.alert_opened(alert(), "p", T0)
    run = run_in(actions)
    assert (told(actions), states(run)) == ([], [StepState.REFUSED])
    assert SENTENCES[reach] in run.log[-2].note
    assert told(board.run_step(run.id, 0, "dana", T0 + 1.0)) == [("do", action)]


@pytest.mark.parametrize(("action", "reach"), [("barge", Reach.CALL), ("write_to_customer", Reach.CUSTOMER)])
def test_only_the_written_out_sentence_takes_the_brake_off(action: str, reach: Reach) -> None:
    """The sentence for this reach, letter for letter; the other one, or a careless one, changes nothing."""
    other = next(sentence for kind, sentence in SENTENCES.items() if kind is not reach)
    for sentence, ran in ((SENTENCES[reach], True), (other, False), (SENTENCES[reach].lower(), False), ("yes", False)):
        board = desk(do(action), auto=Auto.ALWAYS, brakes=BrakesConfig(allow_automatic=(sentence,)))
        assert bool(told(board.alert_opened(alert(), "p", T0))) is ran


def test_a_procedure_acts_by_itself_so_often_an_hour() -> None:
    """The third within the hour is refused with the figures; once the first is an hour old, another may run."""
    board = desk(do(), auto=Auto.ALWAYS, brakes=BrakesConfig(per_procedure_per_hour=2))
    seen = []
    for number, at_s in enumerate((0.0, 1.0, 2.0, 3599.9, 3600.0)):
        seen.append(states(run_in(board.alert_opened(alert(f"al-{number}"), "p", T0 + at_s)))[0])
    doing, refused = StepState.DOING, StepState.REFUSED
    assert seen == [doing, doing, refused, refused, doing]
    assert "2 times within the hour; 2 is the most" in board.runs()[2].log[-2].note


def test_all_procedures_together_act_so_often_an_hour() -> None:
    """The site's limit holds over procedures of different names."""
    brakes = Brakes(BrakesConfig(per_procedure_per_hour=5, per_site_per_hour=2))
    assert [brakes.refusal(name, Reach.STAFF, T0) is None for name in ("a", "b", "c")] == [True, True, False]


def test_a_persons_hand_is_never_braked_and_does_not_count() -> None:
    """Ten runs by hand leave the automatic one its place."""
    board = desk(do(), brakes=BrakesConfig(per_procedure_per_hour=1))
    run = run_in(board.alert_opened(alert(), "p", T0))
    for second in range(10):
        assert told(board.run_step(run.id, 0, "dana", T0 + second)) == [("do", "log_in_reserve")]
        board.report_step(run.id, 0, True, "", T0 + second)


def test_the_count_survives_a_restart() -> None:
    """What ran before the restart still counts after it."""
    config = BrakesConfig(per_procedure_per_hour=1)
    before, after = Brakes(config), Brakes(config)
    assert before.refusal("p", Reach.STAFF, T0) is None
    after.restore(msgspec.msgpack.decode(msgspec.msgpack.encode(before.snapshot()), type=BrakesState))
    assert after.refusal("p", Reach.STAFF, T0 + 1.0) is not None
    assert after.refusal("p", Reach.STAFF, T0 + 3600.0) is None
