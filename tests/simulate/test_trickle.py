from voicerisk.events import CallQueued, PromiseMade, event_type
from voicerisk.simulate.trickle import LENGTH_S, trickle

QUEUES = ("Billing", "Orders", "Technical support")


def test_the_same_seed_tells_the_same_and_says_that_it_is_made_up() -> None:
    """Twice the same seed, twice the same events, in order of time, each with an id that begins with "demo-"."""
    told = trickle(1, QUEUES, 1_000_000.0)
    assert told == trickle(1, QUEUES, 1_000_000.0)
    assert told != trickle(2, QUEUES, 1_000_000.0)
    assert [event.at for event in told] == sorted(event.at for event in told)
    assert all(event.id.startswith("demo-") for event in told)
    assert len({event.id for event in told}) == len(told)


def test_one_queue_waits_too_long_and_one_promise_is_not_kept() -> None:
    """Somebody waits for more than half a minute in the queue without agents, and a promise falls due meanwhile."""
    told = trickle(1, QUEUES, 0.0)
    since = {event.call: event.at for event in told if isinstance(event, CallQueued)}
    over = {
        event.call: event.at for event in reversed(told) if event_type(event) in ("call.answered", "call.abandoned")
    }
    assert max(over[call] - at for call, at in since.items()) > 30.0
    assert any(isinstance(event, PromiseMade) and event.data.due_at < LENGTH_S for event in told)
