"""Every needle of the site, moved by events, by what the service observes of itself, and by time alone."""

from collections.abc import Iterator, Mapping

import msgspec

from voicerisk.events import Event
from voicerisk.risk.gauges.config import GaugeConfig, GaugeKey, SiteSettings
from voicerisk.risk.gauges.readings import Moved, Reading, TimeInZones


class BoardState(msgspec.Struct, frozen=True, kw_only=True):
    """All that the board remembers; shares nothing with the board that gave it."""


class GaugeBoard:
    """The gauges and their needles.

    Call `advance(now)` before each `handle` and `observe` (they do it themselves), so that what time alone did comes
    first, dated by when it fell due.
    """

    def __init__(
        self,
        gauges: Mapping[str, GaugeConfig],
        site: SiteSettings,
        watch: Mapping[str, tuple[float, ...]] | None = None,
    ) -> None:
        """Needles for these gauges. `watch`: values per gauge at which a needle that moves by time alone is told of."""

    def handle(self, event: Event, now: float) -> list[Moved]:
        """The needles that an event moved; `now` (epoch seconds) is when it was heard."""
        raise NotImplementedError

    def observe(self, measure: str, key: str, value: float | None, at_s: float) -> list[Moved]:
        """The needles that the service's own measure moved; None: there is nothing to measure any more."""
        raise NotImplementedError

    def next_due_s(self) -> float | None:
        """When time alone moves the next needle."""
        raise NotImplementedError

    def advance(self, at_s: float) -> list[Moved]:
        """The needles that time alone moved up to `at_s`, in the order in which they fell due."""
        raise NotImplementedError

    def reading(self, gauge: str, key: str, now: float | None = None) -> Reading | None:
        """What a needle shows (at `now`: a waiting time grows); None where it has shown nothing."""
        raise NotImplementedError

    def readings(self, now: float) -> Iterator[Reading]:
        """Every needle as it stands at `now`, without those of calls that are over."""
        raise NotImplementedError

    def time_in_zones(self, now: float) -> dict[str, TimeInZones]:
        """How long each gauge's needles stood in red since the board began."""
        raise NotImplementedError

    def forget(self, key: GaugeKey, name: str, at_s: float) -> list[Moved]:
        """Give up every needle of this call (lost), or of another key; and the gauges derived that this moved."""
        raise NotImplementedError

    def snapshot(self) -> BoardState:
        """All that is needed to go on as if nothing had happened."""
        raise NotImplementedError

    def restore(self, state: BoardState) -> None:
        """Go on from a snapshot. A gauge whose configuration changed since starts anew."""
        raise NotImplementedError
