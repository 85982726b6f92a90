"""The shipped procedures."""

from voicerisk.risk.config import RiskConfig
from voicerisk.risk.procedures import IN_THE_CALL, Auto, StepKind


def test_the_barge_in_procedure_is_the_written_one() -> None:
    """Reasons, 20 s to acknowledge, next supervisor, listening, a choice, whispering, joining, recovery, a note."""
    steps = RiskConfig().procedures["barge_in"].steps
    assert [step.kind for step in steps] == [
        StepKind.SHOW,
        StepKind.WAIT,
        StepKind.ESCALATE,
        StepKind.DO,
        StepKind.ASK,
        StepKind.DO,
        StepKind.DO,
        StepKind.TASK,
        StepKind.NOTE,
    ]
    assert steps[1].limit_s == 20.0


def test_no_shipped_procedure_enters_a_call_by_itself() -> None:
    """Whatever puts an ear or a voice into a call waits for a person."""
    for procedure in RiskConfig().procedures.values():
        for step in procedure.steps:
            assert step.action not in IN_THE_CALL or procedure.auto_of(step) is Auto.NEVER
