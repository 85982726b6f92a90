"""The life of an alert, as plays: one for each rule of the life cycle."""

import msgspec
import pytest

from tests.plays.play import (
    LEVELS,
    READ_THE_REASONS,
    T0,
    Play,
    acknowledges,
    alert,
    between,
    delivers,
    ended,
    latest,
    one_rule,
    resolves,
    started,
    window,
)
from tests.risk.shipped import CALL_TENSION, TENSE_CALL
from voicerisk.events import Zone
from voicerisk.risk.actions import ZoneCrossed
from voicerisk.risk.alerts import AlertState, AlertStateError, NotifyReason, UnknownAlertError
from voicerisk.risk.deeds import Acknowledge, Resolve
from voicerisk.zones import Boundary, Zones

GREEN, AMBER, RED = Zone.GREEN, Zone.AMBER, Zone.RED
OPENED, REOPENED = NotifyReason.OPENED, NotifyReason.REOPENED


def tense_call(until: float = 40.0) -> Play:
    """A call that is green for 10 s, amber for 2 and then red for some 10; its alert is wanted at 12 s."""
    play = Play()
    play.at(0.0).push(started())
    play.at(0.5).hears(GREEN, 9.5)
    play.at(10.0).hears(AMBER, 2.0)
    play.at(12.0).hears(RED, 10.0)
    play.want(between(12.0, 12.1), alert(OPENED))
    return play


def test_red_opens_one_alert_at_once_with_all_that_a_person_needs() -> None:
    """The window that enters red opens the alert; it says who, why, since when, who owns it and what to do."""
    play = tense_call()
    play.run(40.0)
    opened = latest(play.engine)
    assert (opened.state, opened.call_id, opened.queue, opened.rule) == (
        AlertState.OPEN,
        "c-1",
        "billing",
        "tense_call",
    )
    assert (opened.severity, opened.owner, opened.value) == ("critical", "floor supervisor", LEVELS[RED])
    assert (opened.opened_at_s, opened.at_media_s) == (T0 + 12.0, 12.0)
    assert [reason.text for reason in opened.reasons] == ["tone model: tension 0.90"]
    assert opened.procedure is not None
    assert opened.procedure.steps == (READ_THE_REASONS,)


def test_every_crossing_of_the_zone_is_told() -> None:
    """Green to amber and amber to red are actions of their own, whether or not they alert."""
    play = tense_call()
    play.run(40.0)
    crossings = [(t, action) for t, action in play.seen if isinstance(action, ZoneCrossed)]
    assert [(t, action.previous, action.zone, action.at_media_s) for t, action in crossings] == [
        (10.0, GREEN, AMBER, 10.0),
        (12.0, AMBER, RED, 12.0),
    ]


def test_amber_alone_does_not_alert() -> None:
    """The shipped rule asks for red."""
    play = Play()
    play.at(0.0).hears(AMBER, 60.0)
    play.run(60.0)


def test_a_second_crossing_updates_the_open_alert_and_does_not_ring_again() -> None:
    """Out of red and back: the same alert counts 2, nobody is notified twice."""
    play = tense_call()
    play.at(23.0).hears(AMBER, 3.0)
    play.at(27.0).hears(RED, 3.0)
    play.want(between(27.0, 27.1), alert(NotifyReason.CROSSED_AGAIN))
    play.run(40.0)
    assert len(play.engine.alerts()) == 1
    assert latest(play.engine).count == 2
    assert latest(play.engine).opened_at_s == T0 + 12.0


def test_an_acknowledged_alert_stays_in_hand_when_the_cause_returns() -> None:
    """Whoever took it keeps it; the crossing is counted under its own reason and rings nowhere."""
    play = tense_call()
    play.at(15.0).push(acknowledges("dana"))
    play.at(23.0).hears(AMBER, 3.0)
    play.at(27.0).hears(RED, 3.0)
    play.want(between(15.0, 15.0), alert(NotifyReason.ACKNOWLEDGED, person="dana"))
    play.want(between(27.0, 27.1), alert(NotifyReason.CROSSED_AGAIN_IN_HAND))
    play.run(40.0)
    assert (latest(play.engine).state, latest(play.engine).acknowledged_by) == (AlertState.ACKNOWLEDGED, "dana")


