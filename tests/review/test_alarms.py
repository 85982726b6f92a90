import msgspec
import pytest

from tests.store.made import an_alert
from voicerisk.review.alarms import alert_lines, false_alarms, rule_lines
from voicerisk.risk.alerts import Alert, AlertState, HistoryEntry, Hush, NotifyReason
from voicerisk.store.history import Mark, Verdict

T0 = 1_732_226_400.0


def lived(call: str, *steps: tuple[float, NotifyReason], state: AlertState = AlertState.RESOLVED) -> Alert:
    """An alert that opened at T0 and then went through these steps, each so many seconds later."""
    alert = an_alert(call, T0)
    later = tuple(HistoryEntry(at_s=T0 + after_s, what=what, notify=False) for after_s, what in steps)
    return msgspec.structs.replace(alert, state=state, history=(*alert.history, *later))


def test_each_alert_is_told_by_how_it_ended() -> None:
    """By a person, by itself, with its call, or not at all; the time to the acknowledgement is the median."""
    quiet = msgspec.structs.replace(
        an_alert("c-6", T0),
        history=(HistoryEntry(at_s=T0, what=NotifyReason.OPENED, notify=True, hushed=Hush.SILENCED, by="si-1"),),
    )
    alerts = [
        lived("c-1", (10.0, NotifyReason.ACKNOWLEDGED), (90.0, NotifyReason.RESOLVED_BY_PERSON)),
        lived("c-2", (30.0, NotifyReason.ACKNOWLEDGED), (60.0, NotifyReason.CALL_ENDED)),
        lived("c-3", (20.0, NotifyReason.ESCALATED), (50.0, NotifyReason.CALMED_DOWN)),
        lived("c-4", (20.0, NotifyReason.CALL_LOST), (99.0, NotifyReason.NOTED)),
        lived("c-5", state=AlertState.OPEN),
        quiet,
    ]
    (line,) = rule_lines(alerts)
    assert (line.alerts, line.rang, line.hushed, line.hushed_by) == (6, 5, 1, {"silenced": 1})
    assert (line.by_person, line.by_itself, line.call_over, line.still_open) == (1, 1, 2, 2)
    assert (line.acknowledged, line.acknowledged_s, line.escalated) == (2, pytest.approx(20.0), 1)
    ended = {one.call: one.ended for one in alert_lines(alerts, 10)}
    assert ended == {
        "c-1": "resolved_by_person", "c-2": "call_ended", "c-3": "calmed_down", "c-4": "call_lost", "c-5": "",
        "c-6": "",
    }  # fmt: skip
    assert len(alert_lines(alerts, 4)) == 4


def mark(at_s: float, verdict: Verdict, alert: str | None = None, call: str | None = None) -> Mark:
    """A reviewer's finding."""
    return Mark(at_s=at_s, person="Noa", verdict=verdict, alert_id=alert, call_id=call)


def test_the_last_word_on_an_alert_counts() -> None:
    """A mark that is given again replaces the first; a missed call is no alert; the bounds hold the rate."""
    marks = [
        mark(1.0, Verdict.WRONG, alert="a"), mark(2.0, Verdict.RIGHT, alert="a"), mark(1.0, Verdict.WRONG, alert="b"),
        mark(1.0, Verdict.RIGHT, alert="c"), mark(1.0, Verdict.RIGHT, alert="d"), mark(1.0, Verdict.UNSURE, alert="e"),
        mark(1.0, Verdict.MISSED, call="x"), mark(1.0, Verdict.MISSED, call="y"), mark(2.0, Verdict.RIGHT, call="y"),
    ]  # fmt: skip
    found = false_alarms(marks)
    assert (found.right, found.wrong, found.unsure, found.missed) == (3, 1, 1, 1)
    assert found.rate == pytest.approx(0.25)
    # Wilson's bounds for 1 of 4, by hand.
    assert (found.low, found.high) == (pytest.approx(0.0456, abs=1e-3), pytest.approx(0.6994, abs=1e-3))


def test_without_marks_there_is_no_rate() -> None:
    """Nothing judged is nothing known, and not a rate of nought."""
    found = false_alarms([])
    assert (found.rate, found.low, found.high) == (None, None, None)
