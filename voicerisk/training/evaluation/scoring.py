"""From sound to scores, by the very engine that serves: many clips side by side, chunk by chunk."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from voicerisk.scoring.contract import CHUNK_SAMPLES
from voicerisk.scoring.engine import ScoringEngine
from voicerisk.scoring.model import Model
from voicerisk.training.corpora.clip import Audio

BATCH: Final = 128
MIN_VOICED: Final = 0.3

Doubles = npt.NDArray[np.float64]
Progress = Callable[[int, int], None]
"""Gets how many are done, and how many there are."""


@dataclass(frozen=True, slots=True)
class ClipScores:
    """The model's word on n clips, pooled over each one's speech; `emotion` is (n, labels), the rest are (n,).

    `speech_s` is what the model took for speech; with 0 seconds the scores mean nothing and count as given. `level_db`
    and `pitch_st` are medians over the voiced chunks, NaN where there are none. `beside` is the tension of a clip heard
    after its caller's first calm clips (`evaluation/caller.py`), NaN where that was not measured.
    """

    tension: Doubles
    stress: Doubles
    arousal: Doubles
    valence: Doubles
    emotion: Doubles
    speech_s: Doubles
    level_db: Doubles
    pitch_st: Doubles
    beside: Doubles

    def __len__(self) -> int:
        return len(self.tension)

    def take(self, which: npt.NDArray[Any]) -> "ClipScores":
        """The scores of some of the clips: a mask or indices."""
        return replace(self, **{name: getattr(self, name)[which] for name in self.__slots__})


def n_chunks(audio: Audio) -> int:
    """How many chunks of 240 ms the audio fills, the last one padded with silence; at least one."""
    return max(1, -(-len(audio) // CHUNK_SAMPLES))


def chunk_outputs(
    model: Model, audios: Sequence[Audio], names: Sequence[str], *, batch: int = BATCH, progress: Progress | None = None
) -> list[dict[str, Doubles]]:
    """Return the named outputs of the contract for every chunk of every audio, each (chunks,) or (chunks, labels).

    Clips of like length run side by side, which changes no score. Raises RuntimeError where the model fails on a chunk.
    """
    outputs: list[dict[str, Doubles]] = [{} for _ in audios]
    lengths = np.array([n_chunks(audio) for audio in audios])
    order = np.argsort(-lengths, kind="stable")
    engine = ScoringEngine(model, batch, batch)
    for first in range(0, len(order), batch):
        group = order[first : first + batch]
        padded = np.zeros((len(group), int(lengths[group[0]]) * CHUNK_SAMPLES), dtype=np.float32)
        for row, index in enumerate(group):
            padded[row, : len(audios[index])] = audios[index]
        columns = _run(engine, padded, lengths[group], names)
        for row, index in enumerate(group):
            outputs[index] = {name: np.stack(column[row]) for name, column in columns.items()}
        if progress is not None:
            progress(min(first + batch, len(order)), len(order))
    return outputs


def _run(
    engine: ScoringEngine, audio: Audio, lengths: npt.NDArray[np.intp], names: Sequence[str]
) -> dict[str, list[list[Doubles]]]:
    """Outputs by name, row and chunk; rows come longest first, so that those still running are the first ones."""
    slots = [engine.open() for _ in lengths]
    columns: dict[str, list[list[Doubles]]] = {name: [[] for _ in lengths] for name in names}
    for chunk in range(int(lengths[0])):
        n_running = int((lengths > chunk).sum())
        part = np.ascontiguousarray(audio[:n_running, chunk * CHUNK_SAMPLES : (chunk + 1) * CHUNK_SAMPLES])
        scores = engine.run(slots[:n_running], part)
        if scores.failures:
            raise RuntimeError(f"the model failed on a chunk: {next(iter(scores.failures.values()))}")
        for name in names:
            for row, value in enumerate(scores.column(name)):
                columns[name][row].append(value)
    for slot in slots:
        engine.close(slot)
    return columns


WHOLE: Final = ("all_tension", "all_stress", "all_arousal", "all_valence", "all_emotion", "all_speech_s")
VOICE: Final = ("voiced", "level_db", "pitch_st")


def score_clips(model: Model, audios: Iterable[Audio], *, progress: Progress | None = None) -> ClipScores:
    """Return the model's word on each audio, pooled over all of its speech. Raises RuntimeError as `chunk_outputs`."""
    rows = chunk_outputs(model, list(audios), WHOLE + VOICE, progress=progress)
    last = {name: np.array([row[name][-1] for row in rows]) for name in WHOLE}
    voices = [_median_voice(row) for row in rows]
    return ClipScores(
        tension=last["all_tension"],
        stress=last["all_stress"],
        arousal=last["all_arousal"],
        valence=last["all_valence"],
        emotion=last["all_emotion"].reshape(len(rows), len(model.spec.emotions)),
        speech_s=last["all_speech_s"],
        level_db=np.array([level_db for level_db, _ in voices]),
        pitch_st=np.array([pitch_st for _, pitch_st in voices]),
        beside=np.full(len(rows), np.nan),
    )


def _median_voice(row: dict[str, Doubles]) -> tuple[float, float]:
    voiced = row["voiced"] >= MIN_VOICED
    if not voiced.any():
        return float("nan"), float("nan")
    return float(np.median(row["level_db"][voiced])), float(np.median(row["pitch_st"][voiced]))
