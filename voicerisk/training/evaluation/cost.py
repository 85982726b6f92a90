"""What the model costs to run, and whether a row's scores depend on its neighbours."""

from typing import Final

import msgspec
import numpy as np

from voicerisk.clock import cpu_s
from voicerisk.scoring.contract import CHUNK_S, CHUNK_SAMPLES
from voicerisk.scoring.engine import ScoringEngine
from voicerisk.scoring.model import Model
from voicerisk.scoring.model_file import GRAPH_FILE
from voicerisk.training.corpora.clip import Audio
from voicerisk.training.evaluation.scoring import chunk_outputs

BATCHES: Final = (1, 100)
SECONDS: Final = 3.0
COMPARED: Final = ("speech", "tension", "arousal", "all_tension", "all_emotion")


class Cost(msgspec.Struct, frozen=True, kw_only=True):
    """CPU milliseconds per second of audio and channel, by batch size, on the machine that evaluated; and sizes."""

    ms_per_s: dict[int, float]
    model_bytes: int
    state_bytes: int


class Invariance(msgspec.Struct, frozen=True, kw_only=True):
    """The largest difference that neighbours in a batch, and cutting into chunks, make to any score.

    `chunks` is what export measured between the whole file in torch and 240 ms chunks in ONNX Runtime (model.toml,
    `[training]`, `chunk_max_abs_diff`); None where it did not say.
    """

    neighbours: float
    chunks: float | None


def cost(model: Model, audio: Audio, *, seconds: float = SECONDS) -> Cost:
    """Return what running the model costs on this machine, each batch size for about `seconds` of CPU time."""
    measured: dict[int, float] = {}
    for batch in BATCHES:
        engine = ScoringEngine(model, batch, batch)
        slots = [engine.open() for _ in range(batch)]
        rows = np.resize(audio, batch * CHUNK_SAMPLES).reshape(batch, CHUNK_SAMPLES)
        for _ in range(3):
            engine.run(slots, rows)
        runs, started_s = 0, cpu_s()
        while (spent_s := cpu_s() - started_s) < seconds:
            engine.run(slots, rows)
            runs += 1
        measured[batch] = round(1000 * spent_s / (runs * batch * CHUNK_S), 3)
    return Cost(
        ms_per_s=measured, model_bytes=(model.folder / GRAPH_FILE).stat().st_size, state_bytes=model.state_bytes
    )


def invariance(model: Model, audios: list[Audio]) -> Invariance:
    """Return how far the scores of audios run side by side lie from those of each run alone."""
    together = chunk_outputs(model, audios, COMPARED)
    worst = 0.0
    for audio, row in zip(audios, together, strict=True):
        alone = chunk_outputs(model, [audio], COMPARED, batch=1)[0]
        worst = max(worst, *(float(np.abs(row[name] - alone[name]).max()) for name in COMPARED))
    said = model.spec.training.get("chunk_max_abs_diff")
    return Invariance(neighbours=worst, chunks=float(said) if isinstance(said, int | float) else None)
