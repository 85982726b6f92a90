from datetime import date
from itertools import pairwise
from zoneinfo import ZoneInfo

import pytest

from voicerisk.review.spans import day_span, days_of, moment_s, parse_day, today, week_span

JERUSALEM = ZoneInfo("Asia/Jerusalem")
H = 3600.0


@pytest.mark.parametrize(
    ("day", "hours", "twice", "never"),
    [
        (date(2024, 11, 21), 24, None, None),
        (date(2024, 3, 29), 23, None, "02"),
        (date(2024, 10, 27), 25, "01", None),
    ],
)
def test_a_day_has_the_hours_that_its_clock_shows(day: date, hours: int, twice: str | None, never: str | None) -> None:
    """24 hours on most days; where the clock is changed 23 or 25, of which one label is missing or comes twice."""
    span = day_span(day, JERUSALEM)
    labels = [hour.label for hour in span.hours()]
    assert span.to_s - span.from_s == hours * H
    assert len(labels) == hours
    assert [label for label in set(labels) if labels.count(label) == 2] == ([twice] if twice else [])
    assert [f"{n:02d}" for n in range(24) if f"{n:02d}" not in labels] == ([never] if never else [])
    assert span.hours()[0].from_s == span.from_s
    assert span.hours()[-1].to_s == span.to_s
    assert span.dates == (day,)


def test_half_an_hour_more_is_part_of_its_hour() -> None:
    """Where the clock is set back by half an hour, the hours still fill the day without a gap."""
    span = day_span(date(2024, 4, 7), ZoneInfo("Australia/Lord_Howe"))
    hours = span.hours()
    assert span.to_s - span.from_s == 24.5 * H
    assert all(one.to_s == other.from_s for one, other in pairwise(hours))
    assert hours[-1].to_s == span.to_s


def test_a_week_begins_when_the_site_says() -> None:
    """Sunday or Monday; the week in which the clock is changed has an hour less or more."""
    day = date(2024, 11, 21)
    assert week_span(day, JERUSALEM, "sunday").dates[0] == date(2024, 11, 17)
    assert week_span(day, JERUSALEM, "monday").dates[0] == date(2024, 11, 18)
    assert week_span(date(2024, 11, 17), JERUSALEM, "sunday").dates[0] == date(2024, 11, 17)
    assert week_span(date(2024, 11, 17), JERUSALEM, "monday").dates[0] == date(2024, 11, 11)
    changed = week_span(date(2024, 10, 27), JERUSALEM, "sunday")
    assert changed.to_s - changed.from_s == (7 * 24 + 1) * H
    assert len(days_of(changed)) == 7
    assert days_of(changed)[-1].to_s == changed.to_s


def test_today_is_the_site_s() -> None:
    """Half past ten in the evening in UTC is tomorrow in Jerusalem."""
    at_s = moment_s("2024-11-21T22:30+00:00", JERUSALEM)
    assert today(at_s, JERUSALEM) == date(2024, 11, 22)
    assert moment_s("2024-11-22T00:30", JERUSALEM) == at_s
    assert moment_s("2024-11-22", JERUSALEM) == day_span(date(2024, 11, 22), JERUSALEM).from_s


@pytest.mark.parametrize("text", ["yesterday", "2024-13-01", "1812-06-24", "", "2024-11-22; drop table"])
def test_what_is_no_date_is_refused_in_plain_words(text: str) -> None:
    """The error repeats what was written."""
    with pytest.raises(ValueError, match=r"no date|outside the years"):
        parse_day(text)
    with pytest.raises(ValueError, match=r"no moment|outside the years"):
        moment_s(text, JERUSALEM)
