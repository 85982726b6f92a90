"""Zones held by time: a value stands until the next one, and its charge fills or empties with the seconds.

The same charge as in `voicerisk.zones`, but counted in seconds of time instead of evidence. When it will be full or
empty is known beforehand, so the crossing is dated by that moment and not by when somebody looked.
"""

from typing import Final

import msgspec

from voicerisk.events import Zone
from voicerisk.zones import Boundary, Zones

NEVER: Final = float("inf")


class Edge(msgspec.Struct, gc=False):
    """One boundary: its charge (0 to 1) at `at_s`, how it changes per second, and when that will switch it."""

    charge: float = 0.0
    at_s: float = 0.0
    rate: float = 0.0
    due_s: float = NEVER
    on: bool = False


class Held(msgspec.Struct, gc=False):
    """Both boundaries of one needle."""

    amber: Edge
    red: Edge

    @property
    def zone(self) -> Zone:
        """The zone in which the needle stands."""
        return Zone.RED if self.red.on else Zone.AMBER if self.amber.on else Zone.GREEN

    @property
    def due_s(self) -> float:
        """When time alone switches one of them."""
        return min(self.amber.due_s, self.red.due_s)

    @property
    def empty(self) -> bool:
        """Whether nothing is left of what was: neither a zone nor a charge that is on its way."""
        return not (self.amber.on or self.red.on or self.amber.charge > 0.0 or self.red.charge > 0.0)


def new_held() -> Held:
    """A needle in green."""
    return Held(Edge(), Edge())


def move(held: Held, zones: Zones, value: float, at_s: float) -> None:
    """From `at_s` on the needle stands at `value`."""
    _move(held.amber, zones.amber, value, at_s)
    _move(held.red, zones.red, value, at_s)


def _move(edge: Edge, boundary: Boundary, value: float, at_s: float) -> None:
    _pass_time(edge, at_s)
    edge.rate, edge.due_s = 0.0, NEVER
    if value >= boundary.enter:
        if boundary.hold_s <= 0.0:
            edge.charge, edge.on = 1.0, True
            return
        edge.rate = 1.0 / boundary.hold_s
        if not edge.on:
            edge.due_s = at_s + (1.0 - edge.charge) * boundary.hold_s
    elif value < boundary.leave:
        if boundary.leave_hold_s <= 0.0:
            edge.charge, edge.on = 0.0, False
            return
        edge.rate = -1.0 / boundary.leave_hold_s
        if edge.on:
            edge.due_s = at_s + edge.charge * boundary.leave_hold_s


def _pass_time(edge: Edge, at_s: float) -> None:
    if at_s >= edge.due_s:
        # Said as a switch and not as a sum: floats of epoch seconds do not add up to exactly full.
        edge.on = edge.rate > 0.0
        edge.charge = 1.0 if edge.on else 0.0
        edge.due_s = NEVER
    elif edge.rate:
        edge.charge = min(1.0, max(0.0, edge.charge + edge.rate * (at_s - edge.at_s)))
    edge.at_s = at_s
