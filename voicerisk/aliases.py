"""One customer under several names: which of them counts."""

from collections.abc import Iterable
from typing import Final

MAX_ALIASES: Final = 200_000
"""Names kept that stand for another, at some 300 bytes each; beyond it the oldest are forgotten."""


class Aliases:
    """For each name the one that counts. Joining is for good: a name is never taken apart from another again."""

    def __init__(self, links: Iterable[tuple[str, str]] = (), max_kept: int = MAX_ALIASES) -> None:
        self._links: dict[str, str] = {}
        self._max_kept = max_kept
        for other, name in links:
            self.join(name, other)

    def __len__(self) -> int:
        """How many names stand for another."""
        return len(self._links)

    def of(self, name: str) -> str:
        """The name that counts for this one: itself, where nothing else is known."""
        found = name
        while (further := self._links.get(found)) is not None:
            found = further
        # Straight there the next time: chains stay short however often names are joined.
        while (further := self._links.get(name)) is not None and further != found:
            self._links[name] = found
            name = further
        return found

    def join(self, name: str, other: str) -> None:
        """From now on what counts for `name` counts for `other` too, and for all that either stands for."""
        kept, joined = self.of(name), self.of(other)
        if kept == joined:
            return
        self._links[joined] = kept
        if len(self._links) > self._max_kept:
            del self._links[next(iter(self._links))]
