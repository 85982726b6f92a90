"""What the red zones cost: for how long needles stood in red, from their crossings."""

from collections.abc import Iterable, Mapping, Sequence

import msgspec

from voicerisk.events import Zone
from voicerisk.risk.gauges import GaugeConfig, GaugeKey
from voicerisk.risk.texts import Text
from voicerisk.store.history import Crossed

LOST_AFTER_S = 3600.0
"""A call's needle of which nothing more is known is taken to have stood in red for so long at most."""


class RedCost(msgspec.Struct, frozen=True, kw_only=True):
    """What one gauge's red zone cost.

    `minutes` is for how long at least one of its needles was red, `needle_minutes` all needles' red time together;
    `times` how often one turned red, `longest_minutes` the longest time in one go, and `worst` whose needle that was.
    """

    gauge: str
    title: Text
    minutes: float
    needle_minutes: float
    times: int
    longest_minutes: float
    worst: str


class Stay(msgspec.Struct, frozen=True):
    """One needle in red, from when until when (epoch seconds)."""

    gauge: str
    key: str
    from_s: float
    to_s: float


def stays_in_red(
    before: Iterable[Crossed],
    crossings: Iterable[Crossed],
    from_s: float,
    to_s: float,
    gauges: Mapping[str, GaugeConfig],
    ended_s: Mapping[str, float],
) -> list[Stay]:
    """Every stay in red in the span, cut off at its ends.

    `before` is where needles stood at `from_s`, `crossings` what came then, in order. A call's needle goes with its
    call (`ended_s`), without a crossing. A gauge that is configured no more counts like one of queues.
    """
    since: dict[tuple[str, str], float] = {(one.gauge, one.key): from_s for one in before if one.zone is Zone.RED}
    stays: list[Stay] = []

    def end(needle: tuple[str, str], at_s: float) -> None:
        begin_s = since.pop(needle)
        gauge = gauges.get(needle[0])
        if gauge is not None and gauge.key is GaugeKey.CALL:
            at_s = min(at_s, max(begin_s, ended_s.get(needle[1], begin_s + LOST_AFTER_S)))
        if at_s > begin_s:
            stays.append(Stay(*needle, begin_s, at_s))

    for one in crossings:
        needle = (one.gauge, one.key)
        if one.zone is Zone.RED:
            since.setdefault(needle, one.at_s)
        elif needle in since:
            end(needle, max(one.at_s, since[needle]))
    for needle in list(since):
        end(needle, to_s)
    return stays


def red_costs(stays: Iterable[Stay], gauges: Mapping[str, GaugeConfig]) -> Sequence[RedCost]:
    """What each gauge's red zone cost, the dearest first."""
    of: dict[str, list[Stay]] = {}
    for stay in stays:
        of.setdefault(stay.gauge, []).append(stay)
    costs = []
    for gauge, own in of.items():
        longest = max(own, key=lambda stay: (stay.to_s - stay.from_s, stay.key))
        costs.append(
            RedCost(
                gauge=gauge,
                title=gauges[gauge].title if gauge in gauges else {},
                minutes=_union_s(own) / 60.0,
                needle_minutes=sum(stay.to_s - stay.from_s for stay in own) / 60.0,
                times=len(own),
                longest_minutes=(longest.to_s - longest.from_s) / 60.0,
                worst=longest.key,
            )
        )
    return sorted(costs, key=lambda cost: (-cost.minutes, cost.gauge))


def _union_s(stays: Iterable[Stay]) -> float:
    total_s, until_s = 0.0, float("-inf")
    for stay in sorted(stays, key=lambda stay: stay.from_s):
        total_s += max(0.0, stay.to_s - max(stay.from_s, until_s))
        until_s = max(until_s, stay.to_s)
    return total_s
