"""What is remembered of a call."""

from voicerisk.events import CallAnswered, CallHeld, CallQueued
from voicerisk.risk.calls import CallState


def test_later_events_complete_the_facts_and_never_erase_them() -> None:
    """The queue of one event and the agent of the next both stay."""
    state = CallState()
    state.learn(CallQueued(id="1", at=1.0, call="c", queue="billing"))
    state.learn(CallAnswered(id="2", at=2.0, call="c", agent="a-7"))
    state.learn(CallHeld(id="3", at=3.0, call="c"))
    assert (state.queue, state.agent, state.customer) == ("billing", "a-7", None)
    assert state.reading("call_tension") is None
