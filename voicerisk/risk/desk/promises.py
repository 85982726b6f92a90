"""Promises to customers: made, kept, or overdue the moment their time has passed."""

from enum import StrEnum
from typing import Final

import msgspec

from voicerisk.events import PromiseKept, PromiseMade
from voicerisk.risk.desk.earliest import Earliest

MAX_KEPT_EARLY: Final = 10_000
"""Promises known to be kept whose making has not been heard of: news travels in any order."""


class PromiseState(StrEnum):
    """How it stands with a promise."""

    OPEN = "open"
    OVERDUE = "overdue"
    KEPT = "kept"
    TOO_MANY = "too_many"
    """More open promises than are remembered; the oldest was given up."""


class PromiseRecord(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One promise; times in epoch seconds. `kept_at_s` after `due_at_s`: kept late."""

    id: str
    made_at_s: float
    due_at_s: float
    what: str = ""
    state: PromiseState = PromiseState.OPEN
    kept_at_s: float | None = None
    customer: str | None = None
    call: str | None = None
    queue: str | None = None


class PromiseChanged(msgspec.Struct, frozen=True, kw_only=True, tag="promise_changed"):
    """A promise was made, moved to another time, kept, or has run over."""

    promise: PromiseRecord
    at_s: float


class PromiseBookState(msgspec.Struct, kw_only=True):
    """What has to be remembered over a restart."""

    promises: list[PromiseRecord] = []
    kept_early: dict[str, float] = {}


class PromiseBook:
    """Every promise that is not kept yet."""

    def __init__(self, max_open: int = 100_000) -> None:
        self._max_open = max_open
        self._promises: dict[str, PromiseRecord] = {}
        self._of_customer: dict[str, dict[str, None]] = {}
        self._kept_early: dict[str, float] = {}
        self._due = Earliest()

    def of_customer(self, customer: str) -> tuple[PromiseRecord, ...]:
        """What this customer still waits for, what is due first at the head."""
        found = (self._promises[id_] for id_ in self._of_customer.get(customer, ()))
        return tuple(sorted(found, key=lambda promise: (promise.due_at_s, promise.id)))

    def open(self) -> tuple[PromiseRecord, ...]:
        """Every promise not kept yet."""
        return tuple(self._promises.values())

    def made(self, event: PromiseMade) -> list[PromiseChanged]:
        """A promise was made, or one of that id has a new time."""
        data = event.data
        if (kept_at_s := self._kept_early.pop(data.promise, None)) is not None and kept_at_s >= event.at:
            return []
        promise = PromiseRecord(
            id=data.promise,
            made_at_s=event.at,
            due_at_s=data.due_at,
            what=data.what,
            customer=event.customer,
            call=event.call,
            queue=event.queue,
        )
        told: list[PromiseChanged] = []
        if data.promise in self._promises:
            self._forget(data.promise)
        elif len(self._promises) >= self._max_open:
            oldest = self._forget(next(iter(self._promises)))
            given_up = msgspec.structs.replace(oldest, state=PromiseState.TOO_MANY)
            told.append(PromiseChanged(promise=given_up, at_s=event.at))
        self._put(promise)
        return [*told, PromiseChanged(promise=promise, at_s=event.at)]

    def kept(self, event: PromiseKept) -> list[PromiseChanged]:
        """A promise was kept, in time or late; one never heard of is remembered for when its making arrives."""
        id_ = event.data.promise
        if id_ not in self._promises:
            self._kept_early[id_] = event.at
            if len(self._kept_early) > MAX_KEPT_EARLY:
                del self._kept_early[next(iter(self._kept_early))]
            return []
        kept = msgspec.structs.replace(self._forget(id_), state=PromiseState.KEPT, kept_at_s=event.at)
        return [PromiseChanged(promise=kept, at_s=event.at)]

    def next_due_s(self) -> float | None:
        """When the next promise runs over its time."""
        return self._due.first_s()

    def advance(self, at_s: float) -> list[PromiseChanged]:
        """What has run over its time by `at_s`; each is told once."""
        told = []
        for due_s, id_ in self._due.due(at_s):
            late = msgspec.structs.replace(self._promises[id_], state=PromiseState.OVERDUE)
            self._promises[id_] = late
            told.append(PromiseChanged(promise=late, at_s=due_s))
        return told

    def snapshot(self) -> PromiseBookState:
        """The book as it stands."""
        return PromiseBookState(promises=list(self._promises.values()), kept_early=dict(self._kept_early))

    def restore(self, state: PromiseBookState) -> None:
        """Go on from a snapshot."""
        self._kept_early = dict(state.kept_early)
        for promise in state.promises:
            self._put(promise)

    def _put(self, promise: PromiseRecord) -> None:
        self._promises[promise.id] = promise
        if promise.customer is not None:
            self._of_customer.setdefault(promise.customer, {})[promise.id] = None
        if promise.state is PromiseState.OPEN:
            self._due.put(promise.id, promise.due_at_s)

    def _forget(self, id_: str) -> PromiseRecord:
        promise = self._promises.pop(id_)
        self._due.drop(id_)
        if promise.customer is not None:
            mine = self._of_customer[promise.customer]
            del mine[id_]
            if not mine:
                del self._of_customer[promise.customer]
        return promise
