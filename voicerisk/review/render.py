"""Reports as one self-contained page of HTML: no script, nothing fetched, to be read on a screen or printed."""

from collections.abc import Mapping
from datetime import date, datetime
from functools import cache
from typing import Any, Final
from zoneinfo import ZoneInfo

from jinja2 import Environment, PackageLoader, StrictUndefined

from voicerisk.review.day import DayReport
from voicerisk.review.incident import IncidentReport
from voicerisk.review.pictures import bar, curve_picture, hours_picture, spark
from voicerisk.review.week import WeekReport
from voicerisk.review.words import RIGHT_TO_LEFT, say
from voicerisk.risk.texts import in_language

_MONTHS: Final = {
    "en": (
        "January", "February", "March", "April", "May", "June",
        "July", "August", "September", "October", "November", "December",
    ),
    "he": (
        "בינואר", "בפברואר", "במרץ", "באפריל", "במאי", "ביוני",
        "ביולי", "באוגוסט", "בספטמבר", "באוקטובר", "בנובמבר", "בדצמבר",
    ),
}  # fmt: skip
_DAYS: Final = {
    "en": ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday"),
    "he": ("יום שני", "יום שלישי", "יום רביעי", "יום חמישי", "יום שישי", "שבת", "יום ראשון"),
}
_LONGEST_NAME: Final = 22


def day_html(report: DayReport, language: str) -> str:
    """The day's report as a page."""
    return _page("day.html", report, language, report.timezone, report.made_at_s)


def week_html(report: WeekReport, language: str) -> str:
    """The week's report as a page."""
    return _page("week.html", report, language, report.total.timezone, report.total.made_at_s)


def incident_html(report: IncidentReport, language: str) -> str:
    """The post-mortem as a page."""
    return _page("incident.html", report, language, report.timezone, report.made_at_s)


def number(value: float) -> str:
    """A whole number with commas."""
    return f"{value:,.0f}"


def decimal(value: float | None) -> str:
    """One place behind the point; a dash for nothing."""
    return "–" if value is None else f"{value:,.1f}"


def decimal2(value: float | None) -> str:
    """Two places behind the point; a dash for nothing."""
    return "–" if value is None else f"{value:,.2f}"


def percent(share: float | None) -> str:
    """A share as a percentage with one place behind the point; a dash for nothing."""
    return "–" if share is None else f"{100.0 * share:.1f}%"


def change(now: float, before: float) -> str:
    """How much more or less in per cent, "+12%"; `before` is above 0."""
    return f"{100.0 * (now - before) / before:+.0f}%"


def length(seconds: float | None, language: str = "en") -> str:
    """A length of time: "31 s", "4:05" minutes, "1:02:30" hours; a dash for nothing."""
    if seconds is None:
        return "–"
    if seconds < 59.5:
        return f"{seconds:.0f} {say('second_short', language)}"
    whole = round(seconds)
    minutes, rest = divmod(whole, 60)
    return f"{minutes}:{rest:02d}" if minutes < 60 else f"{minutes // 60}:{minutes % 60:02d}:{rest:02d}"


def short(name: str) -> str:
    """A long id with its middle left out."""
    return name if len(name) <= _LONGEST_NAME else f"{name[:14]}…{name[-6:]}"


def _page(template: str, report: Any, language: str, timezone: str, made_at_s: float) -> str:
    tools = _tools(language, ZoneInfo(timezone))
    page = _templates().get_template(template)
    return page.render(report=report, timezone=timezone, made_at_s=made_at_s, **tools)


@cache
def _templates() -> Environment:
    # Everything that comes from outside (names, notes, topics) is escaped; what is missing is an error, never a blank.
    return Environment(
        loader=PackageLoader("voicerisk.review"), autoescape=True, undefined=StrictUndefined, trim_blocks=True
    )


def _tools(language: str, zone: ZoneInfo) -> Mapping[str, Any]:
    def local(at_s: float) -> datetime:
        return datetime.fromtimestamp(at_s, zone)

    def text(of: Mapping[str, str]) -> str:
        return in_language(of, language)

    def word(name: str, **values: object) -> str:
        return say(name, language, **values)

    return {
        "language": language,
        "direction": "rtl" if language in RIGHT_TO_LEFT else "ltr",
        "say": word,
        "text": text,
        "number": number,
        "decimal": decimal,
        "decimal2": decimal2,
        "percent": percent,
        "change": change,
        "length": lambda seconds: length(seconds, language),
        "short": short,
        "clock": lambda at_s: f"{local(at_s):%H:%M}",
        "moment": lambda at_s: f"{local(at_s):%Y-%m-%d %H:%M}",
        "second": lambda at_s: f"{local(at_s):%Y-%m-%d %H:%M:%S}",
        "date": lambda at_s: _long_date(local(at_s).date(), language),
        "weekday": lambda day: _long_date(date.fromisoformat(day), language),
        "hours_picture": hours_picture,
        "curve_picture": curve_picture,
        "bar": bar,
        "spark": spark,
    }


def _long_date(day: date, language: str) -> str:
    days, months = _DAYS.get(language, _DAYS["en"]), _MONTHS.get(language, _MONTHS["en"])
    return f"{days[day.weekday()]}, {day.day} {months[day.month - 1]} {day.year}"
