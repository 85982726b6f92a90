"""From a gauge's configuration to functions: does this count, how much, for which needle, which item."""

from collections.abc import Callable, Mapping
from datetime import datetime
from math import nan
from typing import Any, Final

from voicerisk.risk.gauges.config import GaugeConfig, GaugeKey, Pick, SiteSettings
from voicerisk.risk.gauges.facts import Fact
from voicerisk.risk.gauges.windows import zone_of

SITE: Final = "site"
"""The key of the one needle of a gauge of the site."""

Match = Callable[[Fact], float | None]
"""The number that counts, 1 where the pick names no field; None where the fact does not count.

Not a number (nan) is an observation that there is nothing to measure any more.
"""


def matcher(pick: Pick) -> Match:
    """The pick as a function. It is asked only about facts of its own types."""
    where = [(name, wanted if isinstance(wanted, tuple) else (wanted,)) for name, wanted in pick.where.items()]
    limits = [(name, pick.at_least.get(name), pick.at_most.get(name)) for name in {**pick.at_least, **pick.at_most}]
    field = pick.field
    if not (where or limits or field):
        return _plainly

    def match(fact: Fact) -> float | None:
        for name, wanted in where:
            if label(fact, name) not in wanted:
                return None
        for name, least, most in limits:
            number = _number(fact, name)
            if number is None or (least is not None and number < least) or (most is not None and number > most):
                return None
        if fact.key is not None:
            return nan if fact.value is None else fact.value
        return _number(fact, field) if field else 1.0

    return match


def _plainly(fact: Fact) -> float | None:
    return 1.0 if fact.key is None else nan if fact.value is None else fact.value


def label(fact: Fact, name: str) -> Any:
    """What the fact says under this name: a label of the event, or a field of its data; None where it says nothing."""
    if name == "queue":
        return fact.queue
    if name.startswith("fields."):
        fields: Mapping[str, Any] = getattr(fact.data, "fields", {})
        return fields.get(name.removeprefix("fields."))
    return getattr(fact.data, name, None)


def _number(fact: Fact, name: str) -> float | None:
    if name == "score_of_5":
        score, best = label(fact, "score"), label(fact, "best")
        return round(5.0 * score / best, 4) if score is not None and best else None
    value = label(fact, name)
    return float(value) if isinstance(value, int | float) and not isinstance(value, bool) else None


def key_of(config: GaugeConfig, site: SiteSettings) -> Callable[[Fact], str | None]:
    """Which needle of the gauge a fact moves; None where it does not say whose it is."""
    key = config.key
    if key is GaugeKey.SITE:
        return lambda fact: SITE
    if key is GaugeKey.HOUR:
        zone = zone_of(site)
        return lambda fact: f"{datetime.fromtimestamp(fact.at_s, zone).hour:02d}"
    if key is GaugeKey.GROUP:
        group_of = {agent: group for group, agents in site.groups.items() for agent in agents}
        return lambda fact: fact.key or group_of.get(fact.agent or "")
    if key is GaugeKey.REASON:
        return lambda fact: fact.key or getattr(fact.data, "reason", None)
    name = key.value
    return lambda fact: fact.key or getattr(fact, name)


def item_of(name: str) -> Callable[[Fact], str | None]:
    """What tells one item from another."""
    if name == "promise":
        return lambda fact: getattr(fact.data, "promise", None)
    return lambda fact: getattr(fact, name)
