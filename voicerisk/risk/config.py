"""The engine's configuration. The defaults are what ships: see `library`."""

import msgspec

from voicerisk.risk import library
from voicerisk.risk.brakes import BrakesConfig
from voicerisk.risk.desk.settings import DeskSettings
from voicerisk.risk.gauges import GaugeConfig, SiteSettings
from voicerisk.risk.oncall import Shift
from voicerisk.risk.procedures import ActionConfig, Procedure
from voicerisk.risk.rules import RuleConfig


class RiskConfig(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What is watched, what calls for whom, and what to do then; each by its name.

    Attributes:
        site: Its clock, and how late an event may come.
        gauges: The needles.
        rules: What makes an alert.
        procedures: What is to be done.
        actions: What a `do` step may do here, beside `procedures.KNOWN_ACTIONS`.
        brakes: How far and how often steps may run by themselves.
        desk: Which feedback and incidents leave work behind, and whose that is.
        duty: Who is on duty for which role, when.
        reopen_within_s: A cause that comes back within this time reopens its alert; later it makes a new one.
        keep_ended_s: A call is remembered so long after its end, so that late events change nothing.
        lost_after_s: A call of which nothing was heard for so long is taken to be over.
        max_calls: Calls remembered at once; beyond it the one longest unheard of is given up.
        max_alerts: Alerts remembered at once; beyond it the oldest is resolved, and says so.
    """

    site: SiteSettings = SiteSettings()
    gauges: dict[str, GaugeConfig] = msgspec.field(default_factory=library.gauges)
    rules: dict[str, RuleConfig] = msgspec.field(default_factory=library.rules)
    procedures: dict[str, Procedure] = msgspec.field(default_factory=library.procedures)
    actions: dict[str, ActionConfig] = {}
    brakes: BrakesConfig = BrakesConfig()
    desk: DeskSettings = DeskSettings()
    duty: tuple[Shift, ...] = ()
    reopen_within_s: float = 3600.0
    keep_ended_s: float = 300.0
    lost_after_s: float = 3600.0
    max_calls: int = 20_000
    max_alerts: int = 20_000

    @property
    def keep_resolved_s(self) -> float:
        """How long a resolved alert is remembered: as long as its cause may reopen it, or its call is remembered."""
        return max(self.reopen_within_s, self.keep_ended_s)
