"""The store as the event loop sees it: saves that resolve after the commit, reads that never block the loop."""

import asyncio
from collections.abc import Callable, Collection
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from itertools import islice
from typing import Final, Self, TypeVar

import structlog
from prometheus_client import Counter, Gauge
from sqlalchemy import Engine
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.orm import Session

from voicerisk.clock import now_s
from voicerisk.risk.alerts import Alert, AlertState
from voicerisk.store import audit, queries
from voicerisk.store.database import open_database
from voicerisk.store.records import AuditEntry, CallRecord
from voicerisk.store.settings import StoreSettings
from voicerisk.store.writer import RejectedError, StoreError, Work, Writer, describe

T = TypeVar("T")
_Key = tuple[str, ...]

UNSAVED = Gauge("voicerisk_store_unsaved", "Alerts, calls and curve pieces that the database has not taken yet")
DROPPED = Counter("voicerisk_store_dropped", "Calls and curve pieces let go while the database was gone")

_MAY_GO: Final = frozenset({"call", "curve", "reading", "crossing", "input", "letter", "same_customer"})
"""What is let go, the oldest first, when too much waits for a database that is gone."""

_log = structlog.get_logger()


class _Unsaved:
    """The newest version of one thing on its way to the disk."""

    __slots__ = ("doubted", "in_flight", "work")

    def __init__(self, work: Work[None]) -> None:
        self.work = work
        self.in_flight = True
        self.doubted = False  # whoever saves it was told that it is not on the disk


