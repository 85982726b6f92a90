"""What is wrong with gauges, in plain words."""

import difflib
from collections.abc import Iterator, Mapping
from typing import Final, get_args

import msgspec

from voicerisk.events import Event
from voicerisk.risk.gauges.check_site import site_problems
from voicerisk.risk.gauges.config import GaugeConfig, GaugeKey, GaugeKind, OwnMeasure, Pick, Quotient, SiteSettings
from voicerisk.risk.gauges.make import in_order, is_tension, picks, sources
from voicerisk.risk.gauges.windows import LONGEST_S, slots_for
from voicerisk.settings import Problem
from voicerisk.zones import Zones, zone_problems

_DATA: Final = {
    str(event.__struct_config__.tag): frozenset(field.name for field in msgspec.structs.fields(data))
    for event in get_args(Event)
    for data in [next(field.type for field in msgspec.structs.fields(event) if field.name == "data")]
}
"""The fields of the data of each event type."""

_KNOWN: Final = (*_DATA, *(measure.value for measure in OwnMeasure))

_ALWAYS: Final = frozenset(
    {"title", "kind", "key", "zones", "queues", "worse", "unit", "stale_s", "max_keys", "enabled"}
)
_KEYS: Final[Mapping[GaugeKind, frozenset[str]]] = {
    GaugeKind.LAST: frozenset({"of", "window"}),
    GaugeKind.COUNT: frozenset({"of", "opens", "closes", "item", "per", "window"}),
    GaugeKind.RATIO: frozenset({"of", "among", "per", "lacking", "grace_s", "only_if_any", "item", "window"}),
    GaugeKind.MEAN: frozenset({"of", "among", "per", "window"}),
    GaugeKind.MAX_AGE: frozenset({"of", "opens", "closes", "item", "due", "notice_s"}),
    GaugeKind.LEVEL: frozenset({"of", "formula"}),
    GaugeKind.SPIKE: frozenset({"of", "least_usual"}),
}
"""What each kind makes use of."""


def gauge_problems(gauges: Mapping[str, GaugeConfig], site: SiteSettings) -> list[Problem]:
    """Every mistake in the gauges and in the site, each at its key below `[risk]`; empty when they can be flown."""
    problems = [Problem(f"site.{p.where}", p.wrong, p.mend) for p in site_problems(site)]
    behind = gauges_behind(gauges)
    for name, gauge in gauges.items():
        found = [*_measured(gauge), *_unused(gauge), *_windows(gauge), *_judged(gauge, name in behind), *_limits(gauge)]
        found += _names(gauge, gauges)
        problems += [Problem(f"gauges.{name}{p.where}", p.wrong, p.mend) for p in found]
    try:
        in_order(gauges)
    except ValueError as error:
        problems.append(Problem("gauges", str(error), "Name gauges that are there, and no circle of them."))
    return problems


def gauges_behind(gauges: Mapping[str, GaugeConfig]) -> frozenset[str]:
    """The gauges that other gauges are made of: they are used, even where no rule looks at them."""
    on = [gauge for gauge in gauges.values() if gauge.enabled]
    return frozenset(name for gauge in on for name in (*sources(gauge), *gauge.only_if_any))


def _measured(gauge: GaugeConfig) -> Iterator[Problem]:
    kind = gauge.kind
    items = gauge.opens is not None and gauge.closes is not None
    enough = {
        GaugeKind.LAST: gauge.of is not None,
        GaugeKind.COUNT: (gauge.of is not None) != items,
        GaugeKind.RATIO: gauge.among is not None and (gauge.of is not None) != (gauge.lacking is not None),
        GaugeKind.MEAN: gauge.of is not None and bool(gauge.of.field or gauge.per or gauge.among),
        GaugeKind.MAX_AGE: (gauge.of is not None) != items,
        GaugeKind.LEVEL: (gauge.of is not None) != (gauge.formula is not None),
        GaugeKind.SPIKE: gauge.of is not None,
    }
    needs = {
        GaugeKind.LAST: "`of` with a `field`",
        GaugeKind.COUNT: "`of`, or `opens` and `closes`",
        GaugeKind.RATIO: "`among`, and either `of` or `lacking`",
        GaugeKind.MEAN: "`of` with a `field`, or `of` and `per` or `among`",
        GaugeKind.MAX_AGE: "`opens` and `closes`, or `of` with a measure of the service's own",
        GaugeKind.LEVEL: "`of` with a `field`, or a `formula`",
        GaugeKind.SPIKE: "`of`",
    }
    if not enough[kind]:
        yield Problem("", f"says not what it measures: kind {kind.value!r}", f"It needs {needs[kind]}.")
    for role, pick in picks(gauge):
        yield from _picked(f".{role.value}", pick)
        needs_number = kind in (GaugeKind.LAST, GaugeKind.LEVEL) and role.value == "of"
        if needs_number and not pick.field and any(event in _DATA for event in pick.events):
            yield Problem(f".{role.value}.field", "is missing", "Say which number of the event it is.")
    own = {measure.value for measure in OwnMeasure}
    if kind is GaugeKind.MAX_AGE and gauge.of is not None and not own.issuperset(gauge.of.events):
        mend = "Give `opens` and `closes` for events; `of` is for measures of the service's own."
        yield Problem(".of.events", "an event alone has no age", mend)
    for key, listened, field in (
        (".due", gauge.opens, gauge.due),
        (".item", gauge.opens, "promise" if gauge.item == "promise" else ""),
        (".key", gauge.of, "reason" if gauge.key is GaugeKey.REASON else ""),
    ):
        if listened is not None and field:
            yield from _field(key, listened, field)


