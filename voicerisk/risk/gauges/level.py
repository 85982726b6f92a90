"""The needle of a call's tension: its zones are held by evidence (speech that was judged), not by the clock."""

from voicerisk.events import TensionWindow, Zone
from voicerisk.risk.gauges.config import GaugeConfig
from voicerisk.risk.gauges.readings import Reading
from voicerisk.zones import Zones, ZoneTracker


class LevelGauge:
    """The needle of one call."""

    __slots__ = ("_config", "_name", "_tracker", "_zones", "reading")

    def __init__(self, name: str, config: GaugeConfig) -> None:
        self._name = name
        self._config = config
        self._zones: Zones | None = None
        self._tracker: ZoneTracker | None = None
        self.reading: Reading | None = None

    def step(self, event: TensionWindow, queue: str | None) -> tuple[Zone, Reading]:
        """The zone before and the needle after this window. The first window is held against green."""
        data = event.data
        before = self.reading
        previous = before.zone if before else Zone.GREEN
        zone = self._zone(event, queue)
        self.reading = Reading(
            gauge=self._name,
            key=event.call,
            value=data.level,
            zone=zone,
            evidence=data.evidence,
            at_s=event.at,
            since_s=before.since_s if before and zone is previous else event.at,
            at_media_s=data.at_s,
            stale_s=self._config.stale_s,
        )
        return previous, self.reading

    def _zone(self, event: TensionWindow, queue: str | None) -> Zone:
        zones = self._config.queues.get(queue or "", self._config.zones)
        if zones is None:
            self._tracker = None
            return event.data.zone
        if self._tracker is None:
            self._tracker = ZoneTracker(zones)
        elif zones is not self._zones:
            # The call moved to a queue with other zones: what has gathered against the old ones still counts.
            self._tracker.move_to(zones)
        self._zones = zones
        return self._tracker.step(event.data.level, event.data.evidence_s)
