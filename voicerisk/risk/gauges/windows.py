"""Windows as slots: a number for each stretch of time, and which stretches still count.

A sliding window of 15 minutes has 60 slots of 15 s: the present one and the 59 before it count, so the window is
between 14:45 and 15:00 long and slides by 15 s. What happened is counted in the slot of its own time, whenever it is
heard of, and what is kept does not grow with what happens. A calendar window has one slot that counts: the present
hour, day or week of the site's clock; its day has 23 or 25 hours where that clock is changed.

The number of a slot is what tells one from another: it grows with time, and is not seconds.
"""

import re
from datetime import UTC, date, datetime, time, timedelta
from typing import Final, Protocol
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from voicerisk.risk.gauges.config import WINDOWS, SiteSettings

SLOTS: Final = 60
"""Slots of a sliding window."""

_UNITS_S: Final = {"s": 1, "m": 60, "h": 3600, "d": 86_400}
_SLIDING: Final = re.compile(r"([1-9]\d{0,5})([smhd])\Z")
_HOUR_S: Final = 3600
LONGEST_S: Final = 400 * 86_400
"""The longest sliding window: a year and some."""


class Slots(Protocol):
    """How time is cut up."""

    def slot(self, at_s: float) -> int:
        """The slot in which `at_s` (epoch seconds) lies."""

    def first(self, at_s: float) -> int:
        """The earliest slot that counts at `at_s`."""

    def gone_s(self, slot: int) -> float:
        """When the slot stops counting, epoch seconds."""


class Forever:
    """No window: everything since the beginning counts."""

    def slot(self, at_s: float) -> int:
        """Always the same."""
        return 0

    def first(self, at_s: float) -> int:
        """Always the same."""
        return 0

    def gone_s(self, slot: int) -> float:
        """Never."""
        return float("inf")


class Sliding:
    """The last so many seconds, in `SLOTS` slots."""

    def __init__(self, length_s: int) -> None:
        self.slot_s = length_s / SLOTS

    def slot(self, at_s: float) -> int:
        """Slots since the epoch."""
        return int(at_s // self.slot_s)

    def first(self, at_s: float) -> int:
        """The one 59 before the present one."""
        return int(at_s // self.slot_s) - SLOTS + 1

    def gone_s(self, slot: int) -> float:
        """A whole window after the slot began."""
        gone_s = (slot + SLOTS) * self.slot_s
        # Where floats round the border down, the slot would still count at the very time at which it is said to go.
        while self.first(gone_s) <= slot:
            gone_s += 1e-6
        return gone_s


class LocalHours:
    """The hours of the site's clock; an hour that the clock shows twice is two."""

    def __init__(self, zone: ZoneInfo) -> None:
        self._zone = zone
        self._slot = self._end_s = 0

    def slot(self, at_s: float) -> int:
        """The epoch second at which the hour begins."""
        if not self._slot <= at_s < self._end_s:
            offset = datetime.fromtimestamp(at_s, self._zone).utcoffset() or timedelta()
            ahead_s = round(offset.total_seconds())
            self._slot = int((at_s + ahead_s) // _HOUR_S) * _HOUR_S - ahead_s
            # Where a clock is changed by half an hour, an hour may be cut short by the next: ask anew within the hour.
            self._end_s = min(self._slot + _HOUR_S, (int(at_s) // 1800 + 1) * 1800)
        return self._slot

    def first(self, at_s: float) -> int:
        """The present hour."""
        return self.slot(at_s)

    def gone_s(self, slot: int) -> float:
        """The end of the hour."""
        return float(slot + _HOUR_S)


class LocalDays:
    """The days of the site's calendar, or its weeks (`days` = 7)."""

    def __init__(self, zone: ZoneInfo, days: int = 1, first_weekday: int = 0) -> None:
        self._zone = zone
        self._days = days
        # The proleptic ordinal 1 (0001-01-01) is a Monday.
        self._shift = (1 + first_weekday) % 7 if days > 1 else 0
        self._slot = 0
        self._begin_s = self._end_s = 0.0

    def slot(self, at_s: float) -> int:
        """Days, or weeks, since the calendar began."""
        if not self._begin_s <= at_s < self._end_s:
            day = datetime.fromtimestamp(at_s, self._zone).toordinal()
            self._slot = (day - self._shift) // self._days
            self._begin_s = self.gone_s(self._slot - 1)
            self._end_s = self.gone_s(self._slot)
        return self._slot

    def first(self, at_s: float) -> int:
        """The present day or week."""
        return self.slot(at_s)

    def gone_s(self, slot: int) -> float:
        """The midnight after it. A midnight that the clock skips is the moment at which it skips it."""
        day = date.fromordinal((slot + 1) * self._days + self._shift)
        return datetime.combine(day, time(), self._zone).astimezone(UTC).timestamp()


def window_seconds(window: str) -> int | None:
    """How long a sliding window is ("15m": 900); None for every other text."""
    found = _SLIDING.match(window)
    if found is None:
        return None
    seconds = int(found[1]) * _UNITS_S[found[2]]
    return seconds if seconds <= LONGEST_S else None


def slots_for(window: str, site: SiteSettings) -> Slots:
    """How a gauge's `window` cuts up time.

    Raises:
        ValueError: It is neither sliding ("15m") nor a calendar window, or the site's time zone is not known.
    """
    if window == "":
        return Forever()
    seconds = window_seconds(window)
    if seconds is not None:
        return Sliding(seconds)
    if window not in WINDOWS:
        raise ValueError(f"{window!r} is no window: write a number and a unit ('15m'), or one of {', '.join(WINDOWS)}")
    zone = zone_of(site)
    if window == "local_hour":
        return LocalHours(zone)
    if window == "local_day":
        return LocalDays(zone)
    return LocalDays(zone, 7, 6 if site.week_starts == "sunday" else 0)


def zone_of(site: SiteSettings) -> ZoneInfo:
    """The site's time zone. Raises ValueError where there is none of that name."""
    try:
        return ZoneInfo(site.timezone)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        raise ValueError(f"there is no time zone {site.timezone!r}") from None
