"""The call's clock: what a block holds, who is waited for, and what silence stands for."""

import tracemalloc

import numpy as np
import pytest

from tests.media.calls import AGENT, CUSTOMER, SECOND, joined, n_missing, opened, seams, speech
from voicerisk.events import Role
from voicerisk.gateways.codec import Channel
from voicerisk.media.block import BLOCK_SAMPLES
from voicerisk.media.timeline import TimelineSettings


def test_a_block_waits_until_it_is_full() -> None:
    """Blocks of 240 ms come out as soon as their last sample is there, and the rest at the end."""
    timeline = opened(CUSTOMER)
    said = speech(5000)
    timeline.push("s", 0, said[:1919])
    assert timeline.blocks() == []
    timeline.push("s", 0, said[1919:])
    blocks = timeline.blocks()
    assert [block.index for block in blocks] == [0, 1]
    assert (blocks[1].start_s, blocks[1].end_s) == (0.24, 0.48)
    rest = timeline.finish()
    assert [(block.index, block.roles[Role.CUSTOMER].n_valid) for block in rest] == [(2, 1160)]
    assert rest[0].end_s == 0.625
    assert np.array_equal(joined([*blocks, *rest], Role.CUSTOMER), said)
    assert n_missing([*blocks, *rest], Role.CUSTOMER) == 0


def test_a_block_waits_for_the_other_party() -> None:
    """Nothing comes out while an open channel is behind by less than a second."""
    timeline = opened(CUSTOMER, AGENT)
    timeline.push("s", 0, speech(SECOND - 1))
    assert timeline.blocks() == []
    timeline.push("s", 1, speech(BLOCK_SAMPLES))
    assert [sorted(block.roles) for block in timeline.blocks()] == [[Role.AGENT, Role.CUSTOMER]]


def test_a_silent_party_is_not_waited_for_longer_than_a_second() -> None:
    """A channel that sends nothing becomes missing silence, at once after the first second, and goes on at the edge."""
    timeline = opened(CUSTOMER, AGENT)
    timeline.push("s", 0, speech(SECOND))
    blocks = timeline.blocks()
    assert [block.index for block in blocks] == [0, 1, 2, 3]
    assert n_missing(blocks, Role.AGENT) == 4 * BLOCK_SAMPLES
    timeline.push("s", 0, speech(BLOCK_SAMPLES))
    assert [block.index for block in timeline.blocks()] == [4]
    reply = speech(2 * BLOCK_SAMPLES, seed=1)
    timeline.push("s", 1, reply)
    timeline.push("s", 0, speech(2 * BLOCK_SAMPLES))
    blocks = [*timeline.blocks(), *timeline.finish()]
    assert np.array_equal(joined(blocks, Role.AGENT)[: len(reply)], reply)
    assert blocks[0].index == 5
    assert blocks[0].roles[Role.AGENT].n_missing == 0


def test_a_timed_channel_that_was_overtaken_keeps_its_place() -> None:
    """Audio with timestamps that comes after its block went out is cut off and counted, later audio is where it was."""
    timeline = opened(CUSTOMER, AGENT)
    customer, agent = speech(3 * SECOND), speech(3 * SECOND, seed=1)
    timeline.push("s", 0, customer[: 2 * SECOND], 0)
    timeline.push("s", 1, agent[:160], 0)
    blocks = timeline.blocks()
    n_out = len(blocks) * BLOCK_SAMPLES
    assert n_out > 160
    for at in range(160, 3 * SECOND, 160):
        timeline.push("s", 1, agent[at : at + 160], at)
    timeline.push("s", 0, customer[2 * SECOND :], 2 * SECOND)
    blocks += [*timeline.blocks(), *timeline.finish()]
    heard = joined(blocks, Role.AGENT)
    assert np.array_equal(heard[n_out:], agent[n_out:])
    assert not heard[160:n_out].any()
    assert n_missing(blocks, Role.AGENT) == timeline.late_samples == n_out - 160


def test_a_hole_in_the_timestamps_is_missing_silence() -> None:
    """A lost frame is silence of its length, marked, and what follows is in its place."""
    timeline = opened(CUSTOMER)
    said = speech(4 * BLOCK_SAMPLES)
    for at in range(0, len(said), 160):
        if at not in (1600, 3200, 3360):
            timeline.push("s", 0, said[at : at + 160], at)
    blocks = [*timeline.blocks(), *timeline.finish()]
    expected = said.copy()
    expected[1600:1760] = expected[3200:3520] = 0
    assert np.array_equal(joined(blocks, Role.CUSTOMER), expected)
    assert [block.roles[Role.CUSTOMER].n_missing for block in blocks] == [160, 320, 0, 0]


def test_the_first_timestamps_need_not_agree() -> None:
    """A track that starts two seconds after the other stands two seconds behind it."""
    timeline = opened(CUSTOMER, AGENT)
    customer, agent = speech(4 * SECOND), speech(2 * SECOND, seed=1)
    blocks = []
    for at in range(0, 4 * SECOND, 160):
        timeline.push("s", 0, customer[at : at + 160], at)
        if at >= 2 * SECOND:
            timeline.push("s", 1, agent[at - 2 * SECOND : at - 2 * SECOND + 160], at)
        blocks += timeline.blocks()
    blocks += timeline.finish()
    assert np.array_equal(joined(blocks, Role.AGENT)[2 * SECOND :], agent)
    assert np.array_equal(joined(blocks, Role.CUSTOMER), customer)


