"""What moves what, as it ships: promises, what customers say afterwards, and what is done about it."""

from tests.plays.play import T0, Play, alert, between, hears_of, library, measures
from voicerisk.events import Feedback, FeedbackReceived, Promise, PromiseId, PromiseKept, PromiseMade
from voicerisk.risk.actions import TaskOpened
from voicerisk.risk.alerts import NotifyReason
from voicerisk.risk.deeds import CloseTask
from voicerisk.risk.gauges import OwnMeasure
from voicerisk.risk.tasks import TaskKind

OPENED, ESCALATED = NotifyReason.OPENED, NotifyReason.ESCALATED
ANNA = "h:00000000000000aa"
DAY_S = 86_400.0


def promise(due: float) -> object:
    """A call back by second `due`."""
    return hears_of(PromiseMade, customer=ANNA, data=Promise(promise="p-1", due_at=T0 + due, what="call back"))


def test_a_promise_rings_the_second_it_is_broken() -> None:
    """Due at 600 s and not kept: a task is opened, and after thirty minutes the shift manager is told."""
    play = Play(library("broken_promise"), tick_s=10.0)
    play.at(0.0).push(promise(600.0))
    play.want(between(600.0, 600.0), alert(OPENED, ANNA, "broken_promise", to=("senior agent",)))
    play.want(between(2400.0, 2400.0), alert(ESCALATED, ANNA, "broken_promise", to=("shift manager",)))
    play.run(2450.0)


def test_a_promise_that_is_kept_in_time_rings_nowhere() -> None:
    """And one kept late resolves its alert."""
    play = Play(library("broken_promise"), tick_s=10.0)
    play.at(0.0).push(promise(600.0))
    play.at(500.0).push(hears_of(PromiseKept, customer=ANNA, data=PromiseId(promise="p-1")))
    play.run(700.0)
    late = Play(library("broken_promise"), tick_s=10.0)
    late.at(0.0).push(promise(600.0))
    late.at(660.0).push(hears_of(PromiseKept, customer=ANNA, data=PromiseId(promise="p-1")))
    late.want(between(600.0, 600.0), alert(OPENED, ANNA, "broken_promise"))
    late.want(between(690.0, 690.0), alert(NotifyReason.CALMED_DOWN, ANNA, "broken_promise"))
    late.run(700.0)


def test_each_exceptional_feedback_is_a_task_to_be_closed_and_escalates_after_a_day() -> None:
    """Two of five rings for service recovery; twenty-four hours without an answer ring for the head of service."""
    play = Play(library("bad_feedback", "feedback_unanswered"), tick_s=3600.0)
    play.at(0.0).push(hears_of(FeedbackReceived, customer=ANNA, call="c-1", data=Feedback(score=2.0)))
    play.want(between(0.0, 0.0), alert(OPENED, ANNA, "bad_feedback", to=("service recovery",)))
    play.want(between(14400.0, 14400.0), alert(ESCALATED, ANNA, "bad_feedback", to=("head of service",)))
    play.want(between(DAY_S, DAY_S), alert(OPENED, "site", "feedback_unanswered", to=("service recovery",)))
    play.want(between(DAY_S, DAY_S), alert(ESCALATED, "site", "feedback_unanswered", to=("head of service",)))
    play.run(DAY_S + 3600.0)
    (task,) = [a.task for _, a in play.seen if isinstance(a, TaskOpened) and a.task.kind is TaskKind.FEEDBACK]
    assert (task.owner, task.due_at_s, task.customer) == ("service recovery", T0 + DAY_S, ANNA)


def test_feedback_that_was_answered_within_the_day_rings_no_more() -> None:
    """The task is closed with what came of it: the age of open feedback goes back to nothing."""
    play = Play(library("feedback_unanswered"), tick_s=3600.0)
    play.at(0.0).push(hears_of(FeedbackReceived, customer=ANNA, data=Feedback(score=1.0)))
    play.at(7200.0).push(
        lambda e, t: e.do(CloseTask(task=e.desk.tasks()[0].id, person="noa", note="called, refunded"), T0 + t)
    )
    play.run(DAY_S + 7200.0)


def test_good_feedback_is_no_news() -> None:
    """Four of five, and eight of ten, ring nowhere and leave nothing to do."""
    play = Play(library("bad_feedback"))
    play.at(0.0).push(hears_of(FeedbackReceived, customer=ANNA, data=Feedback(score=4.0)))
    play.at(1.0).push(hears_of(FeedbackReceived, customer=ANNA, data=Feedback(score=8.0, best=10.0)))
    play.run(10.0)
    assert play.engine.desk.tasks() == ()


def test_a_unit_nobody_has_listened_to_is_told_to_the_quality_lead() -> None:
    """The share of reviewed contacts of the day, per unit, from whatever counts reviews."""
    play = Play(library("nobody_listens"))
    play.at(0.0).push(measures(OwnMeasure.REVIEW_COVERAGE, 0.03, "billing"))
    play.at(5.0).push(measures(OwnMeasure.REVIEW_COVERAGE, 0.005, "tech"))
    play.want(between(5.0, 5.0), alert(OPENED, "tech", "nobody_listens", to=("quality lead",)))
    play.run(10.0)
