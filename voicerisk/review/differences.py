"""Two ways in which the same time could have gone, held against each other."""

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Final

import msgspec

from voicerisk.risk.gauges import GaugeConfig, OwnMeasure
from voicerisk.risk.texts import Text

SAME_S: Final = 600.0
"""Two alerts of one rule and place whose beginnings lie no further apart are the same alert, at another moment."""

_NOT_STORED: Final = {
    measure.value
    for measure in (
        OwnMeasure.SCORER_LAG_S,
        OwnMeasure.FEED_AGE_S,
        OwnMeasure.REVIEW_DONE,
        OwnMeasure.REVIEW_COVERAGE,
        OwnMeasure.SURVEY_SENT,
    )
}
"""What the service around the engine measures; the engine's own needles (work in hand, outages) follow its inputs."""

_Gauges = Mapping[str, GaugeConfig]


class Rang(msgspec.Struct, frozen=True, kw_only=True):
    """An alert that was opened, or would have been."""

    id: str
    rule: str
    title: Text
    key: str
    queue: str | None
    opened_at_s: float


class RuleChange(msgspec.Struct, frozen=True, kw_only=True):
    """One rule's alerts as it is and as it would be: `gone`, `added`, or `moved` to another time."""

    rule: str
    title: Text
    old: int
    new: int
    same: int
    moved: int
    gone: int
    added: int


class RedChange(msgspec.Struct, frozen=True, kw_only=True):
    """Minutes in which any of a gauge's needles was red, as it is and as it would be; None: there is no such gauge."""

    gauge: str
    title: Text
    old_minutes: float | None
    new_minutes: float | None


class HourChange(msgspec.Struct, frozen=True, kw_only=True):
    """How many times people were told in the hour that begins then, as it is and as it would be."""

    from_s: float
    old: int
    new: int


def compared_alerts(
    old: Mapping[str, Rang], new: Mapping[str, Rang]
) -> tuple[Sequence[RuleChange], Sequence[Rang], Sequence[Rang]]:
    """What became of each rule's alerts, then those that would not have rung, then those that would have besides."""
    same = old.keys() & new.keys()
    gone = [one for id_, one in old.items() if id_ not in same]
    added = [one for id_, one in new.items() if id_ not in same]
    moved: Counter[str] = Counter()
    left: list[Rang] = []
    for one in gone:
        alike = [
            other
            for other in added
            if (other.rule, other.key) == (one.rule, one.key) and abs(other.opened_at_s - one.opened_at_s) <= SAME_S
        ]
        if alike:
            added.remove(min(alike, key=lambda other: abs(other.opened_at_s - one.opened_at_s)))
            moved[one.rule] += 1
        else:
            left.append(one)
    titles = {one.rule: one.title for one in (*old.values(), *new.values())}
    changes = []
    for rule in sorted(titles):
        olds, news = (sum(one.rule == rule for one in side.values()) for side in (old, new))
        both = sum(old[id_].rule == rule for id_ in same)
        changes.append(
            RuleChange(
                rule=rule, title=titles[rule], old=olds, new=news, same=both, moved=moved[rule],
                gone=olds - both - moved[rule], added=news - both - moved[rule],
            )
        )  # fmt: skip
    return changes, left, added


def compared_red(
    old: Mapping[str, float], new: Mapping[str, float], old_gauges: _Gauges, new_gauges: _Gauges
) -> Sequence[RedChange]:
    """The minutes in red of every gauge that was red, or would have been; of those that can be compared."""
    changes = []
    for name in sorted({*old_gauges, *new_gauges}):
        gauge = new_gauges.get(name) or old_gauges[name]
        was = old.get(name, 0.0) if name in old_gauges else None
        would = new.get(name, 0.0) if name in new_gauges else None
        if (was or would) and not measured_by_itself(gauge):
            changes.append(RedChange(gauge=name, title=gauge.title, old_minutes=was, new_minutes=would))
    return changes


def measured_by_itself(gauge: GaugeConfig) -> bool:
    """Whether the service measures it of itself, in a way that is not stored."""
    return gauge.of is not None and any(event in _NOT_STORED for event in gauge.of.events)


def compared_hours(old: Counter[float], new: Counter[float], from_s: float, to_s: float) -> Sequence[HourChange]:
    """How many times people were told in each hour from `from_s` on."""
    begins = [from_s + 3600.0 * n for n in range(int(-(-(to_s - from_s) // 3600.0)))]
    return [HourChange(from_s=begin, old=old[begin], new=new[begin]) for begin in begins]
