"""Who is told of an alert that nobody takes, when, and again: the chain, reminders, assignment and the roster."""

import msgspec

from tests.plays.play import T0, Play, acknowledges, alert, between, delivers, latest, one_rule, resolves, window
from tests.risk.shipped import TENSE_CALL
from voicerisk.events import Zone
from voicerisk.risk.alerts import NotifyReason
from voicerisk.risk.config import RiskConfig
from voicerisk.risk.deeds import AddNote, Assign
from voicerisk.risk.oncall import Shift
from voicerisk.risk.rules import Escalation

RED, GREEN = Zone.RED, Zone.GREEN
OWNER = ("floor supervisor",)
CHAIN = (Escalation(after_s=20.0, to="next supervisor"), Escalation(after_s=60.0, to="shift manager"))


def config(**changes: object) -> RiskConfig:
    """One rule with these changes."""
    rules = {"tense_call": msgspec.structs.replace(TENSE_CALL, **changes)}
    return one_rule(rules=rules)


def ringing(**changes: object) -> Play:
    """A call that is red from second 1 on; its alert rings for the owner."""
    play = Play(config(**changes))
    play.at(1.0).hears(RED, 300.0)
    play.want(between(1.0, 1.0), alert(NotifyReason.OPENED, to=OWNER))
    return play


def test_the_chain_is_told_link_by_link_while_nobody_acknowledges() -> None:
    """Twenty seconds after it rang the next supervisor, after a minute the shift manager, and then nobody more."""
    play = ringing(escalate=CHAIN)
    play.want(between(21.0, 21.5), alert(NotifyReason.ESCALATED, to=("next supervisor",)))
    play.want(between(61.0, 61.5), alert(NotifyReason.ESCALATED, to=("shift manager",)))
    play.run(250.0)
    assert [step.at_s - T0 for step in latest(play.engine).history] == [1.0, 21.0, 61.0]
    assert latest(play.engine).level == 2


def test_whoever_acknowledges_stops_the_chain() -> None:
    """Taken after thirty seconds: the shift manager is left in peace."""
    play = ringing(escalate=CHAIN)
    play.at(31.0).push(acknowledges("dana"))
    play.want(between(21.0, 21.5), alert(NotifyReason.ESCALATED, to=("next supervisor",)))
    play.want(between(31.0, 31.0), alert(NotifyReason.ACKNOWLEDGED, person="dana"))
    play.run(200.0)


def test_an_alert_that_opens_again_begins_the_chain_anew() -> None:
    """Closed and back again: it rings for its owner first, and the first link is told twenty seconds later."""
    play = Play(config(escalate=CHAIN))
    play.at(1.0).hears(RED, 30.0)
    play.at(25.0).push(resolves("dana"))
    play.at(31.0).hears(GREEN, 5.0)
    play.at(40.0).hears(RED, 25.0)
    play.want(between(1.0, 1.0), alert(NotifyReason.OPENED, to=OWNER))
    play.want(between(21.0, 21.5), alert(NotifyReason.ESCALATED, to=("next supervisor",)))
    play.want(between(25.0, 25.0), alert(NotifyReason.RESOLVED_BY_PERSON, person="dana"))
    play.want(between(40.0, 40.1), alert(NotifyReason.REOPENED, to=OWNER))
    play.want(between(60.0, 60.5), alert(NotifyReason.ESCALATED, to=("next supervisor",)))
    play.run(65.0)


def test_a_reminder_rings_for_all_who_were_told_so_far() -> None:
    """Every forty-five seconds without an acknowledgement; whoever the chain has reached is reminded as well."""
    play = ringing(repeat_s=45.0, escalate=CHAIN[1:])
    play.want(between(46.0, 46.5), alert(NotifyReason.REPEATED, to=OWNER))
    play.want(between(61.0, 61.5), alert(NotifyReason.ESCALATED, to=("shift manager",)))
    play.want(between(106.0, 106.5), alert(NotifyReason.REPEATED, to=(*OWNER, "shift manager")))
    play.at(120.0).push(acknowledges("dana"))
    play.want(between(120.0, 120.0), alert(NotifyReason.ACKNOWLEDGED, person="dana"))
    play.run(250.0)


def test_a_person_may_be_asked_and_gets_their_own_time() -> None:
    """The person is told at once and the chain counts from then; assigning does not acknowledge for them."""
    play = ringing(escalate=CHAIN[:1])
    play.at(15.0).push(lambda e, t: e.do(Assign(alert=latest(e).id, person="dana", to="yoav", note="yours?"), T0 + t))
    play.at(40.0).push(acknowledges("yoav"))
    play.want(between(15.0, 15.0), alert(NotifyReason.ASSIGNED, person="dana", to=("yoav",)))
    play.want(between(35.0, 35.5), alert(NotifyReason.ESCALATED, to=("next supervisor",)))
    play.want(between(40.0, 40.0), alert(NotifyReason.ACKNOWLEDGED, person="yoav"))
    play.run(100.0)
    assert (latest(play.engine).assigned_to, latest(play.engine).acknowledged_by) == ("yoav", "yoav")


def test_a_note_rings_for_nobody_and_may_be_added_to_a_closed_alert() -> None:
    """What a person writes is in the history with their name."""
    play = ringing()
    play.at(10.0).push(resolves("dana"))
    play.at(20.0).push(lambda e, t: e.do(AddNote(alert=latest(e).id, person="dana", note="a bad line"), T0 + t))
    play.want(between(10.0, 10.0), alert(NotifyReason.RESOLVED_BY_PERSON, person="dana"))
    play.want(between(20.0, 20.0), alert(NotifyReason.NOTED, person="dana"))
    play.run(30.0)
    assert latest(play.engine).history[-1].note == "a bad line"


def test_roles_are_the_persons_on_duty_at_the_time_of_each_ring() -> None:
    """The shift changes at 22:00:30 by the site's clock: the owner is then another person; receivers stay as named."""
    day = Shift(role="floor supervisor", who=("dana",), begins="06:00", ends="22:00")
    night = Shift(role="floor supervisor", who=("yoav", "noa"), begins="22:00", ends="06:00")
    rules = {"tense_call": msgspec.structs.replace(TENSE_CALL, notify=("slack-floor",), repeat_s=60.0)}
    play = Play(one_rule(rules=rules, duty=(day, night)))
    play.at(-30.0).hears(RED, 90.0)
    play.want(between(-30.0, -30.0), alert(NotifyReason.OPENED, to=("dana", "slack-floor")))
    play.want(between(30.0, 30.5), alert(NotifyReason.REPEATED, to=("yoav", "noa", "slack-floor")))
    play.run(59.0)


def test_an_event_heard_of_late_gives_people_their_time_from_when_they_were_told() -> None:
    """What happened a minute ago is dated so, but nobody is blamed for not having acknowledged before it rang."""
    play = Play(config(escalate=CHAIN[:1]))
    play.at(60.0).push(delivers(window("c-1", 0.0, RED)))
    play.want(between(60.0, 60.0), alert(NotifyReason.OPENED, to=OWNER))
    play.want(between(80.0, 80.5), alert(NotifyReason.ESCALATED, to=("next supervisor",)))
    play.run(100.0)
    assert latest(play.engine).opened_at_s == T0
