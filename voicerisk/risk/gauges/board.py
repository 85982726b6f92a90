"""Every needle of the site, moved by events, by what the service observes of itself, and by time alone.

What falls due by time is kept in a heap, and is dated by when it fell due: the needles stand the same however often
somebody looks.
"""

from collections.abc import Container, Iterator, Mapping, Sequence
from functools import partial
from heapq import heapify, heappop, heappush
from typing import Final

import msgspec

from voicerisk.events import CallAbandoned, CallEnded, CallStarted, Event, TensionWindow
from voicerisk.risk.gauges.config import GaugeConfig, GaugeKey, Quotient, SiteSettings, Strain
from voicerisk.risk.gauges.dial import Dial
from voicerisk.risk.gauges.facts import Fact, Labels, Whereabouts
from voicerisk.risk.gauges.held import NEVER
from voicerisk.risk.gauges.kind import Role
from voicerisk.risk.gauges.level import LevelDial
from voicerisk.risk.gauges.make import in_order, is_tension, kind_for, measured, picks, sources
from voicerisk.risk.gauges.picks import SITE, Match, key_of, matcher
from voicerisk.risk.gauges.readings import Moved, Reading, TimeInZones
from voicerisk.zones import SEVERITY

_SPARE_DUES: Final = 4096
"""Dues out of date that may lie in the heap before it is cleared."""


class BoardState(msgspec.Struct, frozen=True, kw_only=True):
    """All that the board remembers; shares nothing with the board that gave it.

    `measures` tells for each gauge what it measured, so that one that measures something else now starts anew.
    """

    dials: dict[str, bytes]
    measures: dict[str, bytes]
    calls: dict[str, Labels]
    ended: dict[str, float]


