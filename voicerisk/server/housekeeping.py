"""What has to be done now and then while the service runs: snapshots, samples of needles, purges."""

import asyncio
from collections.abc import Coroutine
from functools import partial
from typing import Any, Final

import structlog

from voicerisk.recordings.keeper import Keeper
from voicerisk.risk.config import RiskConfig
from voicerisk.risk.engine import Engine
from voicerisk.server.ledger import Ledger
from voicerisk.server.needles import drawn
from voicerisk.server.scribe import Scribe
from voicerisk.store.retention import purge
from voicerisk.store.settings import StoreSettings
from voicerisk.store.store import Store
from voicerisk.store.writer import StoreError

_log = structlog.get_logger(__name__)

SAMPLE_EVERY_S: Final = 60.0
PURGE_EVERY_S: Final = 3600.0


class Housekeeping:
    """Does what is due, at the service's tick. Slow work runs beside the tick, one of a kind at a time."""

    def __init__(
        self,
        config: RiskConfig,
        engine: Engine,
        ledger: Ledger,
        scribe: Scribe,
        keeper: Keeper,
        store: Store,
        settings: StoreSettings,
    ) -> None:
        self._drawn = drawn(config)
        self._engine = engine
        self._ledger = ledger
        self._scribe = scribe
        self._keeper = keeper
        self._store = store
        self._settings = settings
        self._last_s: dict[str, float] = {}
        self._running: dict[str, asyncio.Task[Any]] = {}

    def tick(self, now: float) -> None:
        """Begins what is due at `now`."""
        self._scribe.flush()
        if self._due("sample", now, SAMPLE_EVERY_S):
            self._sample(now)
        if self._due("snapshot", now, self._settings.snapshot_every_s):
            self._begin("snapshot", self._ledger.snapshot(now))
        if self._due("purge", now, PURGE_EVERY_S):
            self._begin("purge", self._purge(now))

    async def stop(self, now: float) -> None:
        """Keeps a last snapshot, so that the next start need not replay anything."""
        for task in self._running.values():
            task.cancel()
        self._scribe.flush()
        await self._ledger.snapshot(now)
        await self._scribe.close()

    def _sample(self, now: float) -> None:
        minute = now - now % SAMPLE_EVERY_S
        readings = self._engine.readings(now, self._drawn)
        self._scribe.sample([one for one in readings if not one.stale(now)], minute)

    async def _purge(self, now: float) -> None:
        work = partial(purge, settings=self._settings.retention, now=now)
        while gone := await self._store.write(work):
            _log.info("purged", **gone)
        if n_recordings := await self._keeper.purge(now):
            _log.info("purged", recordings=n_recordings)

    def _due(self, what: str, now: float, every_s: float) -> bool:
        last_s = self._last_s.setdefault(what, now)
        # A clock that was set back must not stop the housekeeping until it has caught up.
        if 0.0 <= now - last_s < every_s:
            return False
        self._last_s[what] = now
        return True

    def _begin(self, what: str, work: Coroutine[Any, Any, Any]) -> None:
        running = self._running.get(what)
        if running is not None and not running.done():
            work.close()
            return
        self._running[what] = asyncio.get_running_loop().create_task(self._guarded(what, work))

    async def _guarded(self, what: str, work: Coroutine[Any, Any, Any]) -> None:
        try:
            await work
        except (StoreError, OSError) as error:
            _log.warning("housekeeping is put off", what=what, problem=str(error))
        except Exception:
            _log.exception("housekeeping failed", what=what)
