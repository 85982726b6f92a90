"""What moves what, as it ships: customers who come again, are passed on, or find nobody in."""

from tests.plays.play import T0, Play, alert, between, ended, hears_of, latest, library, started
from voicerisk.events import (
    CallAnswered,
    CallEnded,
    CallNoteWritten,
    CallOffhours,
    CallReason,
    CallRedirected,
    CallStarted,
    CallTransferred,
    ContactReason,
    Crm,
    CrmEvent,
    Incident,
    IncidentContact,
    Moved,
)
from voicerisk.risk.actions import TaskOpened
from voicerisk.risk.alerts import NotifyReason
from voicerisk.risk.gauges import SiteSettings

OPENED, ESCALATED, ASKED = NotifyReason.OPENED, NotifyReason.ESCALATED, NotifyReason.PROCEDURE_STEP
ANNA, BEN = "h:00000000000000aa", "h:00000000000000bb"


def tasks(play: Play) -> list[tuple[str, float | None]]:
    """Whose the tasks are that were opened, and by when (seconds of the play)."""
    opened = [action.task for _, action in play.seen if isinstance(action, TaskOpened)]
    return [(task.owner, None if task.due_at_s is None else task.due_at_s - T0) for task in opened]


def test_a_third_call_of_the_day_leaves_a_task_to_ring_the_customer_and_ask_why() -> None:
    """Two calls are amber; the third alerts, says in which call and queue, and opens the task."""
    play = Play(library("repeat_caller"))
    for n in range(3):
        play.at(100.0 * n).push(hears_of(CallStarted, call=f"c-{n}", customer=ANNA, queue="billing"), ended(f"c-{n}"))
    play.at(250.0).push(hears_of(CallStarted, call="c-9", customer=BEN, queue="billing"))
    play.want(between(200.0, 200.0), alert(OPENED, ANNA, "repeat_caller", to=("shift manager",)))
    play.run(300.0)
    found = latest(play.engine, ANNA)
    assert (found.call_id, found.queue, found.customer, found.value) == ("c-2", "billing", ANNA, 3.0)
    assert tasks(play) == [("senior agent", 200.0 + 7200.0)]


def test_midnight_of_the_site_ends_the_day_of_a_caller() -> None:
    """The play begins at midnight in Jerusalem: two calls before it and one after are nobody's third."""
    play = Play(library("repeat_caller", site=SiteSettings(timezone="Asia/Jerusalem")))
    for n, t in enumerate((-7200.0, -60.0, 60.0)):
        play.at(t).push(hears_of(CallStarted, call=f"c-{n}", customer=ANNA))
    play.run(300.0)


def test_a_second_transfer_of_one_call_stops_the_ping_pong() -> None:
    """A transfer and a "ring another number" are two; nobody takes it for half a minute: the next supervisor."""
    play = Play(library("ping_pong"))
    play.at(0.0).push(started("c-1"))
    play.at(10.0).push(hears_of(CallTransferred, call="c-1", data=Moved(to="tech")))
    play.at(60.0).push(hears_of(CallRedirected, call="c-1", data=Moved(to="outside")))
    play.want(between(60.0, 60.0), alert(OPENED, "c-1", "ping_pong", to=("floor supervisor",)))
    play.want(between(90.0, 90.5), alert(ESCALATED, "c-1", "ping_pong", to=("next supervisor",)))
    play.want(between(90.0, 90.5), alert(ASKED, "c-1", "ping_pong", to=("floor supervisor",)))
    play.run(100.0)


def test_a_queue_in_which_every_call_is_passed_on_is_told_of_after_a_quarter_of_an_hour() -> None:
    """One transfer for each answered call, for fifteen minutes: the routing is to be mended."""
    play = Play(library("queue_passes_on"), tick_s=60.0)
    for n in range(4):
        play.at(10.0 * n).push(hears_of(CallAnswered, call=f"c-{n}", queue="billing"))
        play.at(10.0 * n).push(hears_of(CallTransferred, call=f"c-{n}", queue="billing", data=Moved(to="tech")))
    play.want(between(900.0, 1000.0), alert(OPENED, "billing", "queue_passes_on", to=("shift manager",)))
    play.run(1200.0)


