"""Writes down what the engine did, for reports and for those who come later: crossings, runs, items, refusals."""

import asyncio
from collections.abc import Coroutine
from functools import partial
from typing import Any, Final

import msgspec

from voicerisk.events import Zone
from voicerisk.risk.actions import Action, EventRefused, ZoneCrossed
from voicerisk.risk.desk.incidents import IncidentChanged, IncidentWhat
from voicerisk.risk.desk.promises import PromiseChanged, PromiseRecord, PromiseState
from voicerisk.risk.gauges import Reading
from voicerisk.risk.runs import RunChanged
from voicerisk.risk.tasks import Task, TaskChanged, TaskOpened
from voicerisk.store import history, journal
from voicerisk.store.history import Crossed, ItemRecord, RunRecord, Sample
from voicerisk.store.journal import DeadLetter
from voicerisk.store.store import Store

MAX_PENDING: Final = 10_000
"""Crossings that wait for the next second's commit; above it the oldest go."""


class Scribe:
    """Takes every action of the engine. Nobody waits for it; the store keeps what cannot be written now."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._crossings: list[Crossed] = []
        self._n_batches = 0
        self._saves: set[asyncio.Task[bool]] = set()

    def act(self, action: Action) -> None:
        """Writes down what the action says, if it says anything for the record."""
        match action:
            case ZoneCrossed():
                self._crossings.append(
                    Crossed(
                        gauge=action.gauge, key=action.key, previous=action.previous, zone=action.zone,
                        value=action.value, at_s=action.at_s, queue=action.queue,
                    )
                )  # fmt: skip
                del self._crossings[:-MAX_PENDING]
            case RunChanged():
                self._run(action)
            case TaskOpened() | TaskChanged():
                self._task(action.task)
            case PromiseChanged():
                self._save_item(_promise(action.promise))
            case IncidentChanged():
                self._save_item(_incident(action))
            case EventRefused():
                letter = DeadLetter(
                    at_s=action.at_s, source=action.event_type, reason=action.reason, payload=action.event_id
                )
                self.refused(letter)
            case _:
                pass

    def refused(self, letter: DeadLetter) -> None:
        """Keeps what was refused, and why."""
        self._later(self._store.save(self._batch("letter"), partial(journal.write_dead_letter, letter=letter)))

    def flush(self) -> None:
        """Writes the crossings of the last moment, in one go."""
        if self._crossings:
            crossings, self._crossings = self._crossings, []
            self._later(
                self._store.save(self._batch("crossing"), partial(history.write_crossings, crossings=crossings))
            )

    def sample(self, readings: list[Reading], at_s: float) -> None:
        """Writes what the needles show at a full minute."""
        samples = [
            Sample(gauge=one.gauge, key=one.key, at_s=at_s, value=one.value, zone=Zone(one.zone)) for one in readings
        ]
        if samples:
            self._later(self._store.save(self._batch("reading"), partial(history.write_readings, samples=samples)))

    async def close(self) -> None:
        """Returns once everything was handed to the store."""
        self.flush()
        while self._saves:
            await asyncio.wait(self._saves)

    def _run(self, changed: RunChanged) -> None:
        run = changed.run
        record = RunRecord(
            id=run.id, alert_id=run.alert_id, procedure=run.name, state=run.state, started_at_s=run.started_at_s,
            payload=msgspec.json.encode(run).decode(),
        )  # fmt: skip
        self._later(self._store.save(("run", run.id), partial(history.write_run, run=record)))

    def _task(self, task: Task) -> None:
        record = ItemRecord(
            id=task.id, kind=f"task.{task.kind.value}", state="open" if task.is_open else "closed",
            owner=task.person or task.owner, opened_at_s=task.opened_at_s, due_at_s=task.due_at_s,
            closed_at_s=task.closed_at_s, customer=task.customer, call_id=task.call_id, queue=task.queue,
            payload=msgspec.json.encode(task).decode(),
        )  # fmt: skip
        self._save_item(record)

    def _save_item(self, record: ItemRecord) -> None:
        self._later(self._store.save(("item", record.id), partial(history.write_item, item=record)))

    def _batch(self, kind: str) -> tuple[str, str]:
        self._n_batches += 1
        return kind, str(self._n_batches)

    def _later(self, save: Coroutine[Any, Any, bool]) -> None:
        task = asyncio.get_running_loop().create_task(save)
        self._saves.add(task)
        task.add_done_callback(self._saves.discard)


def _promise(promise: PromiseRecord) -> ItemRecord:
    return ItemRecord(
        id=f"promise:{promise.id}", kind="promise", state=promise.state, owner="", opened_at_s=promise.made_at_s,
        due_at_s=promise.due_at_s, closed_at_s=promise.kept_at_s if promise.state is PromiseState.KEPT else None,
        customer=promise.customer, call_id=promise.call, queue=promise.queue,
        payload=msgspec.json.encode(promise).decode(),
    )  # fmt: skip


def _incident(changed: IncidentChanged) -> ItemRecord:
    incident = changed.incident
    over = changed.what in (IncidentWhat.CLOSED, IncidentWhat.TOO_MANY)
    return ItemRecord(
        id=f"incident:{incident.id}", kind="incident", state="closed" if over else "open",
        owner=incident.person or "", opened_at_s=incident.opened_at_s, closed_at_s=changed.at_s if over else None,
        customer=incident.customer, queue=incident.queue, payload=msgspec.json.encode(incident).decode(),
    )  # fmt: skip
