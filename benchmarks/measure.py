"""What all benchmarks share: one core, medians, tables, and each one's own section of RESULTS.md."""

import contextlib
import gc
import json
import os
import platform
import re
import sys
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from time import process_time
from typing import Any, Final

import numpy as np
import onnxruntime
from rich.console import Console
from rich.table import Table

RESULTS_FILE: Final = Path(__file__).parent / "RESULTS.md"
JSON_FOLDER: Final = Path(__file__).parent / "results"
PREAMBLE: Final = "# Results\n\nWritten by `make bench`; each benchmark rewrites its own section. Do not edit.\n"


@contextlib.contextmanager
def one_core() -> Iterator[None]:
    """Keeps this process on one core, where the system can do that, so that a cost is a cost per core."""
    if not hasattr(os, "sched_setaffinity"):
        yield
        return
    allowed = os.sched_getaffinity(0)
    # The last core: interrupts and other people's single-threaded work tend to sit on the first.
    os.sched_setaffinity(0, {max(allowed)})
    try:
        yield
    finally:
        os.sched_setaffinity(0, allowed)


def cpu_s(work: Callable[[], object], repeats: int) -> float:
    """CPU seconds of this process that one call of `work` takes, on average, after one call that does not count.

    CPU time and not the clock on the wall: what other programs do on the machine meanwhile is not our cost.
    """
    work()
    gc.collect()
    gc.disable()
    try:
        began_at = process_time()
        for _ in range(repeats):
            work()
        return (process_time() - began_at) / repeats
    finally:
        gc.enable()


def percentiles(values: Sequence[float], wanted: Sequence[float] = (50, 95, 99)) -> list[float]:
    """The wanted percentiles of the values."""
    return [float(value) for value in np.percentile(values, wanted)]


def resident_bytes() -> int:
    """Memory of this process that is in RAM now.

    Raises:
        RuntimeError: The system has no /proc.
    """
    try:
        pages = int(Path("/proc/self/statm").read_text().split()[1])
    except OSError as error:
        raise RuntimeError("memory is measured through /proc, which only Linux has") from error
    return pages * os.sysconf("SC_PAGE_SIZE")


def machine() -> str:
    """The machine and the versions that the figures hold for, in one line."""
    model = platform.processor() or platform.machine()
    with contextlib.suppress(OSError):
        if found := re.search(r"^model name\s*:\s*(.+)$", Path("/proc/cpuinfo").read_text(), re.MULTILINE):
            model = found[1]
    versions = f"Python {platform.python_version()}, ONNX Runtime {onnxruntime.__version__}"
    return f"{model}, {os.cpu_count()} cores, {platform.system()}, {versions}"


def report(name: str, title: str, columns: Sequence[str], rows: Sequence[Sequence[str]], notes: str, data: Any) -> None:
    """Prints the table and puts it, the notes and the machine into the section `name` of RESULTS.md.

    `data` goes to `results/<name>.json`, for comparing runs.
    """
    table = Table(*columns, title=title)
    for row in rows:
        table.add_row(*row)
    console = Console()
    console.print(table)
    console.print(notes, markup=False, highlight=False)
    JSON_FOLDER.mkdir(exist_ok=True)
    content = json.dumps({"machine": machine(), **data}, indent=2)
    (JSON_FOLDER / f"{name}.json").write_text(content + "\n", encoding="utf-8")
    lines = [columns, ["---"] * len(columns), *rows]
    markdown = "\n".join("| " + " | ".join(line) + " |" for line in lines)
    write_section(name, f"## {title}\n\n{markdown}\n\n{notes}\n\nMeasured on: {machine()}.\n")


def write_section(name: str, markdown: str, path: Path = RESULTS_FILE) -> None:
    """Replaces the section `name` of the file, or appends it; every other section stays as it is."""
    text = path.read_text(encoding="utf-8") if path.exists() else PREAMBLE
    begin, end = f"<!-- {name} -->", f"<!-- /{name} -->"
    section = f"{begin}\n{markdown.strip()}\n{end}"
    if begin in text and end in text:
        before, rest = text.split(begin, 1)
        text = before + section + rest.split(end, 1)[1]
    else:
        text = text.rstrip() + f"\n\n{section}\n"
    path.write_text(text, encoding="utf-8")


def give_up(reason: str) -> None:
    """Ends the benchmark because something that it needs is missing, and says what."""
    print(reason, file=sys.stderr)
    raise SystemExit(2)
