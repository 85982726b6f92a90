"""What every kind of gauge has in common, seen from the dial that holds its needles."""

from collections.abc import Callable, Sequence
from enum import StrEnum
from typing import Any, Protocol, TypeVar

from voicerisk.risk.gauges.facts import Fact

M = TypeVar("M")


class Role(StrEnum):
    """As what a fact counts for a gauge: the name of the pick in its configuration."""

    OF = "of"
    AMONG = "among"
    OPENS = "opens"
    CLOSES = "closes"
    LACKING = "lacking"


class Kind(Protocol[M]):
    """How events make the number: works on meters, one for each key, and keeps none itself.

    `memory` is what concerns more than one key; it goes into a snapshot together with the meters.
    """

    meter_type: Any
    memory: Any
    only_falls: bool
    """Whether time alone can only lower the value: then a low needle need not be watched."""

    def new(self) -> M:
        """The meter of a key of which nothing is known yet."""

    def apply(self, role: Role, fact: Fact, number: float, key: str | None, meter: Callable[[str], M]) -> Sequence[str]:
        """Counts a fact; the keys whose value may be another now. `meter` gives that of a key, new where need be."""

    def settle(self, meter: M, at_s: float) -> float | None:
        """Does for good what time alone did to the meter up to `at_s`; the value then."""

    def value(self, meter: M, at_s: float) -> float | None:
        """The value at `at_s`, not before the meter was settled; None: there is none. Changes nothing."""

    def due_s(self, meter: M, at_s: float) -> float:
        """When, after `at_s`, time alone may next change the value in a way that matters."""

    def at_rest(self, meter: M) -> bool:
        """Whether nothing would be lost if the settled meter were forgotten."""
