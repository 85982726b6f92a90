"""Who is on duty: a role's shifts by weekday and time of day, on the clock of the site.

A shift is meant as it is written on the wall: from 22:00 to 06:00 by the local clock, so that a night in which the
clock is changed has a shift of seven or nine hours. A role without shifts is on no roster: it is told by its own name.
"""

import re
from collections.abc import Iterable, Iterator, Sequence
from datetime import date, datetime, time, timedelta
from typing import Final, Literal, get_args
from zoneinfo import ZoneInfo

import msgspec

from voicerisk.settings import Problem

Day = Literal["mon", "tue", "wed", "thu", "fri", "sat", "sun"]
DAYS: Final[tuple[Day, ...]] = get_args(Day)

_DAY_MIN: Final = 24 * 60
_WEEK_MIN: Final = 7 * _DAY_MIN
_CLOCK: Final = re.compile(r"([01][0-9]|2[0-3]):([0-5][0-9])\Z")


class Shift(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One line of the roster.

    Attributes:
        role: Whose duty it is, e.g. "floor supervisor": what rules and procedures name.
        who: The persons, all of whom are told.
        days: The weekdays on which the shift begins; absent: every day.
        begins: "HH:MM" by the site's clock.
        ends: The same; not after `begins` means on the day after, and equal to it a whole day.
        first_date: Not before this day ("2026-12-24"); empty: from ever.
        last_date: Not after this day; empty: for ever.
        instead: While it lasts, the role's other shifts do not count: holidays, sickness.
    """

    role: str
    who: tuple[str, ...]
    days: tuple[Day, ...] = DAYS
    begins: str = "00:00"
    ends: str = "00:00"
    first_date: str = ""
    last_date: str = ""
    instead: bool = False


class Roster:
    """The shifts of a site. They must be free of `duty_problems`."""

    def __init__(self, shifts: Iterable[Shift], zone: ZoneInfo) -> None:
        self._zone = zone
        self._shifts: dict[str, list[Shift]] = {}
        for shift in shifts:
            self._shifts.setdefault(shift.role, []).append(shift)

    def on_duty(self, role: str, at_s: float) -> tuple[str, ...]:
        """The persons on duty for the role at `at_s` (epoch seconds), each once; empty: nobody, or no such role."""
        clock = datetime.fromtimestamp(at_s, self._zone).replace(tzinfo=None)
        now = [shift for shift in self._shifts.get(role, ()) if _covers(shift, clock)]
        counted = [shift for shift in now if shift.instead] or now
        return tuple(dict.fromkeys(person for shift in counted for person in shift.who))

    def people(self, names: Iterable[str], at_s: float) -> tuple[str, ...]:
        """Whom to tell: for each role those on duty, for every other name (and a role with nobody) the name itself."""
        found = (person for name in names if name for person in self.on_duty(name, at_s) or (name,))
        return tuple(dict.fromkeys(found))


def duty_problems(shifts: Sequence[Shift]) -> list[Problem]:
    """What is wrong with the shifts, each at its place in the list, and when a role has nobody on duty."""
    problems = [problem for number, shift in enumerate(shifts) for problem in _shift_problems(f"[{number}]", shift)]
    if problems:
        return problems
    # Shifts with dates come and go; the week must hold without them.
    standing = [shift for shift in shifts if not (shift.first_date or shift.last_date or shift.instead)]
    for role in dict.fromkeys(shift.role for shift in shifts):
        for begin, end in _gaps([shift for shift in standing if shift.role == role]):
            wrong = f"nobody is on duty as {role!r} from {_said(begin)} to {_said(end)}"
            problems.append(Problem("", wrong, "Give somebody that time, or name who takes over in it."))
    return problems


def _covers(shift: Shift, clock: datetime) -> bool:
    """Whether the local time lies in the shift that began today or yesterday."""
    for day in (clock.date(), clock.date() - timedelta(days=1)):
        if DAYS[day.weekday()] not in shift.days or not _dated(shift, day):
            continue
        begins = datetime.combine(day, _clock(shift.begins))
        ends = datetime.combine(day, _clock(shift.ends))
        if ends <= begins:
            ends += timedelta(days=1)
        if begins <= clock < ends:
            return True
    return False


def _dated(shift: Shift, day: date) -> bool:
    said = day.isoformat()
    return (not shift.first_date or shift.first_date <= said) and (not shift.last_date or said <= shift.last_date)


def _clock(text: str) -> time:
    return time.fromisoformat(text)


def _shift_problems(path: str, shift: Shift) -> Iterator[Problem]:
    if not shift.role.strip():
        yield Problem(f"{path}.role", "is empty", "Name the role, e.g. 'floor supervisor'.")
    if not shift.who or not all(person.strip() for person in shift.who):
        yield Problem(f"{path}.who", "names nobody", "Name at least one person, and nobody by an empty text.")
    if not shift.days:
        yield Problem(f"{path}.days", "is empty", f"Choose from {', '.join(DAYS)}.")
    for key in ("begins", "ends"):
        if not _CLOCK.match(text := getattr(shift, key)):
            yield Problem(f"{path}.{key}", f"{text!r} is no time of day", "Write it as '07:30'.")
    for key in ("first_date", "last_date"):
        if (text := getattr(shift, key)) and not _is_date(text):
            yield Problem(f"{path}.{key}", f"{text!r} is no date", "Write it as '2026-12-24'.")


def _is_date(text: str) -> bool:
    try:
        return date.fromisoformat(text).isoformat() == text
    except ValueError:
        return False


def _gaps(shifts: Iterable[Shift]) -> list[tuple[int, int]]:
    """Stretches of the week without a shift, in minutes since Monday 00:00; one over the end of the week goes on."""
    covered = []
    for shift in shifts:
        begins, ends = _minute(shift.begins), _minute(shift.ends)
        length = (ends - begins) % _DAY_MIN or _DAY_MIN
        for day in shift.days:
            first = DAYS.index(day) * _DAY_MIN + begins
            covered += [(first - _WEEK_MIN, first - _WEEK_MIN + length), (first, first + length)]
    gaps, reached = [], 0
    for first, last in sorted(covered):
        if last <= 0:
            continue
        if first > reached:
            gaps.append((reached, first))
        reached = max(reached, last)
    if reached < _WEEK_MIN:
        gaps.append((reached, _WEEK_MIN))
    if len(gaps) > 1 and gaps[0][0] == 0 and gaps[-1][1] == _WEEK_MIN:
        gaps = [*gaps[1:-1], (gaps[-1][0], gaps[0][1])]
    return gaps


def _minute(text: str) -> int:
    clock = _clock(text)
    return clock.hour * 60 + clock.minute


def _said(minute: int) -> str:
    day, rest = divmod(minute % _WEEK_MIN, _DAY_MIN)
    return f"{DAYS[day]} {rest // 60:02}:{rest % 60:02}"
