"""The needles: one number for each call, customer, queue ..., its zone, and how old it is."""

from voicerisk.risk.gauges.board import BoardState, GaugeBoard
from voicerisk.risk.gauges.config import (
    GaugeConfig,
    GaugeKey,
    GaugeKind,
    OwnMeasure,
    Pick,
    Quotient,
    SiteSettings,
    Strain,
)
from voicerisk.risk.gauges.level import LevelGauge
from voicerisk.risk.gauges.readings import Moved, Reading, TimeInZones

__all__ = [
    "BoardState",
    "GaugeBoard",
    "GaugeConfig",
    "GaugeKey",
    "GaugeKind",
    "LevelGauge",
    "Moved",
    "OwnMeasure",
    "Pick",
    "Quotient",
    "Reading",
    "SiteSettings",
    "Strain",
    "TimeInZones",
]