def test_acknowledging_twice_changes_nothing_and_another_person_takes_over() -> None:
    """The same person again is no step; another one is, and the alert is then theirs."""
    play = tense_call()
    play.at(15.0).push(acknowledges("dana"))
    play.at(16.0).push(acknowledges("dana"))
    play.at(17.0).push(acknowledges("yoav"))
    play.want(between(15.0, 15.0), alert(NotifyReason.ACKNOWLEDGED, person="dana"))
    play.want(between(17.0, 17.0), alert(NotifyReason.TAKEN_OVER, person="yoav"))
    play.run(40.0)
    assert latest(play.engine).acknowledged_by == "yoav"


def test_a_person_closes_it_and_it_stays_closed_while_red_lasts() -> None:
    """Resolved in the middle of red: no new alert comes of the same stretch of red."""
    play = tense_call()
    play.at(15.0).push(resolves("dana", note="bad line"))
    play.want(between(15.0, 15.0), alert(NotifyReason.RESOLVED_BY_PERSON, person="dana"))
    play.run(40.0)
    assert latest(play.engine).resolved_by == "dana"
    assert latest(play.engine).history[-1].note == "bad line"


def test_a_resolved_alert_reopens_and_rings_when_the_cause_returns() -> None:
    """Out of red and back after it was closed: the same alert is open again, nobody's, and somebody is notified."""
    play = tense_call()
    play.at(14.0).push(acknowledges("dana"))
    play.at(15.0).push(resolves("dana"))
    play.at(23.0).hears(GREEN, 3.0)
    play.at(27.0).hears(RED, 3.0)
    play.want(between(14.0, 14.0), alert(NotifyReason.ACKNOWLEDGED, person="dana"))
    play.want(between(15.0, 15.0), alert(NotifyReason.RESOLVED_BY_PERSON, person="dana"))
    play.want(between(27.0, 27.1), alert(REOPENED))
    play.run(40.0)
    reopened = latest(play.engine)
    assert len(play.engine.alerts()) == 1
    assert (reopened.state, reopened.acknowledged_by, reopened.resolved_by) == (AlertState.OPEN, None, None)
    assert reopened.since_s == T0 + 27.0


def test_after_the_reopening_time_a_new_alert_is_opened() -> None:
    """A cause that comes back long after gets an alert of its own, with an id of its own."""
    play = Play(one_rule(reopen_within_s=5.0))
    play.at(0.0).hears(RED, 3.0)
    play.at(4.0).push(resolves("dana"))
    play.at(5.0).hears(GREEN, 5.0)
    play.at(20.0).hears(RED, 3.0)
    play.want(between(0.0, 0.1), alert(OPENED))
    play.want(between(4.0, 4.0), alert(NotifyReason.RESOLVED_BY_PERSON, person="dana"))
    play.want(between(20.0, 20.1), alert(OPENED))
    play.run(30.0)
    assert len({found.id for found in play.engine.alerts()}) == 2


def test_thirty_green_seconds_resolve_it_by_themselves() -> None:
    """Green from 22 s on resolves at 52 s, in the engine's own name; amber in between would not have counted."""
    play = tense_call()
    play.at(22.0).hears(GREEN, 60.0)
    play.want(between(52.0, 52.5), alert(NotifyReason.CALMED_DOWN))
    play.run(90.0)
    assert latest(play.engine).resolved_by is None


def test_amber_keeps_the_alert_and_each_return_to_green_starts_the_time_anew() -> None:
    """Amber does not resolve; twenty green seconds, amber, and green again need thirty more."""
    play = tense_call()
    play.at(22.0).hears(AMBER, 60.0)
    play.at(82.0).hears(GREEN, 20.0)
    play.at(102.0).hears(AMBER, 5.0)
    play.at(107.0).hears(GREEN, 60.0)
    play.want(between(137.0, 137.5), alert(NotifyReason.CALMED_DOWN))
    play.run(180.0)


def test_the_end_of_the_call_resolves_it_and_late_windows_change_nothing() -> None:
    """When the call is over its alert is; a window that comes late opens nothing."""
    play = tense_call()
    play.at(25.0).push(ended())
    play.at(26.0).hears(GREEN, 3.0)
    play.at(30.0).hears(RED, 3.0)
    play.want(between(25.0, 25.0), alert(NotifyReason.CALL_ENDED))
    play.run(40.0)


