"""One thread that writes: everything that waits goes into the database in one transaction (group commit)."""

import threading
from collections import deque
from collections.abc import Callable
from concurrent.futures import Future
from typing import Any, Final, NamedTuple, TypeVar

from prometheus_client import Histogram
from sqlalchemy import Engine
from sqlalchemy.exc import DataError, DBAPIError, IntegrityError, ProgrammingError
from sqlalchemy.exc import TimeoutError as PoolTimeout
from sqlalchemy.orm import Session

T = TypeVar("T")
Work = Callable[[Session], T]

COMMIT_SECONDS = Histogram(
    "voicerisk_store_commit_seconds",
    "Time from taking a group of writes to the end of its commit",
    buckets=(0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5),
)


WRITING: Final[dict[str, Any]] = {"voicerisk_writes": True}
"""Execution options of connections that write: on SQLite their transaction takes the write lock at its beginning.

Else what it reads first could be changed by another process before it writes, and SQLite would refuse the write.
"""


class StoreError(Exception):
    """The database did not take or give what was asked; the text says what failed and what to look at."""


class RejectedError(StoreError):
    """The database works but will never take this piece of work; trying again is useless."""


class _Job(NamedTuple):
    work: Work[Any]
    done: Future[Any]


class Writer:
    """Runs pieces of work in the order they came, many per commit, on a thread of its own.

    Each piece gets a session inside an open transaction. Its future resolves after the commit, so a result means "on
    the disk". Work that fails by its own fault fails alone; a database that refuses fails the whole group at once.
    """

    def __init__(self, engine: Engine, *, max_waiting: int = 50_000) -> None:
        self._engine = engine.execution_options(**WRITING)
        self._max_waiting = max_waiting
        self._waiting: deque[_Job] = deque()
        self._wake = threading.Condition()
        self._closing = False
        self._thread = threading.Thread(target=self._run, name="store-writer", daemon=True)
        self._thread.start()

    def submit(self, work: Work[T]) -> Future[T]:
        """A future of what `work` returns, resolved after its commit. Raises `StoreError` when closed or overfull."""
        done: Future[T] = Future()
        with self._wake:
            if self._closing:
                raise StoreError("the store is closed")
            if len(self._waiting) >= self._max_waiting:
                raise StoreError(f"{self._max_waiting} writes are waiting for the database; it is too slow or stuck")
            self._waiting.append(_Job(work, done))
            self._wake.notify()
        return done

    def close(self) -> None:
        """Writes what is waiting, then ends the thread. Safe to call twice."""
        with self._wake:
            self._closing = True
            self._wake.notify()
        self._thread.join()

    def _run(self) -> None:
        while jobs := self._take():
            with COMMIT_SECONDS.time():
                self._commit(jobs)

    def _take(self) -> list[_Job]:
        with self._wake:
            while True:
                while not self._waiting and not self._closing:
                    self._wake.wait()
                jobs = [job for job in self._waiting if job.done.set_running_or_notify_cancel()]
                self._waiting.clear()
                # A group in which all work was cancelled must not look like the end.
                if jobs or self._closing:
                    return jobs

    def _commit(self, jobs: list[_Job]) -> None:
        try:
            with Session(self._engine, expire_on_commit=False) as session, session.begin():
                results = [job.work(session) for job in jobs]
        except Exception as error:
            if _is_outage(error):
                # Disk full, database locked or gone: trying each of them alone would only multiply the waiting.
                for job in jobs:
                    job.done.set_exception(StoreError(describe(error)))
            elif len(jobs) == 1:
                jobs[0].done.set_exception(RejectedError(describe(error)))
            else:
                for job in jobs:
                    self._commit([job])
        else:
            for job, result in zip(jobs, results, strict=True):
                job.done.set_result(result)


def _is_outage(error: Exception) -> bool:
    if isinstance(error, PoolTimeout):
        return True
    return isinstance(error, DBAPIError) and not isinstance(error, IntegrityError | DataError | ProgrammingError)


def describe(error: Exception) -> str:
    """What the database said, without the SQL and its values (they can hold what must not be logged)."""
    cause = getattr(error, "orig", None) or error
    return f"the database refused: {cause}"
