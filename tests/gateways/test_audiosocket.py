"""AudioSocket: frames over TCP, cut anywhere."""

import struct
import uuid
from collections.abc import Iterable
from itertools import pairwise
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from voicerisk.events import Role
from voicerisk.gateways.audiosocket import AudioSocketCodec, AudioSocketOptions
from voicerisk.gateways.codec import Audio, Channel, CodecError, Dtmf, GatewayEvent, Handshake, Ignored
from voicerisk.gateways.codec import StreamEnded as Ended
from voicerisk.gateways.codec import StreamStarted as Started
from voicerisk.gateways.registered_call import RegisteredCall
from voicerisk.gateways.routes import codec_maker

SAMPLES = np.random.default_rng(13).integers(-32768, 32767, 4000, np.int16, endpoint=True)
BYTES = SAMPLES.astype("<i2").tobytes()
UUID = "40325ec2-5efd-4bd3-805f-53576e581d13"
KINDS = (0x10, 0x11, 0x12, 0x13, 0x14, 0x15, 0x16, 0x17, 0x18)
RATES_HZ = (8000, 12000, 16000, 24000, 32000, 44100, 48000, 96000, 192000)


def _frame(kind: int, payload: bytes = b"") -> bytes:
    return struct.pack(">BH", kind, len(payload)) + payload


IDENTITY = _frame(0x01, uuid.UUID(UUID).bytes)
CALL = IDENTITY + b"".join(_frame(0x10, BYTES[at : at + 320]) for at in range(0, len(BYTES), 320))


def _codec(**options: Any) -> AudioSocketCodec:
    return AudioSocketCodec(Handshake(), AudioSocketOptions(**options))


def _heard(events: Iterable[GatewayEvent]) -> np.ndarray:
    parts = [event.samples for event in events if isinstance(event, Audio)]
    return np.concatenate([np.zeros(0, np.int16), *parts])


def test_a_call_from_its_uuid_to_the_end_of_the_stream() -> None:
    """The UUID alone starts nothing, the first audio does; the end of the byte stream ends it once."""
    codec = _codec()
    assert codec.receive(IDENTITY) == [Ignored("uuid")]
    events = codec.receive(CALL[len(IDENTITY) :] + _frame(0x03, b"5"))
    assert events[0] == Started(UUID, UUID, (Channel(Role.UNKNOWN, 8000),))
    assert np.array_equal(_heard(events), SAMPLES)
    assert events[-1] == Dtmf("5", 0)
    codec.drain()
    assert codec.messages_to_send() == ()
    assert codec.receive_end(clean=True) == (Ended("connection closed"),)
    assert codec.receive_end(clean=True) == ()


@settings(max_examples=100, deadline=None)
@given(st.lists(st.integers(0, len(CALL)), max_size=20))
def test_any_cut_of_the_bytes_gives_the_same_events(cuts: list[int]) -> None:
    """Where TCP cuts the stream changes nothing, not even the pieces of audio."""
    codec = _codec()
    edges = [0, *sorted(cuts), len(CALL)]
    events = [event for a, b in pairwise(edges) for event in codec.receive(CALL[a:b])]
    whole = _codec().receive(CALL)
    assert [type(event) for event in events] == [type(event) for event in whole]
    assert np.array_equal(_heard(events), SAMPLES)


def test_byte_by_byte() -> None:
    """The slowest sender there can be is understood."""
    codec = _codec()
    events = [event for at in range(len(CALL)) for event in codec.receive(CALL[at : at + 1])]
    assert np.array_equal(_heard(events), SAMPLES)