def test_a_rule_may_keep_its_alert_beyond_the_call() -> None:
    """With resolve_at_end = false a person has to close it, however long after; then it is forgotten."""
    rule = msgspec.structs.replace(TENSE_CALL, resolve_at_end=False)
    play = Play(one_rule(rules={"tense_call": rule}, keep_ended_s=10.0))
    play.at(0.0).hears(RED, 3.0)
    play.at(4.0).push(ended())
    play.at(100.0).push(resolves("dana"))
    play.want(between(0.0, 0.1), alert(OPENED))
    play.want(between(100.0, 100.0), alert(NotifyReason.RESOLVED_BY_PERSON, person="dana"))
    play.run(110.0)
    assert play.engine.alerts() == ()


def test_a_call_that_falls_silent_for_ever_is_given_up() -> None:
    """No event for lost_after_s: the alert says that the call was lost, and the call is forgotten."""
    play = Play(one_rule(lost_after_s=60.0))
    play.at(0.0).hears(RED, 4.8)
    play.want(between(0.0, 0.1), alert(OPENED))
    play.want(between(64.0, 66.0), alert(NotifyReason.CALL_LOST))
    play.run(80.0)
    assert play.engine.alerts() == ()
    assert list(play.engine.readings(T0 + 80.0)) == []


def test_a_restart_makes_no_second_alert() -> None:
    """After a crash the stored alert goes on: the returning cause updates it, the end of the call resolves it."""
    play = tense_call()
    play.at(15.0).push(acknowledges("dana"))
    play.at(16.1).restarts()
    play.at(30.0).push(ended())
    play.want(between(15.0, 15.0), alert(NotifyReason.ACKNOWLEDGED, person="dana"))
    play.want(between(16.1, 17.0), alert(NotifyReason.CROSSED_AGAIN_IN_HAND))
    play.want(between(30.0, 30.0), alert(NotifyReason.CALL_ENDED))
    play.run(40.0)


def test_a_restored_alert_whose_call_never_returns_is_given_up() -> None:
    """The call was gone with the crash: after lost_after_s its alert is resolved as lost."""
    play = Play(one_rule(lost_after_s=60.0))
    play.at(0.0).hears(RED, 4.8)
    play.at(10.5).restarts()
    play.want(between(0.0, 0.1), alert(OPENED))
    play.want(between(71.0, 72.0), alert(NotifyReason.CALL_LOST))
    play.run(80.0)


def test_a_restored_alert_resolves_when_its_call_is_calm() -> None:
    """The call goes on in green after the crash: thirty seconds later the alert is resolved."""
    play = Play()
    play.at(0.0).hears(RED, 4.8)
    play.at(10.5).restarts()
    play.at(11.0).hears(GREEN, 40.0)
    play.want(between(0.0, 0.1), alert(OPENED))
    play.want(between(41.0, 41.5), alert(NotifyReason.CALMED_DOWN))
    play.run(60.0)


def test_two_calls_have_two_alerts() -> None:
    """What happens to one call's alert leaves the other's alone."""
    play = Play()
    play.at(0.0).hears(RED, 3.0, call="c-1")
    play.at(1.1).hears(RED, 3.0, call="c-2")
    play.at(5.0).push(ended("c-1"))
    play.want(between(0.0, 0.1), alert(OPENED, "c-1"))
    play.want(between(1.1, 1.2), alert(OPENED, "c-2"))
    play.want(between(5.0, 5.0), alert(NotifyReason.CALL_ENDED, "c-1"))
    play.run(20.0)
    assert latest(play.engine, "c-2").state is AlertState.OPEN


def test_a_repeated_or_late_window_is_no_second_crossing() -> None:
    """Windows are told apart by their media second: delivered twice or late, they change nothing."""
    play = Play()
    play.at(0.0).hears(GREEN, 5.0)
    play.at(5.0).hears(RED, 2.0)
    play.at(8.0).push(delivers(window("c-1", 3.0, GREEN)), delivers(window("c-1", 5.28, RED)))
    play.want(between(5.0, 5.1), alert(OPENED))
    play.run(20.0)
    assert latest(play.engine).count == 1


def test_a_call_id_used_again_is_a_new_call() -> None:
    """After the end, a start with the same id begins anew and may alert anew; the old alert is not revived."""
    play = tense_call()
    play.at(25.0).push(ended())
    play.at(60.0).push(started(queue="sales"))
    play.at(61.0).hears(RED, 3.0)
    play.want(between(25.0, 25.0), alert(NotifyReason.CALL_ENDED))
    play.want(between(61.0, 61.1), alert(OPENED))
    play.run(80.0)
    assert latest(play.engine).queue == "sales"


