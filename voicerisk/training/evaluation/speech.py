"""Whether the model knows speech from what else a line carries: beside Silero VAD, and on hold music alone.

The reference is the decision of Silero VAD (https://github.com/snakers4/silero-vad, MIT; extra `train`), whose package
carries its model, so nothing is fetched. Its ONNX graph takes 32 ms at 8 kHz with 4 ms of what went before; a chunk of
240 ms counts as speech where the mean over its windows is 0.5 or more.
"""

import importlib.metadata
import importlib.util
from collections.abc import Sequence
from pathlib import Path
from typing import Final

import msgspec
import numpy as np
import numpy.typing as npt
import onnxruntime as ort

from voicerisk.scoring.contract import CHUNK_S, CHUNK_SAMPLES, RATE_HZ
from voicerisk.scoring.model import Model
from voicerisk.training.corpora.clip import Audio
from voicerisk.training.evaluation.scoring import Doubles, chunk_outputs, n_chunks
from voicerisk.training.metrics import Estimate, auc, estimate

WINDOW: Final = 256
CONTEXT: Final = 32
STATE: Final = 128
DECISION: Final = 0.5


class SpeechResult(msgspec.Struct, frozen=True, kw_only=True):
    """Speech detection at 240 ms. `against_silero` is None where Silero VAD is not installed, as is its version.

    `against_truth` is against where the simulator put the customer's utterances. False seconds are per minute.
    """

    n_chunks: int
    n_callers: int
    silero_version: str | None
    against_silero: Estimate | None
    against_truth: Estimate
    silero_against_truth: Estimate | None
    agreement: float | None
    """Share of chunks in which model and Silero decide alike."""
    false_s_per_min: dict[str, float]
    """Seconds that the model took for speech, per minute of each sound that is none."""
    silero_false_s_per_min: dict[str, float]
    against_agreed: Estimate | None = None
    """Where Silero decides as the simulator knows it to be: elsewhere it takes keys over noise for speech, or misses
    quiet speech, and to follow it would be a fault."""


def silero_path() -> Path | None:
    """Return where Silero VAD's graph lies, or None where its package is not installed. Imports nothing of it."""
    found = importlib.util.find_spec("silero_vad")
    folders = found.submodule_search_locations if found is not None else None
    file = Path(next(iter(folders))) / "data" / "silero_vad.onnx" if folders else None
    return file if file is not None and file.is_file() else None


def silero_chunks(path: Path, audios: Sequence[Audio]) -> list[Doubles]:
    """Return Silero's probability of speech for every chunk of every audio; each (chunks,)."""
    options = ort.SessionOptions()
    options.intra_op_num_threads = 1
    session = ort.InferenceSession(str(path), options, providers=["CPUExecutionProvider"])
    lengths = np.array([n_chunks(audio) * CHUNK_SAMPLES for audio in audios])
    order = np.argsort(-lengths, kind="stable")  # longest first: those still running are always the first ones
    n_windows = -(-lengths[order] // WINDOW)
    padded = np.zeros((len(audios), CONTEXT + int(n_windows[0]) * WINDOW), dtype=np.float32)
    for row, which in enumerate(order):
        padded[row, CONTEXT : CONTEXT + len(audios[which])] = audios[which]
    state = np.zeros((2, len(audios), STATE), dtype=np.float32)
    windows = np.zeros((len(audios), int(n_windows[0])))
    for index in range(int(n_windows[0])):
        n_running = int((n_windows > index).sum())
        part = padded[:n_running, index * WINDOW : index * WINDOW + CONTEXT + WINDOW]
        feeds = {"input": part, "state": state[:, :n_running], "sr": np.array(RATE_HZ, dtype=np.int64)}
        speech, state = session.run(None, feeds)
        windows[:n_running, index] = speech[:, 0]
    # The 240 ms grid and the 32 ms grid do not meet: each window's word is held and averaged over the chunk's samples.
    samples = np.repeat(windows, WINDOW, axis=1)
    row_of = np.argsort(order)
    return [
        samples[row, :length].reshape(-1, CHUNK_SAMPLES).mean(axis=1).astype(np.float64)
        for row, length in zip(row_of, lengths, strict=True)
    ]


def speech_result(
    model: Model,
    calls: Sequence[tuple[str, Audio, Sequence[tuple[float, float]]]],
    no_speech: dict[str, Audio],
    *,
    resamples: int,
) -> SpeechResult:
    """Return how the model hears speech.

    Args:
        model: The model.
        calls: Speaker, the customer's channel, and when the customer spoke (start and end in seconds).
        no_speech: Sounds that hold no speech, by name.
        resamples: For the intervals.
    """
    audios = [audio for _, audio, _ in calls]
    heard = [row["speech"] for row in chunk_outputs(model, audios + list(no_speech.values()), ["speech"])]
    model_calls, model_sounds = np.concatenate(heard[: len(calls)]), heard[len(calls) :]
    spoken = [_spoken(audio, said) for _, audio, said in calls]
    truth = np.concatenate([is_speech for is_speech, _ in spoken])
    clear = np.concatenate([is_clear for _, is_clear in spoken])
    speakers = np.repeat([speaker for speaker, _, _ in calls], [len(row) for row in heard[: len(calls)]])
    path = silero_path()
    reference = silero_chunks(path, audios + list(no_speech.values())) if path is not None else []
    silero = np.concatenate(reference[: len(calls)]) if reference else None
    decided = None if silero is None else (silero >= DECISION).astype(np.int64)
    names = list(no_speech)

    def area(label: npt.NDArray[np.int64], score: Doubles, which: npt.NDArray[np.bool_]) -> Estimate:
        return estimate(auc, label[which], score[which], speakers[which].tolist(), resamples=resamples)

    everywhere = np.ones(len(truth), dtype=np.bool_)
    return SpeechResult(
        n_chunks=len(truth),
        n_callers=len({speaker for speaker, _, _ in calls}),
        silero_version=None if path is None else _silero_version(),
        against_silero=None if decided is None else area(decided, model_calls, everywhere),
        against_truth=area(truth, model_calls, clear),
        silero_against_truth=None if silero is None else area(truth, silero, clear),
        agreement=None if decided is None else round(float(np.mean((model_calls >= DECISION) == decided)), 4),
        false_s_per_min={name: _false(row) for name, row in zip(names, model_sounds, strict=True)},
        silero_false_s_per_min={name: _false(row) for name, row in zip(names, reference[len(calls) :], strict=False)},
        against_agreed=None if decided is None else area(truth, model_calls, clear & (decided == truth)),
    )


def _silero_version() -> str | None:
    try:
        return importlib.metadata.version("silero-vad")
    except importlib.metadata.PackageNotFoundError:
        return None


def _spoken(audio: Audio, said: Sequence[tuple[float, float]]) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.bool_]]:
    """Whether each chunk holds speech, and whether that is clear: not where an utterance only touches it."""
    share = np.zeros(n_chunks(audio))
    for start_s, end_s in said:
        for index in range(int(start_s / CHUNK_S), min(len(share), int(end_s / CHUNK_S) + 1)):
            inside_s = min(end_s, (index + 1) * CHUNK_S) - max(start_s, index * CHUNK_S)
            share[index] += max(0.0, inside_s) / CHUNK_S
    return (share >= 0.5).astype(np.int64), (share <= 0.05) | (share >= 0.8)


def _false(speech: Doubles) -> float:
    return round(float(np.mean(speech >= DECISION)) * 60, 3)
