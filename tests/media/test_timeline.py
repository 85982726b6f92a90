"""The call's clock: what a block holds, who is waited for, and what silence stands for."""

import tracemalloc
from collections.abc import Sequence

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from voicerisk.events import Role
from voicerisk.gateways.codec import Channel
from voicerisk.media.block import BLOCK_SAMPLES, Block
from voicerisk.media.timeline import Timeline, TimelineSettings

CUSTOMER = Channel(Role.CUSTOMER, 8000)
AGENT = Channel(Role.AGENT, 8000)
SECOND = 8000


def _speech(n_samples: int, seed: int = 0) -> np.ndarray:
    return np.random.default_rng(seed).integers(1, 30000, n_samples, np.int16)


def _joined(blocks: Sequence[Block], role: Role) -> np.ndarray:
    assert [block.index for block in blocks] == list(range(blocks[0].index, blocks[0].index + len(blocks)))
    parts = [block.roles[role] for block in blocks if role in block.roles]
    return np.concatenate([part.samples[: part.n_valid] for part in parts])


def _missing(blocks: Sequence[Block], role: Role) -> int:
    return sum(block.roles[role].n_missing for block in blocks if role in block.roles)


def _seams(blocks: Sequence[Block], role: Role) -> list[int]:
    return [block.index for block in blocks if role in block.roles and block.roles[role].seam]


def _open(*channels: Channel) -> Timeline:
    timeline = Timeline()
    timeline.open_stream("s", channels)
    return timeline


def test_a_block_waits_until_it_is_full() -> None:
    """Blocks of 240 ms come out as soon as their last sample is there, and the rest at the end."""
    timeline = _open(CUSTOMER)
    speech = _speech(5000)
    timeline.push("s", 0, speech[:1919])
    assert timeline.blocks() == []
    timeline.push("s", 0, speech[1919:])
    blocks = timeline.blocks()
    assert [block.index for block in blocks] == [0, 1]
    assert (blocks[1].start_s, blocks[1].end_s) == (0.24, 0.48)
    rest = timeline.finish()
    assert [(block.index, block.roles[Role.CUSTOMER].n_valid) for block in rest] == [(2, 1160)]
    assert rest[0].end_s == 0.625
    assert np.array_equal(_joined([*blocks, *rest], Role.CUSTOMER), speech)
    assert _missing([*blocks, *rest], Role.CUSTOMER) == 0


def test_a_block_waits_for_the_other_party() -> None:
    """Nothing comes out while an open channel is behind by less than a second."""
    timeline = _open(CUSTOMER, AGENT)
    timeline.push("s", 0, _speech(SECOND - 1))
    assert timeline.blocks() == []
    timeline.push("s", 1, _speech(BLOCK_SAMPLES))
    assert [sorted(block.roles) for block in timeline.blocks()] == [[Role.AGENT, Role.CUSTOMER]]


def test_a_silent_party_is_not_waited_for_longer_than_a_second() -> None:
    """A channel that sends nothing becomes missing silence, at once after the first second, and goes on at the edge."""
    timeline = _open(CUSTOMER, AGENT)
    timeline.push("s", 0, _speech(SECOND))
    blocks = timeline.blocks()
    assert [block.index for block in blocks] == [0, 1, 2, 3]
    assert _missing(blocks, Role.AGENT) == 4 * BLOCK_SAMPLES
    timeline.push("s", 0, _speech(BLOCK_SAMPLES))
    assert [block.index for block in timeline.blocks()] == [4]
    reply = _speech(2 * BLOCK_SAMPLES, seed=1)
    timeline.push("s", 1, reply)
    timeline.push("s", 0, _speech(2 * BLOCK_SAMPLES))
    blocks = [*timeline.blocks(), *timeline.finish()]
    assert np.array_equal(_joined(blocks, Role.AGENT)[: len(reply)], reply)
    assert blocks[0].index == 5
    assert blocks[0].roles[Role.AGENT].n_missing == 0


