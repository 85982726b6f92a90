"""Rules: which zone of which gauge calls for whom, how loudly, and with what procedure in hand."""

from enum import StrEnum
from functools import lru_cache
from typing import Final

import msgspec

from voicerisk.risk.conditions import Condition, ZoneIs
from voicerisk.risk.grammar import parse_condition
from voicerisk.risk.texts import Text


class Severity(StrEnum):
    """How loudly an alert calls."""

    INFO = "info"
    WARNING = "warning"
    CRITICAL = "critical"


class GroupBy(StrEnum):
    """What alerts have to share to be one matter: within a group one alert rings for all."""

    RULE = "rule"
    CALL = "call"
    CUSTOMER = "customer"
    QUEUE = "queue"
    INCIDENT = "incident"
    SITE = "site"


class Escalation(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One link of the chain: who is told when nobody has acknowledged for so long since the alert first rang."""

    after_s: float
    to: str


OUTAGE: Final = "outage"
"""In `inhibited_by`: the rule is a symptom of any known fault that is switched on."""


class RuleConfig(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One rule.

    Attributes:
        title: What the alert's card says at its top, per language.
        when: What must be true, in the language of `grammar`, e.g. "wait_s >= red and queue in ('billing', 'tech')";
            a table {gauge = "wait_s", zone = "red"} says "in this zone or a worse one".
        severity: How loudly the alert calls.
        owner: Who answers for it until it is closed: a role of the duty roster, or a person.
        notify: Who else is told when it rings: roles, persons or receivers.
        procedure: The name of the procedure shown with it.
        queues: Only in these queues; empty: in all, and where there is no queue.
        group_by: Alerts of all rules with the same `group_by` that share this are one matter; absent: each rings.
        group_s: For so long after a group rang, no further alert of it rings.
        inhibits: Rules whose alerts of the same place do not ring while one of this rule's is unresolved.
        inhibited_by: The same from the other side; "outage" stands for outage mode.
        repeat_s: While nobody has acknowledged, it rings again after so long; absent: it rings once.
        escalate: Who is told, one after another, while nobody has acknowledged.
        resolve_green_s: The alert resolves by itself once its cause has been green for so long.
        auto_resolve: False: only a person resolves it (or the end of its call).
        resolve_at_end: Whether the end of the call resolves it; otherwise a person has to.
        enabled: False keeps the rule in the file but out of action.
    """

    title: Text
    when: str | ZoneIs
    severity: Severity = Severity.WARNING
    owner: str = ""
    notify: tuple[str, ...] = ()
    procedure: str = ""
    queues: tuple[str, ...] = ()
    group_by: GroupBy | None = None
    group_s: float = 300.0
    inhibits: tuple[str, ...] = ()
    inhibited_by: tuple[str, ...] = ()
    repeat_s: float | None = None
    escalate: tuple[Escalation, ...] = ()
    resolve_green_s: float = 30.0
    auto_resolve: bool = True
    resolve_at_end: bool = True
    enabled: bool = True


def condition_of(rule: RuleConfig) -> Condition:
    """What the rule asks, as a tree. Raises ConditionError where its text is none."""
    return rule.when if isinstance(rule.when, ZoneIs) else _parsed(rule.when)


_parsed: Final = lru_cache(maxsize=4096)(parse_condition)
