"""Delay from audio in to score out with 100 live calls in real time, and memory per live channel.

    python -m benchmarks.capacity [--model NAME] [--calls 100] [--seconds 20]

The event loop and the scoring thread share one core, as in a server that is packed by the core.
"""

import argparse
import asyncio
import gc
from functools import partial
from pathlib import Path
from typing import Final

import numpy as np
import numpy.typing as npt
import soundfile

from benchmarks import measure
from voicerisk import clock
from voicerisk.events import Role
from voicerisk.media.block import Block, BlockAudio
from voicerisk.media.ring import Ring
from voicerisk.scoring.contract import CHUNK_S, CHUNK_SAMPLES, RATE_HZ
from voicerisk.scoring.model import Model, load_model
from voicerisk.server.scorer import Outcome, ScorerSettings, ScorerThread, ScoringError

VOICES: Final = Path(__file__).parent.parent / "streams" / "demo"
RING_S: Final = 30.0
FEW, MANY = 100, 600
TARGET_KB: Final = 200

Chunks = npt.NDArray[np.int16]


def voices() -> Chunks:
    """(n, 1920): the customers of the demo's calls, one chunk after another."""
    chunks = []
    for path in sorted(VOICES.glob("*.ogg")):
        samples, rate_hz = soundfile.read(path, dtype="int16", always_2d=True)
        if rate_hz == RATE_HZ:
            n = len(samples) // CHUNK_SAMPLES
            chunks.append(samples[: n * CHUNK_SAMPLES, 0].reshape(n, CHUNK_SAMPLES))
    if not chunks:
        measure.give_up(f"no voices of {RATE_HZ} Hz in {VOICES}")
    return np.ascontiguousarray(np.concatenate(chunks))


async def delays(model: Model, chunks: Chunks, n_calls: int, seconds: float) -> tuple[list[float], float]:
    """Seconds from each chunk's arrival to its score on the event loop, and CPU seconds per second of the run."""
    loop = asyncio.get_running_loop()
    scorer = ScorerThread(model, ScorerSettings(capacity=n_calls), loop)
    scorer.start()
    took: list[float] = []

    def heard(received_at_s: float, outcome: Outcome) -> None:
        if isinstance(outcome, ScoringError):
            raise outcome
        took.append(clock.monotonic_s() - received_at_s)

    async def call(i: int) -> None:
        """One call that sends a chunk every 240 ms, out of step with the others."""
        slot = scorer.open()
        next_at_s = loop.time() + CHUNK_S * i / n_calls
        for step in range(round(seconds / CHUNK_S)):
            await asyncio.sleep(next_at_s - loop.time())
            received_at_s = clock.monotonic_s()
            scorer.submit(slot, chunks[(i * 31 + step) % len(chunks)], received_at_s, partial(heard, received_at_s))
            next_at_s += CHUNK_S
        scorer.close(slot)

    cpu_at_s, began_at_s = clock.cpu_s(), clock.monotonic_s()
    await asyncio.gather(*(call(i) for i in range(n_calls)))
    busy = (clock.cpu_s() - cpu_at_s) / (clock.monotonic_s() - began_at_s)
    await scorer.stop(5.0)
    return took, busy


async def memory(model: Model, chunks: Chunks) -> tuple[float, float]:
    """KB per live channel: measured (scorer and a full ring, 600 against 100 channels), and of that the packed ring."""
    scorer = ScorerThread(model, ScorerSettings(capacity=MANY), asyncio.get_running_loop())
    scorer.start()
    rings: list[Ring] = []
    done = asyncio.Event()

    def live(i: int) -> None:
        """One more live channel: a slot that has been scored once, and a full ring."""
        n_blocks = round(RING_S / CHUNK_S)
        ring = Ring(RING_S)
        for index in range(n_blocks):
            samples = chunks[(i * 97 + index) % len(chunks)]
            ring.append(Block(index, {Role.CUSTOMER: BlockAudio(samples, 0, CHUNK_SAMPLES, seam=False)}))
        rings.append(ring)
        scorer.submit(scorer.open(), chunks[i % len(chunks)], clock.monotonic_s(), lambda outcome: done.set())

    async def grown_to(n: int) -> int:
        while len(rings) < n:
            live(len(rings))
        while scorer.lag_s() > 0.0:
            done.clear()
            await done.wait()
        gc.collect()
        return measure.resident_bytes()

    few = await grown_to(FEW)
    many = await grown_to(MANY)
    packed = sum(ring.n_bytes for ring in rings[FEW:])
    await scorer.stop(5.0)
    return (many - few) / (MANY - FEW) / 1000, packed / (MANY - FEW) / 1000


def main() -> None:
    """Measures, prints and writes the section `capacity`."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--model", default="tension", help="name or folder of the model")
    parser.add_argument("--calls", type=int, default=100, help="live calls")
    parser.add_argument("--seconds", type=float, default=20.0, help="how long they last")
    wanted = parser.parse_args()
    model = load_model(wanted.model)
    chunks = voices()
    kb, ring_kb = asyncio.run(memory(model, chunks))
    with measure.one_core():
        took, busy = asyncio.run(delays(model, chunks, wanted.calls, wanted.seconds))
    p50, p95, p99 = (1e3 * delay for delay in measure.percentiles(took))
    rows = [
        [f"audio in to score out, {wanted.calls} live calls: p50", f"{p50:.1f} ms"],
        ["p95", f"{p95:.1f} ms"],
        ["p99", f"{p99:.1f} ms"],
        ["share of the one core", f"{busy:.0%}"],
        [f"memory per live channel with a {RING_S:g} s ring", f"{kb:.0f} KB"],
        ["of that the ring's packed sound", f"{ring_kb:.0f} KB"],
    ]
    notes = (
        f"Audio in is the moment at which a chunk's last sample is there; its first sample came {CHUNK_S * 1e3:.0f} ms "
        f"earlier. {len(took)} chunks over {wanted.seconds:g} s, the calls out of step with each other, event loop and "
        f"scoring thread on one core. Memory is the growth of resident memory from {FEW} to {MANY} channels that hold "
        f"a slot and {RING_S:g} s of one party's sound (wanted: under {TARGET_KB} KB)."
    )
    data = {"calls": wanted.calls, "p50_ms": p50, "p95_ms": p95, "p99_ms": p99, "core_share": busy}
    data |= {"kb_per_channel": kb, "ring_kb": ring_kb}
    measure.report("capacity", "Delay and memory", ["what", "figure"], rows, notes, data)


if __name__ == "__main__":
    main()
