"""The earliest of many times, each with a name: deadlines that come due, and how long the oldest has been open."""

import heapq
from collections.abc import Iterator


class Earliest:
    """Names and their times (epoch seconds). Each change costs the logarithm of their number.

    What was dropped or moved stays in the heap until it comes up, but never makes it more than twice as long as needed.
    """

    __slots__ = ("_at_s", "_heap")

    def __init__(self) -> None:
        self._at_s: dict[str, float] = {}
        self._heap: list[tuple[float, str]] = []

    def __len__(self) -> int:
        return len(self._at_s)

    def __contains__(self, name: str) -> bool:
        return name in self._at_s

    def put(self, name: str, at_s: float) -> None:
        """Give the name this time, in place of any other it had."""
        if self._at_s.get(name) == at_s:
            return
        self._at_s[name] = at_s
        heapq.heappush(self._heap, (at_s, name))
        if len(self._heap) > 2 * len(self._at_s) + 16:
            self._heap = sorted((time, name) for name, time in self._at_s.items())

    def drop(self, name: str) -> None:
        """Forget the name; nothing happens where there is none."""
        self._at_s.pop(name, None)

    def first_s(self) -> float | None:
        """The earliest time; None where there is none."""
        while self._heap:
            at_s, name = self._heap[0]
            if self._at_s.get(name) == at_s:
                return at_s
            heapq.heappop(self._heap)
        return None

    def due(self, at_s: float) -> Iterator[tuple[float, str]]:
        """Take out whatever is due at `at_s` or earlier, the earliest first; of one time, in the order of names."""
        while (first_s := self.first_s()) is not None and first_s <= at_s:
            _, name = heapq.heappop(self._heap)
            del self._at_s[name]
            yield first_s, name
