import asyncio
import json
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from voicerisk.server.feed import HISTORY, QUEUE, Feed


def _feed() -> Feed:
    return Feed(lambda: {"picture": "now"})


async def _next(subscription: Any) -> dict[str, Any]:
    event: dict[str, Any] = json.loads(await asyncio.wait_for(subscription.next(), 1))
    return event


async def test_snapshot_first_then_events() -> None:
    """A new client gets the whole picture, then each event with the next number."""
    feed = _feed()
    feed.publish("before", {})
    client = feed.subscribe()
    feed.publish("while it connects", {})
    assert await _next(client) == {"type": "snapshot", "seq": 2, "feed": feed.id, "picture": "now"}
    feed.publish("after", {"x": 1})
    assert await _next(client) == {"type": "after", "seq": 3, "x": 1}


async def test_waits_for_the_next_event() -> None:
    """A client that is up to date waits, and is woken by the next event."""
    feed = _feed()
    client = feed.subscribe()
    await _next(client)
    waiting = asyncio.create_task(_next(client))
    await asyncio.sleep(0.01)
    assert not waiting.done()
    feed.publish("now", {})
    assert (await waiting)["type"] == "now"


async def test_slow_client_gets_a_fresh_picture() -> None:
    """A client that falls behind loses no truth: it gets a snapshot instead, and the others notice nothing."""
    feed = _feed()
    slow, quick = feed.subscribe(), feed.subscribe()
    await _next(slow)
    await _next(quick)
    for n in range(QUEUE + 10):
        feed.publish("event", {"n": n})
        assert (await _next(quick))["n"] == n
    assert await _next(slow) == {"type": "snapshot", "seq": QUEUE + 10, "feed": feed.id, "picture": "now"}
    assert (slow.n_resyncs, quick.n_resyncs) == (1, 0)
    feed.publish("event", {"n": -1})
    assert (await _next(slow))["n"] == -1


async def test_goes_on_where_it_was() -> None:
    """A client that was away for a moment gets what it missed, and no snapshot."""
    feed = _feed()
    for n in range(10):
        feed.publish("event", {"n": n})
    client = feed.subscribe(feed.id, since=7)
    assert [(await _next(client))["seq"] for _ in range(3)] == [8, 9, 10]
    up_to_date = feed.subscribe(feed.id, since=10)
    feed.publish("event", {})
    assert (await _next(up_to_date))["seq"] == 11


async def test_starts_anew_when_it_cannot_go_on() -> None:
    """After a restart of the service, or too long away, or with a number from the future, the picture comes whole."""
    feed = _feed()
    for n in range(HISTORY + 10):
        feed.publish("event", {"n": n})
    for feed_id, since in (("another", HISTORY), (feed.id, 3), (feed.id, HISTORY + 11), (feed.id, -1), ("", None)):
        assert (await _next(feed.subscribe(feed_id, since)))["type"] == "snapshot"


async def test_forgotten_client_costs_nothing() -> None:
    """A client that has gone is not queued for any more."""
    feed = _feed()
    client = feed.subscribe()
    await _next(client)
    feed.unsubscribe(client)
    feed.publish("event", {})
    waiting = asyncio.create_task(client.next())
    await asyncio.sleep(0.01)
    assert not waiting.done()
    waiting.cancel()


@given(st.lists(st.sampled_from(["publish", "read", "burst"]), max_size=60))
def test_numbers_never_jump(steps: list[str]) -> None:
    """Whatever the pace, a client sees numbers without a hole, except across a snapshot, which catches up."""

    async def play() -> None:
        feed = _feed()
        client = feed.subscribe()
        seen = (await _next(client))["seq"]
        for step in steps:
            if step == "read" and feed.seq > seen:
                event = await _next(client)
                assert event["seq"] == (feed.seq if event["type"] == "snapshot" else seen + 1)
                seen = event["seq"]
            elif step != "read":
                for _ in range(1 if step == "publish" else QUEUE // 3):
                    feed.publish("event", {})

    asyncio.run(play())