def test_a_timed_channel_that_was_overtaken_keeps_its_place() -> None:
    """Audio with timestamps that comes after its block went out is cut off and counted, later audio is where it was."""
    timeline = _open(CUSTOMER, AGENT)
    customer, agent = _speech(3 * SECOND), _speech(3 * SECOND, seed=1)
    timeline.push("s", 0, customer[: 2 * SECOND], 0)
    timeline.push("s", 1, agent[:160], 0)
    blocks = timeline.blocks()
    n_out = len(blocks) * BLOCK_SAMPLES
    assert n_out > 160
    for at in range(160, 3 * SECOND, 160):
        timeline.push("s", 1, agent[at : at + 160], at)
    timeline.push("s", 0, customer[2 * SECOND :], 2 * SECOND)
    blocks += [*timeline.blocks(), *timeline.finish()]
    heard = _joined(blocks, Role.AGENT)
    assert np.array_equal(heard[n_out:], agent[n_out:])
    assert not heard[160:n_out].any()
    assert _missing(blocks, Role.AGENT) == timeline.late_samples == n_out - 160


def test_a_hole_in_the_timestamps_is_missing_silence() -> None:
    """A lost frame is silence of its length, marked, and what follows is in its place."""
    timeline = _open(CUSTOMER)
    speech = _speech(4 * BLOCK_SAMPLES)
    for at in range(0, len(speech), 160):
        if at not in (1600, 3200, 3360):
            timeline.push("s", 0, speech[at : at + 160], at)
    blocks = [*timeline.blocks(), *timeline.finish()]
    expected = speech.copy()
    expected[1600:1760] = expected[3200:3520] = 0
    assert np.array_equal(_joined(blocks, Role.CUSTOMER), expected)
    assert [block.roles[Role.CUSTOMER].n_missing for block in blocks] == [160, 320, 0, 0]


def test_the_first_timestamps_need_not_agree() -> None:
    """A track that starts two seconds after the other stands two seconds behind it."""
    timeline = _open(CUSTOMER, AGENT)
    customer, agent = _speech(4 * SECOND), _speech(2 * SECOND, seed=1)
    blocks = []
    for at in range(0, 4 * SECOND, 160):
        timeline.push("s", 0, customer[at : at + 160], at)
        if at >= 2 * SECOND:
            timeline.push("s", 1, agent[at - 2 * SECOND : at - 2 * SECOND + 160], at)
        blocks += timeline.blocks()
    blocks += timeline.finish()
    assert np.array_equal(_joined(blocks, Role.AGENT)[2 * SECOND :], agent)
    assert np.array_equal(_joined(blocks, Role.CUSTOMER), customer)


def test_a_reconnect_goes_on_behind_the_old_stream() -> None:
    """A second stream of a known call follows on directly, both parties at the same place, with a seam."""
    timeline = _open(CUSTOMER, AGENT)
    timeline.push("s", 0, _speech(5000))
    timeline.push("s", 1, _speech(4000))
    blocks = timeline.blocks()
    timeline.close_stream("s")
    timeline.open_stream("again", (AGENT, CUSTOMER))
    customer, agent = _speech(4000, seed=2), _speech(4000, seed=3)
    timeline.push("again", 0, agent)
    timeline.push("again", 1, customer)
    blocks += [*timeline.blocks(), *timeline.finish()]
    assert np.array_equal(_joined(blocks, Role.CUSTOMER)[5000:], customer)
    assert np.array_equal(_joined(blocks, Role.AGENT)[5000:], agent)
    assert _missing(blocks, Role.AGENT) == 1000
    assert _seams(blocks, Role.CUSTOMER) == _seams(blocks, Role.AGENT) == [2]


def test_a_new_stream_takes_the_role_from_one_that_hangs() -> None:
    """When the old connection was never closed, the newer one speaks for the role and the old one is ignored."""
    timeline = _open(CUSTOMER)
    timeline.push("s", 0, _speech(1000))
    timeline.open_stream("again", (CUSTOMER,))
    timeline.push("again", 0, _speech(1000, seed=1))
    timeline.push("s", 0, _speech(500))
    timeline.push("again", 0, _speech(1000, seed=2))
    heard = _joined(timeline.finish(), Role.CUSTOMER)
    assert np.array_equal(heard, np.concatenate([_speech(1000), _speech(1000, seed=1), _speech(1000, seed=2)]))
    assert timeline.late_samples == 500


