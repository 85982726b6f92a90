import pytest

from voicerisk.events import (
    CallEnded,
    CallStarted,
    CallTransferred,
    Crm,
    CrmEvent,
    Crossing,
    Feedback,
    FeedbackReceived,
    Moved,
    TensionZone,
    Zone,
)
from voicerisk.review.calls import forget_earlier, gather
from voicerisk.review.contacts import contacts_of
from voicerisk.review.quality import conclusions, covered_queues, feedback_of, gaps
from voicerisk.review.spans import Span
from voicerisk.store.history import Mark, Verdict
from voicerisk.store.past import Seen

T0 = 1_732_226_400.0
SPAN = Span(from_s=T0, to_s=T0 + 86_400.0, timezone="UTC")


def feedback(n: int, score: float, best: float = 5.0) -> FeedbackReceived:
    """Feedback on the n-th call."""
    data = Feedback(score=score, best=best)
    return FeedbackReceived(id=f"f-{n}", at=T0 + n, call=f"c-{n}", queue="tech", data=data)


def scored(n: int, **fields: float | str) -> CrmEvent:
    """The house's own score of the n-th call."""
    data = Crm(subtype="quality.scored", fields=dict(fields))
    return CrmEvent(id=f"q-{n}", at=T0 + n, call=f"c-{n}", queue="tech", data=data)


def test_the_gap_between_two_views_of_a_queue() -> None:
    """Both brought to 0 to 5; a queue with only one of them, and what is no number, are left out."""
    found = gather([feedback(1, 1.0), feedback(2, 3.0, 10.0), scored(1, score=9, best=10), scored(2, score="good")])
    (gap,) = gaps(found.quality, found.feedback)
    assert (gap.inside, gap.n_inside) == (pytest.approx(4.5), 1)
    assert (gap.customers, gap.n_customers) == (pytest.approx((1.0 + 1.5) / 2), 2)
    assert gap.gap == pytest.approx(4.5 - 1.25)
    assert gaps([], found.feedback) == []


def test_bad_feedback_that_nothing_announced_is_named() -> None:
    """Of three bad ones an alert saw one and the tone another: the third is what the site does not see."""
    red = TensionZone(id="z", at=T0, call="c-2", data=Crossing(at_s=1.0, level=0.9, zone=Zone.RED, previous=Zone.AMBER))
    found = gather([red, feedback(1, 1.0), feedback(2, 2.0), feedback(3, 0.0), feedback(4, 5.0)])
    judged = feedback_of(found, frozenset({"c-1"}))
    assert (judged.n, judged.mean, judged.bad, judged.unseen) == (4, pytest.approx(2.0), 3, 1)


def test_a_call_over_midnight_belongs_to_the_day_on_which_it_began() -> None:
    """It is not counted again; what happens in it after midnight is."""
    who = {"call": "c-1", "customer": "h:00000000000000aa"}
    red = Crossing(at_s=1.0, level=0.9, zone=Zone.RED, previous=Zone.AMBER)
    events = [
        TensionZone(id="z", at=T0 + 5.0, data=red, **who),
        CallTransferred(id="t", at=T0 + 6.0, data=Moved(to="tech"), **who),
        CallEnded(id="e", at=T0 + 9.0, **who),
        CallStarted(id="s", at=T0 + 10.0, call="c-2", customer="h:00000000000000bb"),
        CallEnded(id="e3", at=T0 + 12.0, call="c-3"),
    ]
    found = gather(events)
    forget_earlier(found, {"c-1": T0 - 60.0, "c-3": T0 + 12.0}, T0)
    contacts = contacts_of(found, SPAN)
    assert contacts.calls == 2
    assert contacts.unhappy.calls == 1
    assert contacts.transfers.transfers == 1


def test_a_queue_without_review_or_feedback_comes_first() -> None:
    """Then the others, the busiest first."""
    calls = {queue: Seen(n=n, last_at_s=T0) for queue, n in (("tech", 9), ("sales", 2), ("billing", 5))}
    lines = covered_queues(calls, {"tech": Seen(n=1, last_at_s=T0 + 5.0)}, {"billing": T0 + 9.0})
    assert [(line.queue, line.uncovered) for line in lines] == [("sales", True), ("tech", False), ("billing", False)]
    assert lines[1].feedback_at_s == T0 + 5.0
    assert lines[2].reviewed_at_s == T0 + 9.0


def test_conclusions_are_gathered_by_topic() -> None:
    """A mark without a topic concludes nothing."""
    marks = [
        Mark(at_s=T0, person="Noa", verdict=Verdict.RIGHT, call_id="c-1", topic=topic, note=note)
        for topic, note in (("new bill", "unreadable"), (" new bill ", ""), ("", "hm"), ("routing", "tech by mistake"))
    ]
    found = conclusions(marks)
    assert [(line.topic, line.marks, list(line.notes)) for line in found] == [
        ("new bill", 2, ["unreadable"]), ("routing", 1, ["tech by mistake"]),
    ]  # fmt: skip
