"""A day of a contact centre as events alone: callers, queues, agents, a fault, promises. The same seed, the same bytes.

Nobody speaks here: the tension of a call is its `tension.zone` events. Waits come from agents who are busy with other
callers. Before noon a fault brings many calls about one matter to one queue, which has no more agents than on other
days. Some events come late, some twice.
"""

from collections.abc import Iterator
from heapq import heappop, heappush, heapreplace
from typing import Final

import msgspec

from voicerisk.events import AgentsReady, CallOffhours, Crm, CrmEvent, Event, Ready
from voicerisk.simulate.chance import Chance
from voicerisk.simulate.story import DayTruth, Plan, Story

OPENS_H: Final = 8
CLOSES_H: Final = 20
_BUSY: Final = (5, 9, 11, 10, 8, 8, 9, 9, 8, 7, 6, 4)
"""How busy each hour from `OPENS_H` on is, beside the others."""

_QUEUES: Final = {"billing": 0.40, "tech": 0.35, "sales": 0.15, "retention": 0.10}
_STAFFED_S: Final = 255.0
"""Seconds of an agent's time for each call that is expected: somewhat more than a call takes."""
_PATIENCE_S: Final = 240.0

FAULT_H: Final = (11.1, 12.3)
_FAULT_QUEUE: Final = "tech"
_FAULT_SURGE: Final = 0.4
"""Calls about the fault, for each call that comes anyway."""

_OFFHOURS: Final = 0.006
"""Attempts while the centre is closed, for each call of the day."""
_LATE: Final = 0.01
_TWICE: Final = 0.005


class Heard(msgspec.Struct, frozen=True):
    """An event, and when the service hears of it (epoch seconds)."""

    at_s: float
    event: Event


class _Desk:
    """The agents of one queue: when each of them is free."""

    def __init__(self) -> None:
        self.free: list[float] = []
        self.told: int | None = None

    def staff(self, n: int, at_s: float) -> None:
        """So many agents from now on, and one at least; who leaves finishes the call first."""
        while len(self.free) < max(1, n):
            heappush(self.free, at_s)
        while len(self.free) > max(1, n):
            heappop(self.free)

    def ready(self, at_s: float) -> int:
        """How many agents wait for a call."""
        return sum(free_s <= at_s for free_s in self.free)


class Day:
    """One day. `truth` counts what really happened, as far as the events have been taken."""

    def __init__(self, seed: int, midnight_s: float, n_calls: int = 100_000) -> None:
        """The day that begins at `midnight_s` (epoch seconds), with so many calls while the centre is open."""
        self.truth = DayTruth()
        self._midnight_s = midnight_s
        self._name = f"day-{seed}"
        self._chance = Chance(seed)
        self._story = Story(seed, self._chance, self.truth)
        self._desks = {queue: _Desk() for queue in _QUEUES}
        self._due = _calls_per_minute(n_calls)
        self._n_offhours = n_calls * _OFFHOURS / sum(calls == 0.0 for calls in self._due)
        self._heap: list[tuple[float, int, Event]] = []
        self._n_heard = 0

    def events(self) -> Iterator[Heard]:
        """The day's events in the order in which they are heard; the last ones come after midnight."""
        called = attempts = 0.0
        for minute, due in enumerate(self._due):
            at_s = self._midnight_s + 60.0 * minute
            called += due
            n_calls = int(called + 1e-6) - self.truth.calls
            if minute % 60 == 0:
                for queue, desk in self._desks.items():
                    expected = 60.0 * _plain(self._due, minute) * _QUEUES[queue]
                    desk.staff(round(expected * _STAFFED_S / 3600.0), at_s)
            self._tell_ready(at_s)
            self._tell_fault(minute, at_s)
            for start_s in sorted(at_s + self._chance.between(0.0, 59.999) for _ in range(n_calls)):
                self._call(start_s, minute / 60.0)
            if due == 0.0:
                attempts += self._n_offhours
                while attempts >= 1.0:
                    attempts -= 1.0
                    self._offhours(at_s)
            yield from self._heard(at_s)
        yield from self._heard(float("inf"))

    def _call(self, start_s: float, hour: float) -> None:
        chance = self._chance
        fault = _in_fault(hour) and chance.happens(_FAULT_SURGE / (1.0 + _FAULT_SURGE))
        queue = _FAULT_QUEUE if fault else chance.weighed(_QUEUES)
        desk = self._desks[queue]
        gives_up_s = round(start_s + 1.0 + chance.about(_PATIENCE_S), 3)
        answer_s = round(max(start_s + 3.0, desk.free[0]), 3)
        answered = answer_s < gives_up_s
        plan = Plan(round(start_s, 3), queue, answer_s if answered else None, gives_up_s, fault)
        events, end_s = self._story.call(plan)
        if answered:
            heapreplace(desk.free, end_s + 10.0)
        for event in events:
            self._tell(event)

    def _tell_ready(self, at_s: float) -> None:
        for queue, desk in self._desks.items():
            ready = desk.ready(at_s)
            if ready != desk.told:
                desk.told = ready
                name = f"{self._name}:{queue}:{at_s:.0f}"
                self._tell(AgentsReady(id=name, at=at_s, queue=queue, data=Ready(ready=ready)))

    def _tell_fault(self, minute: int, at_s: float) -> None:
        before, now = _in_fault((minute - 1) / 60.0), _in_fault(minute / 60.0)
        if before is not now:
            data = Crm(subtype="outage.on" if now else "outage.off", fields={"what": "no internet in the north"})
            # People notice some minutes after the calls have begun.
            self._tell(CrmEvent(id=f"{self._name}:{data.subtype}", at=at_s + 600.0, queue=_FAULT_QUEUE, data=data))

    def _offhours(self, at_s: float) -> None:
        start_s = round(at_s + self._chance.between(0.0, 59.999), 3)
        self._tell(CallOffhours(id=f"{self._name}:offhours:{start_s}", at=start_s))

    def _tell(self, event: Event) -> None:
        chance = self._chance
        self.truth.events += 1
        heard_s = event.at + chance.between(0.02, 0.5)
        if chance.happens(_LATE):
            heard_s += chance.about(120.0)
        for _ in range(1 + chance.happens(_TWICE)):
            self._n_heard += 1
            heappush(self._heap, (round(heard_s, 3), self._n_heard, event))
            heard_s += chance.about(30.0)

    def _heard(self, until_s: float) -> Iterator[Heard]:
        while self._heap and self._heap[0][0] < until_s:
            heard_s, _, event = heappop(self._heap)
            yield Heard(heard_s, event)


def _in_fault(hour: float) -> bool:
    return FAULT_H[0] <= hour < FAULT_H[1]


def _calls_per_minute(n_calls: int) -> list[float]:
    """How many calls begin in each minute of the day; they add up to `n_calls`."""
    weights = [0.0] * 24 * 60
    for minute in range(OPENS_H * 60, CLOSES_H * 60):
        weights[minute] = _BUSY[minute // 60 - OPENS_H] * (1.0 + _FAULT_SURGE * _in_fault(minute / 60.0))
    total = sum(weights)
    return [n_calls * weight / total for weight in weights]


def _plain(due: list[float], minute: int) -> float:
    """How many calls a minute are expected in this hour on a day without a fault."""
    return due[minute] / (1.0 + _FAULT_SURGE * _in_fault(minute / 60.0))