def test_a_queue_may_have_zones_of_its_own() -> None:
    """What is red for the ear is amber for a queue that accepts more; another queue alarms as the ear says."""
    patient = Zones(
        amber=Boundary(enter=0.8, leave=0.7), red=Boundary(enter=0.97, leave=0.9, hold_s=0.96, leave_hold_s=0.96)
    )
    gauge = msgspec.structs.replace(CALL_TENSION, queues={"complaints": patient})
    play = Play(one_rule(gauges={"call_tension": gauge}))
    play.at(0.0).push(started("c-1", "complaints"), started("c-2", "billing"))
    play.at(1.0).hears(RED, 10.0, call="c-1", level=0.9)
    play.at(1.1).hears(RED, 10.0, call="c-2", level=0.9)
    play.at(12.0).hears(RED, 3.0, call="c-1", level=0.99)
    play.want(between(1.1, 1.2), alert(OPENED, "c-2"))
    play.want(between(12.4, 12.6), alert(OPENED, "c-1"))
    play.run(20.0)


def test_a_rule_may_be_for_some_queues_only() -> None:
    """A rule for sales leaves billing alone; switched off, it leaves all alone."""
    for rule in (
        msgspec.structs.replace(TENSE_CALL, queues=("sales",)),
        msgspec.structs.replace(TENSE_CALL, enabled=False),
    ):
        play = Play(one_rule(rules={"tense_call": rule}))
        play.at(0.0).push(started("c-1", "billing"))
        play.at(1.0).hears(RED, 5.0)
        play.run(10.0)


def test_beyond_its_memory_the_oldest_alert_is_resolved_and_says_so() -> None:
    """The third alert of an engine that remembers two closes the first, under its own reason."""
    play = Play(one_rule(max_alerts=2))
    for n in (1, 2, 3):
        play.at(float(n)).hears(RED, 1.0, call=f"c-{n}")
        play.want(between(n, n + 0.1), alert(OPENED, f"c-{n}"))
    play.want(between(3.0, 3.1), alert(NotifyReason.TOO_MANY, "c-1"))
    play.run(10.0)
    assert [found.call_id for found in play.engine.alerts()] == ["c-2", "c-3"]


def test_beyond_its_memory_the_call_longest_unheard_of_is_given_up() -> None:
    """A third call in an engine that remembers two takes the place of the one that has been silent longest."""
    play = Play(one_rule(max_calls=2))
    play.at(0.0).hears(RED, 1.0, call="c-1")
    play.at(2.0).hears(GREEN, 1.0, call="c-2")
    play.at(4.0).hears(GREEN, 1.0, call="c-3")
    play.want(between(0.0, 0.1), alert(OPENED, "c-1"))
    play.want(between(4.0, 4.0), alert(NotifyReason.CALL_LOST, "c-1"))
    play.run(10.0)
    assert {reading.key for reading in play.engine.readings(T0 + 10.0)} == {"c-2", "c-3"}


def test_what_cannot_be_done_is_refused_in_words() -> None:
    """Closing twice, taking a closed alert and naming an unknown one are errors that say what is the case."""
    play = tense_call()
    play.at(15.0).push(resolves("dana"))
    play.want(between(15.0, 15.0), alert(NotifyReason.RESOLVED_BY_PERSON, person="dana"))
    play.run(20.0)
    closed = latest(play.engine).id
    with pytest.raises(AlertStateError, match="resolved already"):
        play.engine.do(Resolve(alert=closed, person="yoav"), T0 + 21.0)
    with pytest.raises(AlertStateError, match="cannot be acknowledged"):
        play.engine.do(Acknowledge(alert=closed, person="yoav"), T0 + 21.0)
    with pytest.raises(UnknownAlertError, match="al-nope"):
        play.engine.do(Resolve(alert="al-nope", person="yoav"), T0 + 21.0)


def test_the_same_play_gives_the_same_bytes() -> None:
    """Ids, times, reasons and history are all of the play: two runs are equal byte for byte."""
    logs = []
    for _ in range(2):
        play = tense_call()
        play.run(40.0)
        logs.append(msgspec.json.encode([action for _, action in play.seen]))
    assert logs[0] == logs[1]
