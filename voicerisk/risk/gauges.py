"""Gauges: one number per call (later: queue, customer, site), its zone, and how old it is."""

from enum import StrEnum

import msgspec

from voicerisk.events import Evidence, TensionWindow, Zone
from voicerisk.risk.texts import Text
from voicerisk.zones import Zones, ZoneTracker


class GaugeKind(StrEnum):
    """How events make the number."""

    LEVEL = "level"
    """A continuous signal: the latest value, with hold time and hysteresis."""


class Measure(StrEnum):
    """What is measured: an event type and a field of its data."""

    TENSION = "tension.window.level"


class GaugeKey(StrEnum):
    """What there is one needle for each of."""

    CALL = "call"


class GaugeConfig(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One gauge.

    Attributes:
        title: What the needle shows, per language.
        measure: Which field of which event moves it.
        kind: How.
        key: What there is one needle for each of.
        zones: Where amber and red begin; absent: the zone that comes with the event (the ear's own, see `[tension]`).
        queues: Zones of their own for these queues.
        stale_s: A value older than this is shown as stale.
    """

    title: Text
    measure: Measure
    kind: GaugeKind = GaugeKind.LEVEL
    key: GaugeKey = GaugeKey.CALL
    zones: Zones | None = None
    queues: dict[str, Zones] = {}
    stale_s: float = 5.0


class Reading(msgspec.Struct, frozen=True, kw_only=True):
    """What one needle shows: `at_s` (epoch) is when the value was true, `since_s` since when it is in this zone."""

    gauge: str
    key: str
    value: float
    zone: Zone
    evidence: Evidence
    at_s: float
    since_s: float
    at_media_s: float

    def stale(self, now: float, stale_s: float) -> bool:
        """Whether the value is too old to be trusted at `now`."""
        return now - self.at_s > stale_s


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
