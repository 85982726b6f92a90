"""From a gauge's configuration to the kind that measures it, and to where its events go."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final

import msgspec

from voicerisk.risk.gauges.config import GaugeConfig, GaugeKind, Pick, SiteSettings, Strain
from voicerisk.risk.gauges.counting import Count, CountDistinct, Divided
from voicerisk.risk.gauges.items import Open
from voicerisk.risk.gauges.kind import Kind, Role
from voicerisk.risk.gauges.lacking import Lacking, Reached
from voicerisk.risk.gauges.latest import Last
from voicerisk.risk.gauges.usual import Spike
from voicerisk.risk.gauges.windows import slots_for

TENSION: Final = "tension.window"


def kind_for(config: GaugeConfig, site: SiteSettings, watch: Sequence[float], reached: Reached) -> Kind[Any]:
    """The kind of this gauge. Raises ValueError for a window or a time zone that is none."""
    if config.kind is GaugeKind.SPIKE:
        return Spike(config, site)
    slots = slots_for(config.window, site)
    if config.opens is not None and config.kind in (GaugeKind.COUNT, GaugeKind.MAX_AGE):
        marks = _marks(config, watch) if config.kind is GaugeKind.MAX_AGE else None
        return Open(config, site.lateness_s, marks)
    if config.kind is GaugeKind.MAX_AGE:
        return Last(slots, _marks(config, watch))
    if config.kind is GaugeKind.RATIO and config.lacking is not None:
        return Lacking(config, slots, site.lateness_s, reached)
    if config.kind in (GaugeKind.RATIO, GaugeKind.MEAN):
        return Divided(slots, config)
    if config.kind is GaugeKind.COUNT:
        return CountDistinct(slots, config.per) if config.per else Count(slots)
    return Last(slots)


def is_tension(config: GaugeConfig) -> bool:
    """Whether the gauge's zones are held by what was heard in a call."""
    return config.kind is GaugeKind.LEVEL and config.of is not None and TENSION in config.of.events


def picks(config: GaugeConfig) -> Iterable[tuple[Role, Pick]]:
    """What the gauge listens to, in the order in which one event counts for it."""
    named = (
        (Role.OPENS, config.opens),
        (Role.CLOSES, config.closes),
        (Role.LACKING, config.lacking),
        (Role.AMONG, config.among),
        (Role.OF, config.of),
    )
    return [(role, pick) for role, pick in named if pick is not None]


def sources(config: GaugeConfig) -> tuple[str, ...]:
    """The gauges that the formula of this one looks at."""
    if config.formula is None:
        return ()
    if isinstance(config.formula, Strain):
        return config.formula.gauges
    return (config.formula.of, config.formula.by)


def in_order(gauges: Mapping[str, GaugeConfig]) -> list[str]:
    """The gauges that are on, each after those that its formula looks at.

    Raises:
        ValueError: A formula looks at a gauge that is not there or off, or at itself in the end.
    """
    order: list[str] = []
    open_: list[str] = []

    def visit(name: str) -> None:
        if name in order:
            return
        if name in open_:
            raise ValueError(f"the formula of {name!r} looks at itself: {' -> '.join([*open_, name])}")
        if name not in gauges or not gauges[name].enabled:
            raise ValueError(f"the formula of {open_[-1]!r} looks at {name!r}, and there is no such gauge")
        open_.append(name)
        for source in sources(gauges[name]):
            visit(source)
        open_.pop()
        order.append(name)

    for name, config in gauges.items():
        if config.enabled:
            visit(name)
    return order


def measured(config: GaugeConfig, site: SiteSettings) -> bytes:
    """What a gauge measures, without what only says how it is shown and judged."""
    plain = msgspec.structs.replace(config, title={}, zones=None, queues={}, unit="", stale_s=None, worse="high")
    return msgspec.msgpack.encode((plain, site.timezone, site.week_starts, site.groups), order="deterministic")


def _marks(config: GaugeConfig, watch: Sequence[float]) -> list[float]:
    zones = [zones for zones in (config.zones, *config.queues.values()) if zones is not None]
    edges = [edge for held in zones for edge in (held.amber, held.red)]
    return sorted({*watch, *(edge.enter for edge in edges), *(edge.leave for edge in edges)})
