"""Who is on duty."""

from datetime import datetime
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from voicerisk.risk.oncall import DAYS, Roster, Shift, duty_problems

JERUSALEM = ZoneInfo("Asia/Jerusalem")
DAY = Shift(role="supervisor", who=("dana",), begins="07:00", ends="19:00")
NIGHT = Shift(role="supervisor", who=("yoav", "noa"), begins="19:00", ends="07:00")


def at(text: str) -> float:
    """Epoch seconds of a local time in Jerusalem."""
    return datetime.fromisoformat(text).replace(tzinfo=JERUSALEM).timestamp()


def test_the_shift_that_covers_the_time_is_on_duty() -> None:
    """Begin and end count to the minute, nights go over midnight, and a role without shifts has nobody."""
    roster = Roster([DAY, NIGHT], JERUSALEM)
    assert roster.on_duty("supervisor", at("2026-03-02T07:00")) == ("dana",)
    assert roster.on_duty("supervisor", at("2026-03-02T18:59:59")) == ("dana",)
    assert roster.on_duty("supervisor", at("2026-03-02T19:00")) == ("yoav", "noa")
    assert roster.on_duty("supervisor", at("2026-03-02T03:00")) == ("yoav", "noa")
    assert roster.on_duty("operator", at("2026-03-02T03:00")) == ()


def test_a_role_with_nobody_is_told_by_its_name() -> None:
    """Names that are no role, and roles nobody is on duty for, stay as they are; each person is named once."""
    roster = Roster([DAY], JERUSALEM)
    noon, night = at("2026-03-02T12:00"), at("2026-03-02T22:00")
    assert roster.people(("supervisor", "dana", "slack-floor", ""), noon) == ("dana", "slack-floor")
    assert roster.people(("supervisor",), night) == ("supervisor",)


def test_nights_in_which_the_clock_changes_are_covered_by_the_clock_on_the_wall() -> None:
    """On 27 March 2026 the clock skips from 2 to 3; the night shift still ends when the wall says 7."""
    roster = Roster([DAY, NIGHT], JERUSALEM)
    seven = at("2026-03-27T07:00")
    assert roster.on_duty("supervisor", seven - 1.0) == ("yoav", "noa")
    assert roster.on_duty("supervisor", seven) == ("dana",)
    assert seven - at("2026-03-26T19:00") == 11 * 3600
    seven = at("2026-10-25T07:00")
    assert roster.on_duty("supervisor", seven - 1.0) == ("yoav", "noa")
    assert roster.on_duty("supervisor", seven) == ("dana",)
    assert seven - at("2026-10-24T19:00") == 13 * 3600


def test_a_shift_for_some_days_takes_the_place_of_the_others() -> None:
    """With `instead` only the replacement is told, on its dates and on no others."""
    cover = Shift(role="supervisor", who=("ruth",), first_date="2026-12-24", last_date="2026-12-25", instead=True)
    roster = Roster([DAY, NIGHT, cover], JERUSALEM)
    assert roster.on_duty("supervisor", at("2026-12-23T12:00")) == ("dana",)
    assert roster.on_duty("supervisor", at("2026-12-24T00:00")) == ("ruth",)
    assert roster.on_duty("supervisor", at("2026-12-25T23:59")) == ("ruth",)
    assert roster.on_duty("supervisor", at("2026-12-26T00:00")) == ("yoav", "noa")


def test_a_gap_is_named_with_its_day_and_time() -> None:
    """Two hours on Saturday that nobody has are a problem of the configuration; a week that is full has none."""
    assert duty_problems([DAY, NIGHT]) == []
    short = Shift(role="supervisor", who=("dana",), begins="07:00", ends="17:00", days=("sat",))
    week = Shift(role="supervisor", who=("dana",), begins="07:00", ends="19:00", days=DAYS[:5] + DAYS[6:])
    (problem,) = duty_problems([week, short, NIGHT])
    assert problem.wrong == "nobody is on duty as 'supervisor' from sat 17:00 to sat 19:00"
    (problem,) = duty_problems([Shift(role="x", who=("a",), days=DAYS[1:6], begins="08:00", ends="08:00")])
    assert problem.wrong == "nobody is on duty as 'x' from sun 08:00 to tue 08:00"


@pytest.mark.parametrize(
    ("shift", "where"),
    [
        (Shift(role=" ", who=("a",)), "[0].role"),
        (Shift(role="r", who=()), "[0].who"),
        (Shift(role="r", who=("a",), days=()), "[0].days"),
        (Shift(role="r", who=("a",), begins="7:00"), "[0].begins"),
        (Shift(role="r", who=("a",), ends="24:00"), "[0].ends"),
        (Shift(role="r", who=("a",), first_date="24.12.2026"), "[0].first_date"),
        (Shift(role="r", who=("a",), last_date="2026-02-30"), "[0].last_date"),
    ],
)
def test_each_mistake_is_named_at_its_key(shift: Shift, where: str) -> None:
    """A shift that cannot be read is reported, with what would be right."""
    (problem,) = duty_problems([shift])
    assert problem.where == where
    assert problem.mend


clocks = st.builds(lambda hour, minute: f"{hour:02}:{minute:02}", st.integers(0, 23), st.sampled_from([0, 15, 30, 59]))
shifts = st.builds(
    Shift,
    role=st.just("r"),
    who=st.just(("a",)),
    begins=clocks,
    ends=clocks,
    days=st.sets(st.sampled_from(DAYS), min_size=1).map(tuple),
)


@given(st.lists(shifts, min_size=1, max_size=4), st.integers(0, 7 * 24 * 60 - 1))
def test_somebody_is_on_duty_in_every_minute_unless_a_gap_was_named(some: list[Shift], minute: int) -> None:
    """The check and the roster agree: where no gap is found, every minute of the week has somebody."""
    if not duty_problems(some):
        monday = datetime(2026, 3, 2, tzinfo=ZoneInfo("UTC")).timestamp()
        assert Roster(some, ZoneInfo("UTC")).on_duty("r", monday + 60.0 * minute) == ("a",)
