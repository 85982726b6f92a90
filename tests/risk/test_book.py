"""The book of alerts."""

import pytest

from tests.risk.test_alerts import cause
from voicerisk.risk.actions import AlertOpened
from voicerisk.risk.alerts import NotifyReason, UnknownAlertError
from voicerisk.risk.book import AlertBook
from voicerisk.risk.calls import CallState
from voicerisk.risk.config import TENSE_CALL


def book_of(*calls: str) -> AlertBook:
    """A book with one alert for each call."""
    book = AlertBook(3600.0, 100)
    for n, call in enumerate(calls):
        book.cross("tense_call", TENSE_CALL, None, call, CallState(), cause(1000.0 + n))
    return book


def test_alerts_are_found_by_id_and_by_call() -> None:
    """The oldest comes first; a call without alerts has none."""
    book = book_of("c-1", "c-2")
    assert [alert.call_id for alert in book.alerts()] == ["c-1", "c-2"]
    (alert,) = book.of_call("c-2")
    assert book.get(alert.id) == alert
    assert book.of_call("c-3") == []


def test_a_dropped_alert_is_gone_everywhere() -> None:
    """Neither id nor call nor fingerprint finds it: the next crossing opens a new one."""
    book = book_of("c-1")
    (alert,) = book.of_call("c-1")
    book.drop(alert)
    assert book.of_call("c-1") == []
    with pytest.raises(UnknownAlertError):
        book.get(alert.id)
    (action,) = book.cross("tense_call", TENSE_CALL, None, "c-1", CallState(), cause(2000.0))
    assert isinstance(action, AlertOpened)


def test_restored_alerts_stand_in_the_order_of_their_opening() -> None:
    """Whatever order the store gives them in."""
    alerts = book_of("c-1", "c-2", "c-3").alerts()
    restored = AlertBook(3600.0, 100)
    restored.restore(reversed(alerts))
    assert restored.alerts() == alerts


def test_only_closed_alerts_are_forgotten_with_their_call() -> None:
    """An alert that still waits for a person outlives the call."""
    book = book_of("c-1", "c-2")
    book.resolve(book.of_call("c-1")[0].id, NotifyReason.CALL_ENDED, 3000.0)
    book.forget_resolved("c-1")
    book.forget_resolved("c-2")
    assert [alert.call_id for alert in book.alerts()] == ["c-2"]
