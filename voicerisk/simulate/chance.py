"""Chance that is the same everywhere: built on `Random.random` alone, whose numbers are promised to stay.

See the notes on reproducibility of the Python library's `random`.
"""

from collections.abc import Mapping, Sequence
from math import log
from random import Random
from typing import TypeVar

T = TypeVar("T")


class Chance:
    """Draws from a seed."""

    def __init__(self, seed: int) -> None:
        self._random = Random(seed).random

    def happens(self, share: float) -> bool:
        """True in this share of the cases, 0 to 1."""
        return self._random() < share

    def between(self, low: float, high: float) -> float:
        """A number in between, rounded to milliseconds where it is seconds."""
        return round(low + (high - low) * self._random(), 3)

    def about(self, mean: float) -> float:
        """A duration of this mean, mostly shorter and sometimes much longer (exponential)."""
        return round(-mean * log(1.0 - self._random()), 3)

    def number(self, n: int) -> int:
        """0 to n - 1."""
        return int(self._random() * n)

    def one_of(self, things: Sequence[T]) -> T:
        """One of them, each as likely."""
        return things[self.number(len(things))]

    def weighed(self, shares: Mapping[T, float]) -> T:
        """One of them, each by its share; the shares add up to 1."""
        left = self._random()
        *others, last = shares
        for thing in others:
            left -= shares[thing]
            if left < 0.0:
                return thing
        return last