class Store:
    """Alerts, calls, curves and audit lines in a database, used from one event loop.

    While the database refuses, saves answer False after `answer_within_s` at the latest, what they held is tried again
    every `retry_s` in its newest version, and `problem` says why. Calls go on meanwhile.
    """

    def __init__(self, engine: Engine, settings: StoreSettings) -> None:
        self._engine = engine
        self._settings = settings
        self._writer = Writer(engine)
        self._readers = ThreadPoolExecutor(2, thread_name_prefix="store-reader")
        self._unsaved: dict[_Key, _Unsaved] = {}
        self._retrying: asyncio.Task[None] | None = None
        self._attempts: set[asyncio.Task[bool]] = set()
        self._on_durable: list[Callable[[str], None]] = []
        self._problem: str | None = None
        self._n_audits = 0

    @classmethod
    def open(cls, settings: StoreSettings) -> Self:
        """The store, with its tables made and its version checked. Raises `StoreError`. Blocks: call it at start-up."""
        return cls(open_database(settings), settings)

    async def close(self) -> None:
        """Tries once more what is unsaved, writes all that waits, and lets the database go."""
        if self._retrying is not None:
            self._retrying.cancel()
            await asyncio.wait({self._retrying})
        await asyncio.gather(*self._attempts)
        await asyncio.gather(*(self._attempt(key, item) for key, item in self._stuck()))
        loop = asyncio.get_running_loop()
        await loop.run_in_executor(None, self._writer.close)
        await loop.run_in_executor(None, self._readers.shutdown)
        self._engine.dispose()
        if self._unsaved:
            _log.error("store.closed_with_unsaved", count=len(self._unsaved), problem=self._problem)

    @property
    def problem(self) -> str | None:
        """Why the database does not take writes at the moment; None when it does."""
        return self._problem

    def on_durable(self, callback: Callable[[str], None]) -> None:
        """Calls back with an alert's id once an alert that was answered False has reached the disk after all."""
        self._on_durable.append(callback)

    # Anything that `journal`, `history` or another module of this package writes or reads

    async def save(self, key: tuple[str, ...], work: Work[None]) -> bool:
        """True once the work is on the disk; False when it is kept and tried again. `key` names what it writes.

        A newer version of the same thing takes an older one's place on the way to the disk.
        """
        item = _Unsaved(work)
        # A newer version takes the older one's place, so an old state can never be written over a new one.
        self._unsaved.pop(key, None)
        self._unsaved[key] = item
        attempt = asyncio.get_running_loop().create_task(self._attempt(key, item))
        self._attempts.add(attempt)
        attempt.add_done_callback(self._attempts.discard)
        await asyncio.wait({attempt}, timeout=self._settings.answer_within_s)
        saved = attempt.done() and attempt.result()
        if not saved:
            item.doubted = True
        if key in self._unsaved:
            self._make_room()
            if self._retrying is None or self._retrying.done():
                self._retrying = asyncio.get_running_loop().create_task(self._retry())
        return saved

    async def write(self, work: Work[T]) -> T:
        """What `work` gives, once it is on the disk. Raises `StoreError`, and does not try again."""
        try:
            result = await asyncio.wrap_future(self._writer.submit(work))
        except RejectedError:
            raise
        except StoreError as error:
            self._note(error)
            raise
        self._note(None)
        return result

    async def read(self, query: Callable[[Session], T]) -> T:
        """What the query gives, read on another thread. Raises `StoreError`."""

        def run() -> T:
            try:
                with Session(self._engine) as session:
                    return query(session)
            except SQLAlchemyError as error:
                raise StoreError(describe(error)) from error

        return await asyncio.get_running_loop().run_in_executor(self._readers, run)

    # Saves

    async def save_alert(self, alert: Alert) -> bool:
        """True once the alert is on the disk and would survive SIGKILL; False when the database refuses or is slow."""
        return await self.save(("alert", alert.id), partial(queries.write_alert, alert=alert))

    async def save_call(self, call: CallRecord) -> bool:
        """True once the call's line is on the disk; False when the database refuses for now."""
        return await self.save(("call", call.id), partial(queries.write_call, call=call))

    async def save_curve(self, call_id: str, first_hop: int, levels: bytes) -> bool:
        """True once this piece of the curve (bytes of `curve.pack`) is on the disk. Save the call before its curve."""
        work = partial(queries.write_curve, call_id=call_id, first_hop=first_hop, levels=levels)
        return await self.save(("curve", call_id, str(first_hop)), work)

    async def audit(self, entry: AuditEntry) -> None:
        """Returns once the line is on the disk. Raises `StoreError` else: what cannot be logged must not happen."""
        await self.write(partial(audit.write_audit, entry=entry))

    async def audit_soon(self, entry: AuditEntry) -> bool:
        """True once the line is on the disk; False when it is kept and tried again. For what has happened already."""
        self._n_audits += 1
        return await self.save(("audit", str(self._n_audits)), partial(audit.write_audit, entry=entry))

    async def probe(self) -> str | None:
        """None when a write reaches the disk just now, else why it does not."""
        try:
            await asyncio.wrap_future(self._writer.submit(partial(queries.write_probe, at_s=now_s())))
        except StoreError as error:
            self._note(error)
            return str(error)
        self._note(None)
        return None

    # Reads; each raises StoreError

    async def open_alerts(self) -> list[Alert]:
        """Every alert that is not resolved, newest first: what an engine goes on with after a restart."""
        states = [state for state in AlertState if state is not AlertState.RESOLVED]
        return await self.alerts(states, limit=100_000)

    async def alerts(self, states: Collection[AlertState], limit: int = 100, after_s: float = 0.0) -> list[Alert]:
        """The newest alerts in these states that were opened at `after_s` or later, newest first."""
        return await self.read(partial(queries.read_alerts, states=states, limit=limit, after_s=after_s))

    async def alert(self, alert_id: str) -> Alert | None:
        """One alert, or None."""
        return await self.read(partial(queries.read_alert, alert_id=alert_id))

    async def calls(self, limit: int = 100, before_s: float | None = None) -> list[CallRecord]:
        """The newest calls that started before `before_s`, newest first."""
        return await self.read(partial(queries.read_calls, limit=limit, before_s=before_s))

    async def call(self, call_id: str) -> CallRecord | None:
        """One call's line, or None."""
        return await self.read(partial(queries.read_call, call_id=call_id))

    async def curve(self, call_id: str) -> list[tuple[int, bytes]]:
        """The pieces of a call's curve as (first hop, packed levels), in order."""
        return await self.read(partial(queries.read_curve, call_id=call_id))

    async def audit_log(self, limit: int = 100) -> list[AuditEntry]:
        """The newest audit lines, newest first."""
        return list(await self.read(partial(audit.read_audit, limit=limit)))

    # How it is done

    async def _attempt(self, key: _Key, item: _Unsaved) -> bool:
        item.in_flight = True
        try:
            await asyncio.wrap_future(self._writer.submit(item.work))
        except RejectedError as error:
            _log.error("store.rejects", what=key[0], id=key[1], problem=str(error))
            self._forget(key, item)
            return False
        except StoreError as error:
            self._note(error)
            return False
        finally:
            item.in_flight = False
        self._forget(key, item)
        self._note(None)
        if item.doubted and key[0] == "alert":
            for callback in self._on_durable:
                callback(key[1])
        return True

    def _forget(self, key: _Key, item: _Unsaved) -> None:
        if self._unsaved.get(key) is item:
            del self._unsaved[key]
        UNSAVED.set(len(self._unsaved))

    async def _retry(self) -> None:
        while self._unsaved:
            await asyncio.sleep(self._settings.retry_s)
            await asyncio.gather(*(self._attempt(key, item) for key, item in self._stuck()))

    def _stuck(self) -> list[tuple[_Key, _Unsaved]]:
        """What was refused, calls before their curves."""
        stuck = [(key, item) for key, item in self._unsaved.items() if not item.in_flight]
        return sorted(stuck, key=lambda pair: pair[0][0] == "curve")

    def _make_room(self) -> None:
        excess = len(self._unsaved) - self._settings.max_unsaved
        if excess <= 0:
            return
        for key in list(islice((key for key in self._unsaved if key[0] in _MAY_GO), excess)):
            del self._unsaved[key]
            DROPPED.inc()

    def _note(self, error: StoreError | None) -> None:
        """Remembers how the last write went and logs the change, once each way."""
        if error is not None and self._problem is None:
            _log.error("store.refuses", problem=str(error))
        elif error is None and self._problem is not None:
            _log.info("store.takes_writes_again", unsaved=len(self._unsaved))
        self._problem = None if error is None else str(error)
