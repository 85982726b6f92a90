"""What is remembered of a call."""

from tests.plays.play import window
from voicerisk.events import CallAnswered, CallHeld, CallQueued, CallReason, ContactReason, Crm, CrmEvent, Zone
from voicerisk.risk.calls import MAX_LABELS, CallBook
from voicerisk.risk.config import RiskConfig
from voicerisk.risk.gauges import GaugeKey, SiteSettings


def book(max_calls: int = 10) -> CallBook:
    """A book in which calls are lost after 100 s, and forgotten 10 s after their end."""
    site = SiteSettings(groups={"tech": ("a-7", "a-8", "a-9")})
    return CallBook(RiskConfig(site=site, keep_ended_s=10.0, lost_after_s=100.0, max_calls=max_calls))


def test_later_events_complete_the_facts_and_never_erase_them() -> None:
    """The queue of one event and the agent of the next both stay; the agent's group is known by the site's list."""
    calls = book()
    calls.hear("c", CallQueued(id="1", at=1.0, call="c", queue="billing"), 1.0)
    assert calls.hear("c", CallAnswered(id="2", at=2.0, call="c", agent="a-7"), 2.0)
    assert not calls.hear("c", CallHeld(id="3", at=3.0, call="c"), 3.0)
    state = calls.get("c")
    assert state is not None
    assert (state.queue, state.agent, state.group, state.customer) == ("billing", "a-7", "tech", None)


def test_calls_are_found_by_what_they_have_to_do_with_while_they_are_on() -> None:
    """By queue, reason and group; a call that moves to another queue or ends is found there no longer."""
    calls = book()
    calls.hear("c", CallQueued(id="1", at=1.0, call="c", queue="billing"), 1.0)
    calls.hear("c", CallReason(id="2", at=1.0, call="c", data=ContactReason(reason="bill")), 1.0)
    assert calls.linked(GaugeKey.QUEUE, "billing") == calls.linked(GaugeKey.REASON, "bill") == ("c",)
    calls.hear("c", CallQueued(id="3", at=2.0, call="c", queue="tech"), 2.0)
    assert calls.linked(GaugeKey.QUEUE, "billing") == ()
    assert calls.linked(GaugeKey.QUEUE, "tech") == ("c",)
    calls.end("c", 3.0)
    assert calls.linked(GaugeKey.QUEUE, "tech") == calls.linked(GaugeKey.REASON, "bill") == ()


def test_what_the_crm_says_of_a_call_are_labels_and_there_is_an_end_to_them() -> None:
    """Text, numbers and yes or no are labels as a rule would write them; no sender can fill the memory."""
    calls = book()
    fields = {"vip": True, "tier": "gold", "orders": 3.0, "note": None}
    calls.hear("c", CallHeld(id="0", at=1.0, call="c"), 1.0)
    assert calls.hear("c", CrmEvent(id="1", at=1.0, call="c", data=Crm(subtype="facts", fields=fields)), 1.0)
    state = calls.get("c")
    assert state is not None
    assert state.labels == {"vip": "true", "tier": "gold", "orders": "3", "note": ""}
    for n in range(3):
        more = {f"x{n}-{i}": "y" * 500 for i in range(40)}
        calls.hear("c", CrmEvent(id=f"2{n}", at=1.0, call="c", data=Crm(subtype="facts", fields=more)), 1.0)
    assert len(state.labels) == MAX_LABELS
    assert max(map(len, state.labels.values())) == 200


def test_calls_fall_due_when_nothing_is_heard_of_them_or_they_have_long_been_over() -> None:
    """The one longest unheard of first; whatever is heard starts its time anew."""
    calls = book()
    for t, call in enumerate(("a", "b", "c")):
        calls.hear(call, CallHeld(id=call, at=float(t), call=call), float(t))
    calls.hear("a", CallHeld(id="a2", at=50.0, call="a"), 50.0)
    calls.end("c", 60.0)
    assert (calls.next_due_s(), calls.due(69.0)) == (70.0, None)
    assert calls.due(70.0) == "c"
    calls.forget("c")
    assert (calls.next_due_s(), calls.due(101.0)) == (101.0, "b")


def test_a_full_book_gives_up_what_is_over_before_what_is_on() -> None:
    """And of those that are on, the one longest unheard of."""
    calls = book(max_calls=2)
    for t, call in enumerate(("a", "b")):
        calls.hear(call, CallHeld(id=call, at=float(t), call=call), float(t))
    assert calls.surplus() == "a"
    calls.end("b", 3.0)
    assert calls.surplus() == "b"


def test_repeated_and_late_sound_is_no_news() -> None:
    """Windows are told apart by their media second; of a call that is over none is."""
    calls = book()
    assert calls.is_news("c", 1.0)
    calls.hear("c", window("c", 1.0, Zone.GREEN), 1.0)
    assert not calls.is_news("c", 1.0)
    assert calls.is_news("c", 1.24)
    calls.end("c", 2.0)
    assert not calls.is_news("c", 5.0)


def test_a_snapshot_goes_on_where_it_was_but_for_the_sound() -> None:
    """Calls, order and links are the same afterwards; the next sound counts wherever its clock begins."""
    calls = book()
    calls.hear("a", CallQueued(id="1", at=1.0, call="a", queue="q"), 1.0)
    calls.hear("b", window("b", 2.0, Zone.GREEN), 2.0)
    calls.end("a", 3.0)
    restored = book()
    restored.restore(calls.snapshot())
    assert (restored.live(), restored.is_over("a"), restored.next_due_s()) == (("b",), True, calls.next_due_s())
    assert restored.is_news("b", 0.24)
