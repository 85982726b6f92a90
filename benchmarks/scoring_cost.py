"""CPU cost of scoring, per second of audio and channel, beside wav2vec2-base over a 3 s window every 0.5 s.

    python -m benchmarks.scoring_cost [--model NAME]

One core, one thread. Both sides are measured in turns within the same run, so that a busy machine slows both; the
figure to look at is the ratio.
"""

import argparse
import statistics
from pathlib import Path
from typing import Final

import numpy as np
import onnxruntime as ort

from benchmarks import measure
from benchmarks.wav2vec2_reference import HOP_S, RATE_HZ, WINDOW_S, cached_reference, export_reference
from voicerisk.scoring.contract import CHUNK_S, CHUNK_SAMPLES
from voicerisk.scoring.engine import ScoringEngine
from voicerisk.scoring.model import Model, load_model, session_options

CHANNELS: Final = (1, 10, 100, 500)
ROUNDS: Final = 7
STEPS: Final = 400
MAX_BATCH: Final = 128
TARGET_RATIO: Final = 300.0


def reference_session() -> ort.InferenceSession:
    """The yardstick, exported now if it is not in the cache yet."""
    path: Path = cached_reference()
    if not path.exists():
        try:
            export_reference()
        except ImportError:
            measure.give_up(
                f"{path} is missing, and exporting it needs torch and torchaudio: run "
                "`python -m benchmarks.wav2vec2_reference` once in an environment with the extra `train`"
            )
    return ort.InferenceSession(path, session_options(), providers=["CPUExecutionProvider"])


class Load:
    """Live channels that all have a new chunk each time `step` is called."""

    def __init__(self, model: Model, n_channels: int) -> None:
        self._engine = ScoringEngine(model, n_channels, min(n_channels, MAX_BATCH))
        self._slots = [self._engine.open() for _ in range(n_channels)]
        rng = np.random.default_rng(0)
        self._audio = np.clip(rng.standard_normal((n_channels, CHUNK_SAMPLES)) * 2000, -32768, 32767).astype(np.int16)
        self.heads = True

    def step(self) -> None:
        """Scores 240 ms of every channel, and makes the score values."""
        for at in range(0, len(self._slots), MAX_BATCH):
            batch = slice(at, at + MAX_BATCH)
            self._engine.run(self._slots[batch], self._audio[batch], heads=self.heads).rows()


def main() -> None:
    """Measures, prints and writes the section `scoring_cost`."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--model", default="tension", help="name or folder of the model")
    model = load_model(parser.parse_args().model)
    with measure.one_core():
        reference = reference_session()
        window = {"audio": np.random.default_rng(0).standard_normal((1, int(RATE_HZ * WINDOW_S))).astype(np.float32)}
        loads = {n: Load(model, n) for n in CHANNELS}
        reference_s: list[float] = []
        full_s: dict[int, list[float]] = {n: [] for n in CHANNELS}
        bare_s: dict[int, list[float]] = {n: [] for n in CHANNELS}
        for _ in range(ROUNDS):
            # A window stands for HOP_S seconds of audio, a step for CHUNK_S seconds of every channel.
            reference_s.append(measure.cpu_s(lambda: reference.run(None, window), 2) / HOP_S)
            for n, load in loads.items():
                repeats = max(4, STEPS // n)
                for heads, took in ((True, full_s), (False, bare_s)):
                    load.heads = heads
                    took[n].append(measure.cpu_s(load.step, repeats) / n / CHUNK_S)
    yardstick = statistics.median(reference_s)
    rows = []
    data = {}
    for n in CHANNELS:
        cost, bare = statistics.median(full_s[n]), statistics.median(bare_s[n])
        data[n] = {"ms_per_audio_s": cost * 1e3, "stretched_ms_per_audio_s": bare * 1e3, "ratio": yardstick / cost}
        rows.append([str(n), f"{cost * 1e3:.3f}", f"{bare * 1e3:.3f}", f"{yardstick / cost:.0f}", f"{1 / cost:.0f}"])
    rows.append(["wav2vec2-base, 1", f"{yardstick * 1e3:.1f}", "", "1", f"{1 / yardstick:.1f}"])
    least = min(entry["ratio"] for entry in data.values())
    notes = (
        f"Model `{model.spec.name}` {model.spec.version}, {model.state_bytes / 1024:.1f} KiB of state per channel. "
        "Milliseconds of CPU time per second of audio and channel, one thread on one core; the reference runs a "
        f"{WINDOW_S:g} s window every {HOP_S:g} s. The least ratio is {least:.0f} (wanted: at least "
        f"{TARGET_RATIO:.0f}). A run costs something before its first row, and is padded to a multiple of 4 rows "
        "(see voicerisk/scoring/independence.py): that is why one channel alone costs more than one of many. Median "
        f"of {ROUNDS} rounds."
    )
    columns = ["channels", "ms per audio second", "without heads", "times cheaper than wav2vec2", "channels per core"]
    report = {"model": model.spec.name, "version": model.spec.version, "wav2vec2_ms_per_audio_s": yardstick * 1e3}
    measure.report("scoring_cost", "Cost of scoring", columns, rows, notes, {**report, "channels": data})


if __name__ == "__main__":
    main()
