"""Runs every benchmark one after another and writes RESULTS.md: `make bench`."""

import subprocess
import sys

MODULES = ("scoring_cost", "ingest_cost", "gateway_path", "capacity", "risk_day", "day_report", "record_cost")


def main() -> int:
    """The number of benchmarks that failed; each runs in a process of its own, so that none warms another's caches."""
    failed = 0
    for name in MODULES:
        print(f"== {name}", flush=True)
        failed += subprocess.run([sys.executable, "-m", f"benchmarks.{name}"], check=False).returncode != 0
    return failed


if __name__ == "__main__":
    sys.exit(main())
