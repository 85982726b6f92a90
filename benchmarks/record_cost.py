"""What the record costs: events acknowledged per second, cards beside a stream of events, snapshots, a restart.

    python -m benchmarks.record_cost [--calls N] [--seconds S]

Everything runs in one process, as in the service: engine, ledger, store and HTTP side, on a SQLite file in the folder
for temporary files (or TMPDIR: put it on the disk that counts). The reference is what SQLite itself does: a plain loop
of INSERT and COMMIT, with the same safety settings.
"""

import argparse
import asyncio
import logging
import sqlite3
import tempfile
from collections.abc import Awaitable, Callable, Coroutine
from functools import partial
from pathlib import Path
from time import perf_counter, process_time
from typing import Any, Final

import httpx
import msgspec
import structlog
from cryptography.fernet import Fernet, MultiFernet
from fastapi import FastAPI

from benchmarks import measure
from benchmarks.risk_day import MIDNIGHT_S, SITE
from voicerisk.clock import now_s
from voicerisk.customers import CustomerKey, name_customer
from voicerisk.recordings.keeper import Keeper
from voicerisk.recordings.settings import RecordingSettings
from voicerisk.risk.config import RiskConfig
from voicerisk.risk.engine import Engine
from voicerisk.risk.gauges import GaugeKey
from voicerisk.server.access import AccessRole, Visitor
from voicerisk.server.door import Door, known_to
from voicerisk.server.events_api import events_router
from voicerisk.server.http_settings import HttpSettings
from voicerisk.server.ledger import Ledger, rules_name
from voicerisk.server.live import LiveBoard
from voicerisk.server.office import Office
from voicerisk.server.record import Recorder
from voicerisk.server.scribe import Scribe
from voicerisk.simulate.day import Day
from voicerisk.store.settings import StoreSettings
from voicerisk.store.store import Store

KEYS: Final = (CustomerKey("k1", bytes(range(32))),)
GROUPS: Final = (1, 8, 64)
"""Senders at the same time, each with one event on its way."""
STREAM_PER_S: Final = 100.0
"""Events a second beside which cards are read: ten times a day of 100,000 calls."""
REPLAYED_S: Final = 600.0
CARD_MS: Final = 50.0
_CONFIG: Final = RiskConfig(site=SITE)


class _Desk:
    """The HTTP side of events and cards on a store of its own, asked without a network between."""

    def __init__(self, folder: Path) -> None:
        self.store = Store.open(StoreSettings(url=f"sqlite:///{folder}/x.db", answer_within_s=10.0))
        self.engine = Engine(_CONFIG)
        self.ledger = Ledger(self.store, self.engine, rules_name(_CONFIG), 3600.0)
        keeper = Keeper(RecordingSettings(), folder, self.store, MultiFernet([Fernet(Fernet.generate_key())]))
        self.recorder = Recorder(LiveBoard(), self.store, keeper)
        self.office = Office(self.engine, self.ledger, self.recorder, self.store)
        self.scribe = Scribe(self.store)
        per_customer = tuple(name for name, gauge in _CONFIG.gauges.items() if gauge.key is GaugeKey.CUSTOMER)
        door = Door(KEYS, "IL", self.store, known_to(self.engine, per_customer))
        limits = HttpSettings(events_per_s=1e9, events_burst=1_000_000)
        app = FastAPI()
        app.include_router(events_router(self.office, self.scribe, self.store, _CONFIG, door, limits))
        self.http = httpx.AsyncClient(transport=httpx.ASGITransport(_as_admin(app)), base_url="http://desk")
        self.recorder.start()
        self._n = 0

    async def tell(self) -> None:
        """One event of a customer, acknowledged."""
        self._n += 1
        event = {"id": f"e-{self._n}", "at": now_s(), "type": "call.offhours", "customer": _number(self._n)}
        answer = await self.http.post("/api/v1/events", content=msgspec.json.encode(event))
        if answer.status_code != 202:
            raise RuntimeError(answer.text)

    async def close(self) -> None:
        """Everything down."""
        await self.http.aclose()
        await self.recorder.stop()
        await self.scribe.close()
        await self.store.close()


def _as_admin(app: FastAPI) -> Callable[..., Awaitable[None]]:
    async def asked(scope: Any, receive: Any, send: Any) -> None:
        scope.setdefault("state", {})["visitor"] = Visitor(None, AccessRole.ADMIN, "bench")
        await app(scope, receive, send)

    return asked


def _number(n: int) -> str:
    return f"+9725{n % 5000:08d}"


async def _told(folder: Path, n_senders: int, seconds: float) -> tuple[float, float, list[float]]:
    """Events acknowledged per second, CPU seconds of one, and p50 and p99 of a request in ms."""
    desk = _Desk(folder)
    took_ms: list[float] = []
    end_s, cpu_s = perf_counter() + seconds, process_time()

    async def sender() -> None:
        while perf_counter() < end_s:
            began_s = perf_counter()
            await desk.tell()
            took_ms.append(1e3 * (perf_counter() - began_s))

    await asyncio.gather(*(sender() for _ in range(n_senders)))
    cpu_s = process_time() - cpu_s
    await desk.close()
    return len(took_ms) / seconds, cpu_s / len(took_ms), measure.percentiles(took_ms, (50, 99))


def _plain_loop(folder: Path, seconds: float) -> float:
    """INSERT and COMMIT, one after the other: commits per second."""
    connection = sqlite3.connect(folder / "plain.db", isolation_level=None)
    connection.execute("PRAGMA journal_mode=WAL")
    connection.execute("PRAGMA synchronous=FULL")
    connection.execute("CREATE TABLE events (seq INTEGER PRIMARY KEY, payload TEXT)")
    n, end_s = 0, perf_counter() + seconds
    while perf_counter() < end_s:
        connection.execute("BEGIN IMMEDIATE")
        connection.execute("INSERT INTO events (payload) VALUES (?)", ("x" * 200,))
        connection.execute("COMMIT")
        n += 1
    connection.close()
    return n / seconds