def test_a_second_leg_starts_where_the_first_has_got_to() -> None:
    """An agent whose own stream starts five seconds into the call is heard from five seconds on, not from the start."""
    timeline = _open(CUSTOMER)
    timeline.push("s", 0, _speech(5 * SECOND))
    blocks = timeline.blocks()
    assert all(Role.AGENT not in block.roles for block in blocks)
    timeline.open_stream("agent leg", (AGENT,))
    timeline.push("agent leg", 0, _speech(SECOND, seed=1))
    timeline.push("s", 0, _speech(SECOND))
    blocks += [*timeline.blocks(), *timeline.finish()]
    heard = np.concatenate(
        [block.roles[Role.AGENT].samples if Role.AGENT in block.roles else np.zeros(BLOCK_SAMPLES) for block in blocks]
    )
    assert np.array_equal(heard[5 * SECOND : 6 * SECOND], _speech(SECOND, seed=1))


def test_a_party_that_left_long_ago_can_come_back() -> None:
    """An agent who returns after ten minutes is put at the present, and the minutes between cost no memory."""
    timeline = _open(CUSTOMER)
    timeline.open_stream("agent leg", (AGENT,))
    timeline.push("agent leg", 0, _speech(SECOND))
    timeline.push("s", 0, _speech(SECOND))
    timeline.close_stream("agent leg")
    tracemalloc.start()
    for _ in range(600):
        timeline.push("s", 0, _speech(SECOND))
        timeline.blocks()
    timeline.open_stream("agent again", (AGENT,))
    timeline.push("agent again", 0, _speech(SECOND, seed=1))
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < 500_000
    timeline.push("s", 0, _speech(SECOND))
    blocks = [*timeline.blocks(), *timeline.finish()]
    heard = _joined([block for block in blocks if Role.AGENT in block.roles], Role.AGENT)
    first = int(np.flatnonzero(heard)[0])
    assert np.array_equal(heard[first : first + SECOND], _speech(SECOND, seed=1))


def test_a_pause_stops_the_clock_and_leaves_a_seam() -> None:
    """On hold nothing is waited for; afterwards the audio follows on, and the block says that it does not join."""
    timeline = _open(CUSTOMER, AGENT)
    timeline.push("s", 0, _speech(3000))
    timeline.push("s", 1, _speech(3000))
    blocks = timeline.blocks()
    timeline.pause("s")
    timeline.resume("s")
    timeline.push("s", 0, _speech(3000, seed=1))
    timeline.push("s", 1, _speech(3000, seed=1))
    blocks += [*timeline.blocks(), *timeline.finish()]
    assert np.array_equal(_joined(blocks, Role.CUSTOMER), np.concatenate([_speech(3000), _speech(3000, seed=1)]))
    assert _seams(blocks, Role.CUSTOMER) == [1]


def test_a_paused_leg_does_not_hold_up_the_other() -> None:
    """While one leg is on hold the other runs on; the paused one comes back at the edge of what went out."""
    timeline = _open(CUSTOMER)
    timeline.open_stream("agent leg", (AGENT,))
    timeline.push("s", 0, _speech(160))
    timeline.push("agent leg", 0, _speech(160))
    timeline.pause("agent leg")
    timeline.push("s", 0, _speech(4 * BLOCK_SAMPLES))
    assert len(timeline.blocks()) == 4
    timeline.resume("agent leg")
    timeline.push("agent leg", 0, _speech(BLOCK_SAMPLES, seed=1))
    timeline.push("s", 0, _speech(BLOCK_SAMPLES))
    blocks = timeline.blocks()
    assert [block.index for block in blocks] == [4]
    assert np.array_equal(blocks[0].roles[Role.AGENT].samples, _speech(BLOCK_SAMPLES, seed=1))


def test_audio_that_the_peer_dropped_is_missing_on_all_channels() -> None:
    """What the gateway says it left out is silence of that length for everybody."""
    timeline = _open(CUSTOMER, AGENT)
    for channel in (0, 1):
        timeline.push("s", channel, _speech(1000))
    timeline.lost("s", 2000)
    for channel in (0, 1):
        timeline.push("s", channel, _speech(1000, seed=1))
    blocks = [*timeline.blocks(), *timeline.finish()]
    for role in (Role.CUSTOMER, Role.AGENT):
        assert np.array_equal(_joined(blocks, role)[3000:], _speech(1000, seed=1))
        assert _missing(blocks, role) == 2000


