"""One gauge and its needles: values from the gauge's kind, zones held by time."""

from collections.abc import Callable, Iterator, Sequence
from typing import Any, Final, Generic, TypeVar

import msgspec

from voicerisk.events import Zone
from voicerisk.risk.gauges.config import GaugeConfig, GaugeKey
from voicerisk.risk.gauges.facts import Fact
from voicerisk.risk.gauges.held import NEVER, Held, move, new_held
from voicerisk.risk.gauges.kind import Kind, Role
from voicerisk.risk.gauges.readings import Moved, Reading
from voicerisk.risk.gauges.zoneclock import ZoneClock
from voicerisk.zones import Boundary, Zones

M = TypeVar("M")
N = TypeVar("N")

_SWEEP: Final = 2
"""Needles looked at for each new one: those at rest are forgotten."""

_PASSING: Final = frozenset({GaugeKey.CALL, GaugeKey.CUSTOMER, GaugeKey.INCIDENT})
"""Keys of which there are ever new ones."""


class Needle(msgspec.Struct, Generic[M], gc=False):
    """One needle. `clock_s` is how far its time has come, `at_s` when its value was last renewed.

    `over`: its call has ended; it still counts what is late, and is seen by nobody. `queue` is the call's.
    """

    meter: M
    value: float | None = None
    zone: Zone = Zone.GREEN
    at_s: float = 0.0
    since_s: float = 0.0
    clock_s: float = 0.0
    due_s: float = NEVER
    held: Held | None = None
    queue: str | None = None
    seen: bool = False
    over: bool = False


class DialState(msgspec.Struct, Generic[M, N]):
    """Everything of a dial that goes into a snapshot. `zones` says against which zones it stood."""

    needles: dict[str, Needle[M]]
    memory: N
    clock: ZoneClock
    given_up: int
    zones: bytes


