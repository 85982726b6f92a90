"""The alert as a value."""

import re
from pathlib import Path

import msgspec
import pytest

from tests.risk.shipped import BARGE_IN, TENSE_CALL
from voicerisk.events import Reason
from voicerisk.risk import alerts
from voicerisk.risk.alerts import (
    MAX_HISTORY,
    NOTIFIES,
    OPENS,
    Alert,
    AlertState,
    AlertStateError,
    Cause,
    NotifyReason,
    acknowledged,
    alert_id,
    assigned,
    crossed,
    happened,
    noted,
    resolved,
)


def cause(at_s: float = 1000.0) -> Cause:
    """A cause at this time."""
    return Cause(gauge="call_tension", value=0.9, at_s=at_s, at_media_s=12.0, reasons=(Reason(code="tone", value=0.9),))


def fresh() -> Alert:
    """An alert just opened."""
    alert = Alert(
        id=alert_id("tense_call/c-1", cause()),
        fingerprint="tense_call/c-1",
        rule="tense_call",
        title=TENSE_CALL.title,
        severity=TENSE_CALL.severity,
        owner=TENSE_CALL.owner,
        call_id="c-1",
        at_media_s=12.0,
        procedure=BARGE_IN,
    )
    return happened(alert, NotifyReason.OPENED, 1000.0, {})


def test_an_alert_in_json_says_alert_call_and_media_second() -> None:
    """The JSON object is the one that replay prints, and it comes back as the same alert."""
    raw = msgspec.json.encode(fresh())
    shown = msgspec.json.decode(raw)
    assert (shown["type"], shown["call"], shown["at_s"]) == ("alert", "c-1", 12.0)
    assert msgspec.json.decode(raw, type=Alert) == fresh()


def test_the_id_follows_rule_call_and_time() -> None:
    """The same cause gives the same id; another call or another time another one."""
    ids = {alert_id(print_, cause(at_s)) for print_ in ("r/c-1", "r/c-2") for at_s in (1000.0, 1000.24)}
    assert len(ids) == 4
    assert alert_id("r/c-1", cause()) == alert_id("r/c-1", cause())


def test_history_is_bounded_but_never_loses_what_people_did() -> None:
    """After two hundred steps crossings are only counted; acknowledging and resolving are still written down."""
    alert = fresh()
    for n in range(2 * MAX_HISTORY):
        alert, _ = crossed(alert, cause(1001.0 + n))
    assert len(alert.history) == MAX_HISTORY
    assert alert.count == 2 * MAX_HISTORY + 1
    taken = acknowledged(alert, "dana", 2000.0, "")
    assert taken is not None
    closed = resolved(taken[0], NotifyReason.RESOLVED_BY_PERSON, 2001.0, person="dana")
    assert [step.what for step in closed.history[-2:]] == [NotifyReason.ACKNOWLEDGED, NotifyReason.RESOLVED_BY_PERSON]
    assert closed.state is AlertState.RESOLVED


def test_nobody_fills_an_alert_without_end() -> None:
    """Taking it from one another, asking others and writing notes come to an end; closing it goes always."""
    alert = fresh()
    while len(alert.history) < 2 * MAX_HISTORY:
        alert = noted(alert, "dana", 1001.0, "well")
    with pytest.raises(AlertStateError, match="is full"):
        noted(alert, "dana", 1002.0, "well")
    with pytest.raises(AlertStateError, match="is full"):
        assigned(alert, "dana", "yoav", ("yoav",), 1002.0, "")
    taken = acknowledged(alert, "dana", 1002.0, "")
    assert taken is not None
    with pytest.raises(AlertStateError, match="is full"):
        acknowledged(taken[0], "yoav", 1003.0, "")
    assert resolved(taken[0], NotifyReason.RESOLVED_BY_PERSON, 1004.0, person="dana").state is AlertState.RESOLVED


def test_a_step_heard_of_late_is_written_behind_the_others() -> None:
    """Times in a history never run backwards."""
    late = happened(fresh(), NotifyReason.NOTED, 900.0, {}, person="dana", note="x")
    assert [step.at_s for step in late.history] == [1000.0, 1000.0]


def test_every_step_says_in_words_whether_it_rings() -> None:
    """The steps that notify are those whose description begins with "Notified", and no others."""
    words = Path(alerts.__file__).read_text()
    said = re.findall(r'^    ([A-Z_]+) = "[a-z_]+"\n    """(Notified|Not notified):', words, re.MULTILINE)
    assert {name for name, _ in said} == {reason.name for reason in NotifyReason}
    assert {NotifyReason[name] for name, begins in said if begins == "Notified"} == NOTIFIES
    assert OPENS < NOTIFIES
