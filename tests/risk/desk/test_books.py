"""Tasks, promises, incidents, outages and what is remembered of customers."""

from typing import Any

import pytest

from tests.risk.desk.made import CUSTOMER, T0, alert, desk
from voicerisk.events import (
    Crm,
    CrmEvent,
    Event,
    Feedback,
    FeedbackReceived,
    Incident,
    IncidentClosed,
    IncidentContact,
    IncidentOpened,
    Promise,
    PromiseId,
    PromiseKept,
    PromiseMade,
)
from voicerisk.risk.desk import (
    Desk,
    DeskAction,
    DeskSettings,
    IncidentChanged,
    IncidentWhat,
    Observed,
    OutageChanged,
    PromiseChanged,
    PromiseState,
    UnknownIncidentError,
)
from voicerisk.risk.desk.incidents import IncidentBook
from voicerisk.risk.desk.promises import PromiseBook
from voicerisk.risk.desk.taskbook import TaskBook
from voicerisk.risk.gauges.config import OwnMeasure
from voicerisk.risk.tasks import Task, TaskChanged, TaskKind, TaskOpened, TaskStateError, TaskWhat, UnknownTaskError


def feedback(score: float, at_s: float = 0.0, best: float = 5.0, id_: str = "f-1") -> FeedbackReceived:
    """A customer's mark for a call."""
    data = Feedback(score=score, best=best, channel="sms")
    return FeedbackReceived(id=id_, at=T0 + at_s, customer=CUSTOMER, call="c-1", queue="billing", data=data)


def made(due_s: float, at_s: float = 0.0, promise: str = "p-1") -> PromiseMade:
    """A promise is made."""
    data = Promise(promise=promise, due_at=T0 + due_s, what="call back")
    return PromiseMade(id=f"m{at_s}", at=T0 + at_s, customer=CUSTOMER, data=data)


def kept(at_s: float, promise: str = "p-1") -> PromiseKept:
    """A promise is kept."""
    return PromiseKept(id=f"k{at_s}", at=T0 + at_s, data=PromiseId(promise=promise))


def incident(kind: type[IncidentOpened | IncidentContact | IncidentClosed], at_s: float = 0.0, id_: str = "i-1") -> Any:
    """Something happens to an incident."""
    return kind(id=f"{kind.__name__}{at_s}", at=T0 + at_s, customer=CUSTOMER, data=Incident(incident=id_))


def crm(subtype: str, at_s: float = 0.0, queue: str | None = None, **fields: Any) -> CrmEvent:
    """The CRM says something."""
    data = Crm(subtype=subtype, fields=fields)
    return CrmEvent(id=f"x{at_s}", at=T0 + at_s, customer=CUSTOMER, queue=queue, data=data)


def after(board: Desk, *events: Event) -> list[DeskAction]:
    """What these events, one after another, leave to be done."""
    return [action for event in events for action in board.handle(event)]


def observed(actions: list[DeskAction], measure: OwnMeasure) -> list[float | None]:
    """The values that this needle of the service's own was given."""
    return [action.value for action in actions if isinstance(action, Observed) and action.measure is measure]


def task(id_: str = "t-1", at_s: float = 0.0, **more: Any) -> Task:
    """A task."""
    kind = more.pop("kind", TaskKind.PROCEDURE)
    return Task(id=id_, kind=kind, title={"en": "x"}, owner="senior agent", opened_at_s=T0 + at_s, origin="o", **more)


@pytest.mark.parametrize(("score", "best", "opens"), [(2, 5, True), (2.1, 5, False), (4, 10, True), (0, 5, True)])
def test_each_exceptional_feedback_is_a_task(score: float, best: float, opens: bool) -> None:
    """Two of five (or the like on another scale) is a task for today, tied to its contact; better marks are not."""
    board = desk()
    actions = after(board, feedback(score, best=best))
    tasks = [action.task for action in actions if isinstance(action, TaskOpened)]
    assert bool(tasks) is opens
    for found in tasks:
        assert (found.kind, found.call_id, found.customer) == (TaskKind.FEEDBACK, "c-1", CUSTOMER)
        assert found.due_at_s == T0 + 86_400.0
        assert found.title["en"].startswith(f"Feedback of {score:g} out of {best:g}")
    assert board.customer(CUSTOMER).feedback is not None


def test_the_oldest_unanswered_feedback_is_a_needle() -> None:
    """It tells since when the oldest is open, moves on when that one is answered, and goes when all are."""
    board = desk()
    actions = after(board, feedback(1, 0.0, id_="f-1"), feedback(1, 60.0, id_="f-2"))
    assert observed(actions, OwnMeasure.OPEN_FEEDBACK) == [T0]
    first, second = board.tasks()
    assert observed(board.close_task(first.id, "dana", T0 + 70.0, "called"), OwnMeasure.OPEN_FEEDBACK) == [T0 + 60.0]
    assert observed(board.close_task(second.id, "dana", T0 + 80.0, "called"), OwnMeasure.OPEN_FEEDBACK) == [None]


