"""How many needles of a gauge stand in which zone, and for how long they have."""

import msgspec

from voicerisk.events import Zone
from voicerisk.risk.gauges.readings import TimeInZones


class ZoneClock(msgspec.Struct):
    """Needles in sight, those of them in amber and in red, and the seconds that they stood there up to `at_s`."""

    n_needles: int = 0
    n_amber: int = 0
    n_red: int = 0
    at_s: float = 0.0
    needles_s: float = 0.0
    red_s: float = 0.0
    any_red_s: float = 0.0

    def move(self, before: Zone | None, after: Zone | None, at_s: float) -> None:
        """A needle goes from one zone to another; None: it was not, or is no longer, in sight."""
        if before is after:
            return
        self._pass_time(at_s)
        self._count(before, -1)
        self._count(after, 1)

    @property
    def worst(self) -> Zone:
        """The worst zone in which a needle stands."""
        return Zone.RED if self.n_red else Zone.AMBER if self.n_amber else Zone.GREEN

    def times(self, now: float) -> TimeInZones:
        """How long the needles stood where, up to `now`; changes nothing."""
        passed_s = max(0.0, now - self.at_s)
        return TimeInZones(
            needles_s=self.needles_s + self.n_needles * passed_s,
            red_s=self.red_s + self.n_red * passed_s,
            any_red_s=self.any_red_s + (passed_s if self.n_red else 0.0),
        )

    def _pass_time(self, at_s: float) -> None:
        passed = self.times(at_s)
        self.needles_s, self.red_s, self.any_red_s = passed.needles_s, passed.red_s, passed.any_red_s
        self.at_s = max(self.at_s, at_s)

    def _count(self, zone: Zone | None, more: int) -> None:
        self.n_needles += more if zone is not None else 0
        self.n_amber += more if zone is Zone.AMBER else 0
        self.n_red += more if zone is Zone.RED else 0
