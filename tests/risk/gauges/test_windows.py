"""Windows: which stretch of time counts, by the site's clock."""

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from voicerisk.risk.gauges.config import WINDOWS, SiteSettings
from voicerisk.risk.gauges.windows import Slots, slots_for

ZONES = ("Asia/Jerusalem", "Europe/Berlin", "Africa/Cairo", "Australia/Lord_Howe", "America/Havana", "UTC")

CHANGES = (
    ("Asia/Jerusalem", "2024-03-29", 23.0),
    ("Asia/Jerusalem", "2024-10-27", 25.0),
    ("Europe/Berlin", "2024-03-31", 23.0),
    ("Europe/Berlin", "2024-10-27", 25.0),
    ("Africa/Cairo", "2024-04-26", 23.0),  # the midnight itself is skipped
    ("America/Havana", "2024-11-03", 25.0),  # the midnight hour comes twice
    ("Australia/Lord_Howe", "2024-04-07", 24.5),
)


def slots(window: str, timezone: str = "UTC", week_starts: str = "monday") -> Slots:
    """The slots of a window at a site in this time zone."""
    return slots_for(window, SiteSettings(timezone=timezone, week_starts=week_starts))  # type: ignore[arg-type]


def local(timezone: str, text: str) -> float:
    """Epoch seconds of a local time."""
    return datetime.fromisoformat(text).replace(tzinfo=ZoneInfo(timezone)).astimezone(UTC).timestamp()


@pytest.mark.parametrize(("timezone", "day", "hours"), CHANGES)
def test_the_day_on_which_the_clock_is_changed_is_one_day(timezone: str, day: str, hours: float) -> None:
    """A local day of 23 or 25 hours is one slot from its first second to its last, and ends at the next midnight."""
    days = slots("local_day", timezone)
    noon_s = local(timezone, f"{day}T12:00")
    slot = days.slot(noon_s)
    begin_s, end_s = days.gone_s(slot - 1), days.gone_s(slot)
    assert (end_s - begin_s) / 3600 == hours
    assert [days.slot(at_s) - slot for at_s in (begin_s - 1, begin_s, noon_s, end_s - 1, end_s)] == [-1, 0, 0, 0, 1]


@pytest.mark.parametrize(("timezone", "day", "hours"), CHANGES)
def test_every_hour_of_such_a_day_counts_once(timezone: str, day: str, hours: float) -> None:
    """An hour that the clock skips is none, one that it shows twice is two, and none overlap."""
    local_hours, days = slots("local_hour", timezone), slots("local_day", timezone)
    slot = days.slot(local(timezone, f"{day}T12:00"))
    begin_s, end_s = int(days.gone_s(slot - 1)), int(days.gone_s(slot))
    seen = [local_hours.slot(at_s) for at_s in range(begin_s, end_s, 600)]
    assert seen == sorted(seen)
    assert len(set(seen)) in (int(hours), int(hours) + 1)


def test_a_week_begins_on_the_sites_first_day() -> None:
    """Saturday night to Sunday is a new week in Jerusalem, and the middle of one in Berlin."""
    for timezone, week_starts, new in (("Asia/Jerusalem", "sunday", True), ("Europe/Berlin", "monday", False)):
        weeks = slots("local_week", timezone, week_starts)
        saturday, sunday = local(timezone, "2024-11-23T23:59:59"), local(timezone, "2024-11-24T00:00")
        assert (weeks.slot(saturday) != weeks.slot(sunday)) is new


@settings(max_examples=200, deadline=None)
@given(st.sampled_from(ZONES), st.sampled_from((*WINDOWS, "90s", "15m", "7s", "30d")), st.floats(1.6e9, 1.9e9))
def test_a_slot_counts_until_it_is_gone(timezone: str, window: str, at_s: float) -> None:
    """A slot counts at its own time and until `gone_s`, and at `gone_s` no more."""
    cut = slots(window, timezone)
    slot = cut.slot(at_s)
    gone_s = cut.gone_s(slot)
    assert cut.first(at_s) <= slot
    assert gone_s > at_s
    assert cut.first(gone_s) > slot
    assert cut.first(gone_s - 0.001) <= slot


@settings(max_examples=200, deadline=None)
@given(st.sampled_from(ZONES), st.floats(1.6e9, 1.9e9))
def test_a_day_is_what_the_calendar_says(timezone: str, at_s: float) -> None:
    """Two moments are in one slot if and only if a calendar on the wall there shows the same date."""
    days, zone = slots("local_day", timezone), ZoneInfo(timezone)
    for other_s in (at_s + 3600.0 * hours for hours in (-25, -3, -0.5, 0.5, 3, 25)):
        same = datetime.fromtimestamp(at_s, zone).date() == datetime.fromtimestamp(other_s, zone).date()
        assert (days.slot(at_s) == days.slot(other_s)) is same


@pytest.mark.parametrize("window", ["15", "m", "-5m", "0m", "15 m", "500d", "local_year", "1e3s"])
def test_what_is_no_window_is_refused(window: str) -> None:
    """The refusal names the window and shows what one looks like."""
    with pytest.raises(ValueError, match=r"15m"):
        slots(window)


def test_an_unknown_time_zone_is_refused() -> None:
    """The refusal names it; a path is no time zone either."""
    for name in ("Mars/Olympus", "../../etc/passwd", ""):
        with pytest.raises(ValueError, match="time zone"):
            slots("local_day", name)
