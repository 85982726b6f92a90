"""Since when the oldest alert waits that nobody has taken."""

from collections.abc import Mapping

from voicerisk.risk.alerts import Alert, AlertState
from voicerisk.risk.conditions import gauges_in
from voicerisk.risk.desk.earliest import Earliest
from voicerisk.risk.gauges import GaugeConfig, OwnMeasure
from voicerisk.risk.rules import RuleConfig, condition_of


class Unowned:
    """Follows alerts. Those about unowned alerts are left out: they would keep their own cause alive."""

    def __init__(self, rules: Mapping[str, RuleConfig], gauges: Mapping[str, GaugeConfig]) -> None:
        about = {name for name, gauge in gauges.items() if gauge.of and OwnMeasure.OPEN_UNOWNED in gauge.of.events}
        self._left_out = frozenset(
            name for name, rule in rules.items() if rule.enabled and gauges_in(condition_of(rule)) & about
        )
        self._waiting = Earliest()

    def follow(self, alert: Alert) -> None:
        """Take over how the alert stands now."""
        waits = alert.state is AlertState.OPEN and alert.waits_since_s is not None
        if waits and alert.waits_since_s is not None and alert.rule not in self._left_out:
            self._waiting.put(alert.id, alert.waits_since_s)
        else:
            self._waiting.drop(alert.id)

    def since_s(self) -> float | None:
        """Epoch seconds; None: every alert is in somebody's hands."""
        return self._waiting.first_s()
