"""The site's days and weeks as spans of time, right on the days on which its clock is changed."""

from collections.abc import Sequence
from datetime import UTC, date, datetime, time, timedelta
from typing import Final, Literal
from zoneinfo import ZoneInfo

import msgspec

_HOUR_S: Final = 3600.0
LONGEST_YEAR: Final = 2099
"""Dates are those that events may bear: from 1970 on, and not after this year."""


class Span(msgspec.Struct, frozen=True, kw_only=True):
    """From `from_s` up to, and without, `to_s` (epoch seconds), by the clock of the time zone of that name."""

    from_s: float
    to_s: float
    timezone: str

    def holds(self, at_s: float) -> bool:
        """Whether `at_s` lies in it."""
        return self.from_s <= at_s < self.to_s

    @property
    def dates(self) -> tuple[date, ...]:
        """The local days that begin in it."""
        zone = ZoneInfo(self.timezone)
        first = datetime.fromtimestamp(self.from_s, zone).date()
        last = datetime.fromtimestamp(self.to_s - 1.0, zone).date()
        return tuple(first + timedelta(days=n) for n in range((last - first).days + 1))

    def hours(self) -> tuple["Hour", ...]:
        """Its hours in order: 24 on most days, 23 or 25 where the clock is changed, and one label then comes twice."""
        zone = ZoneInfo(self.timezone)
        hours: list[Hour] = []
        begin_s = self.from_s
        while begin_s < self.to_s:
            label = f"{datetime.fromtimestamp(begin_s, zone):%H}"
            # Where a clock is changed by half an hour, an hour of that day is shorter or longer.
            local = datetime.fromtimestamp(begin_s, zone)
            into_s = local.minute * 60.0 + local.second
            end_s = min(begin_s + _HOUR_S - into_s, self.to_s)
            hours.append(Hour(label=label, from_s=begin_s, to_s=end_s))
            begin_s = end_s
        return tuple(hours)


class Hour(msgspec.Struct, frozen=True, kw_only=True):
    """One hour of a local day; `label` is what the clock shows, "00" to "23"."""

    label: str
    from_s: float
    to_s: float


def parse_day(text: str) -> date:
    """The date that is written as 2024-11-22. Raises ValueError in plain words."""
    try:
        day = date.fromisoformat(text)
    except ValueError:
        raise ValueError(f"{text[:40]!r} is no date; write it as 2024-11-22") from None
    if not 1970 <= day.year <= LONGEST_YEAR:
        raise ValueError(f"{text!r} lies outside the years 1970 to {LONGEST_YEAR}")
    return day


def day_span(day: date, zone: ZoneInfo) -> Span:
    """The local day from midnight to midnight: 23 to 25 hours."""
    return Span(from_s=_midnight_s(day, zone), to_s=_midnight_s(day + timedelta(days=1), zone), timezone=zone.key)


def week_span(day: date, zone: ZoneInfo, week_starts: Literal["sunday", "monday"]) -> Span:
    """The local week in which the day lies."""
    since = day.weekday() if week_starts == "monday" else (day.weekday() + 1) % 7
    first = day - timedelta(days=since)
    return Span(from_s=_midnight_s(first, zone), to_s=_midnight_s(first + timedelta(days=7), zone), timezone=zone.key)


def days_of(span: Span) -> Sequence[Span]:
    """The local days of a span, in order."""
    return [day_span(day, ZoneInfo(span.timezone)) for day in span.dates]


def today(now_s: float, zone: ZoneInfo) -> date:
    """The site's date at `now_s` (epoch seconds)."""
    return datetime.fromtimestamp(now_s, zone).date()


def moment_s(text: str, zone: ZoneInfo) -> float:
    """Epoch seconds of a moment written as 2024-11-22, 2024-11-22T08:30 (by the site's clock) or with an offset.

    Raises ValueError in plain words.
    """
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        raise ValueError(f"{text[:40]!r} is no moment; write it as 2024-11-22T08:30") from None
    local = moment if moment.tzinfo is not None else moment.replace(tzinfo=zone)
    if not 1970 < local.year <= LONGEST_YEAR:
        raise ValueError(f"{text!r} lies outside the years 1971 to {LONGEST_YEAR}")
    return local.astimezone(UTC).timestamp()


def _midnight_s(day: date, zone: ZoneInfo) -> float:
    # A midnight that the clock skips is the moment at which it skips it.
    return datetime.combine(day, time(), zone).astimezone(UTC).timestamp()
