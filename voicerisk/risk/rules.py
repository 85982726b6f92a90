"""Rules: which zone of which gauge calls for whom, how loudly, and with what procedure in hand."""

from collections.abc import Callable
from enum import StrEnum

import msgspec

from voicerisk.events import Zone
from voicerisk.risk.gauges import Reading
from voicerisk.risk.texts import Text
from voicerisk.zones import SEVERITY


class Severity(StrEnum):
    """How loudly an alert calls."""

    INFO = "info"
    WARNING = "warning"
    CRITICAL = "critical"


class ZoneIs(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """True while the gauge stands in this zone or a worse one.

    The leaf of what a rule may ask; expressions over several gauges and labels are built of such leaves.
    """

    gauge: str
    zone: Zone = Zone.RED


class RuleConfig(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One rule.

    Attributes:
        title: What the alert's card says at its top, per language.
        when: What must be true.
        severity: How loudly the alert calls.
        owner: Who answers for it until it is closed.
        procedure: The name of the procedure shown with it.
        queues: Only calls of these queues; empty: of all.
        resolve_green_s: The alert resolves by itself once the gauge has been green for so long.
        resolve_at_end: Whether the end of the call resolves it; otherwise a person has to.
        enabled: False keeps the rule in the file but out of action.
    """

    title: Text
    when: ZoneIs
    severity: Severity = Severity.WARNING
    owner: str = ""
    procedure: str = ""
    queues: tuple[str, ...] = ()
    resolve_green_s: float = 30.0
    resolve_at_end: bool = True
    enabled: bool = True


def holds(when: ZoneIs, reading_of: Callable[[str], Reading | None]) -> bool:
    """Whether the condition is true; `reading_of` gives the needle of a gauge here, None where it has shown nothing."""
    reading = reading_of(when.gauge)
    return reading is not None and SEVERITY[reading.zone] >= SEVERITY[when.zone]


def gauges_in(when: ZoneIs) -> frozenset[str]:
    """The gauges that the condition looks at."""
    return frozenset({when.gauge})
