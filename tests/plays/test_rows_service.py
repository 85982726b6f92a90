"""What moves what, as it ships: the service itself, and what nobody has taken."""

from tests.plays.play import Play, acknowledges, alert, between, does, hears_of, library, measures
from voicerisk.events import CallQueued, Crm, CrmEvent
from voicerisk.risk.alerts import NotifyReason
from voicerisk.risk.deeds import SetOutage
from voicerisk.risk.gauges import OwnMeasure

OPENED, ESCALATED, ASKED = NotifyReason.OPENED, NotifyReason.ESCALATED, NotifyReason.PROCEDURE_STEP


def test_what_nobody_takes_for_a_quarter_of_an_hour_is_somebodys() -> None:
    """An alert that waits 900 s rings for the shift manager as nobody's, and no longer once it is taken."""
    play = Play(library("wait_too_long", "nobodys", procedures={}), tick_s=30.0)
    play.at(0.0).push(hears_of(CallQueued, call="c-1", queue="billing"))
    play.want(between(30.0, 30.0), alert(OPENED, "billing", "wait_too_long", to=("floor supervisor",)))
    play.want(between(150.0, 150.0), alert(ESCALATED, "billing", "wait_too_long", to=("shift manager",)))
    play.want(between(930.0, 930.0), alert(OPENED, "site", "nobodys", to=("shift manager",)))
    play.at(1000.0).push(acknowledges("dana", "billing"))
    play.want(between(1000.0, 1000.0), alert(NotifyReason.ACKNOWLEDGED, "billing", "wait_too_long", person="dana"))
    play.want(between(1030.0, 1060.0), alert(NotifyReason.CALMED_DOWN, "site", "nobodys"))
    play.run(1100.0)


def test_an_ear_that_is_late_pages_the_operator_and_leaves_the_other_needles_alone() -> None:
    """Three seconds behind is red; waits are watched as before, and when the ear has caught up the alert is over."""
    play = Play(library("ear_is_late", "wait_too_long", procedures={}))
    play.at(0.0).push(hears_of(CallQueued, call="c-1", queue="billing"))
    for second in range(60):
        play.at(float(second)).push(measures(OwnMeasure.SCORER_LAG_S, 3.5 if 5 <= second < 20 else 0.1))
    play.want(between(5.0, 5.0), alert(OPENED, "site", "ear_is_late", to=("operator",)))
    play.want(between(30.0, 30.0), alert(OPENED, "billing", "wait_too_long", to=("floor supervisor",)))
    play.want(between(50.0, 50.0), alert(NotifyReason.CALMED_DOWN, "site", "ear_is_late"))
    play.run(60.0)


def test_live_calls_without_a_sound_for_three_minutes_page_the_operator() -> None:
    """The feed's age as the service measures it; without live calls there is nothing to measure."""
    play = Play(library("feed_is_silent", procedures={}), tick_s=10.0)
    for n in range(20):
        play.at(10.0 * n).push(measures(OwnMeasure.FEED_AGE_S, 10.0 * n))
    play.want(between(180.0, 180.0), alert(OPENED, "site", "feed_is_silent", to=("operator",)))
    play.run(200.0)


def test_outage_mode_is_an_alert_of_its_own_until_it_is_switched_off() -> None:
    """From another system or by a person: the shift manager is led through it; switched off, it is over at once."""
    play = Play(library("outage_mode"))
    play.at(0.0).push(hears_of(CrmEvent, data=Crm(subtype="outage.on", fields={"why": "power cut"})))
    play.at(100.0).push(does(SetOutage(person="dana", on=False)))
    play.want(between(0.0, 0.0), alert(OPENED, "site", "outage_mode", to=("shift manager",)))
    play.want(between(100.0, 100.0), alert(NotifyReason.CALMED_DOWN, "site", "outage_mode"))
    play.run(110.0)
