"""Whether an alert rings, and if not, why not: a fixed chain of small questions, the first of which to say no is named.

Silences come first (a person's word), then known faults, then alerts that explain it, then its group.
"""

from collections.abc import Callable, Mapping
from typing import Final, NamedTuple

from voicerisk.risk.alerts import Alert, AlertState, Hush
from voicerisk.risk.desk.outages import Outage
from voicerisk.risk.groups import Groups
from voicerisk.risk.inhibition import inhibitors, related
from voicerisk.risk.rules import OUTAGE, RuleConfig
from voicerisk.risk.shelf import Shelf
from voicerisk.risk.silences import Silences, labels_of

OutageOf = Callable[[str | None], Outage | None]
"""The known fault that covers a queue, or the site where it is None."""


class Quiet(NamedTuple):
    """Why an alert does not ring, and the id of the silence, the fault, the alert or the group that it is owed to."""

    hush: Hush
    by: str
    incident: str | None = None
    """What the alert belongs to by that."""


Stage = Callable[[Alert, float], Quiet | None]


class Notices:
    """Asks the chain. It changes nothing."""

    def __init__(
        self, rules: Mapping[str, RuleConfig], shelf: Shelf, silences: Silences, groups: Groups, outage_of: OutageOf
    ) -> None:
        self._rules = rules
        self._inhibitors = inhibitors(rules)
        self._shelf = shelf
        self._silences = silences
        self._groups = groups
        self._outage_of = outage_of
        self._chain: Final[tuple[Stage, ...]] = (self._silenced, self._outage, self._explained, self._grouped)

    def quiet(self, alert: Alert, at_s: float) -> Quiet | None:
        """Why the alert does not ring at `at_s`; None: it does."""
        return next((found for stage in self._chain if (found := stage(alert, at_s)) is not None), None)

    def _silenced(self, alert: Alert, at_s: float) -> Quiet | None:
        by = self._silences.hushing(labels_of(alert), at_s)
        return None if by is None else Quiet(Hush.SILENCED, by)

    def _outage(self, alert: Alert, at_s: float) -> Quiet | None:
        if OUTAGE not in self._inhibitors.get(alert.rule, ()):
            return None
        outage = self._outage_of(alert.queue)
        return None if outage is None else Quiet(Hush.OUTAGE, outage.id, outage.incident)

    def _explained(self, alert: Alert, at_s: float) -> Quiet | None:
        for rule in sorted(self._inhibitors.get(alert.rule, ())):
            for cause in self._shelf.open_of_rule(rule):
                if cause.id != alert.id and related(cause, alert):
                    return Quiet(Hush.INHIBITED, cause.id, cause.incident)
        return None

    def _grouped(self, alert: Alert, at_s: float) -> Quiet | None:
        rule = self._rules.get(alert.rule)
        if rule is None or alert.group is None or alert.rang_at_s is not None or alert.state is AlertState.ACKNOWLEDGED:
            return None
        if (leader := self._groups.leader(alert)) is not None:
            return Quiet(Hush.GROUPED, leader)
        if at_s < self._groups.quiet_until_s(alert, rule.group_s):
            return Quiet(Hush.GROUPED, alert.group)
        return None