class Dial:
    """The needles of one gauge.

    `given_up` counts those that had to make room for others.
    """

    def __init__(
        self,
        name: str,
        config: GaugeConfig,
        kind: Kind[Any],
        key_of: Callable[[Fact], str | None],
        watch: Sequence[float],
        schedule: Callable[[float, str], None],
    ) -> None:
        """`watch`: values at which a needle that moves by time alone is told of; `schedule` is told when it is due."""
        self.name = name
        self.config = config
        self.key_of = key_of
        self.needles: dict[str, Needle[Any]] = {}
        self.clock = ZoneClock()
        self.given_up = 0
        self._kind = kind
        self._settle = kind.settle
        self._watch = tuple(watch)
        self._least_watched = min(watch, default=NEVER)
        self._schedule = schedule
        self.per_call = config.key is GaugeKey.CALL
        self._passing = config.key in _PASSING
        self._judged = config.zones is not None or bool(config.queues)
        self._unit, self._stale_s = config.unit, config.stale_s
        self._low = config.worse == "low"
        self._zones = _facing(config.zones, self._low)
        self._queues = {queue: _facing(zones, self._low) for queue, zones in config.queues.items()}
        self._state_type = DialState[kind.meter_type, type(kind.memory)]  # type: ignore[misc, name-defined]

    def apply(self, role: Role, fact: Fact, number: float) -> Sequence[str]:
        """Counts a fact; the keys whose needles are to be renewed."""
        keys = self._kind.apply(role, fact, number, self.key_of(fact), self._meter)
        if self.per_call and fact.queue is not None:
            for moved in keys:
                self.needles[moved].queue = fact.queue
        return keys

    def renew(self, key: str, at_s: float, *, by_time: bool = False) -> tuple[Moved, bool] | None:
        """What the needle shows now that something happened to it at `at_s`, and whether anybody wants to know.

        None where neither its value nor its zone is another. Time alone is told of only where a zone or a watched value
        is crossed.
        """
        needle = self.needles.get(key)
        if needle is None:
            return None
        # Plain comparisons here and below: this runs a few times for every event.
        now = needle.clock_s = at_s if at_s > needle.clock_s else needle.clock_s
        value = self._settle(needle.meter, now)
        before, previous = needle.value, needle.zone
        if value is not None:
            needle.value = value
        zone = needle.zone = self._zone(key, needle, value, now) if self._judged else Zone.GREEN
        due_s = self._due_s(needle, value, now)
        if due_s != needle.due_s or by_time:
            needle.due_s = due_s
            if due_s < NEVER:
                self._schedule(due_s, key)
        changed = value is not None and value != before
        if changed or not by_time:
            needle.at_s = now
        if zone is not previous or before is None:
            needle.since_s = now
        if not needle.over and (zone is not previous or not needle.seen):
            self.clock.move(previous if needle.seen else None, zone, now)
            needle.seen = True
        if not changed and zone is previous:
            return None
        wanted = not needle.over and (not by_time or zone is not previous or self._watched(before, value))
        return Moved(reading=self._reading(key, needle, needle.value or 0.0, now), previous=previous), wanted

    def value(self, key: str) -> float | None:
        """The value as of the needle's last move; None where there is none."""
        needle = self.needles.get(key)
        return None if needle is None else self._kind.value(needle.meter, needle.clock_s)

    def zone(self, key: str) -> Zone:
        """The zone of one needle; green where there is none."""
        needle = self.needles.get(key)
        return Zone.GREEN if needle is None or needle.over else needle.zone

    def clock_s(self, key: str) -> float:
        """How far the needle's time has come, epoch seconds."""
        needle = self.needles.get(key)
        return 0.0 if needle is None else needle.clock_s

    def due_s(self, key: str) -> float:
        """When time alone moves the needle."""
        needle = self.needles.get(key)
        return NEVER if needle is None else needle.due_s

    def reading(self, key: str, now: float | None) -> Reading | None:
        """What the needle shows at `now`, or as of its last move; None where it shows nothing."""
        needle = self.needles.get(key)
        if needle is None:
            return None
        at_s = needle.clock_s if now is None else max(now, needle.clock_s)
        value = self._kind.value(needle.meter, at_s)
        if value is None:
            return None
        return self._reading(key, needle, value, needle.at_s if value == needle.value else at_s)

    def readings(self, now: float) -> Iterator[Reading]:
        """Every needle in sight, as it stands at `now`."""
        for key, needle in self.needles.items():
            if not needle.over and (reading := self.reading(key, now)) is not None:
                yield reading

    def end(self, key: str, at_s: float) -> bool:
        """The key's call is over: its needle is out of sight. Whether that may change the worst zone."""
        needle = self.needles.get(key)
        if needle is None or needle.over:
            return False
        needle.over = True
        if needle.seen:
            self.clock.move(needle.zone, None, max(at_s, needle.clock_s))
        return needle.zone is not Zone.GREEN

    def forget(self, key: str, at_s: float) -> bool:
        """Gives the needle up. Whether that may change the worst zone."""
        changed = self.end(key, at_s)
        self.needles.pop(key, None)
        return changed

    def sweep(self, now: float) -> None:
        """Forgets a few needles of which nothing is left, from those longest unmoved, and gives up what has no room.

        To be called for each new needle: what comes in pays for what goes. A queue's needle stays, to show that nobody
        waits there.
        """
        while len(self.needles) > self.config.max_keys:
            self.given_up += 1
            self.forget(next(iter(self.needles)), now)
        if not self._passing:
            return
        for _ in range(min(_SWEEP, len(self.needles))):
            key = next(iter(self.needles))
            needle = self.needles[key]
            if needle.held is None:
                self._kind.settle(needle.meter, max(now, needle.clock_s))
                if self._kind.at_rest(needle.meter):
                    self.forget(key, now)
                    continue
            self.needles[key] = self.needles.pop(key)

    def snapshot(self) -> bytes:
        """Everything, as msgpack."""
        state: DialState[Any, Any] = DialState(
            needles=self.needles,
            memory=self._kind.memory,
            clock=self.clock,
            given_up=self.given_up,
            zones=self._zones_told(),
        )
        return msgspec.msgpack.encode(state)

    def restore(self, raw: bytes) -> None:
        """Goes on from a snapshot; where the zones are others now, every needle is held against the new ones."""
        state = msgspec.msgpack.decode(raw, type=self._state_type)
        self.needles.clear()
        self.needles.update(state.needles)
        self.clock, self.given_up = state.clock, state.given_up
        self._kind.memory = state.memory
        if state.zones != self._zones_told():
            for key, needle in self.needles.items():
                needle.held = None
                self.renew(key, needle.clock_s)

    def _meter(self, key: str) -> Any:
        """The meter of this key, which becomes the one that was moved last."""
        needle = self.needles.get(key)
        if needle is None:
            needle = self.needles[key] = Needle(meter=self._kind.new())
        elif self._passing:
            del self.needles[key]
            self.needles[key] = needle
        return needle.meter

    def _zone(self, key: str, needle: Needle[Any], value: float | None, at_s: float) -> Zone:
        zones = self._queues.get(self._queue(key, needle) or "", self._zones) if self._queues else self._zones
        if zones is None:
            return Zone.GREEN
        if value is None:
            needle.held = None
            return Zone.GREEN
        facing = -value if self._low else value
        if needle.held is None:
            if facing < zones.amber.enter:
                return Zone.GREEN
            needle.held = new_held()
        move(needle.held, zones, facing, at_s)
        if facing < zones.amber.enter and needle.held.empty:
            needle.held = None
            return Zone.GREEN
        return needle.held.zone

    def _queue(self, key: str, needle: Needle[Any]) -> str | None:
        return key if self.config.key is GaugeKey.QUEUE else needle.queue

    def _due_s(self, needle: Needle[Any], value: float | None, at_s: float) -> float:
        if needle.held is not None:
            return min(needle.held.due_s, self._kind.due_s(needle.meter, at_s))
        if self._kind.only_falls and not self._low and (value is None or value < self._least_watched):
            # A count in green can only fall further: nobody waits for that.
            return NEVER
        return self._kind.due_s(needle.meter, at_s)

    def _watched(self, before: float | None, value: float | None) -> bool:
        if value is None or before is None:
            return bool(self._watch)
        return any((before < watched) is not (value < watched) for watched in self._watch)

    def _reading(self, key: str, needle: Needle[Any], value: float, at_s: float) -> Reading:
        return Reading(
            gauge=self.name,
            key=key,
            value=value,
            zone=needle.zone,
            at_s=at_s,
            since_s=needle.since_s,
            unit=self._unit,
            stale_s=self._stale_s,
        )

    def _zones_told(self) -> bytes:
        return msgspec.msgpack.encode((self.config.worse, self.config.zones, self.config.queues))


def _facing(zones: Zones | None, low: bool) -> Zones | None:
    """The zones so that worse is higher."""
    if zones is None or not low:
        return zones
    return Zones(amber=_mirrored(zones.amber), red=_mirrored(zones.red))


def _mirrored(edge: Boundary) -> Boundary:
    return msgspec.structs.replace(edge, enter=-edge.enter, leave=-edge.leave)
