"""From sound to scores, by the very engine that serves: many clips side by side, chunk by chunk."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, replace
from functools import lru_cache
from itertools import repeat
from multiprocessing import get_context
from pathlib import Path
from typing import Any, Final, TypeVar

import numpy as np
import numpy.typing as npt

from voicerisk.scoring.contract import CHUNK_SAMPLES
from voicerisk.scoring.engine import ChannelState, ScoringEngine, Slot
from voicerisk.scoring.model import Model, load_model
from voicerisk.training.corpora.clip import Audio

BATCH: Final = 128
AT_ONCE: Final = 512
"""Clips that go to a process together."""

Doubles = npt.NDArray[np.float64]
Progress = Callable[[int, int], None]
"""Gets how many are done, and how many there are."""


@dataclass(frozen=True, slots=True)
class ClipScores:
    """The model's word on n clips, pooled over each one's speech; `emotion` is (n, labels), the rest are (n,).

    `speech_s` is what the model took for speech; with 0 seconds the scores mean nothing and count as given. `beside` is
    the tension of a clip heard after its caller's first calm clips, `alone` that of the same sound without them
    (`evaluation/caller.py`); both are NaN where that was not measured.
    """

    tension: Doubles
    stress: Doubles
    arousal: Doubles
    valence: Doubles
    emotion: Doubles
    speech_s: Doubles
    beside: Doubles
    alone: Doubles

    def __len__(self) -> int:
        return len(self.tension)

    def take(self, which: npt.NDArray[Any]) -> "ClipScores":
        """The scores of some of the clips: a mask or indices."""
        return replace(self, **{name: getattr(self, name)[which] for name in self.__slots__})


def n_chunks(audio: Audio) -> int:
    """How many chunks of 240 ms the audio fills, the last one padded with silence; at least one."""
    return max(1, -(-len(audio) // CHUNK_SAMPLES))


def chunk_outputs(
    model: Model,
    audios: Sequence[Audio],
    names: Sequence[str],
    *,
    batch: int = BATCH,
    starts: Sequence[ChannelState] | None = None,
) -> list[dict[str, Doubles]]:
    """Return the named outputs of the contract for every chunk of every audio, each (chunks,) or (chunks, labels).

    Clips of like length run side by side, which changes no score. With `starts`, one for each audio, each goes on from
    there instead of from a call's start. Raises RuntimeError where the model fails on a chunk.
    """
    outputs: list[dict[str, Doubles]] = [{} for _ in audios]
    for group, columns, _ in _heard(ScoringEngine(model, batch, batch), audios, names, starts):
        for row, index in enumerate(group):
            outputs[index] = {name: np.stack(column[row]) for name, column in columns.items()}
    return outputs


def states_after(model: Model, audios: Sequence[Audio], *, batch: int = BATCH) -> list[ChannelState]:
    """Return what the model keeps of each audio at its end, padded with silence to whole chunks. Raises as above."""
    engine = ScoringEngine(model, batch, batch)
    states: list[ChannelState] = [()] * len(audios)
    for group, _, slots in _heard(engine, audios, (), None):
        for index, slot in zip(group, slots, strict=True):
            states[index] = engine.state_of(slot)
    return states


def _heard(
    engine: ScoringEngine, audios: Sequence[Audio], names: Sequence[str], starts: Sequence[ChannelState] | None
) -> Iterator[tuple[list[int], dict[str, list[list[Doubles]]], list[Slot]]]:
    """For each batch of clips, longest first: their indices, their outputs by name, row and chunk, their open slots."""
    lengths = np.array([n_chunks(audio) for audio in audios])
    order = np.argsort(-lengths, kind="stable")
    for first in range(0, len(order), engine.max_batch):
        group = order[first : first + engine.max_batch].tolist()
        padded = np.zeros((len(group), int(lengths[group[0]]) * CHUNK_SAMPLES), dtype=np.float32)
        for row, index in enumerate(group):
            padded[row, : len(audios[index])] = audios[index]
        slots = [engine.open(None if starts is None else starts[index]) for index in group]
        yield group, _run(engine, slots, padded, lengths[group], names), slots
        for slot in slots:
            engine.close(slot)


def _run(
    engine: ScoringEngine, slots: Sequence[Slot], audio: Audio, lengths: npt.NDArray[np.intp], names: Sequence[str]
) -> dict[str, list[list[Doubles]]]:
    """Outputs by name, row and chunk; rows come longest first, so that those still running are the first ones."""
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
    return columns


WHOLE: Final = ("all_tension", "all_stress", "all_arousal", "all_valence", "all_emotion", "all_speech_s")


def score_clips(
    model: Model, audios: Iterable[Audio], *, workers: int = 1, progress: Progress | None = None
) -> ClipScores:
    """Return the model's word on each audio, pooled over all of its speech.

    With several workers each scores some of the clips in a process of its own, which changes no score; processes take
    seconds to start. Raises RuntimeError as `chunk_outputs`.
    """
    clips = list(audios)
    order = sorted(range(len(clips)), key=lambda index: -len(clips[index]))
    parts = [[clips[index] for index in order[first : first + AT_ONCE]] for first in range(0, len(order), AT_ONCE)]
    scored: list[ClipScores] = []
    for scores in in_processes(_whole_clips, model, parts or [[]], workers):
        scored.append(scores)
        if progress is not None:
            progress(sum(map(len, scored)), len(clips))
    names = ClipScores.__slots__
    together = ClipScores(**{name: np.concatenate([getattr(part, name) for part in scored]) for name in names})
    return together.take(np.argsort(order))


def _whole_clips(model: Model, audios: Sequence[Audio]) -> ClipScores:
    rows = chunk_outputs(model, audios, WHOLE)
    last = {name: np.array([row[name][-1] for row in rows]) for name in WHOLE}
    return ClipScores(
        tension=last["all_tension"],
        stress=last["all_stress"],
        arousal=last["all_arousal"],
        valence=last["all_valence"],
        emotion=last["all_emotion"].reshape(len(rows), len(model.spec.emotions)),
        speech_s=last["all_speech_s"],
        beside=np.full(len(rows), np.nan),
        alone=np.full(len(rows), np.nan),
    )


Item = TypeVar("Item")
Result = TypeVar("Result")


def in_processes(
    job: Callable[[Model, Item], Result], model: Model, items: Sequence[Item], workers: int
) -> Iterator[Result]:
    """Yield what the job makes of each item, in order; with several workers in processes that load the model anew."""
    if workers < 2 or len(items) < 2:
        yield from (job(model, item) for item in items)
        return
    # A forked onnxruntime may hang on the parent's threads; a spawned one starts clean.
    with ProcessPoolExecutor(min(workers, len(items)), mp_context=get_context("spawn")) as pool:
        yield from pool.map(_in_process, repeat(job), repeat(model.folder), items)


def _in_process(job: Callable[[Model, Item], Result], folder: Path, item: Item) -> Result:
    return job(_loaded(folder), item)


_loaded = lru_cache(maxsize=1)(load_model)
