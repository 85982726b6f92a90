"""What moves what, as it ships: the caller's voice, and the day's unhappy customers."""

import msgspec

from tests.plays.play import T0, Play, acknowledges, alert, between, hears_of, latest, library, resolves, started
from voicerisk.events import CallAnswered, Crossing, TensionZone, Zone
from voicerisk.risk.actions import StepDue, TaskOpened
from voicerisk.risk.alerts import NotifyReason
from voicerisk.risk.deeds import RunStep

OPENED, ESCALATED, ASKED = NotifyReason.OPENED, NotifyReason.ESCALATED, NotifyReason.PROCEDURE_STEP
SUPERVISOR = ("floor supervisor",)


def unhappy(n: int) -> object:
    """The n-th call of the day whose caller's voice turns red."""
    return hears_of(TensionZone, call=f"t-{n}", data=Crossing(at_s=9.0, level=0.9, zone=Zone.RED, previous=Zone.AMBER))


def test_a_tense_call_nobody_takes_goes_to_the_next_supervisor_and_then_the_shift_manager() -> None:
    """Red rings the floor's supervisor; twenty seconds later the next one, and after a minute the shift manager."""
    play = Play(library("tense_call"))
    play.at(0.0).push(started("c-1"))
    play.at(10.0).hears(Zone.RED, 70.0)
    play.want(between(10.0, 10.0), alert(OPENED, to=SUPERVISOR))
    play.want(between(30.0, 30.5), alert(ESCALATED, to=("next supervisor",)))
    play.want(between(70.0, 70.5), alert(ESCALATED, to=("shift manager",)))
    play.run(79.0)


def test_whoever_takes_a_tense_call_is_led_through_it_and_leaves_a_note() -> None:
    """Taken in time: nobody else is told; listening is the person's own deed; the call leaves recovery and a note."""
    play = Play(library("tense_call"))
    play.at(0.0).push(started("c-1"))
    play.at(10.0).hears(Zone.RED, 60.0)
    play.at(15.0).push(acknowledges("dana"))
    play.at(16.0).push(lambda e, t: e.do(RunStep(run=e.desk.runs()[0].id, step=3, person="dana"), T0 + t))
    play.at(60.0).push(resolves("dana", note="an old bill; credited"))
    play.want(between(10.0, 10.0), alert(OPENED, to=SUPERVISOR))
    play.want(between(15.0, 15.0), alert(NotifyReason.ACKNOWLEDGED, person="dana"))
    play.want(between(60.0, 60.0), alert(NotifyReason.RESOLVED_BY_PERSON, person="dana"))
    play.run(65.0)
    due = [action for _, action in play.seen if isinstance(action, StepDue)]
    assert [(step.definition.action, step.person) for step in due] == [("listen", "dana")]
    assert [a.task.owner for _, a in play.seen if isinstance(a, TaskOpened)] == ["service recovery"]


def test_fifty_unhappy_customers_are_a_number_and_a_conclusion_the_same_day() -> None:
    """The fiftieth red call of the day asks for one; a call that turns red twice counts once."""
    play = Play(library("unhappy_day"), tick_s=60.0)
    for n in range(2000):
        play.at(0.001 * n).push(hears_of(CallAnswered, call=f"a-{n}", queue="billing"))
    for n in range(50):
        play.at(10.0 + n).push(unhappy(n), unhappy(0))
    play.want(between(59.0, 59.0), alert(OPENED, "site", "unhappy_day", to=("shift manager",)))
    play.run(120.0)
    assert latest(play.engine, "site").value == 50.0


def test_a_site_sets_its_own_number() -> None:
    """Five are enough where the site says so; the library's own numbers are only where it begins."""
    config = library("unhappy_day")
    gauge = config.gauges["unhappy_today"]
    zones = msgspec.convert({"amber": {"enter": 3, "leave": 3}, "red": {"enter": 5, "leave": 5}}, type(gauge.zones))
    gauges = config.gauges | {"unhappy_today": msgspec.structs.replace(gauge, zones=zones)}
    play = Play(msgspec.structs.replace(config, gauges=gauges), tick_s=60.0)
    for n in range(2000):
        play.at(0.001 * n).push(hears_of(CallAnswered, call=f"a-{n}", queue="billing"))
    for n in range(5):
        play.at(10.0 + n).push(unhappy(n))
    play.want(between(14.0, 14.0), alert(OPENED, "site", "unhappy_day", to=("shift manager",)))
    play.run(60.0)
