"""A day of 100,000 calls from events alone, through the whole risk engine as it ships, on one core.

    python -m benchmarks.risk_day [--calls N] [--seed N]

The day is made up first and written to a file, as JSON lines, by another process; what is measured is reading it back:
JSON, checks, ids, gauges, rules, alerts and procedures. Time is CPU time of one process.
"""

import argparse
import json
import resource
import subprocess
import sys
import tempfile
from pathlib import Path
from time import process_time
from typing import Final

from benchmarks import measure
from voicerisk.events import decode_event, encode_event, event_type
from voicerisk.risk.actions import AlertOpened
from voicerisk.risk.config import RiskConfig
from voicerisk.risk.engine import Engine
from voicerisk.risk.gauges import SiteSettings
from voicerisk.simulate.day import Day

MIDNIGHT_S: Final = 1_732_140_000.0
"""21 November 2024, midnight in Jerusalem."""
SITE: Final = SiteSettings(timezone="Asia/Jerusalem", week_starts="sunday")
N_PARTS: Final = 10
TARGET_S: Final = 60.0
TARGET_MB: Final = 500.0


def write_day(path: Path, seed: int, n_calls: int) -> None:
    """The day as lines of `heard_s event`."""
    with path.open("wb") as file:
        for heard in Day(seed, MIDNIGHT_S, n_calls).events():
            file.write(b"%.3f " % heard.at_s + encode_event(heard.event) + b"\n")


def replay(path: Path) -> None:
    """Reads the day back and prints the figures as one line of JSON."""
    n_events = sum(1 for _ in path.open("rb"))
    base_mb = peak_mb()
    engine = Engine(RiskConfig(site=SITE))
    opened: dict[str, int] = {}
    parts: list[float] = []
    began_s = part_s = process_time()
    slowest_s = 0.0
    with path.open("rb") as file:
        for n, line in enumerate(file, start=1):
            heard, _, raw = line.partition(b" ")
            event_s = process_time()
            for action in engine.handle(decode_event(raw), float(heard)):
                if isinstance(action, AlertOpened):
                    opened[action.alert.rule] = opened.get(action.alert.rule, 0) + 1
            now_s = process_time()
            slowest_s = max(slowest_s, now_s - event_s)
            if n * N_PARTS // n_events > len(parts):
                parts.append((now_s - part_s) / (n_events / N_PARTS))
                part_s = now_s
    cpu_s = process_time() - began_s
    figures = {"n_events": n_events, "cpu_s": cpu_s, "peak_mb": peak_mb(), "base_mb": base_mb, "slowest_s": slowest_s}
    print(json.dumps({**figures, "parts_s": parts, "opened": opened}))


def peak_mb() -> float:
    """The most memory that this process has held, in MB."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024.0


def mix(path: Path) -> str:
    """Which events the day is made of."""
    counts: dict[str, int] = {}
    with path.open("rb") as file:
        for line in file:
            type_ = event_type(decode_event(line.partition(b" ")[2].strip()))
            counts[type_] = counts.get(type_, 0) + 1
    return ", ".join(f"{n} {type_}" for type_, n in sorted(counts.items(), key=lambda entry: -entry[1]))


def main() -> None:
    """Measures, prints and writes the section `risk_day`."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--calls", type=int, default=100_000)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--replay", type=Path, help=argparse.SUPPRESS)
    wanted = parser.parse_args()
    if wanted.replay is not None:
        with measure.one_core():
            replay(wanted.replay)
        return
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "day.jsonl"
        write_day(path, wanted.seed, wanted.calls)
        command = [sys.executable, "-m", "benchmarks.risk_day", "--replay", str(path)]
        figures = json.loads(subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True).stdout)
        made_of = mix(path)
    parts_us = [1e6 * part for part in figures["parts_s"]]
    rows = [
        ["events of the day", f"{figures['n_events']:,}"],
        [f"CPU for the day (wanted: under {TARGET_S:g} s)", f"{figures['cpu_s']:.1f} s"],
        ["CPU per event", f"{1e6 * figures['cpu_s'] / figures['n_events']:.0f} µs"],
        ["in each tenth of the day", " ".join(f"{part:.0f}" for part in parts_us) + " µs"],
        ["the slowest event", f"{1e3 * figures['slowest_s']:.0f} ms"],
        [f"peak memory of the process (wanted: under {TARGET_MB:g} MB)", f"{figures['peak_mb']:.0f} MB"],
        ["of that before the first event", f"{figures['base_mb']:.0f} MB"],
        ["alerts opened", f"{sum(figures['opened'].values()):,}"],
    ]
    alerts = ", ".join(f"{n} {rule}" for rule, n in sorted(figures["opened"].items(), key=lambda entry: -entry[1]))
    notes = (
        f"{wanted.calls:,} calls of one day of a made-up site, seed {wanted.seed}: {made_of}. All gauges, rules and "
        f"procedures as they ship, nobody acknowledging anything. Alerts opened: {alerts}. JSON is decoded and checked "
        "within the time; making the day up and storing it are not in it."
    )
    measure.report("risk_day", "A day of calls through the risk engine", ["what", "figure"], rows, notes, figures)


if __name__ == "__main__":
    main()
