"""Synthetic callers: what the model would say about them, block by block, without any audio."""

from collections.abc import Iterable, Iterator
from random import Random

from voicerisk.events import Role
from voicerisk.scoring.scores import ChunkScore, Pooled
from voicerisk.tension import Observation, TensionSettings, TensionStep, TensionTracker


def block(
    index: int,
    tension: float = 0.15,
    *,
    level_db: float = -28.0,
    pitch_st: float = 16.0,
    speech: float = 0.95,
    voiced: float = 0.6,
    window_s: float = 3.0,
    agent: float | None = 0.0,
    talk_over: float | None = 0.0,
    missing: float = 0.0,
    role: Role = Role.CUSTOMER,
    heads: bool = True,
) -> Observation:
    """One block of a caller who speaks."""
    pooled = Pooled(tension, tension, tension, 0.5, (tension, 1.0 - tension), window_s) if heads else None
    score = ChunkScore(speech, voiced, level_db, pitch_st, pooled, pooled)
    return Observation(index=index, score=score, agent_active=agent, talk_over=talk_over, missing=missing, role=role)


class Voice:
    """A caller with a seeded, natural wobble in tone, loudness and pitch, who pauses between phrases."""

    def __init__(self, seed: int = 1, level_db: float = -28.0, pitch_st: float = 16.0) -> None:
        self._random = Random(seed)
        self._level_db = level_db
        self._pitch_st = pitch_st
        self._index = 0

    def says(
        self, seconds: float, tension: float, louder_db: float = 0.0, higher_st: float = 0.0
    ) -> Iterator[Observation]:
        """Phrases of some 2 s with pauses of 0.5 s for so long, in this tone."""
        for n in range(round(seconds / 0.24)):
            yield block(
                self._index,
                min(max(tension + self._random.gauss(0.0, 0.04), 0.0), 1.0),
                level_db=self._level_db + louder_db + self._random.gauss(0.0, 2.5),
                pitch_st=self._pitch_st + higher_st + self._random.gauss(0.0, 1.0),
                speech=0.95 if n % 10 < 8 else 0.05,
            )
            self._index += 1


def follow(observations: Iterable[Observation], settings: TensionSettings | None = None) -> list[TensionStep]:
    """What a fresh tracker makes of them."""
    tracker = TensionTracker(settings or TensionSettings())
    return [tracker.step(observation) for observation in observations]