class GaugeBoard:
    """The gauges and their needles."""

    def __init__(
        self,
        gauges: Mapping[str, GaugeConfig],
        site: SiteSettings,
        watch: Mapping[str, tuple[float, ...]] | None = None,
    ) -> None:
        """Needles for these gauges. `watch`: values per gauge at which a needle that moves by time alone is told of.

        Raises:
            ValueError: A window, a time zone or a formula makes no sense; `gauge_problems` says it in plain words.
        """
        self._site = site
        self._where = Whereabouts()
        self._ended: dict[str, float] = {}
        self._dials: dict[str, Dial | LevelDial] = {}
        self._timed: list[Dial] = []
        self._heap: list[tuple[float, int, str]] = []
        self._n_dues = 0
        self._listeners: dict[str, list[tuple[Dial, list[tuple[Role, Match]]]]] = {}
        self._levels: list[LevelDial] = []
        self._derived: dict[str, list[Dial]] = {}
        for name in in_order(gauges):
            config = gauges[name]
            if is_tension(config):
                level = self._dials[name] = LevelDial(name, config)
                self._levels.append(level)
                continue
            watched = tuple((watch or {}).get(name, ()))
            kind = kind_for(config, site, watched, partial(self._reached, config))
            schedule = partial(self._schedule, len(self._timed))
            dial = self._dials[name] = Dial(name, config, kind, key_of(config, site), watched, schedule)
            self._timed.append(dial)
            self._listen(dial)
            for source in sources(config):
                self._derived.setdefault(source, []).append(dial)
        self._call_dials = [dial for dial in self._dials.values() if dial.config.key is GaugeKey.CALL]
        self._labels = {name: key_of(gauges[name], site) for name in self._dials}

    def handle(self, event: Event, now: float) -> list[Moved]:
        """The needles that an event moved; `now` (epoch seconds) is when it was heard.

        What time alone did up to `now` comes first and after it, so `advance` need not be called.
        """
        moved = self.advance(now)
        if isinstance(event, CallStarted):
            if self._ended.get(event.call, NEVER) < event.at:
                self._forget_call(event.call, event.at, moved)
            for level in self._levels:
                level.begin_anew(event.call)
        fact = self._where.fact(event)
        if isinstance(event, TensionWindow):
            if event.call not in self._ended:
                for level in self._levels:
                    if (change := level.step(event, fact.queue)) is not None:
                        moved.append(change)
                        self._derive(level, change, moved)
        else:
            self._count(fact, now, moved)
        if isinstance(event, CallEnded | CallAbandoned) and event.call not in self._ended:
            self._ended[event.call] = event.at
            for dial in self._call_dials:
                if dial.end(event.call, event.at):
                    self._derive_worst(dial, event.at, moved)
            self._sweep_calls(now, moved)
        return moved + self.advance(now)

    def observe(self, measure: str, key: str, value: float | None, at_s: float) -> list[Moved]:
        """The needles that the service's own measure moved; None: there is nothing to measure any more."""
        moved = self.advance(at_s)
        self._count(Fact(type=measure, at_s=at_s, key=key, value=value), at_s, moved)
        return moved + self.advance(at_s)

    def next_due_s(self) -> float | None:
        """When time alone moves the next needle."""
        while self._heap and not self._is_due(*self._heap[0]):
            heappop(self._heap)
        return self._heap[0][0] if self._heap else None

    def advance(self, at_s: float) -> list[Moved]:
        """The needles that time alone moved up to `at_s`, in the order in which they fell due."""
        moved: list[Moved] = []
        while self._heap and self._heap[0][0] <= at_s:
            due = heappop(self._heap)
            if self._is_due(*due):
                self._renew(self._timed[due[1]], due[2], due[0], moved, by_time=True)
        return moved

    def reading(self, gauge: str, key: str, now: float | None = None) -> Reading | None:
        """What a needle shows (at `now`: a waiting time grows); None where it has shown nothing."""
        dial = self._dials.get(gauge)
        return None if dial is None else dial.reading(key, now)

    def readings(self, now: float, gauges: Container[str] | None = None) -> Iterator[Reading]:
        """Every needle of these gauges (None: of all) as it stands at `now`, without those of calls that are over."""
        for name, dial in self._dials.items():
            if gauges is None or name in gauges:
                yield from dial.readings(now)

    def time_in_zones(self, now: float) -> dict[str, TimeInZones]:
        """How long each gauge's needles stood in red since the board began."""
        return {name: dial.clock.times(now) for name, dial in self._dials.items()}

    def given_up(self) -> dict[str, int]:
        """How many needles of each gauge were given up because there were too many."""
        return {name: dial.given_up for name, dial in self._dials.items()}

    def forget(self, key: GaugeKey, name: str, at_s: float) -> list[Moved]:
        """Gives up every needle of this call (lost), or of another key; the derived needles that this moved."""
        moved = self.advance(at_s)
        if key is GaugeKey.CALL:
            self._forget_call(name, at_s, moved)
            return moved
        for dial in self._dials.values():
            if dial.config.key is key and dial.forget(name, at_s):
                self._derive_worst(dial, at_s, moved)
        return moved

    def snapshot(self) -> BoardState:
        """All that is needed to go on as if nothing had happened."""
        return BoardState(
            dials={name: dial.snapshot() for name, dial in self._dials.items()},
            measures={name: measured(dial.config, self._site) for name, dial in self._dials.items()},
            calls={call: msgspec.structs.replace(labels) for call, labels in self._where.calls.items()},
            ended=dict(self._ended),
        )

    def restore(self, state: BoardState) -> None:
        """Goes on from a snapshot. A gauge that measures something else now, or is new, starts anew."""
        self._where.calls = {call: msgspec.structs.replace(labels) for call, labels in state.calls.items()}
        self._ended = dict(state.ended)
        for name, dial in self._dials.items():
            if state.measures.get(name) == measured(dial.config, self._site):
                dial.restore(state.dials[name])
        self._gather_dues()

    def _listen(self, dial: Dial) -> None:
        ears: dict[str, list[tuple[Role, Match]]] = {}
        for role, pick in picks(dial.config):
            match = matcher(pick)
            for type_ in dict.fromkeys(pick.events):
                ears.setdefault(type_, []).append((role, match))
        for type_, roles in ears.items():
            self._listeners.setdefault(type_, []).append((dial, roles))

    def _count(self, fact: Fact, now: float, moved: list[Moved]) -> None:
        over = fact.call in self._ended
        for dial, roles in self._listeners.get(fact.type, ()):
            n_needles = len(dial.needles)
            keys: Sequence[str] = ()
            for role, match in roles:
                if (number := match(fact)) is not None:
                    more = dial.apply(role, fact, number)
                    keys = more if not keys else tuple(dict.fromkeys((*keys, *more)))
            if over and dial.per_call and fact.call is not None:
                # Late news of a call that is over: it counts, and nobody is told.
                dial.end(fact.call, fact.at_s)
            for key in keys:
                self._renew(dial, key, fact.at_s, moved)
            if len(dial.needles) > n_needles:
                dial.sweep(now)

    def _renew(self, dial: Dial, key: str, at_s: float, moved: list[Moved], *, by_time: bool = False) -> None:
        change = dial.renew(key, at_s, by_time=by_time)
        if change is None:
            return
        if change[1]:
            moved.append(change[0])
        if dial.name in self._derived:
            self._derive(dial, change[0], moved)

    def _schedule(self, number: int, due_s: float, key: str) -> None:
        heappush(self._heap, (due_s, number, key))
        if len(self._heap) > 2 * self._n_dues + _SPARE_DUES:
            self._gather_dues()

    def _derive(self, dial: Dial | LevelDial, change: Moved, moved: list[Moved]) -> None:
        at_s = change.reading.at_s
        for derived in self._derived.get(dial.name, ()):
            formula = derived.config.formula
            if isinstance(formula, Quotient):
                key = change.reading.key
                of, by = self._dials[formula.of].value(key), self._dials[formula.by].value(key)
                if of is not None and by is not None:
                    self._feed(derived, key, of / max(by, formula.least), at_s, moved)
            elif isinstance(formula, Strain) and change.crossed:
                same = dial.config.key is derived.config.key
                self._strain(derived, formula, change.reading.key if same else SITE, at_s, moved)

    def _derive_worst(self, dial: Dial | LevelDial, at_s: float, moved: list[Moved]) -> None:
        for derived in self._derived.get(dial.name, ()):
            if isinstance(derived.config.formula, Strain):
                self._strain(derived, derived.config.formula, SITE, at_s, moved)

    def _strain(self, derived: Dial, formula: Strain, key: str, at_s: float, moved: list[Moved]) -> None:
        zones = [
            dial.zone(key) if dial.config.key is derived.config.key else dial.clock.worst
            for dial in (self._dials[name] for name in formula.gauges)
        ]
        n_red = sum(SEVERITY[zone] >= 2 for zone in zones)
        strained = 2.0 if n_red >= formula.red else 1.0 if all(SEVERITY[zone] >= 1 for zone in zones) else 0.0
        self._feed(derived, key, strained, at_s, moved)

    def _feed(self, derived: Dial, key: str, number: float, at_s: float, moved: list[Moved]) -> None:
        # What it is made of may be dated a little earlier by one gauge than by another: the latest word counts.
        at_s = max(at_s, derived.clock_s(key))
        fact = Fact(type="", at_s=at_s, key=key, value=number)
        for renewed in derived.apply(Role.OF, fact, number):
            self._renew(derived, renewed, at_s, moved)

    def _reached(self, config: GaugeConfig, fact: Fact, of_item: bool) -> bool:
        """Whether one of the gauges named in `only_if_any` stands so high for the fact's call, customer ..."""
        for name, least in config.only_if_any.items():
            dial = self._dials.get(name)
            if dial is None or (of_item and dial.config.key.value != config.item):
                continue
            key = self._labels[name](fact)
            value = None if key is None else dial.value(key)
            if value is not None and value >= least:
                return True
        return not config.only_if_any

    def _forget_call(self, call: str, at_s: float, moved: list[Moved]) -> None:
        self._ended.pop(call, None)
        self._where.calls.pop(call, None)
        for dial in self._call_dials:
            if dial.forget(call, at_s):
                self._derive_worst(dial, at_s, moved)

    def _sweep_calls(self, now: float, moved: list[Moved]) -> None:
        for _ in range(2):
            call = next(iter(self._ended), None)
            if call is None or self._ended[call] + self._site.lateness_s >= now:
                return
            self._forget_call(call, now, moved)

    def _is_due(self, due_s: float, number: int, key: str) -> bool:
        needle = self._timed[number].needles.get(key)
        return needle is not None and needle.due_s == due_s

    def _gather_dues(self) -> None:
        self._heap = [
            (needle.due_s, number, key)
            for number, dial in enumerate(self._timed)
            for key, needle in dial.needles.items()
            if needle.due_s < NEVER
        ]
        heapify(self._heap)
        self._n_dues = len(self._heap)
