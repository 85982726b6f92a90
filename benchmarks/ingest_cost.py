"""CPU cost of receiving a 20 ms Twilio frame, beside the websockets library's own server that drops it.

    python -m benchmarks.ingest_cost [--rounds N]

Each server runs in a process of its own on one core, on uvloop, under the same load from another process; they take
turns within a run, and the figure to look at is the ratio. The whole ingest path counts: websocket, codec, the call's
timeline, chunks for the model, events for the risk engine; the model itself does not.
"""

import argparse
import os
import statistics
import subprocess
import sys
from typing import Final

from benchmarks import measure

KINDS: Final = {
    "bare": "websockets' own server, drops the frame",
    "ingest": "voicerisk ingest, whole path",
    "behind_library": "the same path behind websockets' own server",
}
LOADS: Final = {
    "live, 100 calls": (100, 150, 0.02),
    "live, 500 calls": (500, 150, 0.02),
    "flat out": (20, 1000, 0.0),
}
"""Connections, frames per connection, and seconds between a connection's frames."""
MEMORY_CONNECTIONS: Final = 300
TARGET_RATIO: Final = 2.0
FRAMES_PER_S: Final = 50


class Process:
    """A helper process that is spoken to in lines."""

    def __init__(self, module: str, *arguments: str, core: int | None = None) -> None:
        command = [sys.executable, "-m", f"benchmarks.{module}", *arguments]
        self._process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        if core is not None and hasattr(os, "sched_setaffinity"):
            os.sched_setaffinity(self._process.pid, {core})

    def tell(self, line: str) -> None:
        """Writes a line."""
        assert self._process.stdin is not None
        self._process.stdin.write(line + "\n")
        self._process.stdin.flush()

    def hear(self) -> str:
        """Reads a line."""
        assert self._process.stdout is not None
        line = self._process.stdout.readline().strip()
        if not line:
            measure.give_up(f"a helper process ended early: {self._process.args}")
        return line

    def ask(self, line: str) -> str:
        """Writes a line and reads the answer."""
        self.tell(line)
        return self.hear()

    def stop(self) -> None:
        """Lets the process end, and waits for it."""
        assert self._process.stdin is not None
        self._process.stdin.close()
        self._process.wait(10)
        assert self._process.stdout is not None
        self._process.stdout.close()


def cost_s(kind: str, load: tuple[int, int, float]) -> float:
    """CPU seconds of the server per frame."""
    n_connections, n_frames, pace_s = load
    server = Process("ingest_servers", kind, core=max(os.sched_getaffinity(0)))
    port = server.hear()
    peers = Process("ingest_load", port, str(n_connections), str(n_frames), str(pace_s))
    assert peers.hear() == "ready"
    server.ask("begin")
    assert peers.ask("go") == "sent"
    spent_s = float(server.ask(f"end {n_connections * n_frames}"))
    peers.tell("bye")
    peers.stop()
    server.stop()
    return spent_s / (n_connections * n_frames)


def bytes_per_connection() -> float:
    """Memory that one live connection takes in the ingest, its call included, after two seconds of audio."""
    server = Process("ingest_servers", "ingest")
    port = server.hear()
    before = int(server.ask("memory"))
    peers = Process("ingest_load", port, str(MEMORY_CONNECTIONS), "100", "0")
    peers.hear()
    server.ask("begin")
    peers.ask("go")
    server.ask(f"end {MEMORY_CONNECTIONS * 100}")
    after = int(server.ask("memory"))
    peers.tell("bye")
    peers.stop()
    server.stop()
    return (after - before) / MEMORY_CONNECTIONS


def main() -> None:
    """Measures, prints and writes the section `ingest_cost`."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=5)
    rounds = parser.parse_args().rounds
    took: dict[tuple[str, str], list[float]] = {(load, kind): [] for load in LOADS for kind in KINDS}
    for _ in range(rounds):
        for load, kind in took:
            took[load, kind].append(cost_s(kind, LOADS[load]))
    median = {key: statistics.median(values) for key, values in took.items()}
    ratio = {key: value / median[key[0], "bare"] for key, value in median.items()}
    memory = bytes_per_connection()
    rows = [
        [load, KINDS[kind], f"{1e6 * value:.1f}", f"{1e3 * FRAMES_PER_S * value:.2f}", f"{ratio[load, kind]:.2f}"]
        for (load, kind), value in median.items()
    ]
    worst = max(value for (_, kind), value in ratio.items() if kind == "ingest")
    notes = (
        f"Target: at most {TARGET_RATIO:.1f} times the bare server; the worst of the loads is {worst:.2f}. Live: each "
        "call sends a frame every 20 ms, the calls spread evenly, so with few calls nearly every frame costs a wake-up "
        "and a read of its own; with many, one wake-up serves several. Flat out: as fast as the server reads. Medians "
        f"of {rounds} rounds. One live connection with its call takes {memory / 1024:.0f} KiB."
    )
    data = {
        "cost_us": {load: {kind: 1e6 * median[load, kind] for kind in KINDS} for load in LOADS},
        "worst_ratio": worst,
        "bytes_per_connection": memory,
    }
    columns = ["load", "server", "CPU µs per frame", "CPU ms per s of audio", "times the bare server"]
    measure.report("ingest_cost", "Receiving a 20 ms Twilio frame", columns, rows, notes, data)


if __name__ == "__main__":
    main()
