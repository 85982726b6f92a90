"""What is wrong with a risk configuration, in plain words: every gauge earns its place, or it is named."""

from collections.abc import Iterator

from voicerisk.risk.conditions import always_true, gauges_in
from voicerisk.risk.config import RiskConfig
from voicerisk.risk.gauges import GaugeConfig
from voicerisk.risk.grammar import NAME, ConditionError
from voicerisk.risk.procedures import IN_THE_CALL, Auto, Procedure, StepKind
from voicerisk.risk.rules import RuleConfig, condition_of
from voicerisk.risk.texts import Text
from voicerisk.settings import Problem
from voicerisk.zones import zone_problems


def risk_problems(config: RiskConfig) -> list[Problem]:
    """Every mistake, each at its key below `[risk]`; empty when the configuration can be flown."""
    problems: list[Problem] = []
    used = {gauge for rule in config.rules.values() if rule.enabled for gauge in _gauges_of(rule)}
    for name, gauge in config.gauges.items():
        problems += _gauge(f"gauges.{name}", gauge)
        if name not in used:
            mend = f'Add a rule with when = "{name} >= red", or remove the gauge.'
            problems.append(Problem(f"gauges.{name}", "is collected, not used: no rule looks at it", mend))
    for name, rule in config.rules.items():
        problems += _rule(f"rules.{name}", rule, config)
    for name, procedure in config.procedures.items():
        problems += _procedure(f"procedures.{name}", procedure)
    for key in ("reopen_within_s", "keep_ended_s", "lost_after_s"):
        if not 0.0 <= (seconds := getattr(config, key)) < float("inf"):
            problems.append(Problem(key, f"is {seconds:g} seconds", "It must be 0 or more."))
    for key in ("max_calls", "max_alerts"):
        if (number := getattr(config, key)) < 1:
            problems.append(Problem(key, f"is {number}", "It must be 1 or more."))
    return problems


def _gauge(path: str, gauge: GaugeConfig) -> Iterator[Problem]:
    yield from _text(f"{path}.title", gauge.title)
    zones = [("zones", gauge.zones), *((f"queues.{queue}", zones) for queue, zones in gauge.queues.items())]
    for key, held in zones:
        for problem in zone_problems(held) if held else ():
            yield Problem(f"{path}.{key}.{problem.where}", problem.wrong, problem.mend)
    if gauge.stale_s is not None and not gauge.stale_s > 0.0:
        yield Problem(f"{path}.stale_s", f"is {gauge.stale_s:g} seconds", "It must be more than 0.")


def _rule(path: str, rule: RuleConfig, config: RiskConfig) -> Iterator[Problem]:
    yield from _text(f"{path}.title", rule.title)
    try:
        condition = condition_of(rule)
    except ConditionError as error:
        yield Problem(f"{path}.when", f"column {error.column}: {error.wrong}", error.mend)
    else:
        for gauge in sorted(gauges_in(condition) - config.gauges.keys()):
            known = ", ".join(sorted(config.gauges)) or "none"
            yield Problem(f"{path}.when", f"there is no gauge {gauge!r}", f"Gauges here: {known}.")
        if always_true(condition):
            yield Problem(f"{path}.when", "is true in every zone", "Ask for 'amber' or 'red'.")
    if not rule.owner.strip():
        mend = "Name who answers for it, e.g. 'floor supervisor'."
        yield Problem(f"{path}.owner", "is missing: an alert nobody owns falls between the chairs", mend)
    if not rule.procedure:
        mend = f"Name one of: {', '.join(sorted(config.procedures)) or 'write one first'}."
        yield Problem(f"{path}.procedure", "is missing: what is to be done is written before it is needed", mend)
    elif rule.procedure not in config.procedures:
        mend = f"Procedures here: {', '.join(sorted(config.procedures)) or 'none'}."
        yield Problem(f"{path}.procedure", f"there is no procedure {rule.procedure!r}", mend)
    if not 0.0 <= rule.resolve_green_s < float("inf"):
        yield Problem(f"{path}.resolve_green_s", f"is {rule.resolve_green_s:g} seconds", "It must be 0 or more.")


def _gauges_of(rule: RuleConfig) -> frozenset[str]:
    try:
        return gauges_in(condition_of(rule))
    except ConditionError:
        # The mistake in it is reported by itself; that a gauge named in it is not used would be said in vain.
        return frozenset(NAME.findall(str(rule.when)))


def _procedure(path: str, procedure: Procedure) -> Iterator[Problem]:
    yield from _text(f"{path}.title", procedure.title)
    if not procedure.steps:
        yield Problem(f"{path}.steps", "has no steps", "Write at least one.")
    for number, step in enumerate(procedure.steps):
        here = f"{path}.steps[{number}]"
        yield from _text(f"{here}.text", step.text)
        if step.kind is StepKind.DO and not step.action:
            yield Problem(f"{here}.action", "is missing in a 'do' step", "Say what is done, e.g. 'listen'.")
        if step.kind in (StepKind.NOTIFY, StepKind.ESCALATE) and not step.to:
            yield Problem(f"{here}.to", f"is missing in a {step.kind.value!r} step", "Say whom it reaches.")
        if step.kind is StepKind.WAIT and not (step.limit_s is not None and step.limit_s > 0.0):
            yield Problem(f"{here}.limit_s", "is missing in a 'wait' step", "Say for how many seconds, e.g. 20.")
        if procedure.auto is Auto.ALWAYS and step.action in IN_THE_CALL:
            mend = "Set auto = 'ask' (or 'never'): nobody enters a call without a person's hand."
            yield Problem(f"{here}.action", f"would {step.action} without a person", mend)


def _text(path: str, text: Text) -> Iterator[Problem]:
    if not text:
        yield Problem(path, "is missing", 'Write it in at least one language: {en = "..."}.')
    for language, words in text.items():
        if not words.strip():
            yield Problem(f"{path}.{language}", "is empty", "Write the text, or remove the language.")