def test_a_task_is_taken_runs_over_its_time_and_is_closed_with_words() -> None:
    """Its life: opened, taken, overdue once at its due time, closed with what came of it."""
    book = TaskBook()
    book.open(task(due_at_s=T0 + 100.0))
    assert book.unowned_since_s() == T0
    assert [change.what for change in book.take("t-1", "dana", T0 + 5.0)] == [TaskWhat.TAKEN]
    assert book.take("t-1", "dana", T0 + 6.0) == []
    assert book.unowned_since_s() is None
    assert book.advance(T0 + 99.0) == []
    (late,) = book.advance(T0 + 500.0)
    assert (late.what, late.at_s, book.advance(T0 + 900.0)) == (TaskWhat.OVERDUE, T0 + 100.0, [])
    with pytest.raises(TaskStateError, match="what came of it"):
        book.close("t-1", "dana", T0 + 501.0, " ")
    closed = book.close("t-1", "dana", T0 + 501.0, "settled").task
    assert [entry.what for entry in closed.history] == [
        TaskWhat.OPENED,
        TaskWhat.TAKEN,
        TaskWhat.OVERDUE,
        TaskWhat.CLOSED,
    ]
    assert not closed.is_open
    with pytest.raises(UnknownTaskError, match="no open task 't-1'"):
        book.take("t-1", "avi", T0 + 600.0)


def test_what_lies_about_is_known_by_the_oldest_of_it() -> None:
    """Not taken within the shift, or overdue in anybody's hands; what has a week's time does not lie about yet."""
    book = TaskBook()
    book.open(task("week", 0.0, due_at_s=T0 + 7 * 86_400.0))
    assert book.unowned_since_s() is None
    book.open(task("today", 10.0, due_at_s=T0 + 100.0))
    book.open(task("whenever", 20.0))
    assert book.unowned_since_s() == T0 + 10.0
    book.take("today", "dana", T0 + 30.0)
    assert book.unowned_since_s() == T0 + 20.0
    book.take("whenever", "dana", T0 + 40.0)
    assert book.unowned_since_s() is None
    book.advance(T0 + 500.0)
    assert book.unowned_since_s() == T0 + 100.0


def test_too_many_tasks_give_up_the_oldest_and_say_so() -> None:
    """The book holds so many; the one that has to go is told of, and known ids are not opened twice."""
    book = TaskBook(max_open=2)
    told = [change for n in range(3) for change in book.open(task(f"t-{n}", float(n)))]
    assert [(c.task.id, c.what) for c in told if isinstance(c, TaskChanged)] == [("t-0", TaskWhat.TOO_MANY)]
    assert book.open(task("t-2")) == []
    assert [found.id for found in book.tasks()] == ["t-1", "t-2"]


def test_a_promise_is_overdue_the_moment_its_time_has_passed() -> None:
    """Made, overdue at its due time once, kept late: gone from the customer's list."""
    board = desk()
    after(board, made(60.0))
    assert [promise.what for promise in board.promises(CUSTOMER)] == ["call back"]
    (late,) = board.advance(T0 + 100.0)
    assert isinstance(late, PromiseChanged)
    assert (late.promise.state, late.at_s) == (PromiseState.OVERDUE, T0 + 60.0)
    (done,) = after(board, kept(120.0))
    assert isinstance(done, PromiseChanged)
    assert (done.promise.state, done.promise.kept_at_s) == (PromiseState.KEPT, T0 + 120.0)
    assert board.promises(CUSTOMER) == board.promises() == ()


def test_a_promise_given_a_new_time_is_due_then() -> None:
    """The same promise made again moves; the old time means nothing."""
    board = desk()
    after(board, made(60.0), made(600.0, at_s=30.0))
    assert board.advance(T0 + 599.0) == []
    assert len(board.advance(T0 + 600.0)) == 1


def test_news_of_a_promise_may_come_in_any_order() -> None:
    """Kept before made: it is not open when its making arrives; made anew after that, it is."""
    board = desk()
    assert after(board, kept(50.0), made(60.0, at_s=10.0)) == []
    assert board.promises(CUSTOMER) == ()
    after(board, kept(70.0), made(600.0, at_s=80.0))
    assert len(board.promises(CUSTOMER)) == 1


def test_too_many_promises_give_up_the_oldest_and_say_so() -> None:
    """The book holds so many."""
    book = PromiseBook(max_open=1)
    book.made(made(60.0, promise="p-1"))
    states = [change.promise.state for change in book.made(made(90.0, promise="p-2"))]
    assert states == [PromiseState.TOO_MANY, PromiseState.OPEN]


