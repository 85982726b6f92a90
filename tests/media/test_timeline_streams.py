"""Several streams on one call's clock: reconnects, second legs, pauses, and whatever else they may do."""

import tracemalloc

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.media.calls import AGENT, CUSTOMER, SECOND, joined, n_missing, opened, seams, speech
from voicerisk.events import Role
from voicerisk.gateways.codec import Channel
from voicerisk.media.block import BLOCK_SAMPLES, Block
from voicerisk.media.timeline import Timeline


def test_a_reconnect_goes_on_behind_the_old_stream() -> None:
    """A second stream of a known call follows on directly, both parties at the same place, with a seam."""
    timeline = opened(CUSTOMER, AGENT)
    timeline.push("s", 0, speech(5000))
    timeline.push("s", 1, speech(4000))
    blocks = timeline.blocks()
    timeline.close_stream("s")
    timeline.open_stream("again", (AGENT, CUSTOMER))
    customer, agent = speech(4000, seed=2), speech(4000, seed=3)
    timeline.push("again", 0, agent)
    timeline.push("again", 1, customer)
    blocks += [*timeline.blocks(), *timeline.finish()]
    assert np.array_equal(joined(blocks, Role.CUSTOMER)[5000:], customer)
    assert np.array_equal(joined(blocks, Role.AGENT)[5000:], agent)
    assert n_missing(blocks, Role.AGENT) == 1000
    assert seams(blocks, Role.CUSTOMER) == seams(blocks, Role.AGENT) == [2]


def test_a_new_stream_takes_the_role_from_one_that_hangs() -> None:
    """When the old connection was never closed, the newer one speaks for the role and the old one is ignored."""
    timeline = opened(CUSTOMER)
    timeline.push("s", 0, speech(1000))
    timeline.open_stream("again", (CUSTOMER,))
    timeline.push("again", 0, speech(1000, seed=1))
    timeline.push("s", 0, speech(500))
    timeline.push("again", 0, speech(1000, seed=2))
    heard = joined(timeline.finish(), Role.CUSTOMER)
    assert np.array_equal(heard, np.concatenate([speech(1000), speech(1000, seed=1), speech(1000, seed=2)]))
    assert timeline.late_samples == 500


def test_a_second_leg_starts_where_the_first_has_got_to() -> None:
    """An agent whose own stream starts five seconds into the call is heard from five seconds on, not from the start."""
    timeline = opened(CUSTOMER)
    timeline.push("s", 0, speech(5 * SECOND))
    blocks = timeline.blocks()
    assert all(Role.AGENT not in block.roles for block in blocks)
    timeline.open_stream("agent leg", (AGENT,))
    timeline.push("agent leg", 0, speech(SECOND, seed=1))
    timeline.push("s", 0, speech(SECOND))
    blocks += [*timeline.blocks(), *timeline.finish()]
    heard = np.concatenate(
        [block.roles[Role.AGENT].samples if Role.AGENT in block.roles else np.zeros(BLOCK_SAMPLES) for block in blocks]
    )
    assert np.array_equal(heard[5 * SECOND : 6 * SECOND], speech(SECOND, seed=1))


def test_a_party_that_left_long_ago_can_come_back() -> None:
    """An agent who returns after ten minutes is put at the present, and the minutes between cost no memory."""
    timeline = opened(CUSTOMER)
    timeline.open_stream("agent leg", (AGENT,))
    timeline.push("agent leg", 0, speech(SECOND))
    timeline.push("s", 0, speech(SECOND))
    timeline.close_stream("agent leg")
    tracemalloc.start()
    for _ in range(600):
        timeline.push("s", 0, speech(SECOND))
        timeline.blocks()
    timeline.open_stream("agent again", (AGENT,))
    timeline.push("agent again", 0, speech(SECOND, seed=1))
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < 500_000
    timeline.push("s", 0, speech(SECOND))
    blocks = [*timeline.blocks(), *timeline.finish()]
    heard = joined([block for block in blocks if Role.AGENT in block.roles], Role.AGENT)
    first = int(np.flatnonzero(heard)[0])
    assert np.array_equal(heard[first : first + SECOND], speech(SECOND, seed=1))