async def _cards(folder: Path, seconds: float) -> list[float]:
    """p50 and p99, in ms, of reading a card beside a stream of events."""
    desk = _Desk(folder)
    telling: set[asyncio.Task[None]] = set()
    took_ms: list[float] = []
    began_s = perf_counter()
    n_told = 0
    while (elapsed_s := perf_counter() - began_s) < seconds:
        while n_told < elapsed_s * STREAM_PER_S:
            n_told += 1
            telling.add(asyncio.create_task(desk.tell()))
        name = name_customer(_number(n_told), KEYS, "IL").name
        asked_s = perf_counter()
        (await desk.http.get(f"/api/v1/customers/{name}/card")).raise_for_status()
        took_ms.append(1e3 * (perf_counter() - asked_s))
        await asyncio.sleep(0.01)
    await asyncio.gather(*telling)
    await desk.close()
    return measure.percentiles(took_ms, (50, 99))


async def _restart(folder: Path, n_calls: int) -> dict[str, float]:
    """A day's state put down and taken up: what a snapshot holds the loop for, and how long a rebuild takes."""
    desk = _Desk(folder)
    day = list(Day(1, MIDNIGHT_S, n_calls).events())
    busiest_s = MIDNIGHT_S + 18 * 3600.0
    replayed: list[tuple[float, Any]] = [
        (one.at_s, one.event) for one in day if busiest_s <= one.at_s < busiest_s + REPLAYED_S
    ]
    for one in day:
        if one.at_s < busiest_s:
            desk.engine.handle(one.event, one.at_s)
    stalls_ms, bytes_ = [], 0
    for _ in range(5):
        began_s = process_time()
        state = desk.engine.snapshot()
        bytes_ = len(msgspec.msgpack.encode(state))
        stalls_ms.append(1e3 * (process_time() - began_s))
    # The ledger keeps a snapshot only behind an input.
    await desk.ledger.heard([replayed[0][1]], busiest_s)
    await desk.ledger.snapshot(busiest_s)
    for first in range(0, len(replayed), 500):
        for at_s, event in replayed[first : first + 500]:
            await desk.ledger.heard([event], at_s)
    await desk.close()
    again = _Desk(folder)
    began_s = process_time()
    rebuilt = await again.ledger.rebuild(busiest_s + REPLAYED_S)
    took_s = process_time() - began_s
    await again.close()
    figures = {"rebuild_s": took_s, "n_inputs": rebuilt.n_inputs, "snapshot_mb": bytes_ / 1e6}
    return {**figures, "stall_ms": sorted(stalls_ms)[2]}


def _run(work: Callable[[Path], Coroutine[Any, Any, Any]], folder: Path) -> Any:
    return asyncio.run(work(folder))


def main() -> None:
    """Measures, prints and writes the section `record_cost`."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--calls", type=int, default=100_000)
    parser.add_argument("--seconds", type=float, default=5.0)
    wanted = parser.parse_args()
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.WARNING))
    rows: list[list[str]] = []
    data: dict[str, Any] = {}

    def in_a_folder(work: Callable[[Path], Any]) -> Any:
        with tempfile.TemporaryDirectory() as folder:
            return work(Path(folder))

    plain = in_a_folder(partial(_plain_loop, seconds=wanted.seconds))
    data["plain_per_s"] = plain
    rows.append(["reference: plain INSERT and COMMIT, one after the other", f"{plain:,.0f} a second"])
    for n in GROUPS:
        per_s, cpu_s, (p50, p99) = in_a_folder(partial(_run, partial(_told, n_senders=n, seconds=wanted.seconds)))
        data[f"told_by_{n}"] = {"per_s": per_s, "cpu_ms": 1e3 * cpu_s, "p50_ms": p50, "p99_ms": p99}
        who = "one sender" if n == 1 else f"{n} senders at once"
        figures = f"{per_s:,.0f} a second; a request {p50:.1f} ms (p50), {p99:.1f} ms (p99); CPU {1e3 * cpu_s:.1f} ms"
        rows.append([f"events acknowledged, {who}", figures])
    p50, p99 = in_a_folder(partial(_run, partial(_cards, seconds=wanted.seconds)))
    data["card_ms"] = [p50, p99]
    what = f"a customer's card beside {STREAM_PER_S:g} events a second (wanted: p99 under {CARD_MS:g} ms)"
    rows.append([what, f"{p50:.1f} ms (p50), {p99:.1f} ms (p99)"])
    restart = in_a_folder(partial(_run, partial(_restart, n_calls=wanted.calls)))
    data |= restart
    rows.append(["a snapshot of the evening's state: size", f"{restart['snapshot_mb']:.1f} MB"])
    rows.append(["a snapshot: CPU time for which it holds the event loop", f"{restart['stall_ms']:.0f} ms"])
    again = f"{restart['rebuild_s']:.2f} s of CPU for {restart['n_inputs']:,} inputs"
    rows.append([f"restart: snapshot and {REPLAYED_S / 60:g} minutes of inputs", again])
    notes = (
        "SQLite in WAL mode with synchronous=FULL: acknowledged means on the disk. Each event is a request of its own "
        "through routing, checks, naming of the customer, engine, ledger and group commit, all in one process with its "
        "sender, whose work is in the CPU time too. "
        f"The snapshot is of the engine after 18 hours of a day of {wanted.calls:,} calls."
    )
    measure.report("record_cost", "What the record costs", ["what", "figure"], rows, notes, data)


if __name__ == "__main__":
    main()
