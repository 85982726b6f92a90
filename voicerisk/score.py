"""The model's own word on audio files: no baseline, no zones, no alerts; many files side by side in one batch."""

from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any, Final

import msgspec
import numpy as np

from voicerisk.audiofile import pieces, probe, roles_of
from voicerisk.call import SCORED_ROLES, Chunk
from voicerisk.events import Role
from voicerisk.gateways.codec import Channel
from voicerisk.media.timeline import Timeline
from voicerisk.scoring.contract import CHUNK_S
from voicerisk.scoring.engine import ScoringEngine, Slot
from voicerisk.scoring.model import Model
from voicerisk.scoring.scores import ChunkScore, Pooled, ScoringError

SIDE_BY_SIDE: Final = 64
_DECIMALS_S: Final = 2


class FileScore(msgspec.Struct, frozen=True):
    """What the model says of one file's customer.

    `summary` pools over all of the file's speech. Each of `windows` is one hop of 240 ms: `speech` is the probability
    of speech in that hop, the other scores pool over the last seconds of speech up to its end. With `speech_s` 0 the
    scores are the model's word on what is not speech, and mean nothing.
    """

    file: str
    duration_s: float
    speech_s: float
    summary: dict[str, Any]
    windows: list[dict[str, Any]]


def chunks(path: Path, roles: Sequence[Role] | None = None) -> Iterator[Chunk]:
    """The file's scored voice on the 240 ms grid at 8 kHz, the last chunk filled up with silence.

    Raises `AudioFileError`, also when no channel carries a customer's or a mixed voice.
    """
    info = probe(path)
    known = roles_of(path, info, roles)
    scored = next((role for role in SCORED_ROLES if role in known), None)
    if scored is None:
        return
    timeline, index = Timeline(), known.index(scored)
    timeline.open_stream("file", (Channel(scored, info.rate_hz),))
    for piece in pieces(path, 0.24):
        timeline.push("file", 0, piece[index])
        yield from (Chunk(block.index, block.roles[scored].samples) for block in timeline.blocks())
    yield from (Chunk(block.index, block.roles[scored].samples) for block in timeline.finish())


def score_files(
    paths: Sequence[Path],
    model: Model,
    *,
    roles: Sequence[Role] | None = None,
    progress: Callable[[str, float], None] | None = None,
) -> Iterator[FileScore]:
    """The score of each file, in the order given.

    Args:
        paths: Audio files.
        model: The model.
        roles: Whose voice each channel carries; default mono = customer, stereo = customer, agent.
        progress: Told each file's name and how many of its seconds have been scored.

    Raises:
        AudioFileError: A file cannot be read; those that run beside it are not finished then.
        ScoringError: The model could not score a file; likewise.
    """
    for first in range(0, len(paths), SIDE_BY_SIDE):
        yield from _together(paths[first : first + SIDE_BY_SIDE], model, roles, progress)


def _together(
    paths: Sequence[Path],
    model: Model,
    roles: Sequence[Role] | None,
    progress: Callable[[str, float], None] | None,
) -> Iterator[FileScore]:
    engine = ScoringEngine(model, len(paths), len(paths))
    sources = [chunks(path, roles) for path in paths]
    scores: list[list[ChunkScore]] = [[] for _ in paths]
    slots: dict[int, Slot] = {number: engine.open() for number in range(len(paths))}
    given = 0
    while given < len(paths):
        ready = {number: chunk for number in slots if (chunk := next(sources[number], None)) is not None}
        for number in [number for number in slots if number not in ready]:
            engine.close(slots.pop(number))
        if ready:
            audio = np.stack([chunk.samples for chunk in ready.values()])
            rows = engine.run([slots[number] for number in ready], audio).rows()
            for number, row in zip(ready, rows, strict=True):
                if isinstance(row, ScoringError):
                    raise ScoringError(f"{paths[number]}: {row}")
                scores[number].append(row)
                if progress is not None:
                    progress(str(paths[number]), len(scores[number]) * CHUNK_S)
        while given < len(paths) and given not in slots:
            yield _file_score(paths[given], scores[given], model.spec.emotions)
            scores[given] = []
            given += 1


def _file_score(path: Path, scores: Sequence[ChunkScore], emotions: Sequence[str]) -> FileScore:
    whole = scores[-1].whole if scores else None
    duration_s = probe(path).duration_s
    return FileScore(
        file=str(path),
        duration_s=round(duration_s, 3),
        speech_s=round(whole.speech_s, _DECIMALS_S) if whole else 0.0,
        summary=_pooled(whole, emotions),
        windows=[
            {
                "start_s": round(number * CHUNK_S, _DECIMALS_S),
                "end_s": round(min((number + 1) * CHUNK_S, duration_s), _DECIMALS_S),
                "speech": score.speech,
                **_pooled(score.window, emotions),
            }
            for number, score in enumerate(scores)
        ],
    )


def _pooled(pooled: Pooled | None, emotions: Sequence[str]) -> dict[str, Any]:
    """The five scores by name; all 0 for a file without a single sample."""
    if pooled is None:
        pooled = Pooled(0.0, 0.0, 0.0, 0.0, (0.0,) * len(emotions), 0.0)
    names = ("tension", "stress", "arousal", "valence")
    return {name: getattr(pooled, name) for name in names} | {
        "emotion": dict(zip(emotions, pooled.emotion, strict=True))
    }