def test_a_pause_stops_the_clock_and_leaves_a_seam() -> None:
    """On hold nothing is waited for; afterwards the audio follows on, and the block says that it does not join."""
    timeline = opened(CUSTOMER, AGENT)
    timeline.push("s", 0, speech(3000))
    timeline.push("s", 1, speech(3000))
    blocks = timeline.blocks()
    timeline.pause("s")
    timeline.resume("s")
    timeline.push("s", 0, speech(3000, seed=1))
    timeline.push("s", 1, speech(3000, seed=1))
    blocks += [*timeline.blocks(), *timeline.finish()]
    assert np.array_equal(joined(blocks, Role.CUSTOMER), np.concatenate([speech(3000), speech(3000, seed=1)]))
    assert seams(blocks, Role.CUSTOMER) == [1]


def test_a_paused_leg_does_not_hold_up_the_other() -> None:
    """While one leg is on hold the other runs on; the paused one comes back at the edge of what went out."""
    timeline = opened(CUSTOMER)
    timeline.open_stream("agent leg", (AGENT,))
    timeline.push("s", 0, speech(160))
    timeline.push("agent leg", 0, speech(160))
    timeline.pause("agent leg")
    timeline.push("s", 0, speech(4 * BLOCK_SAMPLES))
    assert len(timeline.blocks()) == 4
    timeline.resume("agent leg")
    timeline.push("agent leg", 0, speech(BLOCK_SAMPLES, seed=1))
    timeline.push("s", 0, speech(BLOCK_SAMPLES))
    blocks = timeline.blocks()
    assert [block.index for block in blocks] == [4]
    assert np.array_equal(blocks[0].roles[Role.AGENT].samples, speech(BLOCK_SAMPLES, seed=1))


OPERATIONS = st.one_of(
    st.tuples(st.just("push"), st.integers(0, 2), st.integers(0, 1), st.integers(0, 4000), st.none() | st.integers()),
    st.tuples(st.just("pushed near"), st.integers(0, 2), st.integers(0, 1), st.integers(0, 400), st.integers(0, 9000)),
    st.tuples(st.sampled_from(["pause", "resume", "close", "open"]), st.integers(0, 2)),
    st.tuples(st.just("lost"), st.integers(0, 2), st.integers(-5, 10**9)),
)
STREAMS = (
    (CUSTOMER, AGENT),
    (Channel(Role.AGENT, 16000), Channel(Role.CUSTOMER, 16000)),
    (Channel(Role.MIXED, 48000), Channel(Role.CUSTOMER, 8000)),
)


@settings(max_examples=150, deadline=None)
@given(st.lists(OPERATIONS, max_size=40))
def test_anything_may_happen_to_the_streams(operations: list[tuple]) -> None:
    """Whatever the streams do, blocks come in order, every role has 1920 samples, and the account of them holds."""
    timeline = Timeline()
    is_open: set[int] = set()
    blocks: list[Block] = []
    for what, number, *rest in operations:
        if what == "open" or number not in is_open:
            timeline.open_stream(str(number), STREAMS[number])
            is_open.add(number)
        if what == "close":
            timeline.close_stream(str(number))
            is_open.discard(number)
        elif what == "pause":
            timeline.pause(str(number))
        elif what == "resume":
            timeline.resume(str(number))
        elif what == "lost":
            timeline.lost(str(number), rest[0])
        elif what.startswith("push"):
            timeline.push(str(number), rest[0], speech(rest[1]), rest[2])
        blocks += timeline.blocks()
    blocks += timeline.finish()
    assert [block.index for block in blocks] == list(range(len(blocks)))
    for block in blocks:
        assert block.roles
        for audio in block.roles.values():
            assert audio.samples.shape == (BLOCK_SAMPLES,)
            assert 0 <= audio.n_missing <= audio.n_valid <= BLOCK_SAMPLES
            assert not audio.samples[audio.n_valid :].any()
