"""The latest word, by when it was true and not by when it was heard: `last`, and `max_age` of a measure."""

from collections.abc import Callable, Sequence
from math import isnan

import msgspec

from voicerisk.risk.gauges.counting import DECIMALS
from voicerisk.risk.gauges.facts import Fact
from voicerisk.risk.gauges.held import NEVER
from voicerisk.risk.gauges.kind import Role
from voicerisk.risk.gauges.windows import Slots


class Latest(msgspec.Struct, gc=False):
    """The latest value, when it was true (epoch seconds), and the id of its event, which decides between equals."""

    value: float | None = None
    at_s: float = -1.0
    id: str = ""


class Last:
    """The latest value, or the time since it (epoch seconds); with a window it is forgotten when it leaves it."""

    meter_type = Latest
    memory = None
    only_falls = False

    def __init__(self, slots: Slots, marks: Sequence[float] | None = None) -> None:
        """The age of what the value says where `marks` are given: the ages that matter, in rising order."""
        self._slots = slots
        self._marks = marks

    def new(self) -> Latest:
        """No value yet."""
        return Latest()

    def apply(
        self, role: Role, fact: Fact, number: float, key: str | None, meter: Callable[[str], Latest]
    ) -> Sequence[str]:
        """The value, if it is newer than what is known."""
        if key is None:
            return ()
        latest = meter(key)
        if (fact.at_s, fact.id) >= (latest.at_s, latest.id):
            latest.value = None if isnan(number) else number
            latest.at_s, latest.id = fact.at_s, fact.id
        return (key,)

    def settle(self, meter: Latest, at_s: float) -> float | None:
        """Forgets a value that has left the window."""
        if meter.value is not None and self._slots.slot(meter.at_s) < self._slots.first(at_s):
            meter.value = None
        return self.value(meter, at_s)

    def value(self, meter: Latest, at_s: float) -> float | None:
        """The value, or its age; of what is not open any more the age is 0."""
        if meter.value is None or self._slots.slot(meter.at_s) < self._slots.first(at_s):
            return None if self._marks is None else 0.0
        return round(meter.value if self._marks is None else max(0.0, at_s - meter.value), DECIMALS)

    def due_s(self, meter: Latest, at_s: float) -> float:
        """When the value leaves the window, or reaches the next age that matters."""
        if meter.value is None:
            return NEVER
        if self._marks is None:
            return self._slots.gone_s(self._slots.slot(meter.at_s))
        ref_s, age_s = meter.value, round(at_s - meter.value, DECIMALS)
        return next((ref_s + mark for mark in self._marks if mark > age_s), NEVER)

    def at_rest(self, meter: Latest) -> bool:
        """Whether there is no value."""
        return meter.value is None