def test_audio_that_the_peer_dropped_is_missing_on_all_channels() -> None:
    """What the gateway says it left out is silence of that length for everybody."""
    timeline = opened(CUSTOMER, AGENT)
    for channel in (0, 1):
        timeline.push("s", channel, speech(1000))
    timeline.lost("s", 2000)
    for channel in (0, 1):
        timeline.push("s", channel, speech(1000, seed=1))
    blocks = [*timeline.blocks(), *timeline.finish()]
    for role in (Role.CUSTOMER, Role.AGENT):
        assert np.array_equal(joined(blocks, role)[3000:], speech(1000, seed=1))
        assert n_missing(blocks, role) == 2000


@pytest.mark.parametrize("rate_hz", [16000, 24000, 48000, 44100])
def test_wideband_keeps_the_clock(rate_hz: int) -> None:
    """A wideband tone with a hole comes out at 8 kHz with the hole in its place and not one sample too many."""
    n_samples, hole = 4 * rate_hz, slice(rate_hz, rate_hz + rate_hz // 2)
    tone = np.rint(9000 * np.sin(2 * np.pi * 300 * np.arange(n_samples) / rate_hz)).astype(np.int16)
    timeline = opened(Channel(Role.CUSTOMER, rate_hz))
    n_frame = rate_hz // 50
    blocks = []
    for at in range(0, n_samples, n_frame):
        if not hole.start <= at < hole.stop:
            timeline.push("s", 0, tone[at : at + n_frame], at)
            blocks += timeline.blocks()
    blocks += timeline.finish()
    heard = joined(blocks, Role.CUSTOMER)
    assert len(heard) == 4 * SECOND
    assert abs(n_missing(blocks, Role.CUSTOMER) - SECOND // 2) <= 1
    expected = np.rint(9000 * np.sin(2 * np.pi * 300 * np.arange(4 * SECOND) / SECOND))
    assert np.abs(heard[2 * SECOND : 4 * SECOND - 200] - expected[2 * SECOND : 4 * SECOND - 200]).max() < 20
    assert not heard[SECOND + 200 : SECOND + SECOND // 2 - 200].any()


def test_a_silent_wideband_party_is_overtaken_too() -> None:
    """A 16 kHz channel that sends nothing is filled with silence, and speaks again within 200 ms of the edge."""
    wide = Channel(Role.AGENT, 16000)
    timeline = opened(CUSTOMER, wide)
    timeline.push("s", 0, speech(4 * SECOND))
    blocks = timeline.blocks()
    assert n_missing(blocks, Role.AGENT) == 16 * BLOCK_SAMPLES
    tone = np.full(16000, 10000, np.int16)
    timeline.push("s", 1, tone)
    timeline.push("s", 0, speech(2 * SECOND))
    blocks = [*timeline.blocks(), *timeline.finish()]
    heard = joined(blocks, Role.AGENT)
    assert np.flatnonzero(np.abs(heard) > 5000)[0] < SECOND // 5


def test_tracks_stay_together_when_their_clock_is_set() -> None:
    """When the peer's clock jumps, a frame lost beside the jump is still silence, and the parties stay side by side."""
    timeline = opened(CUSTOMER, AGENT)
    said, replied = speech(SECOND), speech(SECOND, seed=1)
    for at in range(0, SECOND, 160):
        jump = 100 * SECOND if at >= 4000 else 0
        timeline.push("s", 0, said[at : at + 160], at + jump)
        if at != 4000:
            timeline.push("s", 1, replied[at : at + 160], at + jump)
    blocks = timeline.finish()
    assert np.array_equal(joined(blocks, Role.CUSTOMER), said)
    replied[4000:4160] = 0
    assert np.array_equal(joined(blocks, Role.AGENT), replied)
    assert seams(blocks, Role.CUSTOMER) == [4000 // BLOCK_SAMPLES]


def test_a_made_up_timestamp_allocates_nothing() -> None:
    """A position a million years ahead is a clock that was set, not a silence to store."""
    timeline = opened(CUSTOMER)
    timeline.push("s", 0, speech(160), 0)
    tracemalloc.start()
    timeline.push("s", 0, speech(160), 10**18)
    timeline.push("s", 0, speech(160), -(10**18))
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < 200_000
    assert len(joined(timeline.finish(), Role.CUSTOMER)) == 480


def test_two_channels_of_one_role_are_refused() -> None:
    """A stream in which two channels claim the same party cannot be opened."""
    with pytest.raises(ValueError, match="same role"):
        opened(CUSTOMER, CUSTOMER)


@pytest.mark.parametrize("wrong", [{"max_skew_s": 0.1}, {"reorder_s": 0.9}, {"max_gap_s": 1e9}, {"tolerance_s": -1.0}])
def test_settings_that_break_the_clock_are_refused(wrong: dict[str, float]) -> None:
    """Values that would cut off ordinary audio or let memory grow are refused by name."""
    with pytest.raises(ValueError, match=next(iter(wrong))):
        TimelineSettings(**wrong)
