"""What the engine hears, written down in order, and the engine given back from it after a crash.

The engine is a pure function of its inputs: events and deeds, each with the time at which it was heard. They are
numbered as the engine takes them and kept in the store, and now and then the engine's whole state beside them. After a
crash the last state and the inputs behind it give the same engine as if nothing had happened.

Of the tension windows, two a second for each call, only those are written down that something followed from: a live
call's needle begins anew after a restart, and its alerts stand as they stood.
"""

import asyncio
import hashlib
from collections.abc import Coroutine, Iterable, Sequence
from functools import partial
from typing import Any, Final
from uuid import uuid4

import msgspec
import structlog

from voicerisk.events import Event, EventError, decode_event, encode_event, event_type
from voicerisk.risk.actions import Action, AlertAction, Notify
from voicerisk.risk.alerts import Alert
from voicerisk.risk.config import RiskConfig
from voicerisk.risk.deeds import Deed
from voicerisk.risk.engine import Engine
from voicerisk.risk.state import VERSION, EngineState
from voicerisk.store import journal
from voicerisk.store.journal import Input, Snapshot
from voicerisk.store.store import Store

_log = structlog.get_logger(__name__)

DEED: Final = "deed."
"""What the type of an input begins with that is no event."""

_PAGE: Final = 2_000

_deeds = msgspec.json.Decoder(Deed)
_states = msgspec.msgpack.Decoder(EngineState)


class Rebuilt(msgspec.Struct, frozen=True, kw_only=True):
    """How the engine was given back.

    `actions` are what it asked for that the store shows no sign of: the crash came between an input and what it caused.
    """

    n_inputs: int
    from_snapshot: bool
    actions: Sequence[Action] = ()


class Ledger:
    """Numbers and keeps the engine's inputs. Used from one event loop, by whoever gives the engine its inputs."""

    def __init__(self, store: Store, engine: Engine, rules: str, replay_s: float) -> None:
        self._store = store
        self._engine = engine
        self._rules = rules
        self._replay_s = replay_s
        self._seq = 0
        self._snapshot_seq = -1
        self._is_whole = True

    async def rebuild(self, now: float) -> Rebuilt:
        """Brings a fresh engine to where the last one was. Raises `StoreError`."""
        self._is_whole = False
        seq, from_snapshot = await self._from_snapshot(now)
        actions: list[Action] = []
        n_inputs = 0
        while page := await self._store.read(partial(journal.read_inputs, after_seq=seq, limit=_PAGE)):
            for one in page:
                actions += self._again(one)
            seq, n_inputs = page[-1].seq, n_inputs + len(page)
            await asyncio.sleep(0)
        self._seq = max(seq, await self._store.read(journal.last_seq))
        stored = {alert.id: alert for alert in await self._store.open_alerts()}
        undone = await self._undone(actions, stored)
        known = {alert.id: len(alert.history) for alert in self._engine.alerts()}
        newer = [alert for alert in stored.values() if len(alert.history) > known.get(alert.id, 0)]
        self._engine.adopt(newer, now)
        self._is_whole = True
        return Rebuilt(n_inputs=n_inputs, from_snapshot=from_snapshot, actions=undone)

    def heard(self, events: Iterable[Event], now: float) -> Coroutine[Any, Any, bool]:
        """Numbers the events, which the engine took at `now`; what comes back is True once they are on the disk.

        Call it in the order in which the engine takes its inputs, and leave out what the engine refused.
        """
        return self._keep([self._event(event, now) for event in events])

    def did(self, deed: Deed, now: float) -> Coroutine[Any, Any, bool]:
        """Numbers the deed, which the engine took at `now`; what comes back is True once it is on the disk."""
        one = Input(
            seq=self._next(),
            id=f"{DEED}{uuid4().hex}",
            type=f"{DEED}{type(deed).__struct_config__.tag}",
            at_s=now,
            heard_at_s=now,
            payload=msgspec.json.encode(deed).decode(),
        )
        return self._keep([one])

    async def snapshot(self, now: float) -> bool:
        """Keeps the engine's state, unless nothing was heard since the last time. True once it is on the disk.

        The state of an engine that was not given back whole, because the store failed half way, is none to keep.
        """
        if self._seq == self._snapshot_seq or not self._is_whole:
            return True
        self._snapshot_seq = self._seq
        state = msgspec.msgpack.encode(self._engine.snapshot())
        made = Snapshot(seq=self._seq, at_s=now, rules=self._rules, state=state)
        return await self._store.save(("snapshot",), partial(journal.write_snapshot, snapshot=made))

    async def _from_snapshot(self, now: float) -> tuple[int, bool]:
        """The number of the input that the engine stands behind, and whether a snapshot put it there."""
        for one in await self._store.read(partial(journal.read_snapshots, rules=self._rules)):
            try:
                self._engine.restore(_states.decode(one.state))
            except msgspec.DecodeError as error:
                _log.warning("a snapshot cannot be read; an earlier one is tried", at_s=one.at_s, problem=str(error))
                continue
            self._snapshot_seq = one.seq
            return one.seq, True
        since = partial(journal.first_seq_since, heard_at_s=now - self._replay_s)
        return await self._store.read(since), False

    def _again(self, one: Input) -> list[Action]:
        try:
            if one.type.startswith(DEED):
                return self._engine.do(_deeds.decode(one.payload), one.heard_at_s)
            event = decode_event(one.payload)
            if self._engine.knows(event.id):
                # The snapshot has it: it was lost on its way to the disk, told again, and written down behind it.
                return []
            return self._engine.handle(event, one.heard_at_s, own=True)
        except (EventError, msgspec.DecodeError) as error:
            _log.warning("an input of an earlier time cannot be read", seq=one.seq, type=one.type, problem=str(error))
        except (LookupError, ValueError):
            # It was done to an alert that tension windows opened: the stored alert has it in its history.
            pass
        return []

    async def _undone(self, actions: Sequence[Action], stored: dict[str, Alert]) -> list[Action]:
        """Of the replayed actions those about alerts whose last step never reached the store."""
        last = {a.alert.id: a.alert for a in actions if isinstance(a, AlertAction)}
        behind = set()
        for id_, alert in last.items():
            kept = stored.get(id_) or await self._store.alert(id_)
            if kept is None or len(kept.history) < len(alert.history):
                behind.add(id_)
        return [a for a in actions if isinstance(a, AlertAction | Notify) and a.alert.id in behind]

    async def _keep(self, inputs: Sequence[Input]) -> bool:
        if not inputs:
            return True
        work = partial(journal.write_inputs, inputs=inputs)
        return await self._store.save(("input", str(inputs[0].seq)), work)

    def _event(self, event: Event, now: float) -> Input:
        return Input(
            seq=self._next(),
            id=event.id,
            type=event_type(event),
            at_s=event.at,
            heard_at_s=now,
            payload=encode_event(event).decode(),
            call_id=event.call,
            customer=event.customer,
            queue=event.queue,
        )

    def _next(self) -> int:
        self._seq += 1
        return self._seq


def rules_name(config: RiskConfig) -> str:
    """A name for the configuration: the same for the same gauges, rules and procedures, and for no others."""
    text = msgspec.json.encode((VERSION, config), order="deterministic")
    return hashlib.blake2b(text, digest_size=16).hexdigest()
