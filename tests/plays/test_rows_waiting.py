"""What moves what, as it ships: waiting callers. One play for each row, from the event to the person who is told."""

from tests.plays.play import (
    T0,
    Play,
    acknowledges,
    alert,
    between,
    hears_of,
    latest,
    library,
)
from voicerisk.events import (
    AgentsReady,
    CallAbandoned,
    CallAnswered,
    CallQueued,
    Crossing,
    Ready,
    TensionZone,
    Zone,
)
from voicerisk.risk.actions import StepDue, TaskOpened
from voicerisk.risk.alerts import NotifyReason

OPENED, ESCALATED, ASKED = NotifyReason.OPENED, NotifyReason.ESCALATED, NotifyReason.PROCEDURE_STEP
SUPERVISOR = ("floor supervisor",)


def test_a_wait_of_31_seconds_rings_within_one_and_is_escalated_20_seconds_later() -> None:
    """At 10:00:31 the switch tells that a caller waits since 10:00:00: red at once; at 10:00:51 nobody has taken it."""
    play = Play(library("wait_too_long"))
    play.at(31.0).push(hears_of(CallQueued, late_s=31.0, call="c-1", queue="billing"))
    play.want(between(31.0, 32.0), alert(OPENED, "billing", "wait_too_long", to=SUPERVISOR))
    play.want(between(51.0, 51.0), alert(ESCALATED, "billing", "wait_too_long", to=("next supervisor",)))
    play.want(between(51.0, 51.0), alert(ASKED, "billing", "wait_too_long", to=SUPERVISOR))
    play.run(52.0)
    assert latest(play.engine, "billing").severity == "critical"


def test_a_wait_that_is_heard_of_from_its_beginning_is_red_at_30_seconds() -> None:
    """Red at the thirtieth second of the caller who waits longest, whenever somebody looks; taken, it stays quiet."""
    play = Play(library("wait_too_long"), tick_s=7.0)
    play.at(0.0).push(hears_of(CallQueued, call="c-1", queue="billing"))
    play.at(10.0).push(hears_of(CallQueued, call="c-2", queue="billing"))
    play.at(45.0).push(acknowledges("dana", "billing"))
    play.want(between(30.0, 37.0), alert(OPENED, "billing", "wait_too_long", to=SUPERVISOR))
    play.want(between(45.0, 45.0), alert(NotifyReason.ACKNOWLEDGED, "billing", "wait_too_long", person="dana"))
    play.want(between(45.0, 45.0), alert(ASKED, "billing", "wait_too_long", to=("dana",)))
    play.run(60.0)
    assert latest(play.engine, "billing").opened_at_s == T0 + 30.0


def test_the_wait_is_over_when_the_caller_is_answered() -> None:
    """Thirty green seconds after the last caller was answered the alert resolves by itself."""
    play = Play(library("wait_too_long"))
    play.at(0.0).push(hears_of(CallQueued, call="c-1", queue="billing"))
    play.at(40.0).push(acknowledges("dana", "billing"), hears_of(CallAnswered, call="c-1", queue="billing"))
    play.want(between(30.0, 30.5), alert(OPENED, "billing", "wait_too_long", to=SUPERVISOR))
    play.want(between(40.0, 40.0), alert(NotifyReason.ACKNOWLEDGED, "billing", "wait_too_long", person="dana"))
    play.want(between(40.0, 40.0), alert(ASKED, "billing", "wait_too_long", to=("dana",)))
    play.want(between(70.0, 70.5), alert(NotifyReason.CALMED_DOWN, "billing", "wait_too_long"))
    play.run(90.0)


def test_more_callers_than_ready_agents_for_five_seconds_ring() -> None:
    """Three wait and two are ready: 1.5 for each, red after five seconds of it; whoever takes it is asked to act."""
    play = Play(library("load_high"))
    play.at(0.0).push(hears_of(AgentsReady, queue="billing", data=Ready(ready=2)))
    for n in range(3):
        play.at(10.0 + n).push(hears_of(CallQueued, call=f"c-{n}", queue="billing"))
    play.want(between(17.0, 18.0), alert(OPENED, "billing", "load_high", to=SUPERVISOR))
    play.run(25.0)
    (asked,) = [action for _, action in play.seen if isinstance(action, StepDue)]
    assert (asked.definition.action, asked.asks) == ("pause_outbound", True)


def test_callers_who_give_up_ring_when_they_are_a_tenth_and_more_than_one() -> None:
    """One of two is a half, and no alert; two of four is both, and leaves a list to call back."""
    play = Play(library("callers_give_up"))
    for n in range(4):
        play.at(float(n)).push(hears_of(CallQueued, call=f"c-{n}", queue="billing"))
    play.at(10.0).push(hears_of(CallAbandoned, call="c-0", queue="billing"))
    play.at(20.0).push(hears_of(CallAbandoned, call="c-1", queue="billing"))
    play.want(between(20.0, 20.0), alert(OPENED, "billing", "callers_give_up", to=SUPERVISOR))
    play.run(60.0)
    (task,) = [action.task for _, action in play.seen if isinstance(action, TaskOpened)]
    assert (task.owner, task.due_at_s) == ("senior agent", T0 + 20.0 + 3600.0)


def test_waits_load_and_tension_together_are_one_matter_of_the_whole_floor() -> None:
    """When two of the three are red the shift manager is called, and the load alone is no news any more."""
    play = Play(library("floor_strain", "load_high"))
    play.at(0.0).push(hears_of(AgentsReady, queue="billing", data=Ready(ready=1)))
    for n in range(2):
        play.at(1.0).push(hears_of(CallQueued, call=f"w-{n}", queue="billing"))
    for n in range(6):
        crossing = Crossing(at_s=30.0, level=0.9, zone=Zone.RED, previous=Zone.AMBER)
        play.at(2.0 + n / 4).push(hears_of(TensionZone, call=f"t-{n}", data=crossing))
    play.want(between(6.0, 6.5), alert(OPENED, "site", "floor_strain", to=("shift manager",)))
    play.want(between(6.0, 6.5), alert(OPENED, "billing", "load_high", to=()))
    play.want(between(36.0, 36.5), alert(ESCALATED, "site", "floor_strain", to=("head of service",)))
    play.want(between(36.0, 36.5), alert(ASKED, "site", "floor_strain", to=("shift manager",)))
    play.run(40.0)
