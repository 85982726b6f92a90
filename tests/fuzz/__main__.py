"""`python -m tests.fuzz [TARGET ...] [--seconds 60]`: each target under atheris, for a bounded time. Exits 1 on a find.

Needs the extra `fuzz`. What is found lies in the folder that is named, as the bytes that make the target fail:
`python -m tests.fuzz TARGET --again FILE` runs them once more.
"""

import argparse
import re
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

from tests.fuzz.targets import TARGETS


def main() -> int:
    """The exit code: 0 if nothing was found."""
    parser = argparse.ArgumentParser(prog="python -m tests.fuzz", description=__doc__)
    parser.add_argument("targets", nargs="*", metavar="TARGET", help=f"{', '.join(TARGETS)}; all unless given")
    parser.add_argument("--seconds", type=int, default=60, help="for each target")
    parser.add_argument("--again", type=Path, help="run a target on what was found")
    given = parser.parse_args()
    if unknown := set(given.targets) - set(TARGETS):
        parser.error(f"{', '.join(sorted(unknown))}: not one of {', '.join(TARGETS)}")
    chosen = given.targets or list(TARGETS)
    if given.again is not None:
        TARGETS[chosen[0]](given.again.read_bytes())
        return 0
    found = []
    for target in chosen:
        folder = Path(tempfile.mkdtemp(prefix=f"fuzz-{target}-"))
        # A process for each, for the fuzzer ends the one it runs in.
        command = [sys.executable, "-m", "tests.fuzz.coverage_guided", target, str(folder), str(given.seconds)]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        stats = dict(re.findall(r"stat::(\w+):\s+(\d+)", done.stderr))
        runs, news = stats.get("number_of_executed_units", "no"), stats.get("new_units_added", "no")
        sys.stdout.write(f"{target}: {runs} runs, {news} new ways through the code, exit code {done.returncode}\n")
        if done.returncode:
            sys.stdout.write(done.stdout[-3000:] + done.stderr[-3000:] + f"\nsee {folder}\n")
            found.append(target)
        else:
            shutil.rmtree(folder)
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