@pytest.mark.parametrize("rate_hz", [16000, 24000, 48000, 44100])
def test_wideband_keeps_the_clock(rate_hz: int) -> None:
    """A wideband tone with a hole comes out at 8 kHz with the hole in its place and not one sample too many."""
    n_samples, hole = 4 * rate_hz, slice(rate_hz, rate_hz + rate_hz // 2)
    tone = np.rint(9000 * np.sin(2 * np.pi * 300 * np.arange(n_samples) / rate_hz)).astype(np.int16)
    timeline = _open(Channel(Role.CUSTOMER, rate_hz))
    n_frame = rate_hz // 50
    blocks = []
    for at in range(0, n_samples, n_frame):
        if not hole.start <= at < hole.stop:
            timeline.push("s", 0, tone[at : at + n_frame], at)
            blocks += timeline.blocks()
    blocks += timeline.finish()
    heard = _joined(blocks, Role.CUSTOMER)
    assert len(heard) == 4 * SECOND
    assert abs(_missing(blocks, Role.CUSTOMER) - SECOND // 2) <= 1
    expected = np.rint(9000 * np.sin(2 * np.pi * 300 * np.arange(4 * SECOND) / SECOND))
    assert np.abs(heard[2 * SECOND : 4 * SECOND - 200] - expected[2 * SECOND : 4 * SECOND - 200]).max() < 20
    assert not heard[SECOND + 200 : SECOND + SECOND // 2 - 200].any()


def test_a_silent_wideband_party_is_overtaken_too() -> None:
    """A 16 kHz channel that sends nothing is filled with silence, and speaks again within 200 ms of the edge."""
    wide = Channel(Role.AGENT, 16000)
    timeline = _open(CUSTOMER, wide)
    timeline.push("s", 0, _speech(4 * SECOND))
    blocks = timeline.blocks()
    assert _missing(blocks, Role.AGENT) == 16 * BLOCK_SAMPLES
    tone = np.full(16000, 10000, np.int16)
    timeline.push("s", 1, tone)
    timeline.push("s", 0, _speech(2 * SECOND))
    blocks = [*timeline.blocks(), *timeline.finish()]
    heard = _joined(blocks, Role.AGENT)
    assert np.flatnonzero(np.abs(heard) > 5000)[0] < SECOND // 5


def test_a_made_up_timestamp_allocates_nothing() -> None:
    """A position a million years ahead is a clock that was set, not a silence to store."""
    timeline = _open(CUSTOMER)
    timeline.push("s", 0, _speech(160), 0)
    tracemalloc.start()
    timeline.push("s", 0, _speech(160), 10**18)
    timeline.push("s", 0, _speech(160), -(10**18))
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < 200_000
    assert len(_joined(timeline.finish(), Role.CUSTOMER)) == 480


def test_two_channels_of_one_role_are_refused() -> None:
    """A stream in which two channels claim the same party cannot be opened."""
    with pytest.raises(ValueError, match="same role"):
        _open(CUSTOMER, CUSTOMER)


@pytest.mark.parametrize("wrong", [{"max_skew_s": 0.1}, {"reorder_s": 0.9}, {"max_gap_s": 1e9}, {"tolerance_s": -1.0}])
def test_settings_that_break_the_clock_are_refused(wrong: dict[str, float]) -> None:
    """Values that would cut off ordinary audio or let memory grow are refused by name."""
    with pytest.raises(ValueError, match=next(iter(wrong))):
        TimelineSettings(**wrong)


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
    opened: set[int] = set()
    blocks: list[Block] = []
    for what, number, *rest in operations:
        if what == "open" or number not in opened:
            timeline.open_stream(str(number), STREAMS[number])
            opened.add(number)
        if what == "close":
            timeline.close_stream(str(number))
            opened.discard(number)
        elif what == "pause":
            timeline.pause(str(number))
        elif what == "resume":
            timeline.resume(str(number))
        elif what == "lost":
            timeline.lost(str(number), rest[0])
        elif what.startswith("push"):
            timeline.push(str(number), rest[0], _speech(rest[1]), rest[2])
        blocks += timeline.blocks()
    blocks += timeline.finish()
    assert [block.index for block in blocks] == list(range(len(blocks)))
    for block in blocks:
        assert block.roles
        for audio in block.roles.values():
            assert audio.samples.shape == (BLOCK_SAMPLES,)
            assert 0 <= audio.n_missing <= audio.n_valid <= BLOCK_SAMPLES
            assert not audio.samples[audio.n_valid :].any()
