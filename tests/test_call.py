"""Tests of voicerisk.call: what one call makes of its streams and of the model's word, without a model."""

from collections.abc import Sequence

import numpy as np
import pytest

from voicerisk.call import Call
from voicerisk.events import CallEnded, CallHeld, CallResumed, CallStarted, Event, Role, TensionWindow, event_type
from voicerisk.gateways.codec import Audio, AudioLost, Channel, Dtmf, Paused, Resumed, Samples
from voicerisk.media.timeline import TimelineSettings
from voicerisk.scoring.contract import CHUNK_SAMPLES
from voicerisk.scoring.scores import ChunkScore, Pooled
from voicerisk.tension import CallFacts, TensionSettings

STEREO = (Channel(Role.CUSTOMER, 8000), Channel(Role.AGENT, 8000))


def made(*roles: Role) -> Call:
    """A call with one open stream, "s", of these roles at 8 kHz."""
    call = Call(
        CallFacts(call="c", started_at=1000.0),
        timeline=TimelineSettings(),
        tension=TensionSettings(window_every=1),
        emotions=("neutral", "angry"),
    )
    call.open_stream("s", [Channel(role, 8000) for role in roles], {})
    return call


def sound(seconds: float, value: int = 1000) -> Samples:
    """So many seconds of a constant."""
    return np.full(round(seconds * 8000), value, np.int16)


def says(tension: float) -> ChunkScore:
    """A chunk of clear speech in that tone."""
    pooled = Pooled(tension, tension, tension, 0.5, (1.0 - tension, tension), 3.0)
    return ChunkScore(0.95, 0.6, -25.0, 16.0, pooled, pooled)


def scored(call: Call, tension: float = 0.1) -> list[int]:
    """Scores all chunks that are ready; their numbers."""
    chunks = call.take_chunks()
    for chunk in chunks:
        call.scored(chunk.index, says(tension))
    return [chunk.index for chunk in chunks]


def types(events: Sequence[Event]) -> list[str]:
    """What happened, in order."""
    return [event_type(event) for event in events]


def test_a_call_starts_is_judged_and_ends() -> None:
    """The start comes first, a window for each scored chunk, and the end once the last score is in, with its reason."""
    call = made(Role.CUSTOMER)
    assert call.has_news
    (started,) = call.take_events()
    assert isinstance(started, CallStarted)
    assert started.at == 1000.0
    assert not call.has_news
    call.receive("s", Audio(0, sound(0.48)))
    assert [chunk.index for chunk in call.take_chunks()] == [0, 1]
    assert len(call.take_blocks()) == 2
    assert call.take_blocks() == []
    call.finish("stop")
    assert not call.ended
    call.scored(0, says(0.1))
    assert not call.ended
    call.scored(1, says(0.1))
    events = call.take_events()
    assert types(events) == ["tension.window", "tension.window", "call.ended"]
    assert isinstance(events[-1], CallEnded)
    assert (events[-1].at, events[-1].data.reason) == (1000.48, "stop")
    assert call.ended


def test_the_last_block_may_be_short() -> None:
    """Of 7.3 s the 31st block holds a tenth of a second; it is filled up with silence and scored like the others."""
    call = made(Role.CUSTOMER)
    call.receive("s", Audio(0, sound(7.3)))
    assert len(call.take_chunks()) == 30
    call.finish("stop")
    (last,) = call.take_chunks()
    assert last.index == 30
    assert last.samples.shape == (CHUNK_SAMPLES,)
    assert np.array_equal(np.flatnonzero(last.samples), np.arange(800))
    assert call.media_s == 7.44


def test_a_call_without_audio_ends_at_once() -> None:
    """Nothing to wait for: the end follows the start."""
    call = made(Role.CUSTOMER)
    call.finish("stop")
    assert types(call.take_events()) == ["call.started", "call.ended"]


@pytest.mark.parametrize(
    ("roles", "who"),
    [
        ((Role.CUSTOMER, Role.AGENT), Role.CUSTOMER),
        ((Role.AGENT, Role.CUSTOMER), Role.CUSTOMER),
        ((Role.MIXED,), Role.MIXED),
        ((Role.MIXED, Role.CUSTOMER), Role.CUSTOMER),
        ((Role.AGENT,), None),
        ((Role.UNKNOWN,), None),
    ],
)
def test_whose_voice_goes_to_the_model(roles: tuple[Role, ...], who: Role | None) -> None:
    """The customer's before a mixed channel's; never the agent's nor that of a channel nobody has named."""
    call = made(*roles)
    assert call.scored_role is who
    for number, role in enumerate(roles):
        call.receive("s", Audio(number, sound(0.24, 100 if role is who else 32767)))
    chunks = call.take_chunks()
    assert [int(chunk.samples.max()) for chunk in chunks] == ([100] if who else [])


def test_without_a_scored_voice_blocks_are_judged_at_once() -> None:
    """An agent alone is followed for talk and silence without waiting for a score, and the tension says nothing."""
    call = made(Role.AGENT)
    call.receive("s", Audio(0, sound(2.4)))
    assert call.n_waiting == 0
    windows = [event for event in call.take_events() if isinstance(event, TensionWindow)]
    assert len(windows) == 10
    assert {window.data.tension for window in windows} == {None}


