"""What is wrong with a risk configuration, in plain words: every gauge earns its place, or it is named."""

import difflib
from collections.abc import Iterable, Iterator
from typing import Final

import msgspec

from voicerisk.risk.check_procedures import procedure_problems, text_problems
from voicerisk.risk.conditions import always_true, gauges_in
from voicerisk.risk.config import RiskConfig
from voicerisk.risk.gauges.check import gauge_problems, gauges_behind
from voicerisk.risk.grammar import NAME, ConditionError
from voicerisk.risk.inhibition import inhibition_problems
from voicerisk.risk.oncall import duty_problems
from voicerisk.risk.rules import RuleConfig, condition_of
from voicerisk.settings import Problem

RED_SHARE: Final = 0.2
"""A needle that is red for more of the time than this is furniture: nobody looks at it any more."""


def risk_problems(config: RiskConfig) -> list[Problem]:
    """Every mistake, each at its key below `[risk]`; empty when the configuration can be flown."""
    problems = gauge_problems(config.gauges, config.site)
    for name, gauge in config.gauges.items():
        problems += text_problems(f"gauges.{name}.title", gauge.title)
    for name in sorted(unused_gauges(config)):
        off = [rule for rule, asks in config.rules.items() if name in _gauges_of(asks)]
        wrong = f"the rule {off[0]!r} is switched off" if off else "no rule looks at it"
        mend = f'Add a rule with when = "{name} >= red", or switch the gauge off: gauges.{name}.enabled = false.'
        problems.append(Problem(f"gauges.{name}", f"is collected, not used: {wrong}", mend))
    for name, rule in config.rules.items():
        problems += _rule(f"rules.{name}", rule, config)
    problems += inhibition_problems(config.rules)
    problems += procedure_problems(config.procedures, config.actions, config.brakes)
    problems += [Problem(f"duty{p.where}", p.wrong, p.mend) for p in duty_problems(config.duty)]
    for key in ("reopen_within_s", "keep_ended_s", "lost_after_s"):
        problems += _at_least(key, getattr(config, key), 0.0)
    for key in ("max_calls", "max_alerts"):
        if (number := getattr(config, key)) < 1:
            problems.append(Problem(key, f"is {number}", "It must be 1 or more."))
    return problems


def unused_gauges(config: RiskConfig) -> frozenset[str]:
    """The gauges at work that no rule at work looks at, and that no other gauge is made of."""
    used = set(gauges_behind(config.gauges))
    for rule in config.rules.values():
        if rule.enabled:
            used |= _gauges_of(rule)
    return frozenset(name for name, gauge in config.gauges.items() if gauge.enabled and name not in used)


class RedShare(msgspec.Struct, frozen=True, kw_only=True):
    """The share of its stored time, 0 to 1, that the needle of `gauge` for `key` was red."""

    gauge: str
    key: str
    share: float


def red_too_long(shares: Iterable[RedShare]) -> list[Problem]:
    """A warning for each needle that was red for more than `RED_SHARE` of its time."""
    mend = "Begin red where it is rare enough to be acted on, or mend the cause."
    return [
        Problem(f"gauges.{red.gauge}", f"was red for {red.share:.0%} of the stored time ({red.key})", mend)
        for red in shares
        if red.share > RED_SHARE
    ]


def _rule(path: str, rule: RuleConfig, config: RiskConfig) -> Iterator[Problem]:
    yield from text_problems(f"{path}.title", rule.title)
    yield from _condition(path, rule, config)
    if not rule.owner.strip():
        mend = "Name who answers for it, e.g. 'floor supervisor'."
        yield Problem(f"{path}.owner", "is missing: an alert nobody owns falls between the chairs", mend)
    if not rule.procedure:
        mend = "Name one that ships, e.g. 'barge_in', or write your own in [risk.procedures]."
        yield Problem(f"{path}.procedure", "is missing: what is to be done is written before it is needed", mend)
    elif rule.procedure not in config.procedures:
        mend = _hint(rule.procedure, config.procedures)
        yield Problem(f"{path}.procedure", f"there is no procedure {rule.procedure!r}", mend)
    yield from _times(path, rule)


def _condition(path: str, rule: RuleConfig, config: RiskConfig) -> Iterator[Problem]:
    try:
        condition = condition_of(rule)
    except ConditionError as error:
        yield Problem(f"{path}.when", f"column {error.column}: {error.wrong}", error.mend)
        return
    for gauge in sorted(gauges_in(condition)):
        if gauge not in config.gauges:
            yield Problem(f"{path}.when", f"there is no gauge {gauge!r}", _hint(gauge, config.gauges))
        elif rule.enabled and not config.gauges[gauge].enabled:
            mend = "Take the rule out as well (enabled = false), or let it look at another gauge."
            yield Problem(f"{path}.when", f"the gauge {gauge!r} is switched off", mend)
    if always_true(condition):
        yield Problem(f"{path}.when", "is true in every zone", "Ask for 'amber' or 'red'.")


def _times(path: str, rule: RuleConfig) -> Iterator[Problem]:
    yield from _at_least(f"{path}.resolve_green_s", rule.resolve_green_s, 0.0)
    yield from _at_least(f"{path}.group_s", rule.group_s, 0.0)
    if rule.repeat_s is not None:
        yield from _at_least(f"{path}.repeat_s", rule.repeat_s, 1.0)
    before_s = 0.0
    for number, link in enumerate(rule.escalate):
        here = f"{path}.escalate[{number}]"
        if not before_s < link.after_s < float("inf"):
            wrong = f"is {link.after_s:g} seconds, which is not after the one before"
            yield Problem(f"{here}.after_s", wrong, f"It counts from the first ring: more than {before_s:g}.")
        if not link.to.strip():
            yield Problem(f"{here}.to", "is empty", "Say whom it reaches, e.g. 'shift manager'.")
        before_s = max(before_s, link.after_s)


def _at_least(path: str, seconds: float, least: float) -> Iterator[Problem]:
    if not least <= seconds < float("inf"):
        yield Problem(path, f"is {seconds:g} seconds", f"It must be {least:g} or more.")


def _gauges_of(rule: RuleConfig) -> frozenset[str]:
    try:
        return gauges_in(condition_of(rule))
    except ConditionError:
        # The mistake in it is reported by itself; that a gauge named in it is not used would be said in vain.
        return frozenset(NAME.findall(str(rule.when)))


def _hint(name: str, known: Iterable[str]) -> str:
    """The name that was probably meant, or else those there are."""
    names = sorted(known)
    close = difflib.get_close_matches(name, names, n=1)
    return f"Did you mean {close[0]!r}?" if close else f"Known here: {', '.join(names) or 'none'}."
