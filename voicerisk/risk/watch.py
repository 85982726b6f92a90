"""Which rules are true where: from needles that moved to causes that came, and causes that are gone for good.

A rule holds in a place: over a queue's gauge for each queue, over a call's for each call. Where it looks at needles of
different keys, its place is the call, and the call's queue, customer, incident ... say which needles those are; needles
of the whole site join everything. Only what moved is looked at.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Final

import msgspec

from voicerisk.risk.alerts import Alert, AlertState
from voicerisk.risk.calls import CallBook
from voicerisk.risk.conditions import Condition, Order, ValueIs, gauges_in, holds, leaves, lingering, values_in
from voicerisk.risk.desk.earliest import Earliest
from voicerisk.risk.gauges import GaugeConfig, GaugeKey, Moved, Reading
from voicerisk.risk.opening import fingerprint_of
from voicerisk.risk.place import Place, place_of
from voicerisk.risk.rules import RuleConfig, condition_of
from voicerisk.zones import SEVERITY

SITE: Final = "site"
JUST_ABOVE: Final = 0.001

MAX_PLACES: Final = 20_000
"""Places remembered of a rule that joins a key of its own with needles of the site."""

ReadingOf = Callable[[str, str, float], Reading | None]
"""What the needle of a gauge and key shows at a time."""

UnresolvedOf = Callable[[str], Alert | None]
"""The alert with this fingerprint that waits to be closed; None: there is none."""


class Standing(msgspec.Struct, frozen=True, kw_only=True):
    """How a rule stands in a place: whether it holds, and if not, since when its cause is quite gone (epoch s)."""

    rule: str
    holds: bool
    calm_since_s: float | None = None


class Came(msgspec.Struct, frozen=True, kw_only=True):
    """The rule has become true here. `reading` is the needle that did it; `readings` are all that it looks at."""

    rule: str
    place: Place
    reading: Reading
    readings: tuple[Reading, ...]
    at_s: float


class _Watched(msgspec.Struct, frozen=True, kw_only=True):
    """A rule made ready: its condition, the same while it lingers, and the key of its places."""

    name: str
    rule: RuleConfig
    condition: Condition
    lingering: Condition
    key: GaugeKey
    gauges: tuple[str, ...]
    by_value: frozenset[str]


class WatchState(msgspec.Struct, frozen=True, kw_only=True):
    """All that the watch remembers."""

    standings: dict[str, Standing] = {}
    places: dict[str, tuple[str, ...]] = {}


class Watch:
    """Holds the rules against the needles. It opens and closes nothing itself."""

    def __init__(
        self,
        rules: Mapping[str, RuleConfig],
        gauges: Mapping[str, GaugeConfig],
        calls: CallBook,
        reading_of: ReadingOf,
        unresolved_of: UnresolvedOf,
    ) -> None:
        self._gauges = gauges
        self._calls = calls
        self._reading_of = reading_of
        self._unresolved_of = unresolved_of
        self._rules_of: dict[str, list[_Watched]] = {}
        self._of_calls: list[_Watched] = []
        self._standings: dict[str, Standing] = {}
        self._places: dict[str, dict[str, None]] = {}
        self._strange: set[str] = set()
        self._calm = Earliest()
        self._rules = rules
        for name, rule in rules.items():
            if rule.enabled:
                self._make_ready(name, rule)

    def moved(self, moved: Moved) -> list[Came]:
        """The rules that this needle has made true."""
        reading = moved.reading
        came: list[Came] = []
        for watched in self._rules_of.get(reading.gauge, ()):
            matters = moved.crossed or reading.gauge in watched.by_value
            if not matters and not self._strange:
                continue
            for place in self._places_of(watched, self._gauges[reading.gauge].key, reading.key):
                fingerprint = fingerprint_of(watched.name, place)
                if matters or fingerprint in self._strange:
                    came += self._hold(watched, place, fingerprint, reading, reading.at_s)
        return came

    def look_again(self, alerts: Iterable[Alert]) -> None:
        """Of open alerts whose rule was not seen to come true, any move of their needles tells how it stands now."""
        waiting = (alert.fingerprint for alert in alerts if alert.state is not AlertState.RESOLVED)
        self._strange = {fingerprint for fingerprint in waiting if fingerprint not in self._standings}

    def call_changed(self, call: str, at_s: float) -> list[Came]:
        """The rules that hold now that the call has another queue, customer, label ..."""
        came: list[Came] = []
        if (state := self._calls.get(call)) is None:
            return came
        place = state.place(call)
        for watched in self._of_calls:
            if readings := self._readings(watched, place, at_s):
                worst = max(readings.values(), key=lambda reading: (SEVERITY[reading.zone], reading.since_s))
                came += self._hold(watched, place, fingerprint_of(watched.name, place), worst, at_s)
        return came

    def next_due_s(self) -> float | None:
        """When the next cause has been gone for its rule's set time."""
        return self._calm.first_s()

    def advance(self, due_s: float) -> list[str]:
        """Fingerprints of the alerts whose cause has been gone for long enough at `due_s`."""
        calm = [fingerprint for _, fingerprint in self._calm.due(due_s)]
        for fingerprint in calm:
            self._standings.pop(fingerprint, None)
        return calm

    def forget_call(self, call: str) -> None:
        """The call is over: nothing holds for it any more."""
        for watched in self._of_calls:
            fingerprint = f"{watched.name}/{call}"
            self._standings.pop(fingerprint, None)
            self._calm.drop(fingerprint)

    def snapshot(self) -> WatchState:
        """Everything as it stands."""
        places = {name: tuple(places) for name, places in self._places.items()}
        return WatchState(standings=dict(self._standings), places=places)

    def restore(self, state: WatchState) -> None:
        """Go on from a snapshot; what was known of rules that are gone is let go."""
        self._places |= {name: dict.fromkeys(places) for name, places in state.places.items() if name in self._places}
        for fingerprint, standing in state.standings.items():
            if standing.rule in self._rules:
                self._stand(fingerprint, standing)

    def _make_ready(self, name: str, rule: RuleConfig) -> None:
        condition = condition_of(rule)
        gauges = tuple(sorted(gauge for gauge in gauges_in(condition) if gauge in self._gauges))
        keys = {self._gauges[gauge].key for gauge in gauges}
        watched = _Watched(
            name=name,
            rule=rule,
            condition=condition,
            lingering=lingering(condition),
            key=_key_of(keys),
            gauges=gauges,
            by_value=values_in(condition),
        )
        for gauge in gauges:
            self._rules_of.setdefault(gauge, []).append(watched)
        if watched.key is GaugeKey.CALL:
            self._of_calls.append(watched)
        elif GaugeKey.SITE in keys and watched.key is not GaugeKey.SITE:
            self._places[name] = {}

    def _places_of(self, watched: _Watched, key: GaugeKey, name: str) -> Iterator[Place]:
        """The places of the rule that a needle of this key and name may have changed."""
        if watched.key is GaugeKey.CALL:
            calls: Iterable[str] = (name,)
            if key is not GaugeKey.CALL:
                calls = self._calls.live() if key is GaugeKey.SITE else self._calls.linked(key, name)
            for call in calls:
                if (state := self._calls.get(call)) is not None and state.ended_at_s is None:
                    yield state.place(call)
        elif watched.key is key:
            if (places := self._places.get(watched.name)) is not None:
                places.pop(name, None)
                places[name] = None
                if len(places) > MAX_PLACES:
                    del places[next(iter(places))]
            yield place_of(key, name)
        else:
            for known in tuple(self._places[watched.name]):
                yield place_of(watched.key, known)

    def _hold(self, watched: _Watched, place: Place, fingerprint: str, reading: Reading, at_s: float) -> Iterator[Came]:
        readings = self._readings(watched, place, at_s)
        rule = watched.rule
        self._strange.discard(fingerprint)
        here = not rule.queues or place.queue in rule.queues
        before = self._standings.get(fingerprint)
        if here and holds(watched.condition, readings.get, place.label):
            self._calm.drop(fingerprint)
            self._standings[fingerprint] = Standing(rule=watched.name, holds=True)
            if before is None or not before.holds:
                looked_at = tuple(readings[gauge] for gauge in watched.gauges if gauge in readings)
                yield Came(rule=watched.name, place=place, reading=reading, readings=looked_at, at_s=at_s)
        elif self._unresolved_of(fingerprint) is None:
            self._calm.drop(fingerprint)
            self._standings.pop(fingerprint, None)
        elif here and holds(watched.lingering, readings.get, place.label):
            self._stand(fingerprint, Standing(rule=watched.name, holds=False))
        elif before is None or before.calm_since_s is None:
            self._stand(fingerprint, Standing(rule=watched.name, holds=False, calm_since_s=at_s))

    def _stand(self, fingerprint: str, standing: Standing) -> None:
        self._standings[fingerprint] = standing
        rule = self._rules[standing.rule]
        if standing.calm_since_s is None or not rule.auto_resolve:
            self._calm.drop(fingerprint)
        else:
            self._calm.put(fingerprint, standing.calm_since_s + rule.resolve_green_s)

    def _readings(self, watched: _Watched, place: Place, at_s: float) -> dict[str, Reading]:
        """What the rule's needles show in this place; those that show nothing are left out."""
        found: dict[str, Reading] = {}
        for gauge in watched.gauges:
            key = self._gauges[gauge].key
            name = place.name if key is place.key else SITE if key is GaugeKey.SITE else place.label(key.value)
            if name is not None and (reading := self._reading_of(gauge, name, at_s)) is not None:
                found[gauge] = reading
        return found


