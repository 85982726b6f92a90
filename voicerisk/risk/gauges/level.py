"""The tension of calls: zones held by evidence (seconds of speech that was judged), not by the clock."""

from collections.abc import Iterator

import msgspec

from voicerisk.events import TensionWindow, Zone
from voicerisk.risk.gauges.config import GaugeConfig
from voicerisk.risk.gauges.readings import Moved, Reading
from voicerisk.risk.gauges.zoneclock import ZoneClock
from voicerisk.zones import Charge, Zones, ZoneTracker


class LevelState(msgspec.Struct, frozen=True):
    """One call's needle: what it shows, and what has gathered against which zones."""

    reading: Reading
    zones: Zones | None = None
    so_far: tuple[Charge, Charge] | None = None


class LevelDialState(msgspec.Struct, frozen=True):
    """The needles of all calls."""

    calls: dict[str, LevelState]
    clock: ZoneClock
    given_up: int


class LevelGauge:
    """The needle of one call."""

    __slots__ = ("_config", "_name", "_tracker", "_zones", "reading")

    def __init__(self, name: str, config: GaugeConfig, state: LevelState | None = None) -> None:
        """A new needle, or one that goes on from where it stood."""
        self._name = name
        self._config = config
        self._zones = state.zones if state else None
        self._tracker: ZoneTracker | None = None
        self.reading: Reading | None = state.reading if state else None
        if state and state.zones is not None and state.so_far is not None:
            self._tracker = ZoneTracker(state.zones, state.so_far)

    def step(self, event: TensionWindow, queue: str | None) -> tuple[Zone, Reading]:
        """The zone before and the needle after this window. The first window is held against green."""
        data = event.data
        before = self.reading
        previous = before.zone if before else Zone.GREEN
        zone = self._zone(event, queue)
        self.reading = Reading(
            gauge=self._name,
            key=event.call,
            value=data.level,
            zone=zone,
            at_s=event.at,
            since_s=before.since_s if before and zone is previous else event.at,
            unit=self._config.unit,
            evidence=data.evidence,
            at_media_s=data.at_s,
            stale_s=self._config.stale_s,
        )
        return previous, self.reading

    def state(self) -> LevelState | None:
        """What a new needle needs to go on from here; None before the first window."""
        if self.reading is None:
            return None
        return LevelState(self.reading, self._zones, self._tracker.so_far if self._tracker else None)

    def _zone(self, event: TensionWindow, queue: str | None) -> Zone:
        zones = self._config.queues.get(queue or "", self._config.zones)
        if zones is None:
            self._tracker = None
            return event.data.zone
        if self._tracker is None:
            self._tracker = ZoneTracker(zones)
        elif zones is not self._zones:
            # The call moved to a queue with other zones: what has gathered against the old ones still counts.
            self._tracker.move_to(zones)
        self._zones = zones
        return self._tracker.step(event.data.level, event.data.evidence_s)


class LevelDial:
    """The needles of all live calls."""

    def __init__(self, name: str, config: GaugeConfig) -> None:
        self.name = name
        self.config = config
        self.clock = ZoneClock()
        self.given_up = 0
        self._calls: dict[str, LevelGauge] = {}

    def step(self, event: TensionWindow, queue: str | None) -> Moved | None:
        """What the window moved; None for a repetition, or one that comes after a later one."""
        gauge = self._calls.get(event.call)
        if gauge is None:
            if len(self._calls) >= self.config.max_keys:
                self.given_up += 1
                self.end(next(iter(self._calls)), event.at)
            gauge = self._calls[event.call] = LevelGauge(self.name, self.config)
        before = gauge.reading
        if before is not None and before.at_media_s is not None and event.data.at_s <= before.at_media_s:
            return None
        previous, reading = gauge.step(event, queue)
        self.clock.move(previous if before else None, reading.zone, event.at)
        return Moved(reading=reading, previous=previous)

    def begin_anew(self, call: str) -> None:
        """A call that is taken up again, after a restart of ours, counts its media seconds from the start."""
        if (gauge := self._calls.get(call)) is not None and gauge.reading is not None:
            gauge.reading = msgspec.structs.replace(gauge.reading, at_media_s=None)

    def value(self, key: str) -> float | None:
        """The call's tension; None where nothing was heard."""
        reading = self.reading(key, None)
        return None if reading is None else reading.value

    def zone(self, key: str) -> Zone:
        """The call's zone; green where nothing was heard."""
        reading = self.reading(key, None)
        return Zone.GREEN if reading is None else reading.zone

    def reading(self, key: str, now: float | None) -> Reading | None:
        """What the call's needle shows."""
        gauge = self._calls.get(key)
        return None if gauge is None else gauge.reading

    def readings(self, now: float) -> Iterator[Reading]:
        """The needles of all live calls."""
        for gauge in self._calls.values():
            if gauge.reading is not None:
                yield gauge.reading

    def end(self, key: str, at_s: float) -> bool:
        """The call is over. Whether that may change the worst zone."""
        gauge = self._calls.pop(key, None)
        if gauge is None or gauge.reading is None:
            return False
        self.clock.move(gauge.reading.zone, None, at_s)
        return gauge.reading.zone is not Zone.GREEN

    def forget(self, key: str, at_s: float) -> bool:
        """The same: nothing of a call's tension outlives it."""
        return self.end(key, at_s)

    def snapshot(self) -> bytes:
        """Everything, as msgpack."""
        calls = {call: state for call, gauge in self._calls.items() if (state := gauge.state()) is not None}
        return msgspec.msgpack.encode(LevelDialState(calls, self.clock, self.given_up))

    def restore(self, raw: bytes) -> None:
        """Goes on from a snapshot."""
        state = msgspec.msgpack.decode(raw, type=LevelDialState)
        self._calls = {call: LevelGauge(self.name, self.config, one) for call, one in state.calls.items()}
        self.clock, self.given_up = state.clock, state.given_up