def test_an_incident_counts_its_contacts_and_has_one_owner() -> None:
    """Opened, two contacts, given to dana: all of it is on the customer's list until it is closed."""
    board = desk()
    after(board, incident(IncidentOpened), incident(IncidentContact, 1.0), incident(IncidentContact, 2.0))
    (told,) = board.assign_incident("i-1", "dana", T0 + 3.0)
    assert isinstance(told, IncidentChanged)
    assert told.what is IncidentWhat.ASSIGNED
    assert board.assign_incident("i-1", "dana", T0 + 4.0) == []
    (known,) = board.incidents(CUSTOMER)
    assert (known.contacts, known.person) == (2, "dana")
    after(board, incident(IncidentClosed, 5.0))
    assert board.incidents(CUSTOMER) == board.incidents() == ()
    with pytest.raises(UnknownIncidentError, match="i-1"):
        board.assign_incident("i-1", "dana", T0 + 6.0)


@pytest.mark.parametrize(("contacts", "lesson"), [(2, False), (3, True)])
def test_an_incident_that_took_too_much_leaves_a_lesson(contacts: int, lesson: bool) -> None:
    """Closed after three contacts: which rule or process changes? After two: nothing."""
    board = desk()
    after(board, *(incident(IncidentContact, float(n)) for n in range(contacts)))
    after(board, incident(IncidentClosed, 9.0))
    assert [found.kind for found in board.tasks()] == [TaskKind.PREVENTION] * lesson


def test_unknown_and_repeated_incidents_do_no_harm() -> None:
    """Closing what was never open and opening twice change nothing; too many give up the first."""
    board = desk()
    assert after(board, incident(IncidentClosed)) == []
    after(board, incident(IncidentContact))
    assert after(board, incident(IncidentOpened, 1.0)) == []
    book = IncidentBook(max_open=1)
    book.handle(incident(IncidentOpened, id_="i-1"))
    whats = [change.what for change in book.handle(incident(IncidentOpened, id_="i-2"))]
    assert whats == [IncidentWhat.TOO_MANY, IncidentWhat.OPENED]
    assert [known.id for known in book.of_customer(CUSTOMER)] == ["i-2"]


def test_outage_mode_is_one_switch_for_people_and_the_crm() -> None:
    """On for a queue by the CRM, on for the site by a person: each covers what it says, and the needle counts them."""
    board = desk()
    on = after(board, crm("outage.on", queue="billing", why="router", incident="i-9"))
    assert observed(on, OwnMeasure.OUTAGES) == [1.0]
    covering = board.outage_covering("billing")
    assert covering is not None
    assert (covering.why, covering.incident) == ("router", "i-9")
    assert board.outage_covering("sales") is None
    assert observed(board.outage(True, "dana", T0 + 5.0, "power"), OwnMeasure.OUTAGES) == [2.0]
    assert board.outage(True, "avi", T0 + 6.0, "power") == []
    everywhere = board.outage_covering("sales")
    assert everywhere is not None
    assert everywhere.person == "dana"
    off = after(board, crm("outage.off", 9.0, queue="billing"))
    assert [change.over for change in off if isinstance(change, OutageChanged)] == [True]
    assert [found.kind for found in board.tasks()] == [TaskKind.PREVENTION]
    assert after(board, crm("outage.off", 10.0, queue="billing")) == []
    assert [outage.queue for outage in board.outages()] == [None]


def test_what_is_remembered_of_a_customer() -> None:
    """The latest feedback (a late older one changes nothing), the last five alerts, when they were asked, and how."""
    board = desk()
    after(board, feedback(4, 100.0), feedback(1, 50.0, id_="f-0"))
    for number in range(7):
        board.alert_opened(alert(f"al-{number}"), "", T0 + number)
    after(board, crm("survey.sent", 20.0), crm("survey.sent", 10.0), crm("customer.prefers", 30.0, channel="none"))
    facts = board.customer(CUSTOMER)
    assert facts.feedback is not None
    assert facts.feedback.score == 4
    assert [seen.id for seen in facts.alerts] == ["al-6", "al-5", "al-4", "al-3", "al-2"]
    assert (facts.asked_at_s, facts.prefers) == (T0 + 20.0, "none")


def test_what_a_site_sets_holds() -> None:
    """Owner, share and time of the feedback task come from the settings."""
    settings = DeskSettings(feedback_share=0.2, feedback_owner="noa", feedback_due_s=60.0)
    board = desk(settings=settings)
    after(board, feedback(2, id_="f-2"), feedback(1))
    assert [(found.owner, found.due_at_s) for found in board.tasks()] == [("noa", T0 + 60.0)]
