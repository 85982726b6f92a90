"""The caller's own usual: how loud, how high and how tense *this* voice is when calm. Kept for the call, then gone."""

import math
from array import array
from typing import Final

import msgspec

_SOLID_S: Final = 3.0
"""Speech after which the caller's own usual is named in reasons; before that it is a guess."""


class Usual(msgspec.Struct, frozen=True, kw_only=True):
    """What is usual for this caller, medians over `learned_s` of (mostly calm) speech; None where nothing was learned.

    `level_db` dBFS, `pitch_st` semitones above 55 Hz, `tension_log_odds` of the model's tension.
    """

    learned_s: float = 0.0
    level_db: float | None = None
    pitch_st: float | None = None
    tension_log_odds: float | None = None

    @property
    def solid(self) -> bool:
        """Whether enough was heard to name these numbers to a person."""
        return self.learned_s >= _SOLID_S

    @property
    def tension(self) -> float | None:
        """What the model usually gives this caller, 0..1."""
        return None if self.tension_log_odds is None else round(probability(self.tension_log_odds), 4)


class RunningMedian:
    """The median of all values so far, to one bin, in constant memory and (nearly) constant time.

    Values fall into equal bins from `low`; beyond the ends they count in the end bins. A pointer to the bin that holds
    the middle value moves by a step or two with each value, so the result depends on the values and their number only.
    """

    __slots__ = ("_at", "_below", "_counts", "_low", "_step", "n")

    def __init__(self, low: float, high: float, step: float) -> None:
        self._low = low
        self._step = step
        self._counts = array("I", bytes(4 * (round((high - low) / step) + 1)))
        self._at = 0
        self._below = 0
        self.n = 0

    def add(self, value: float) -> None:
        """Count one value (finite)."""
        i = min(max(round((value - self._low) / self._step), 0), len(self._counts) - 1)
        self._counts[i] += 1
        self._below += i < self._at
        self.n += 1
        rank = (self.n - 1) // 2
        while self._below > rank:
            self._at -= 1
            self._below -= self._counts[self._at]
        while self._below + self._counts[self._at] <= rank:
            self._below += self._counts[self._at]
            self._at += 1

    @property
    def value(self) -> float | None:
        """The (lower) median to the nearest bin; None before the first value."""
        return round(self._low + self._at * self._step, 6) if self.n else None


class Baseline:
    """Learns the caller's usual from the blocks that it is given."""

    __slots__ = ("_level_db", "_pitch_st", "_tension", "learned_s")

    def __init__(self) -> None:
        self._level_db = RunningMedian(-90.0, 0.0, 0.5)
        self._pitch_st = RunningMedian(0.0, 48.0, 0.25)
        self._tension = RunningMedian(-7.0, 7.0, 0.1)
        self.learned_s = 0.0

    def learn_voice(self, level_db: float, pitch_st: float) -> None:
        """Count the loudness and pitch of one voiced block."""
        self._level_db.add(level_db)
        self._pitch_st.add(pitch_st)

    def learn_tension(self, log_odds: float, seconds: float) -> None:
        """Count `seconds` of speech that the model heard at `log_odds` of tension."""
        self._tension.add(log_odds)
        self.learned_s = round(self.learned_s + seconds, 6)

    def usual(self) -> Usual:
        """What has been learned so far."""
        return Usual(
            learned_s=self.learned_s,
            level_db=self._level_db.value,
            pitch_st=self._pitch_st.value,
            tension_log_odds=self._tension.value,
        )


def log_odds(p: float) -> float:
    """The logarithm of p / (1 - p); p is kept within 0.001..0.999, beyond which no model is to be believed."""
    p = min(max(p, 0.001), 0.999)
    return math.log(p / (1.0 - p))


def probability(log_odds_: float) -> float:
    """The probability that has these log-odds."""
    return 1.0 / (1.0 + math.exp(-log_odds_))
