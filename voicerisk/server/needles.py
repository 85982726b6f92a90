"""Needles as screens show them: which are drawn, what is shown of each, and which come first."""

from collections.abc import Iterable, Mapping
from typing import Final

from voicerisk.events import Zone
from voicerisk.risk.config import RiskConfig
from voicerisk.risk.gauges import GaugeConfig, GaugeKey, Reading
from voicerisk.server.views import GaugeView
from voicerisk.zones import Zones

DRAWN: Final = frozenset({GaugeKey.QUEUE, GaugeKey.GROUP, GaugeKey.SITE, GaugeKey.REASON})
"""Needles that everybody looks at, and whose history is kept; a call's is its curve, a customer's is nobody's."""

_ORDER: Final = {Zone.RED: 0, Zone.AMBER: 1, Zone.GREEN: 2}


def drawn(config: RiskConfig) -> frozenset[str]:
    """The names of the gauges that are drawn."""
    return frozenset(name for name, gauge in config.gauges.items() if gauge.enabled and gauge.key in DRAWN)


def gauge_views(readings: Iterable[Reading], gauges: Mapping[str, GaugeConfig], now: float) -> list[GaugeView]:
    """What these needles show at `now`: red before amber before green, the longest standing first."""
    views = [_view(reading, gauges[reading.gauge], now) for reading in readings]
    return sorted(views, key=lambda view: (_ORDER[view.zone], view.since_s, view.gauge, view.key))


def _view(reading: Reading, gauge: GaugeConfig, now: float) -> GaugeView:
    zones = _zones(reading, gauge)
    return GaugeView(
        gauge=reading.gauge,
        title=gauge.title,
        kind=gauge.kind,
        key=reading.key,
        per=gauge.key,
        value=reading.value,
        zone=reading.zone,
        unit=reading.unit,
        evidence=reading.evidence,
        since_s=reading.since_s,
        at_s=reading.at_s,
        age_s=round(reading.age_s(now), 3),
        stale=reading.stale(now),
        worse=gauge.worse,
        amber=None if zones is None else zones.amber.enter,
        red=None if zones is None else zones.red.enter,
    )


def _zones(reading: Reading, gauge: GaugeConfig) -> Zones | None:
    return gauge.queues.get(reading.key, gauge.zones) if gauge.key is GaugeKey.QUEUE else gauge.zones