def _key_of(keys: set[GaugeKey]) -> GaugeKey:
    """The key of the places of a rule that looks at needles of these keys."""
    own = keys - {GaugeKey.SITE}
    if len(own) > 1:
        return GaugeKey.CALL
    return next(iter(own), GaugeKey.SITE)


def watched_values(rules: Mapping[str, RuleConfig]) -> dict[str, tuple[float, ...]]:
    """For each gauge the values at which a comparison may change, so that rules are asked where a needle passes one."""
    found: dict[str, set[float]] = {}
    for rule in rules.values():
        for leaf in leaves(condition_of(rule)) if rule.enabled else ():
            if isinstance(leaf, ValueIs):
                found.setdefault(leaf.gauge, set()).update(_turning_points(leaf))
    return {gauge: tuple(sorted(values)) for gauge, values in found.items()}


def _turning_points(leaf: ValueIs) -> tuple[float, ...]:
    match leaf.order:
        case Order.AT_LEAST | Order.BELOW:
            return (leaf.number,)
        case Order.ABOVE | Order.AT_MOST:
            # A needle that rises with time stands on the number for a moment that nobody sees.
            return (leaf.number + JUST_ABOVE,)
        case Order.EQUAL | Order.UNEQUAL:
            return (leaf.number, leaf.number + JUST_ABOVE)
