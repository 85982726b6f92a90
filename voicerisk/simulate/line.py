"""What the way from the caller to the server does to a call: packets lost, late, held up, and an end without a word."""

import heapq
import random
from collections.abc import Iterator
from typing import Annotated, Final, TypeVar

import msgspec

_Message = TypeVar("_Message")

_MOST: Final = 5.0  # times the mean delay


class Line(msgspec.Struct, frozen=True, kw_only=True):
    """How bad the line is; all times in seconds of the call. The same seed and call give the same losses and delays."""

    loss: Annotated[float, msgspec.Meta(ge=0.0, lt=1.0)] = 0.0
    """Share of the packets that are lost before the gateway has them."""
    jitter_s: Annotated[float, msgspec.Meta(ge=0.0, le=5.0)] = 0.0
    """Mean of the packets' delays, which are exponential and at most five times that."""
    stall_s: Annotated[float, msgspec.Meta(ge=0.0)] = 0.0
    """How long nothing is sent in the middle of the call; then all of it comes at once."""
    abrupt: bool = False
    """Whether the gateway is gone at the end without a stop, a close or a hangup."""
    seed: int = 0
    """Another one gives other losses and delays."""


def delayed(
    messages: Iterator[tuple[float, _Message]], line: Line, length_s: float, name: str, *, overtake: bool = False
) -> Iterator[tuple[float, _Message]]:
    """The messages of a call of `length_s` at the times at which they leave, in order of these times.

    Unless they may `overtake` each other, as datagrams do, one that is late makes those behind it wait.
    """
    if not line.jitter_s and not line.stall_s:
        yield from messages
        return
    luck = random.Random(f"{line.seed} {name}")
    stalls_s = length_s / 2
    waiting: list[tuple[float, int, _Message]] = []
    latest_s = 0.0
    for number, (at_s, message) in enumerate(messages):
        delay_s = min(luck.expovariate(1.0 / line.jitter_s), _MOST * line.jitter_s) if line.jitter_s else 0.0
        while waiting and waiting[0][0] <= at_s:
            leaves_s, _, first = heapq.heappop(waiting)
            yield leaves_s, first
        leaves_s = at_s + delay_s
        if stalls_s <= at_s < stalls_s + line.stall_s:
            leaves_s = max(leaves_s, stalls_s + line.stall_s)
        if not overtake:
            leaves_s = latest_s = max(leaves_s, latest_s)
        heapq.heappush(waiting, (leaves_s, number, message))
    while waiting:
        leaves_s, _, first = heapq.heappop(waiting)
        yield leaves_s, first
