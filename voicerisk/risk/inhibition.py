"""Inhibition: an alert that another one explains does not ring. The fault rings; its symptoms are shown beside it."""

from collections.abc import Iterable, Iterator, Mapping

from voicerisk.risk.alerts import Alert
from voicerisk.risk.rules import OUTAGE, RuleConfig
from voicerisk.settings import Problem


def inhibitors(rules: Mapping[str, RuleConfig]) -> dict[str, frozenset[str]]:
    """For each rule those whose alerts explain its own, from whichever side it was written; `OUTAGE` may be one."""
    explained = {name: set(rule.inhibited_by) for name, rule in rules.items()}
    for name, rule in rules.items():
        for symptom in rule.inhibits:
            explained.setdefault(symptom, set()).add(name)
    return {name: frozenset(by) for name, by in explained.items() if by}


def related(cause: Alert, symptom: Alert) -> bool:
    """Whether both are about the same place.

    They are where they share a call, a customer, an incident or a queue, and differ in none that both name. A cause
    that names none of these is the whole site's, and related to all.
    """
    pairs = [
        (cause.call_id, symptom.call_id),
        (cause.customer, symptom.customer),
        (cause.incident, symptom.incident),
        (cause.queue, symptom.queue),
    ]
    if all(one is None for one, _ in pairs):
        return True
    both = [(one, other) for one, other in pairs if one is not None and other is not None]
    return bool(both) and all(one == other for one, other in both)


def inhibition_problems(rules: Mapping[str, RuleConfig]) -> Iterator[Problem]:
    """Rules that are named and not there, and rules that would hush one another in a circle."""
    for name, rule in rules.items():
        for key, others, more in (("inhibits", rule.inhibits, ()), ("inhibited_by", rule.inhibited_by, (OUTAGE,))):
            for other in others:
                if other not in rules and other not in more:
                    known = ", ".join(sorted((*rules, *more)))
                    yield Problem(f"rules.{name}.{key}", f"there is no rule {other!r}", f"Known here: {known}.")
    explained = inhibitors(rules)
    for name in sorted(explained):
        if name in _explaining(explained, explained[name]):
            mend = "Decide which of them is the cause, and let only that one hush the others."
            yield Problem(f"rules.{name}", "is hushed, in a circle, by what it hushes itself", mend)


def _explaining(explained: Mapping[str, frozenset[str]], first: Iterable[str]) -> set[str]:
    """All rules that are, at whatever remove, an explanation of these."""
    found: set[str] = set()
    waiting = list(first)
    while waiting:
        if (name := waiting.pop()) not in found:
            found.add(name)
            waiting += explained.get(name, ())
    return found