def test_scores_come_in_order() -> None:
    """A score that is not the next one waited for is a fault of the driver, named with call and chunk."""
    call = made(Role.CUSTOMER)
    call.receive("s", Audio(0, sound(0.72)))
    with pytest.raises(ValueError, match="call c: score of chunk 1"):
        call.scored(1, says(0.1))
    call.scored(0, says(0.1))
    with pytest.raises(ValueError, match="chunk 0"):
        call.scored(0, says(0.1))


def test_a_chunk_that_could_not_be_scored_is_a_gap() -> None:
    """None in place of a score is taken as not judged; what comes after is judged again."""
    call = made(Role.CUSTOMER)
    call.receive("s", Audio(0, sound(0.48)))
    call.scored(0, None)
    call.scored(1, says(0.9))
    windows = [event.data for event in call.take_events() if isinstance(event, TensionWindow)]
    assert [window.tension for window in windows] == [None, 0.9]


def test_opting_out_stops_at_once() -> None:
    """Chunks that were ready are taken back, scores on their way are dropped, and later audio makes no chunk."""
    call = made(Role.CUSTOMER)
    call.receive("s", Audio(0, sound(0.96)))
    under_way = call.take_chunks()[:2]
    call.receive("s", Audio(0, sound(0.48)))
    call.opt_out()
    assert call.take_chunks() == []
    for chunk in under_way:
        call.scored(chunk.index, says(0.9))
    call.receive("s", Audio(0, sound(1.0)))
    assert call.take_chunks() == []
    assert call.n_waiting == 0
    windows = [event.data for event in call.take_events() if isinstance(event, TensionWindow)]
    assert {window.tension for window in windows} == {None}
    call.finish("stop")
    assert call.ended


def test_a_call_that_cannot_be_scored_is_over() -> None:
    """After `fail` nothing is scored, the reason is in the end, and what the gateway still sends is taken by nobody."""
    call = made(Role.CUSTOMER, Role.AGENT)
    call.receive("s", Audio(0, sound(0.96)))
    call.receive("s", Audio(1, sound(0.96)))
    call.fail("not scored: broken")
    assert call.ended
    assert call.take_chunks() == []
    events = call.take_events()
    assert isinstance(events[-1], CallEnded)
    assert events[-1].data.reason == "not scored: broken"
    n_blocks = len(call.take_blocks())
    call.scored(0, says(0.5))
    call.receive("s", Audio(0, sound(1.0)))
    call.receive("s", Paused())
    call.receive("s", AudioLost(8000))
    call.close_stream("s")
    call.finish("again")
    assert (n_blocks, call.has_news, call.n_streams) == (4, False, 0)


def test_a_long_reason_is_cut() -> None:
    """The reason of an end has a bound, whoever gave it."""
    call = made(Role.CUSTOMER)
    call.finish("x" * 5000)
    ended = call.take_events()[-1]
    assert isinstance(ended, CallEnded)
    assert len(ended.data.reason) == 128


def test_a_hold_is_told_once_each_way() -> None:
    """Held and resumed are told when they change, at the media second of the change."""
    call = made(Role.CUSTOMER)
    call.receive("s", Resumed())
    call.receive("s", Audio(0, sound(0.24)))
    call.receive("s", Paused())
    call.receive("s", Paused())
    assert call.held
    call.receive("s", Resumed())
    call.receive("s", Audio(0, sound(0.24)))
    scored(call)
    told = [event for event in call.take_events() if isinstance(event, CallHeld | CallResumed)]
    assert [(event_type(event), event.at) for event in told] == [("call.held", 1000.24), ("call.resumed", 1000.24)]
    assert call.media_s == 0.48
    assert not call.held


def test_two_legs_are_one_call() -> None:
    """A second stream brings its own role, its labels join the first's, and the call ends with neither of them."""
    call = made(Role.CUSTOMER)
    call.open_stream("t", [Channel(Role.AGENT, 8000)], {"queue": "billing"})
    assert (call.roles, call.n_streams, call.labels) == ((Role.CUSTOMER, Role.AGENT), 2, {"queue": "billing"})
    call.receive("s", Audio(0, sound(0.48)))
    call.receive("t", Audio(0, sound(0.48)))
    assert {tuple(block.roles) for block in call.take_blocks()} <= {(Role.CUSTOMER, Role.AGENT), (Role.CUSTOMER,)}
    call.close_stream("t")
    call.close_stream("t")
    assert (call.n_streams, call.ended_because) == (1, None)


def test_keys_and_lost_audio_move_what_they_should() -> None:
    """A pressed key moves nothing; audio that the gateway left out is time that passed, as missing silence."""
    call = made(Role.CUSTOMER)
    call.receive("s", Dtmf("5"))
    assert call.take_blocks() == []
    call.receive("s", Audio(0, sound(0.12)))
    call.receive("s", AudioLost(960 + 1920))
    call.receive("s", Audio(0, sound(0.24)))
    blocks = call.take_blocks()
    assert [block.roles[Role.CUSTOMER].n_missing for block in blocks] == [960, 1920, 0]
    assert scored(call) == [0, 1, 2]
