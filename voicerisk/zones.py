"""Zones of a needle: when it enters amber or red, when it leaves again, and how long it must mean it.

Each boundary is a Schmitt trigger on a **charge** between 0 and 1, counted in seconds of *evidence* (speech that was
judged), never of the clock:

    value >= enter           the charge rises, from empty to full in `hold_s`
    value <  leave           the charge falls, from full to empty in `leave_hold_s`
    in between               the charge stands still

The boundary switches on when the charge is full and off when it is empty. So a short peak is not enough, a short dip
in an outburst does not start the count anew (the idea of a cumulative sum), noise between `leave` and `enter` never
makes the zone flap, and no evidence means no change. A higher needle never gives a lower zone: the charge rises and
falls with the value at every step, and both switches follow the charge alone.
"""

from typing import Final

import msgspec

from voicerisk.events import Zone
from voicerisk.settings import Problem

_FULL: Final = 1.0
_DECIMALS: Final = 9
"""The charge is rounded after each step: ten steps of 0.24 s fill a hold of 2.4 s, whatever floats make of 0.1."""

SEVERITY: Final = {Zone.GREEN: 0, Zone.AMBER: 1, Zone.RED: 2}
"""The order of the zones, calm to severe."""


class Boundary(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One edge of a zone, in the needle's own unit; holds in seconds of evidence, 0 = at once."""

    enter: float
    leave: float
    hold_s: float = 0.0
    leave_hold_s: float = 0.0


class Zones(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Where amber and red begin and end."""

    amber: Boundary
    red: Boundary


class Charge(msgspec.Struct, frozen=True):
    """How far a boundary is charged, 0 to 1, and whether it is crossed."""

    charge: float = 0.0
    on: bool = False


EMPTY: Final = Charge()
"""Nothing has gathered yet."""


class Latch:
    """Whether one boundary is crossed, as the evidence comes in."""

    __slots__ = ("_charge", "boundary", "on")

    def __init__(self, boundary: Boundary, so_far: Charge = EMPTY) -> None:
        self.boundary = boundary
        self._charge = so_far.charge
        self.on = so_far.on

    @property
    def so_far(self) -> Charge:
        """What has gathered."""
        return Charge(self._charge, self.on)

    def step(self, value: float, evidence_s: float) -> bool:
        """Whether the boundary is crossed after `evidence_s` more seconds at `value`; 0 seconds change nothing."""
        edge = self.boundary
        if evidence_s <= 0.0:
            return self.on
        if value >= edge.enter:
            risen = _FULL if edge.hold_s <= 0.0 else self._charge + evidence_s / edge.hold_s
            self._charge = min(_FULL, round(risen, _DECIMALS))
        elif value < edge.leave:
            fallen = 0.0 if edge.leave_hold_s <= 0.0 else self._charge - evidence_s / edge.leave_hold_s
            self._charge = max(0.0, round(fallen, _DECIMALS))
        if self._charge >= _FULL:
            self.on = True
        elif self._charge <= 0.0:
            self.on = False
        return self.on


class ZoneTracker:
    """The zone of one needle over time."""

    __slots__ = ("_amber", "_red", "zone")

    def __init__(self, zones: Zones, so_far: tuple[Charge, Charge] = (EMPTY, EMPTY)) -> None:
        self._amber = Latch(zones.amber, so_far[0])
        self._red = Latch(zones.red, so_far[1])
        self.zone = self._zone()

    @property
    def so_far(self) -> tuple[Charge, Charge]:
        """What has gathered against amber and red, to go on from."""
        return self._amber.so_far, self._red.so_far

    def move_to(self, zones: Zones) -> None:
        """Hold the needle against other boundaries from now on; what has gathered so far stays."""
        self._amber.boundary, self._red.boundary = zones.amber, zones.red

    def step(self, value: float, evidence_s: float) -> Zone:
        """The zone after `evidence_s` more seconds of evidence at `value`."""
        self._amber.step(value, evidence_s)
        self._red.step(value, evidence_s)
        self.zone = self._zone()
        return self.zone

    def _zone(self) -> Zone:
        return Zone.RED if self._red.on else Zone.AMBER if self._amber.on else Zone.GREEN


def zone_problems(zones: Zones) -> list[Problem]:
    """What is wrong with the boundaries, each at its key; empty when they make sense."""
    problems: list[Problem] = []
    for name, edge in (("amber", zones.amber), ("red", zones.red)):
        if not edge.leave <= edge.enter:
            wrong = f"leaves at {edge.leave:g}, above where it enters ({edge.enter:g})"
            problems.append(Problem(f"{name}.leave", wrong, f"Set it to {edge.enter:g} or less."))
        problems.extend(
            Problem(f"{name}.{key}", f"is {seconds:g} seconds", "A hold is 0 seconds or more.")
            for key, seconds in (("hold_s", edge.hold_s), ("leave_hold_s", edge.leave_hold_s))
            if not 0.0 <= seconds < float("inf")
        )
    if zones.red.enter < zones.amber.enter:
        wrong = f"red begins at {zones.red.enter:g}, below amber ({zones.amber.enter:g})"
        problems.append(Problem("red.enter", wrong, "Red is worse than amber: begin it at amber or above."))
    return problems
