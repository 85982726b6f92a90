"""What the networks learn from: chunk sums of every clip, as recorded and through telephone lines drawn at random.

The front end has no parameters, so it runs once over the corpora; training on its sums then takes minutes on a CPU.
"""

from collections.abc import Callable, Collection, Iterable, Sequence
from concurrent.futures import ProcessPoolExecutor
from contextlib import ExitStack
from dataclasses import dataclass
from itertools import pairwise
from multiprocessing import get_context
from pathlib import Path
from typing import Final
from zlib import crc32

import numpy as np
import numpy.typing as npt
import torch

from voicerisk.scoring.contract import CHUNK_SAMPLES
from voicerisk.training import sounds
from voicerisk.training.augment import LineSettings, through_a_line
from voicerisk.training.corpora import read_audio
from voicerisk.training.corpora.clip import Audio, Clip, CorpusError
from voicerisk.training.evaluation.scoring import n_chunks
from voicerisk.training.network import MIN_VOICED, WINDOW_CHUNKS, FrontEnd
from voicerisk.training.pooling import N_SUMS

Progress = Callable[[str, int, int], None]
"""Gets the name of the stage, how much of it is done, and how much there is."""

BATCH: Final = 12
"""Clips side by side in the front end: few, so that their spectra stay in the processor's cache."""
NOISE_SAMPLES: Final = 40_000
POOL_FROM: Final = 40
"""Fewer batches than this are done here: starting processes would take longer."""
SPEAKER_COPIES: Final = range(0, 100, 2)
"""Copies in which all clips of a speaker come through one line, as in a call: what baselines are made of."""


_Part = tuple[npt.NDArray[np.float32], int, int]
"""Chunk sums, index of the clip, copy."""


@dataclass(frozen=True, slots=True)
class Chunks:
    """Chunk sums of many clips: row i is a chunk of clip `clip[i]` in copy `copy[i]` (0 = as recorded)."""

    sums: npt.NDArray[np.float32]
    clip: npt.NDArray[np.int32]
    copy: npt.NDArray[np.int8]


def chunk_sums(
    clips: Sequence[Clip], names: Collection[str], n_copies: int, line: LineSettings, seed: int, report: Progress
) -> Chunks:
    """Return the chunk sums of the clips of the named corpora: as recorded, and `n_copies` times through a line.

    Clips of noise among `clips` are what the lines' noise is taken from. Works on all cores; the same for any number.
    """
    wanted = [i for i, clip in enumerate(clips) if clip.corpus in names and clip.emotion != "noise"]
    wanted.sort(key=lambda i: (clips[i].duration_s, i))
    batches = [wanted[first : first + BATCH] for first in range(0, len(wanted), BATCH)]
    parts: list[_Part] = []
    noises = [read_audio(clip) for clip in clips if clip.emotion == "noise"]
    tasks = ((batch, [clips[i] for i in batch], _some(noises, batch, seed), n_copies, line, seed) for batch in batches)
    with ExitStack() as stack:
        results: Iterable[list[_Part]] = map(_batch_parts, tasks)
        if len(batches) >= POOL_FROM:
            pool = ProcessPoolExecutor(None, get_context("spawn"), torch.set_num_threads, (1,))
            results = stack.enter_context(pool).map(_batch_parts, tasks)
        for done, part in enumerate(results, start=1):
            parts += part
            report("front end", done, len(batches))
    parts.sort(key=lambda part: part[1:])
    lengths = [len(sums) for sums, _, _ in parts]
    return Chunks(
        np.concatenate([sums for sums, _, _ in parts]) if parts else np.zeros((0, N_SUMS), np.float32),
        np.repeat(np.array([i for _, i, _ in parts], dtype=np.int32), lengths),
        np.repeat(np.array([copy for _, _, copy in parts], dtype=np.int8), lengths),
    )


def _some(noises: Sequence[Audio], batch: Sequence[int], seed: int) -> list[Audio]:
    """A few seconds of every recorded noise, other ones for every batch."""
    random = np.random.default_rng([seed, batch[0]])
    starts = [int(random.integers(max(1, len(noise) - NOISE_SAMPLES))) for noise in noises]
    return [noise[start : start + NOISE_SAMPLES] for noise, start in zip(noises, starts, strict=True)]


