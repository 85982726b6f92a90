from pathlib import Path

import pytest

from tests.review.floor_story import N_CALM, STEP_S, T0, tense_call
from tests.review.stored import opened
from voicerisk.review.incident import About, incident_report
from voicerisk.review.render import incident_html
from voicerisk.review.timeline import Source
from voicerisk.risk.config import RiskConfig
from voicerisk.risk.gauges import SiteSettings

RISK = RiskConfig(site=SiteSettings(timezone="Asia/Jerusalem"))


async def test_a_post_mortem_tells_everything_in_order(tmp_path: Path) -> None:
    """Events, needles, the alert's life, the procedure's log, who listened and joined, and the reviewer's word."""
    settings, alert = await tense_call(tmp_path, RISK)
    with opened(settings) as session:
        report = incident_report(session, alert, RISK, T0 + 4000.0)
        of_incident = incident_report(session, "i-9", RISK, T0 + 4000.0)
        assert incident_report(session, "al-unknown", RISK, T0) is None
        assert incident_report(session, "i-%", RISK, T0) is None
    assert report is not None
    assert of_incident is not None
    assert report.about is About.ALERT
    assert of_incident.about is About.INCIDENT
    times = [moment.at_s for moment in report.moments]
    assert times == sorted(times)
    told = {(moment.source, moment.what) for moment in report.moments}
    assert told >= {
        (Source.EVENT, "call.started"), (Source.GAUGE, "green → red"), (Source.ALERT, "opened"),
        (Source.ALERT, "acknowledged"), (Source.ALERT, "call_ended"), (Source.PROCEDURE, "started"),
        (Source.PERSON, "listen.start"), (Source.PERSON, "control.barge"), (Source.REVIEW, "right"),
    }  # fmt: skip
    assert {moment.what for moment in of_incident.moments} >= {"incident.opened", "acknowledged", "control.barge"}
    (curve,) = report.curves
    assert len(curve.levels) * STEP_S == pytest.approx(72.0)
    assert curve.alerts_s == [pytest.approx((N_CALM + 9) * STEP_S)]
    assert [(kept.id, kept.seconds) for kept in report.recordings] == [("r-1", 52.0)]
    assert [line.acknowledged_by for line in report.alerts if line.id == alert] == ["נועה <lead>"]
    assert not any("a-7" in moment.note for moment in report.moments)
    assert [task.alert_id for task in report.tasks] == [alert] * len(report.tasks) != []


@pytest.mark.parametrize(("language", "direction"), [("en", "ltr"), ("he", "rtl")])
async def test_its_page_is_whole_and_safe(tmp_path: Path, language: str, direction: str) -> None:
    """The curve is drawn with its alert, names from outside are escaped and set apart from the text's direction."""
    settings, alert = await tense_call(tmp_path, RISK)
    with opened(settings) as session:
        report = incident_report(session, alert, RISK, T0 + 4000.0)
    assert report is not None
    page = incident_html(report, language)
    assert f'dir="{direction}"' in page
    assert "<bdi>נועה &lt;lead&gt;</bdi>" in page
    assert "<lead>" not in page
    assert "p-alert" in page
    assert "<polyline" in page
    assert "/api/v1/recordings/r-1/audio.wav" in page
