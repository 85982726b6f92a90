"""The book of alerts, where no play tells it."""

import msgspec
import pytest

from tests.risk.shipped import TENSE_CALL
from tests.risk.test_alerts import cause
from voicerisk.risk.actions import AlertOpened, AlertUpdated, Notify
from voicerisk.risk.alerts import MAX_HISTORY, NotifyReason, UnknownAlertError
from voicerisk.risk.book import AlertBook, BookState
from voicerisk.risk.config import RiskConfig
from voicerisk.risk.gauges import GaugeKey
from voicerisk.risk.place import Place
from voicerisk.risk.rules import RuleConfig


def empty_book(rule: RuleConfig = TENSE_CALL) -> AlertBook:
    """A book with nothing in it, and a duty roster on which everybody is told by their own name."""
    config = RiskConfig(rules={"tense_call": rule}, max_alerts=100)
    return AlertBook(config, lambda names, at_s: tuple(dict.fromkeys(names)), lambda queue: None)


def cross(book: AlertBook, call: str, at_s: float, rule: RuleConfig = TENSE_CALL) -> list[object]:
    """The rule comes true for the call."""
    place = Place(key=GaugeKey.CALL, name=call, call=call)
    return [*book.cross("tense_call", rule, None, place, cause(at_s), at_s)]


def book_of(*calls: str) -> AlertBook:
    """A book with one alert for each call."""
    book = empty_book()
    for n, call in enumerate(calls):
        cross(book, call, 1000.0 + n)
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
    assert book.next_due_s() is None
    assert isinstance(cross(book, "c-1", 2000.0)[0], AlertOpened)


def test_stored_alerts_stand_in_the_order_of_their_opening() -> None:
    """Whatever order the store gives them in."""
    alerts = book_of("c-1", "c-2", "c-3").alerts()
    restored = empty_book()
    restored.adopt(reversed(alerts), 2000.0)
    assert restored.alerts() == alerts


def test_only_closed_alerts_are_forgotten_with_their_call() -> None:
    """An alert that still waits for a person outlives the call."""
    book = book_of("c-1", "c-2")
    book.resolve(book.of_call("c-1")[0].id, NotifyReason.CALL_ENDED, 3000.0)
    book.forget_resolved("c-1")
    book.forget_resolved("c-2")
    assert [alert.call_id for alert in book.alerts()] == ["c-2"]


def test_a_cause_that_comes_and_goes_all_day_begins_a_new_alert_now_and_then() -> None:
    """An alert's history has an end: what has been opened again too often is not opened once more."""
    book = empty_book()
    for n in range(500):
        cross(book, "c-1", 1000.0 + n)
        book.resolve(book.of_call("c-1")[-1].id, NotifyReason.CALMED_DOWN, 1000.5 + n)
    assert len(book.of_call("c-1")) == 1000 // MAX_HISTORY
    assert max(len(alert.history) for alert in book.alerts()) == MAX_HISTORY


def test_nobody_is_told_twice_at_one_time() -> None:
    """A step of the procedure that names who was rung this very moment adds nothing; others are added."""
    book = book_of("c-1")
    id_ = book.of_call("c-1")[0].id
    assert book.tell(id_, NotifyReason.PROCEDURE_STEP, (TENSE_CALL.owner,), 1000.0) == []
    told = book.tell(id_, NotifyReason.PROCEDURE_STEP, (TENSE_CALL.owner, "dana"), 1000.0)
    assert [type(action) for action in told] == [AlertUpdated, Notify]
    assert book.get(id_).history[-1].to == ("dana",)


def test_a_snapshot_holds_all_of_it() -> None:
    """Alerts, and when they are due next, survive being written down and read back."""
    rule = msgspec.structs.replace(TENSE_CALL, repeat_s=60.0)
    book = empty_book(rule)
    cross(book, "c-1", 1000.0, rule)
    state = msgspec.msgpack.decode(msgspec.msgpack.encode(book.snapshot()), type=BookState)
    restored = empty_book(rule)
    restored.restore(state)
    assert restored.alerts() == book.alerts()
    assert restored.next_due_s() == book.next_due_s() == 1060.0
    assert restored.advance(1060.0, 1060.0) == book.advance(1060.0, 1060.0) != []