def _batch_parts(task: tuple[list[int], list[Clip], list[Audio], int, LineSettings, int]) -> list[_Part]:
    indices, clips, noises, n_copies, line, seed = task
    front = FrontEnd().eval()
    audios = [read_audio(clip) for clip in clips]
    parts: list[_Part] = []
    for copy in range(n_copies + 1):
        heard = [
            _copy(clip, audio, audios[place - 1], noises, line, [seed, copy, i]) if copy else audio
            for place, (i, clip, audio) in enumerate(zip(indices, clips, audios, strict=True))
        ]
        for i, audio, sums in zip(indices, heard, _front(front, heard), strict=True):
            parts.append((sums[: n_chunks(audio)], i, copy))
    return parts


def _front(front: FrontEnd, audios: Sequence[Audio]) -> npt.NDArray[np.float32]:
    padded = np.zeros((len(audios), max(map(n_chunks, audios)) * CHUNK_SAMPLES), dtype=np.float32)
    for row, audio in zip(padded, audios, strict=True):
        row[: len(audio)] = audio
    with torch.inference_mode():
        sums: npt.NDArray[np.float32] = front.whole(torch.from_numpy(padded)).numpy()
    return sums


def _copy(
    clip: Clip, audio: Audio, other: Audio, noises: Sequence[Audio], line: LineSettings, seed: list[int]
) -> Audio:
    """The clip through a line: in odd copies a line of its own, in even ones a line that its speaker always has."""
    random = np.random.default_rng(seed)
    if noises and random.random() < 0.5:
        noise = noises[int(random.integers(len(noises)))]
        start = int(random.integers(max(1, len(noise) - len(audio))))
        noise = noise[start : start + max(1, len(audio))]
    else:
        noise = sounds.line_noise(random, max(1, len(audio)))
    if seed[1] in SPEAKER_COPIES:
        random = np.random.default_rng([*seed[:2], crc32(clip.speaker.encode())])
    return through_a_line(audio, other, noise, line, random)


def save_chunks(chunks: Chunks, clips: Sequence[Clip], file: Path) -> None:
    """Write the chunk sums and of which clips they are; a file cut short is never left under the name."""
    partial = file.with_suffix(".partial.npz")
    np.savez(partial, sums=chunks.sums, clip=chunks.clip, copy=chunks.copy, of=_names(clips))
    partial.rename(file)


def load_chunks(file: Path, clips: Sequence[Clip]) -> Chunks:
    """Read what `save_chunks` wrote. Raises `CorpusError` where it was made of other clips than these."""
    with np.load(file) as arrays:
        if not np.array_equal(arrays["of"], _names(clips)):
            raise CorpusError(f"{file}: made of other clips than the corpora hold now; name another run folder")
        return Chunks(arrays["sums"], arrays["clip"], arrays["copy"])


def _names(clips: Sequence[Clip]) -> npt.NDArray[np.str_]:
    return np.array([clip.id for clip in clips])


def pooled_forms(chunks: Chunks, n_clips: int, seed: int) -> npt.NDArray[np.float32]:
    """Return the forms in which each clip is learned: whole, a full window of it, and a shorter piece, for every copy.

    A live window holds from under a second to three seconds of speech, so that is what the model must have met.

    Returns:
        (3 * copies, n_clips, N_SUMS); zeros where a clip has no voice.
    """
    random = np.random.default_rng(seed)
    n_copies = int(chunks.copy.max(initial=0)) + 1
    forms = np.zeros((3 * n_copies, n_clips, N_SUMS), dtype=np.float32)
    spoken = chunks.sums[:, 0] >= MIN_VOICED
    sums, clip, copy = chunks.sums[spoken], chunks.clip[spoken], chunks.copy[spoken]
    keys = clip.astype(np.int64) * n_copies + copy
    edges = np.flatnonzero(np.diff(keys, prepend=-1, append=-1))
    for start, end in pairwise(edges.tolist()):
        i, n = clip[start], end - start
        rows = 3 * int(copy[start])
        forms[rows, i] = sums[start:end].sum(0)
        for form, length in ((1, WINDOW_CHUNKS), (2, int(random.integers(4, WINDOW_CHUNKS)))):
            at = start + (int(random.integers(n - length + 1)) if n > length else 0)
            forms[rows + form, i] = sums[at : min(end, at + length)].sum(0)
    return forms
