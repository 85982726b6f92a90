"""When an alert that nobody has acknowledged is to ring again: the links of its rule's chain, and reminders."""

from voicerisk.risk.alerts import Alert, AlertState
from voicerisk.risk.rules import RuleConfig


def next_link_s(alert: Alert, rule: RuleConfig) -> float | None:
    """When the next link of the chain is told (epoch seconds); None: there is none, or nobody is waited for."""
    if alert.waits_since_s is None or alert.level >= len(rule.escalate):
        return None
    return alert.waits_since_s + rule.escalate[alert.level].after_s


def next_ring_s(alert: Alert, rule: RuleConfig) -> float | None:
    """When the open alert rings again if nobody acknowledges: escalates or repeats; None: never."""
    if alert.state is not AlertState.OPEN:
        return None
    repeat_s = None
    if rule.repeat_s is not None and alert.rang_at_s is not None:
        repeat_s = alert.rang_at_s + rule.repeat_s
    return min((at_s for at_s in (repeat_s, next_link_s(alert, rule)) if at_s is not None), default=None)


def told_so_far(alert: Alert, rule: RuleConfig | None) -> tuple[str, ...]:
    """The roles and names that the alert has rung for: whoever it is assigned to or its owner, and the chain so far."""
    own = alert.assigned_to or alert.owner
    if rule is None:
        return (own,)
    return (own, *rule.notify, *(link.to for link in rule.escalate[: alert.level]))