def _picked(path: str, pick: Pick) -> Iterator[Problem]:
    if not pick.events:
        yield Problem(f"{path}.events", "is empty", f"Name one of: {', '.join(_KNOWN)}.")
    for event in pick.events:
        if event not in _KNOWN:
            close = difflib.get_close_matches(event, _KNOWN, n=1)
            mend = f"Did you mean {close[0]!r}?" if close else f"Name one of: {', '.join(_KNOWN)}."
            yield Problem(f"{path}.events", f"there is no event {event!r}", mend)
    if pick.field:
        yield from _field(f"{path}.field", pick, "score" if pick.field == "score_of_5" else pick.field)
    for key, names in (("where", pick.where), ("at_least", pick.at_least), ("at_most", pick.at_most)):
        for name in names:
            if name != "queue":
                yield from _field(f"{path}.{key}", pick, "score" if name == "score_of_5" else name)


def _field(path: str, pick: Pick, field: str) -> Iterator[Problem]:
    first = field.partition(".")[0]
    for event in pick.events:
        if event in _DATA and first not in _DATA[event]:
            mend = f"Its data has: {', '.join(sorted(_DATA[event])) or 'nothing'}."
            yield Problem(path, f"{event} has no {field!r}", mend)


def _unused(gauge: GaugeConfig) -> Iterator[Problem]:
    for field in msgspec.structs.fields(GaugeConfig):
        name = field.name
        if name in _ALWAYS | _KEYS[gauge.kind] or getattr(gauge, name) == field.default:
            continue
        if field.default_factory is not msgspec.NODEFAULT and getattr(gauge, name) == field.default_factory():
            continue
        use = ", ".join(sorted(_KEYS[gauge.kind]))
        yield Problem(f".{name}", f"a gauge of kind {gauge.kind.value!r} makes no use of it", f"It uses: {use}.")
    if gauge.queues and gauge.key not in (GaugeKey.QUEUE, GaugeKey.CALL):
        mend = "Leave it out, or use key = 'queue' or 'call'."
        yield Problem(".queues", f"its needles are per {gauge.key.value}, which has no queue", mend)


def _windows(gauge: GaugeConfig) -> Iterator[Problem]:
    try:
        slots_for(gauge.window, SiteSettings())
    except ValueError as error:
        yield Problem(".window", str(error), f"The longest is {LONGEST_S // 86_400} days.")


def _judged(gauge: GaugeConfig, behind: bool) -> Iterator[Problem]:
    if gauge.zones is None and gauge.enabled and not behind and not is_tension(gauge):
        yield Problem(".zones", "is missing: nobody can see when it is bad", "Say where amber and red begin.")
    for key, zones in (
        (".zones", gauge.zones),
        *((f".queues.{queue}", zones) for queue, zones in gauge.queues.items()),
    ):
        if zones is not None:
            found = zone_problems(zones) if gauge.worse == "high" else _low_problems(zones)
            yield from (Problem(f"{key}.{p.where}", p.wrong, p.mend) for p in found)


def _low_problems(zones: Zones) -> Iterator[Problem]:
    for name, edge in (("amber", zones.amber), ("red", zones.red)):
        if not edge.leave >= edge.enter:
            wrong = f"leaves at {edge.leave:g}, below where it enters ({edge.enter:g}), and low is what is bad here"
            yield Problem(f"{name}.leave", wrong, f"Set it to {edge.enter:g} or more.")
        for key, seconds in (("hold_s", edge.hold_s), ("leave_hold_s", edge.leave_hold_s)):
            if not 0.0 <= seconds < float("inf"):
                yield Problem(f"{name}.{key}", f"is {seconds:g} seconds", "A hold is 0 seconds or more.")
    if zones.red.enter > zones.amber.enter:
        wrong = f"red begins at {zones.red.enter:g}, above amber ({zones.amber.enter:g}), and low is what is bad here"
        yield Problem("red.enter", wrong, "Red is worse than amber: begin it at amber or below.")


def _limits(gauge: GaugeConfig) -> Iterator[Problem]:
    if gauge.stale_s is not None and not gauge.stale_s > 0.0:
        yield Problem(".stale_s", f"is {gauge.stale_s:g} seconds", "It must be more than 0.")
    if gauge.max_keys < 1:
        yield Problem(".max_keys", f"is {gauge.max_keys}", "It must be 1 or more.")
    for key in ("grace_s", "notice_s"):
        if not 0.0 <= (seconds := getattr(gauge, key)) < float("inf"):
            yield Problem(f".{key}", f"is {seconds:g} seconds", "It must be 0 or more.")
    if not gauge.least_usual > 0.0:
        yield Problem(".least_usual", f"is {gauge.least_usual:g}", "It must be more than 0.")


def _names(gauge: GaugeConfig, gauges: Mapping[str, GaugeConfig]) -> Iterator[Problem]:
    for name in gauge.only_if_any:
        if name not in gauges or not gauges[name].enabled:
            yield Problem(".only_if_any", f"there is no gauge {name!r}", f"Gauges here: {', '.join(sorted(gauges))}.")
    if not isinstance(gauge.formula, Quotient):
        return
    if not gauge.formula.least > 0.0:
        yield Problem(".formula.least", f"is {gauge.formula.least:g}", "It is divided by: it must be more than 0.")
    for name in sources(gauge):
        source = gauges.get(name)
        if source is not None and source.key is not gauge.key:
            mend = f"Use gauges with key = {gauge.key.value!r}."
            yield Problem(".formula", f"{name!r} has a needle per {source.key.value}, not per {gauge.key.value}", mend)
        if source is not None and source.kind is GaugeKind.MAX_AGE:
            mend = "Divide gauges that events move."
            yield Problem(".formula", f"{name!r} grows by itself, and the quotient would not follow", mend)
