"""The kind `spike`: the last hour's count by what is usual at this hour of this weekday.

Every hour of the site's week has its own usual: the mean of its counts, the last weeks weighing most. At 10:20 the
last hour lies in two hours of the clock, so what is usual is taken from both, by their share. Until an hour of this
weekday has been seen, the same hour of other days stands in; until there is one, nothing is said (the value is 0).
"""

from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Final

import msgspec

from voicerisk.risk.gauges.config import GaugeConfig, SiteSettings
from voicerisk.risk.gauges.counting import DECIMALS
from voicerisk.risk.gauges.facts import Fact
from voicerisk.risk.gauges.held import NEVER
from voicerisk.risk.gauges.kind import Role
from voicerisk.risk.gauges.tally import Tally
from voicerisk.risk.gauges.windows import LocalHours, Sliding, zone_of

HOUR_S: Final = 3600
_MEMORY_WEEKS: Final = 4
"""A new week weighs a quarter, once four are known."""
_CATCH_UP_S: Final = _MEMORY_WEEKS * 7 * 24 * HOUR_S
"""Hours of silence longer ago than this are not learned one by one."""


class Usual(msgspec.Struct):
    """The mean of one hour of the week, and how many of it were seen."""

    mean: float = 0.0
    n: int = 0


class Spikes(msgspec.Struct):
    """One key: the last hour, the counts of hours not yet learned, what is usual, and the next hour to learn.

    Hours are named by the epoch second at which they begin; `usual` by 24 * weekday + hour.
    """

    recent: Tally = msgspec.field(default_factory=Tally)
    hours: dict[int, int] = {}
    usual: dict[int, Usual] = {}
    next_hour: int | None = None


class Begun(msgspec.Struct):
    """The first hour that was seen as a whole, whatever the key."""

    hour: int | None = None


class Spike:
    """A count by its own usual."""

    meter_type = Spikes
    only_falls = False

    def __init__(self, config: GaugeConfig, site: SiteSettings) -> None:
        self.memory = Begun()
        self._least = config.least_usual
        self._lateness_s = site.lateness_s
        self._zone = zone_of(site)
        self._hour_of = LocalHours(self._zone)
        self._minutes = Sliding(HOUR_S)

    def new(self) -> Spikes:
        """Nothing counted, nothing usual."""
        return Spikes()

    def apply(
        self, role: Role, fact: Fact, number: float, key: str | None, meter: Callable[[str], Spikes]
    ) -> Sequence[str]:
        """One more, in the minute and the hour of its own time."""
        if key is None:
            return ()
        spikes = meter(key)
        hour = self._hour_of.slot(fact.at_s)
        if self.memory.hour is None:
            self.memory.hour = self._after(hour)
        if spikes.next_hour is None:
            spikes.next_hour = self.memory.hour
        spikes.recent.add(self._minutes.slot(fact.at_s), number)
        if hour >= spikes.next_hour:
            spikes.hours[hour] = spikes.hours.get(hour, 0) + round(number)
        return (key,)

    def settle(self, meter: Spikes, at_s: float) -> float:
        """Learns the hours that are over, once nothing late can come for them."""
        meter.recent.drop(self._minutes.first(at_s))
        if meter.next_hour is None:
            return 0.0
        meter.next_hour = max(meter.next_hour, self._hour_of.slot(max(0.0, at_s - _CATCH_UP_S)))
        while (over := self._after(meter.next_hour)) + self._lateness_s <= at_s:
            usual = meter.usual.setdefault(self._name(meter.next_hour), Usual())
            usual.n += 1
            usual.mean += (meter.hours.pop(meter.next_hour, 0) - usual.mean) / min(usual.n, _MEMORY_WEEKS)
            meter.next_hour = over
        return self.value(meter, at_s)

    def value(self, meter: Spikes, at_s: float) -> float:
        """How many times the usual; 0 while the usual is not known."""
        hour = self._hour_of.slot(at_s)
        now, before = self._usual(meter, hour), self._usual(meter, self._hour_of.slot(hour - 1))
        if now is None and before is None:
            return 0.0
        now, before = now if now is not None else before, before if before is not None else now
        assert now is not None
        assert before is not None
        passed = (at_s - hour) / HOUR_S
        usual = max(self._least, passed * now + (1.0 - passed) * before)
        return round(meter.recent.at(self._minutes.first(at_s)) / usual, DECIMALS)

    def due_s(self, meter: Spikes, at_s: float) -> float:
        """The next minute, while enough was counted for it to matter."""
        if meter.recent.total < self._least:
            return NEVER
        return (self._minutes.slot(at_s) + 1) * self._minutes.slot_s

    def at_rest(self, meter: Spikes) -> bool:
        """Never: what is usual is worth keeping."""
        return False

    def _after(self, hour: int) -> int:
        return self._hour_of.slot(hour + HOUR_S)

    def _name(self, hour: int) -> int:
        local = datetime.fromtimestamp(hour, self._zone)
        return 24 * local.weekday() + local.hour

    def _usual(self, meter: Spikes, hour: int) -> float | None:
        name = self._name(hour)
        if name in meter.usual:
            return meter.usual[name].mean
        others = [meter.usual[other].mean for other in range(name % 24, 168, 24) if other in meter.usual]
        return sum(others) / len(others) if others else None
