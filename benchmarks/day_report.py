"""A day of 100,000 calls from events alone: through the engine, into a store, and reported.

    python -m benchmarks.day_report [--calls N] [--seed N]

What is measured is the report, in CPU seconds of one core and memory; putting the day into the store is not in it.
"""

import argparse
import json
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path
from time import process_time
from typing import Final
from zoneinfo import ZoneInfo

import msgspec
from sqlalchemy import Engine as Database
from sqlalchemy import insert
from sqlalchemy.orm import Session

from benchmarks import measure
from benchmarks.risk_day import MIDNIGHT_S, SITE, peak_mb
from voicerisk.events import encode_event, event_type
from voicerisk.review.day import day_report
from voicerisk.review.render import day_html
from voicerisk.review.settings import ReviewSettings
from voicerisk.review.spans import Span, day_span, today
from voicerisk.risk.actions import Action, AlertAction, EventRefused, ZoneCrossed
from voicerisk.risk.alerts import Alert
from voicerisk.risk.config import RiskConfig
from voicerisk.risk.engine import Engine
from voicerisk.simulate.day import Day, Heard
from voicerisk.store import history, queries
from voicerisk.store.database import open_database
from voicerisk.store.history import Crossed
from voicerisk.store.schema import EventRow
from voicerisk.store.settings import StoreSettings

RISK: Final = RiskConfig(site=SITE)
PAGE: Final = 5_000
TARGET_S: Final = 60.0


def span() -> Span:
    """The day."""
    zone = ZoneInfo(SITE.timezone)
    return day_span(today(MIDNIGHT_S, zone), zone)


def fill(database: Database, seed: int, n_calls: int) -> int:
    """Puts the day into the store; how many events it has."""
    engine = Engine(RISK)
    alerts: dict[str, Alert] = {}
    rows: list[dict[str, object]] = []
    crossings: list[Crossed] = []
    n_events = 0
    with Session(database) as session:

        def write() -> None:
            session.execute(insert(EventRow), rows)
            history.write_crossings(session, crossings)
            session.commit()
            session.expunge_all()
            rows.clear()
            crossings.clear()

        for heard in Day(seed, MIDNIGHT_S, n_calls).events():
            actions = engine.handle(heard.event, heard.at_s)
            _take(actions, alerts, crossings)
            if not any(isinstance(action, EventRefused) for action in actions):
                n_events += 1
                rows.append(_row(n_events, heard))
            if len(rows) >= PAGE:
                write()
        write()
        for alert in alerts.values():
            queries.write_alert(session, alert)
        session.commit()
    return n_events


def _take(actions: Sequence[Action], alerts: dict[str, Alert], crossings: list[Crossed]) -> None:
    for action in actions:
        if isinstance(action, AlertAction):
            alerts[action.alert.id] = action.alert
        elif isinstance(action, ZoneCrossed):
            crossings.append(
                Crossed(
                    gauge=action.gauge, key=action.key, previous=action.previous, zone=action.zone,
                    value=action.value, at_s=action.at_s, queue=action.queue,
                )
            )  # fmt: skip


def _row(seq: int, heard: Heard) -> dict[str, object]:
    event = heard.event
    return {
        "seq": seq, "id": event.id, "type": event_type(event), "at_s": event.at, "heard_at_s": heard.at_s,
        "call_id": event.call, "customer": event.customer, "queue": event.queue,
        "payload": encode_event(event).decode(),
    }  # fmt: skip


def report(url: str) -> None:
    """Counts and draws the day, and prints what that took as one line of JSON."""
    base_mb = peak_mb()
    database = open_database(StoreSettings(url=url))
    with measure.one_core(), Session(database) as session:
        began_s = process_time()
        found = day_report(session, span(), RISK, ReviewSettings(), MIDNIGHT_S + 200_000.0)
        counted_s = process_time() - began_s
        page = day_html(found, "he")
        drawn_s = process_time() - began_s - counted_s
    database.dispose()
    figures = {
        "counted_s": counted_s, "drawn_s": drawn_s, "peak_mb": peak_mb(), "base_mb": base_mb,
        "page_kb": len(page) / 1e3, "json_kb": len(msgspec.json.encode(found)) / 1e3, "calls": found.contacts.calls,
        "unhappy": found.contacts.unhappy.calls, "alerts": sum(line.alerts for line in found.alerts),
    }  # fmt: skip
    print(json.dumps(figures))


def main() -> None:
    """Measures, prints and writes the section `day_report`."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--calls", type=int, default=100_000)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--report", help=argparse.SUPPRESS)
    wanted = parser.parse_args()
    if wanted.report is not None:
        report(wanted.report)
        return
    with tempfile.TemporaryDirectory() as folder:
        url = f"sqlite:///{Path(folder) / 'day.db'}"
        database = open_database(StoreSettings(url=url))
        n_events = fill(database, wanted.seed, wanted.calls)
        database.dispose()
        command = [sys.executable, "-m", "benchmarks.day_report", "--report", url]
        figures = json.loads(subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True).stdout)
    rows = [
        ["events of the day", f"{n_events:,}"],
        [f"CPU to count it (wanted: under {TARGET_S:g} s)", f"{figures['counted_s']:.1f} s"],
        ["CPU to draw the page", f"{figures['drawn_s']:.2f} s"],
        ["peak memory of the process", f"{figures['peak_mb']:.0f} MB"],
        ["of that before it began", f"{figures['base_mb']:.0f} MB"],
        ["the page, the JSON", f"{figures['page_kb']:.0f} kB, {figures['json_kb']:.0f} kB"],
    ]
    notes = (
        f"One day of a made-up site, seed {wanted.seed}, in SQLite: {figures['calls']:,} calls, "
        f"{figures['unhappy']:,} in which the voice turned red, {figures['alerts']:,} alerts. Tasks, promises and runs "
        "are not stored in this measurement."
    )
    measure.report("day_report", "The report of a day of calls", ["what", "figure"], rows, notes, figures)


if __name__ == "__main__":
    main()
