import re
from datetime import date
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from tests.review.floor_story import T0, tense_call
from tests.review.stored import opened
from voicerisk.review.day import day_report
from voicerisk.review.render import change, day_html, length, percent, short, week_html
from voicerisk.review.settings import ReviewSettings
from voicerisk.review.spans import day_span, week_span
from voicerisk.review.week import week_report
from voicerisk.review.words import LANGUAGES, say, words
from voicerisk.risk.config import RiskConfig
from voicerisk.risk.gauges import SiteSettings

RISK = RiskConfig(site=SiteSettings(timezone="Asia/Jerusalem"))
ZONE = ZoneInfo("Asia/Jerusalem")


@pytest.mark.parametrize("language", LANGUAGES)
async def test_a_page_needs_nothing_but_itself(tmp_path: Path, language: str) -> None:
    """No script and nothing fetched; what reviewers wrote is escaped; the tense call is counted and picked out."""
    settings, _ = await tense_call(tmp_path, RISK)
    with opened(settings) as session:
        day = day_report(session, day_span(date(2024, 11, 22), ZONE), RISK, ReviewSettings(), T0 + 90_000.0)
        span = week_span(date(2024, 11, 22), ZONE, "sunday")
        week = week_report(session, span, RISK, ReviewSettings(), T0 + 90_000.0)
    assert day.contacts.unhappy.calls == 1
    assert day.false_alarms.right == 1
    assert [line.topic for line in day.conclusions] == ["bill <format>"]
    assert [cost.gauge for cost in day.red if cost.gauge == "call_tension"] == ["call_tension"]
    for page in (day_html(day, language), week_html(week, language)):
        assert not re.search(r"<script|<link|<img|url\(|https?://", page)
        assert "bill &lt;format&gt;" in page
        assert "<format>" not in page
        assert "{" + "n}" not in page
        assert "@media print" in page
        assert "prefers-color-scheme: dark" in page
        assert "<bdi>חיוב</bdi>" in page


def test_every_word_is_there_in_both_languages_with_the_same_places() -> None:
    """What a text fills in, it fills in whatever the language."""
    for name, text in words().items():
        assert set(text) == set(LANGUAGES), name
        places = [set(re.findall(r"{(\w+)}", text[language])) for language in LANGUAGES]
        assert places[0] == places[1], name


def test_a_word_that_is_not_known_is_said_as_it_is_written() -> None:
    """A new step of an alert's life must not break a report."""
    assert say("step_something_new", "he") == "step something new"


def test_figures_are_written_for_people() -> None:
    """Lengths, shares, changes and long ids."""
    assert [length(s) for s in (None, 0.4, 59.4, 59.6, 245.0, 3750.0)] == [
        "–",
        "0 s",
        "59 s",
        "1:00",
        "4:05",
        "1:02:30",
    ]
    assert length(5.0, "he") == "5 שנ׳"
    assert (percent(None), percent(0.0512)) == ("–", "5.1%")
    assert (change(56, 50), change(40, 50)) == ("+12%", "-20%")
    assert short("h:" + "0" * 62) == "h:000000000000…000000"
