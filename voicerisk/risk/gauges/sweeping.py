"""Forgetting in small steps: each new entry pays for the end of two old ones, so nothing ever stops to clean up."""

from collections.abc import Callable
from typing import TypeVar

T = TypeVar("T")


def sweep(known: dict[str, T], done: Callable[[T], bool], n: int = 2) -> None:
    """Looks at the first `n` entries: forgets those that are done with, and puts the others at the end."""
    for _ in range(min(n, len(known))):
        name = next(iter(known))
        entry = known.pop(name)
        if not done(entry):
            known[name] = entry