def test_a_third_contact_about_one_incident_gives_it_an_owner() -> None:
    """The incident's alert asks who it belongs to, and does not go away by itself."""
    play = Play(library("incident_drags_on"), tick_s=60.0)
    for n in range(3):
        contact = hears_of(IncidentContact, call=f"c-{n}", customer=ANNA, queue="tech", data=Incident(incident="i-7"))
        play.at(1000.0 * n).push(contact)
    play.want(between(2000.0, 2000.0), alert(OPENED, "i-7", "incident_drags_on", to=("shift manager",)))
    play.want(between(3800.0, 3900.0), alert(ESCALATED, "i-7", "incident_drags_on", to=("head of service",)))
    play.want(between(3800.0, 3900.0), alert(ASKED, "i-7", "incident_drags_on", to=("shift manager",)))
    play.run(4000.0)
    assert latest(play.engine, "i-7").group == "incident:i-7"


def test_two_contacts_for_each_incident_are_twice_the_staff() -> None:
    """A mean of two, for a quarter of an hour, is told to the head of service."""
    play = Play(library("twice_for_everything"), tick_s=60.0)
    for n in range(4):
        contact = hears_of(IncidentContact, call=f"c-{n}", queue="tech", data=Incident(incident=f"i-{n % 2}"))
        play.at(10.0 * n).push(contact)
    play.want(between(900.0, 1000.0), alert(OPENED, "tech", "twice_for_everything", to=("head of service",)))
    play.run(1200.0)


def test_calls_passed_on_without_a_note_are_a_gap() -> None:
    """One of two transferred calls has no note after five minutes; a quarter of an hour later it is told."""
    play = Play(library("notes_missing"), tick_s=30.0)
    for n in range(2):
        who = {"call": f"c-{n}", "queue": "billing"}
        play.at(0.0).push(hears_of(CallStarted, **who), hears_of(CallTransferred, **who, data=Moved(to="tech")))
        play.at(60.0).push(hears_of(CallEnded, **who))
    play.at(90.0).push(hears_of(CallNoteWritten, call="c-0", queue="billing"))
    play.want(between(1260.0, 1300.0), alert(OPENED, "billing", "notes_missing", to=("floor supervisor",)))
    play.run(1400.0)


def test_attempts_outside_opening_hours_are_counted_by_the_hour() -> None:
    """Thirty in one hour of the day within a week ask whether that hour should be open."""
    play = Play(library("closed_when_needed"), tick_s=60.0)
    for n in range(30):
        play.at(60.0 * n).push(hears_of(CallOffhours))
    play.want(between(1740.0, 1740.0), alert(OPENED, "22", "closed_when_needed", to=("head of service",)))
    play.run(1800.0)


def test_three_times_the_usual_calls_about_one_thing_ask_whether_it_is_a_fault() -> None:
    """Yesterday at this hour there were four; fifteen where five are taken for usual ask, and nobody answers."""
    play = Play(library("sudden_reason"), tick_s=10.0)
    for n in range(5):
        # The first one is of the hour before, so that yesterday's hour was seen from its beginning.
        play.at(60.0 * n - 86430.0).push(hears_of(CallReason, call=f"y-{n}", data=ContactReason(reason="router")))
    for n in range(15):
        play.at(10.0 * n).push(hears_of(CallReason, call=f"c-{n}", data=ContactReason(reason="router")))
    play.want(between(140.0, 140.0), alert(OPENED, "router", "sudden_reason", to=("shift manager",)))
    play.want(between(740.0, 750.0), alert(ESCALATED, "router", "sudden_reason", to=("head of service",)))
    play.want(between(740.0, 750.0), alert(ASKED, "router", "sudden_reason", to=("shift manager",)))
    play.run(760.0)


def test_a_complaint_by_letter_and_a_second_call_are_the_same_customer() -> None:
    """Both amber: a complaint from another channel joins the calls of the day; service recovery answers."""
    play = Play(library("complains_again"))
    play.at(0.0).push(hears_of(CrmEvent, customer=ANNA, data=Crm(subtype="complaint", fields={"channel": "letter"})))
    for n in range(2):
        play.at(10.0 + n).push(hears_of(CallStarted, call=f"c-{n}", customer=ANNA))
    play.want(between(11.0, 11.0), alert(OPENED, ANNA, "complains_again", to=("service recovery",)))
    play.run(60.0)
    assert {reason.text for reason in latest(play.engine, ANNA).reasons} == {
        "calls_today at 2 calls, in the amber zone",
        "complaints at 1 complaints, in the amber zone",
    }
