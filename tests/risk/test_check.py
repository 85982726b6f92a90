"""What the configuration check refuses."""

from typing import Any

import msgspec
import pytest

from tests.risk.shipped import BARGE_IN, CALL_TENSION, TENSE_CALL
from voicerisk.events import Zone
from voicerisk.risk.check import risk_problems
from voicerisk.risk.conditions import ZoneIs
from voicerisk.risk.config import RiskConfig
from voicerisk.risk.procedures import Auto, Procedure, Step, StepKind
from voicerisk.risk.rules import Escalation, RuleConfig
from voicerisk.zones import Boundary, Zones

replace = msgspec.structs.replace
WRONG_ZONES = Zones(amber=Boundary(enter=0.5, leave=0.6), red=Boundary(enter=0.8, leave=0.7))


def config(**changes: Any) -> RiskConfig:
    """One gauge, one rule, one procedure, and these changes."""
    alone = RiskConfig(
        gauges={"call_tension": CALL_TENSION}, rules={"tense_call": TENSE_CALL}, procedures={"barge_in": BARGE_IN}
    )
    return replace(alone, **changes)


def rule(**changes: object) -> RiskConfig:
    """The configuration with this changed in its rule."""
    return config(rules={"tense_call": replace(TENSE_CALL, **changes)})


def steps(*written: Step, auto: Auto = Auto.NEVER) -> RiskConfig:
    """The configuration with these steps."""
    return config(procedures={"barge_in": Procedure(title={"en": "t"}, steps=written, auto=auto)})


def step(kind: StepKind, **more: object) -> Step:
    """A step with a text."""
    return replace(Step(kind=kind, text={"en": "x"}), **more)


def test_the_shipped_configuration_can_be_flown() -> None:
    """The defaults have no problems."""
    assert risk_problems(RiskConfig()) == []


@pytest.mark.parametrize(
    ("wrong_config", "where", "wrong"),
    [
        (config(rules={}), "gauges.call_tension", "collected, not used"),
        (rule(enabled=False), "gauges.call_tension", "collected, not used"),
        (rule(owner=" "), "rules.tense_call.owner", "nobody owns"),
        (rule(procedure=""), "rules.tense_call.procedure", "missing"),
        (rule(procedure="bargein"), "rules.tense_call.procedure", "no procedure 'bargein'"),
        (rule(title={}), "rules.tense_call.title", "missing"),
        (rule(title={"en": ""}), "rules.tense_call.title.en", "empty"),
        (rule(resolve_green_s=-1.0), "rules.tense_call.resolve_green_s", "-1 seconds"),
        (rule(when=ZoneIs(gauge="call_tension", zone=Zone.GREEN)), "rules.tense_call.when", "true in every zone"),
        (rule(when="call_tension >= red and"), "rules.tense_call.when", "column 24: the end is not a gauge"),
        (
            config(gauges={"call_tension": replace(CALL_TENSION, zones=WRONG_ZONES)}),
            "gauges.call_tension.zones.amber.leave",
            "above where it enters",
        ),
        (
            config(gauges={"call_tension": replace(CALL_TENSION, queues={"billing": WRONG_ZONES})}),
            "gauges.call_tension.queues.billing.amber.leave",
            "above where it enters",
        ),
        (
            config(gauges={"call_tension": replace(CALL_TENSION, stale_s=0.0)}),
            "gauges.call_tension.stale_s",
            "0 seconds",
        ),
        (steps(), "procedures.barge_in.steps", "no steps"),
        (steps(step(StepKind.DO)), "procedures.barge_in.steps[0].action", "missing"),
        (steps(step(StepKind.WAIT)), "procedures.barge_in.steps[0].limit_s", "missing"),
        (steps(step(StepKind.ESCALATE)), "procedures.barge_in.steps[0].to", "missing"),
        (
            steps(step(StepKind.DO, action="barge"), auto=Auto.ALWAYS),
            "procedures.barge_in.steps[0].action",
            "barge without a person",
        ),
        (rule(group_s=-1.0), "rules.tense_call.group_s", "-1 seconds"),
        (rule(repeat_s=0.0), "rules.tense_call.repeat_s", "0 seconds"),
        (rule(inhibited_by=("nobody",)), "rules.tense_call.inhibited_by", "no rule 'nobody'"),
        (rule(escalate=(Escalation(after_s=0.0, to="x"),)), "rules.tense_call.escalate[0].after_s", "0 seconds"),
        (
            rule(escalate=(Escalation(after_s=60.0, to="x"), Escalation(after_s=30.0, to="y"))),
            "rules.tense_call.escalate[1].after_s",
            "not after the one before",
        ),
        (rule(escalate=(Escalation(after_s=60.0, to=" "),)), "rules.tense_call.escalate[0].to", "empty"),
        (
            config(gauges={"call_tension": replace(CALL_TENSION, enabled=False)}),
            "rules.tense_call.when",
            "'call_tension' is switched off",
        ),
        (config(keep_ended_s=-1.0), "keep_ended_s", "-1 seconds"),
        (config(max_alerts=0), "max_alerts", "is 0"),
    ],
)
def test_each_mistake_is_named_at_its_key_with_what_would_be_right(
    wrong_config: RiskConfig, where: str, wrong: str
) -> None:
    """One mistake gives one problem, at its key, in plain words, with what would mend it."""
    problems = risk_problems(wrong_config)
    assert [problem.where for problem in problems] == [where]
    assert wrong in problems[0].wrong
    assert problems[0].mend


def test_a_rule_on_an_unknown_gauge_names_those_there_are() -> None:
    """The misspelt gauge is reported with the known ones, and the one left without a rule as well."""
    problems = {problem.where: problem for problem in risk_problems(rule(when=ZoneIs(gauge="tension")))}
    assert problems.keys() == {"rules.tense_call.when", "gauges.call_tension"}
    assert "call_tension" in problems["rules.tense_call.when"].mend


def test_every_mistake_is_reported_at_once() -> None:
    """Nobody mends a configuration one message at a time."""
    bare = RuleConfig(title={}, when=ZoneIs(gauge="call_tension"))
    assert {problem.where for problem in risk_problems(config(rules={"x": bare}, procedures={"p": BARGE_IN}))} == {
        "rules.x.title",
        "rules.x.owner",
        "rules.x.procedure",
    }
