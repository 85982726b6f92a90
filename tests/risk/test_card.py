"""The customer's card."""

import time

from msgspec.structs import replace

from tests.risk.desk.made import CUSTOMER, T0, alert, desk
from tests.risk.desk.test_books import crm, feedback, incident, made
from voicerisk.events import CallStarted, IncidentContact
from voicerisk.risk import library
from voicerisk.risk.card import CustomerCard, customer_card
from voicerisk.risk.desk import Desk, DeskSettings
from voicerisk.risk.desk.asking import NotAsked
from voicerisk.risk.gauges import GaugeBoard, SiteSettings

DAY_S = 86_400.0
GAUGES = library.gauges()


def card_of(board: GaugeBoard, work: Desk, now: float = T0, customer: str = CUSTOMER) -> CustomerCard:
    """The customer's card at `now`."""
    return customer_card(
        customer,
        now,
        desk=work,
        settings=DeskSettings(),
        gauges=GAUGES,
        reading_of=lambda gauge, key: board.reading(gauge, key, now),
        queue="billing",
    )


def test_it_says_what_whoever_answers_should_know() -> None:
    """Calls today, open promises, last mark, last alerts, incidents, tasks, the known fault: all on one card."""
    board, work = GaugeBoard(GAUGES, SiteSettings()), desk()
    for number in range(3):
        at_s = T0 + number
        board.handle(CallStarted(id=f"s{number}", at=at_s, call=f"c-{number}", customer=CUSTOMER), at_s)
    for event in (made(600.0), feedback(1, 5.0), incident(IncidentContact, 6.0), crm("outage.on", 7.0)):
        board.handle(event, event.at)
        work.handle(event)
    work.alert_opened(alert(), "", T0 + 8.0)
    card = card_of(board, work, T0 + 10.0)
    assert card.calls_today == 3
    assert {needle.gauge: needle.value for needle in card.needles} == {
        "calls_today": 3.0,
        "last_feedback": 1.0,
        "promise_due": -590.0,
    }
    assert [promise.what for promise in card.promises] == ["call back"]
    assert card.feedback is not None
    assert card.feedback.score == 1
    assert [seen.rule for seen in card.alerts] == ["r"]
    assert [known.contacts for known in card.incidents] == [1]
    assert [task.owner for task in card.tasks] == ["service recovery"]
    assert card.outage is not None


def test_a_customer_of_whom_nothing_is_known_has_an_empty_card() -> None:
    """Nothing fails and nothing is made up: no calls, no promises, and they may be asked."""
    card = card_of(GaugeBoard(GAUGES, SiteSettings()), desk(), customer="h:ffffffffffffffff")
    assert (card.calls_today, card.needles, card.promises, card.feedback, card.tasks) == (0, (), (), None, ())
    assert card.asking.why_not is None


def test_nobody_is_asked_twice_within_the_set_time() -> None:
    """Asked now: not again for thirty days, to the second; then again, by the channel that the customer prefers."""
    board, work = GaugeBoard(GAUGES, SiteSettings()), desk()
    work.handle(crm("survey.sent"))
    work.handle(crm("customer.prefers", 1.0, channel="sms"))
    asking = card_of(board, work, T0 + 30 * DAY_S - 1.0).asking
    assert (asking.why_not, asking.not_before_s) == (NotAsked.ASKED_RECENTLY, T0 + 30 * DAY_S)
    later = card_of(board, work, T0 + 30 * DAY_S).asking
    assert (later.why_not, later.channel) == (None, "sms")


def test_who_does_not_want_to_be_asked_is_not_asked() -> None:
    """Whatever the time."""
    work = desk()
    work.handle(crm("customer.prefers", channel="none"))
    assert card_of(GaugeBoard(GAUGES, SiteSettings()), work).asking.why_not is NotAsked.PREFERS_NOT


def test_a_card_is_there_before_the_first_word() -> None:
    """Among thousands of tasks and promises of others the slowest of a hundred cards takes a few milliseconds."""
    board, work = GaugeBoard(GAUGES, SiteSettings()), desk()
    for number in range(3000):
        customer = f"h:{number:016x}"
        work.handle(replace(made(600.0, promise=f"p-{number}"), customer=customer))
        work.handle(replace(feedback(1, id_=f"f-{number}"), customer=customer))
    took = []
    for number in range(100):
        before = time.perf_counter()
        assert len(card_of(board, work, customer=f"h:{number:016x}").tasks) == 1
        took.append(time.perf_counter() - before)
    assert sorted(took)[98] < 0.05
