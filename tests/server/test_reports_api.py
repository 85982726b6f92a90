from datetime import UTC, datetime
from pathlib import Path

import pytest

from tests.server.office_served import serving_office
from voicerisk import clock
from voicerisk.events import CallEnded, CallStarted, Crossing, TensionZone, Zone


def events() -> list[object]:
    """Four calls of today; in one of them the voice turned red."""
    now = clock.now_s()
    made: list[object] = []
    for n in range(4):
        call = {"call": f"c-{n}", "customer": f"h:00000000000000{n:02d}", "queue": "tech"}
        made.append(CallStarted(id=f"s-{n}", at=now - 9.0, **call))
        if n == 0:
            data = Crossing(at_s=4.0, level=0.9, zone=Zone.RED, previous=Zone.AMBER)
            made.append(TensionZone(id="z", at=now - 5.0, data=data, **call))
        made.append(CallEnded(id=f"e-{n}", at=now - 1.0, **call))
    return made


def today() -> str:
    """The date of the last event at the default site, whose clock shows UTC."""
    return datetime.fromtimestamp(clock.now_s() - 1.0, UTC).date().isoformat()


async def test_a_day_is_given_as_json_or_as_a_page(tmp_path: Path) -> None:
    """By `format`, or by what the client accepts; the figures are those of the events that were told."""
    async with serving_office(tmp_path) as served:
        assert (await served.tell(*events())).status_code == 202
        day = {"date": today()}
        report = (await served.http.get("/api/v1/reports/day", params=day)).json()["report"]
        assert report["contacts"]["unhappy"]["calls"] == 1
        assert report["complete"] is False
        browser = {"Accept": "text/html,application/xhtml+xml"}
        page = await served.http.get("/api/v1/reports/day", params={**day, "language": "he"}, headers=browser)
        assert page.headers["content-type"].startswith("text/html")
        assert 'dir="rtl"' in page.text
        as_json = await served.http.get("/api/v1/reports/day", params={**day, "format": "json"}, headers=browser)
        assert as_json.json()["report"]["date"] == today()
        week = (await served.http.get("/api/v1/reports/week", params=day)).json()["report"]
        assert len(week["days"]) == 7
        picks = (await served.http.get("/api/v1/review/picks", params=day)).json()["picks"]
        assert picks[0]["call"] == "c-0"
        assert "tense" in picks[0]["why"]


async def test_what_there_is_not_is_said(tmp_path: Path) -> None:
    """A date that is none, a language that is not spoken, an incident that nobody knows."""
    async with serving_office(tmp_path) as served:
        ask = served.http.get
        assert "write it as" in (await ask("/api/v1/reports/day", params={"date": "22/11/24"})).json()["detail"]
        assert (await ask("/api/v1/reports/week", params={"language": "tlh"})).status_code == 422
        assert (await ask("/api/v1/review/picks", params={"date": "1200-01-01"})).status_code == 422
        answer = await ask("/api/v1/reports/incident/al-none")
        assert answer.status_code == 404
        assert "al-none" in answer.json()["detail"]


@pytest.mark.parametrize("path", ["/api/v1/reports/day", "/api/v1/reports/week", "/api/v1/review/picks"])
async def test_a_day_on_which_nothing_happened_has_a_report(tmp_path: Path, path: str) -> None:
    """Of noughts, without an error."""
    async with serving_office(tmp_path) as served:
        for language in ("en", "he"):
            params = {"date": "2024-11-21", "language": language, "format": "html"}
            assert (await served.http.get(path, params=params)).status_code == 200