@pytest.mark.parametrize(("kind", "rate_hz"), list(zip(KINDS, RATES_HZ, strict=True)))
def test_every_rate_and_its_silence(kind: int, rate_hz: int) -> None:
    """The kind of frame tells the rate, and 20 ms of silence of the same kind go back at each tick."""
    codec = _codec()
    events = codec.receive(IDENTITY + _frame(kind, BYTES[:100]))
    started = events[1]
    assert isinstance(started, Started)
    assert started.channels[0].rate_hz == rate_hz
    for number in range(3):
        codec.tick(number * 0.02)
        assert list(codec.messages_to_send()) == [_frame(kind, bytes(rate_hz // 50 * 2))]
    assert codec.tick_s == 0.02


def test_silence_from_the_uuid_to_the_hangup() -> None:
    """Silence goes back before any audio came, does not pile up, and stops when nobody is there."""
    codec = _codec()
    codec.tick(0.0)
    assert codec.messages_to_send() == ()
    codec.receive(IDENTITY)
    assert codec.messages_to_send() == ()
    for number in range(50):
        codec.tick(number * 0.02)
    assert list(codec.messages_to_send()) == [_frame(0x10, bytes(320))]
    codec.receive(_frame(0x00))
    codec.tick(2.0)
    assert codec.messages_to_send() == ()


def test_registered_calls() -> None:
    """What was registered under the UUID names call, party and facts, from the configuration or from a function."""
    call = {"call_id": "C-42", "role": "agent", "labels": {"queue": "billing"}}
    started = Started("C-42", UUID, (Channel(Role.AGENT, 8000),), {"queue": "billing"})
    configured = codec_maker("audiosocket", {"calls": {UUID: call}})(Handshake())
    assert configured.receive(CALL)[1] == started
    asked = []

    def find(name: str) -> RegisteredCall:
        asked.append(name)
        return RegisteredCall(call_id="C-42", role=Role.AGENT, labels={"queue": "billing"})

    assert codec_maker("audiosocket", find_call=find)(Handshake()).receive(CALL)[1] == started
    assert asked == [UUID]


def test_only_registered_calls() -> None:
    """A site may turn strangers away, at their first frame."""
    with pytest.raises(CodecError, match="not registered"):
        _codec(registered_only=True).receive(IDENTITY)


def test_what_a_recording_knows() -> None:
    """A recording's file name stands in for what nobody registered."""
    codec = AudioSocketCodec(Handshake(query={"callId": "C-1", "role": "customer"}))
    assert codec.receive(CALL)[1] == Started("C-1", UUID, (Channel(Role.CUSTOMER, 8000),))


@pytest.mark.parametrize(
    ("frame", "event", "ended"),
    [
        (_frame(0x00), Ended("hangup"), ()),
        (_frame(0xFF, b"\x01"), Ended("hangup"), ()),
        (_frame(0xFF, b"\x04"), Ignored("error"), (Ended("error", clean=False),)),
        (_frame(0xFF), Ignored("error"), (Ended("error", clean=False),)),
        (_frame(0x12, BYTES[:640]), Ended("the rate of the audio changed", clean=False), ()),
        (_frame(0x03, b"x"), Ignored("dtmf with an unknown digit"), (Ended("connection closed"),)),
        (_frame(0x03, b"\xff"), Ignored("dtmf with an unknown digit"), (Ended("connection closed"),)),
        (_frame(0x10), Ignored("empty frame"), (Ended("connection closed"),)),
        (_frame(0x42, b"future"), Ignored("unknown frame"), (Ended("connection closed"),)),
    ],
)
def test_other_frames(frame: bytes, event: GatewayEvent, ended: tuple[Ended, ...]) -> None:
    """A hangup ends the stream at once, an error makes its end unclean, an unknown frame is passed over."""
    codec = _codec()
    codec.receive(CALL)
    assert list(codec.receive(frame)) == [event]
    if not ended:
        assert list(codec.receive(_frame(0x10, BYTES[:320]))) == [Ignored("bytes after the end")]
    assert codec.receive_end(clean=True) == ended


def test_a_changed_rate_does_not_end_the_call_of_the_customer() -> None:
    """A stream that cannot be heard any more still gets its silence, or Asterisk would hang up."""
    codec = _codec()
    codec.receive(CALL + _frame(0x12, BYTES[:640]))
    codec.tick(0.0)
    assert len(codec.messages_to_send()) == 1


@pytest.mark.parametrize(
    ("message", "what"),
    [
        ("text", "bytes"),
        (_frame(0x10, BYTES[:320]), "UUID"),
        (_frame(0x00), "UUID"),
        (_frame(0x01, b"short"), "uuid"),
        (IDENTITY + IDENTITY, "twice"),
        (b"GET / HTTP/1.1\r\n" + bytes(20_000), "UUID"),
    ],
)
def test_broken_streams_name_what_is_wrong(message: str | bytes, what: str) -> None:
    """A peer that speaks something else is refused with what was wanted."""
    with pytest.raises(CodecError, match=what):
        _codec().receive(message)


def test_keys_before_audio_are_not_an_event() -> None:
    """A stream that has not started has no keys."""
    assert _codec().receive(IDENTITY + _frame(0x03, b"1"))[-1] == Ignored("dtmf before audio")


FRAMES = st.one_of(
    st.builds(_frame, st.sampled_from([*KINDS, 0x00, 0x01, 0x03, 0xFF]), st.binary(max_size=40)),
    st.builds(_frame, st.integers(0, 255), st.binary(max_size=400)),
    st.binary(max_size=60),
)


@settings(max_examples=300, deadline=None)
@given(st.lists(FRAMES, max_size=12), st.lists(st.integers(0, 600), max_size=12), st.booleans())
def test_anything_may_come(frames: list[bytes], cuts: list[int], identified: bool) -> None:
    """Whatever comes in whatever pieces, the codec raises its own error or nothing, holds one frame, and ends once."""
    content = (IDENTITY if identified else b"") + b"".join(frames)
    codec = _codec()
    events: list[GatewayEvent] = []
    for a, b in pairwise([0, *sorted(cuts), len(content)]):
        try:
            events += codec.receive(content[a:b])
        except CodecError:
            break
        codec.tick(0.0)
        assert sum(len(message) for message in codec.messages_to_send()) <= 3 + 7680
    events += codec.receive_end(clean=False)
    assert sum(isinstance(event, Ended) for event in events) == 1
    assert sum(isinstance(event, Started) for event in events) <= 1
    assert 2 * len(_heard(events)) <= len(content)
    told = [type(event) for event in events if not isinstance(event, Ignored)]
    assert told[0] in (Started, Ended)


def test_a_frame_that_never_ends_is_bounded() -> None:
    """However much a peer sends, no more than one frame waits."""
    codec = _codec()
    codec.receive(IDENTITY)
    for _ in range(50):
        codec.receive(b"\x42\xff\xff" + b"\x42" * 65_000)
        assert len(codec._buffer) < 65_538
