"""The Twilio family's messages, well-formed and otherwise."""

import json
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.gateways.twilio_messages import audio_of, make_codec, media_message, start_message
from voicerisk.events import Role
from voicerisk.gateways.codec import Channel, CodecError, Dtmf, GatewayEvent, Ignored
from voicerisk.gateways.codec import StreamEnded as Ended
from voicerisk.gateways.codec import StreamStarted as Started
from voicerisk.media import g711

SPEECH = np.random.default_rng(3).integers(0, 256, 8000, np.uint8).tobytes()


def _started(*args: Any, **kwargs: Any) -> Started:
    events = make_codec().receive(start_message(*args, **kwargs))
    assert isinstance(events[0], Started)
    return events[0]


def _roles(started: Started) -> list[Role]:
    return [channel.role for channel in started.channels]


def test_a_call_from_start_to_stop() -> None:
    """The start names call, stream and parties; media become samples on one clock; stop ends the stream once."""
    codec = make_codec()
    assert codec.receive('{"event":"connected","protocol":"Call","version":"1.0.0"}') == (Ignored("connected"),)
    assert codec.receive(start_message({"queue": "billing"})) == [
        Started(
            call_id="CA1",
            stream_id="MZ1",
            channels=(Channel(Role.CUSTOMER, 8000), Channel(Role.AGENT, 8000)),
            labels={"queue": "billing"},
        )
    ]
    (first,) = audio_of(codec.receive(media_message(SPEECH[:160], "5")))
    (second,) = audio_of(codec.receive(media_message(SPEECH[160:320], "25", "outbound")))
    assert (first.channel, first.start, second.channel, second.start) == (0, 0, 1, 160)
    assert np.array_equal(first.samples, g711.decode_ulaw(SPEECH[:160]))
    assert first.samples.dtype == np.int16
    assert codec.receive('{"event":"stop","streamSid":"MZ1","stop":{}}') == (Ended("stop"),)
    assert codec.receive(media_message(SPEECH[:160], "45")) == (Ignored("media after stop"),)
    assert codec.receive_end(clean=True) == ()


def test_a_connection_that_ends_without_stop() -> None:
    """A lost connection ends the stream as unclean, once."""
    codec = make_codec()
    codec.receive(start_message())
    assert codec.receive_end(clean=False) == (Ended("connection lost", clean=False),)
    assert codec.receive_end(clean=False) == ()


@pytest.mark.parametrize(
    ("parameters", "roles"),
    [
        (None, [Role.CUSTOMER, Role.AGENT]),
        ({"inbound": "agent", "outbound": "customer"}, [Role.AGENT, Role.CUSTOMER]),
        ({"inbound_track": "Agent", "outbound_track": "customer"}, [Role.AGENT, Role.CUSTOMER]),
        ({"leg": "agent"}, [Role.AGENT, Role.CUSTOMER]),
        ({"leg": "customer"}, [Role.CUSTOMER, Role.AGENT]),
        ({"outbound": "mixed"}, [Role.CUSTOMER, Role.MIXED]),
    ],
)
def test_who_is_who_by_the_streams_own_word(parameters: dict[str, str] | None, roles: list[Role]) -> None:
    """Custom parameters say which track is whose; without them the configuration does."""
    assert _roles(_started(parameters)) == roles


def test_one_track_streams_have_one_channel() -> None:
    """A stream of one track has one channel, whose role may be named, and takes media that name no track."""
    assert _roles(_started(tracks=["outbound"])) == [Role.AGENT]
    assert _roles(_started({"role": "unknown"}, tracks=["inbound_track"])) == [Role.UNKNOWN]
    codec = make_codec()
    codec.receive(start_message(tracks=["outbound"]))
    assert audio_of(codec.receive(media_message(SPEECH[:160], track=None)))[0].channel == 0
    assert audio_of(codec.receive(media_message(SPEECH[:160], track="outbound")))[0].channel == 0
    assert codec.receive(media_message(SPEECH[:160])) == (Ignored("media of a track that start did not list"),)


def test_the_configuration_maps_tracks() -> None:
    """A site that forks the agent's leg says so once, in its configuration."""
    codec = make_codec(tracks={"inbound": Role.AGENT, "outbound": Role.CUSTOMER}, default_tracks=("outbound",))
    (started,) = codec.receive(start_message(tracks=None))
    assert isinstance(started, Started)
    assert _roles(started) == [Role.CUSTOMER]


def test_the_call_id_and_the_token_come_from_the_parameters() -> None:
    """A site's own call id wins over the platform's; the token is set apart and is no label."""
    started = _started({"call_id": 4711, "token": "s3cret-token", "Queue": "billing"})
    assert (started.call_id, started.token, dict(started.labels)) == ("4711", "s3cret-token", {"Queue": "billing"})


def test_relatives_write_snake_case_and_a_law() -> None:
    """The same codec reads snake_case names, other spellings of the encoding, numbers for text and text for numbers."""
    codec = make_codec()
    start = {
        "event": "start",
        "sequence_number": "1",
        "stream_id": "32DE",
        "start": {
            "call_control_id": "v3:1",
            "media_format": {"encoding": "PCMA", "sample_rate": "8000", "channels": 1},
        },
    }
    (started,) = codec.receive(json.dumps(start))
    assert isinstance(started, Started)
    assert (started.call_id, started.stream_id) == ("v3:1", "32DE")
    (audio,) = audio_of(codec.receive(media_message(SPEECH[:80], 1_900_000_000_000)))
    assert np.array_equal(audio.samples, g711.decode_alaw(SPEECH[:80]))
    assert audio.start == 0


@pytest.mark.parametrize(("order", "kind"), [("big", ">i2"), ("little", "<i2")])
def test_l16_in_either_byte_order(order: str, kind: str) -> None:
    """Linear payloads are read in the configured byte order, at the rate that start gives."""
    codec = make_codec(l16_byte_order=order)
    (started,) = codec.receive(start_message(mediaFormat={"encoding": "audio/x-l16;rate=16000", "sampleRate": 16000}))
    assert isinstance(started, Started)
    assert started.channels[0].rate_hz == 16000
    samples = np.array([1, -2, 300, -32768], np.int16)
    codec.receive(media_message(b"", "100"))
    (audio,) = audio_of(codec.receive(media_message(samples.astype(kind).tobytes(), "120")))
    assert audio.samples.tolist() == samples.tolist()
    assert audio.start == 320
    with pytest.raises(CodecError, match="odd number"):
        codec.receive(media_message(b"abc"))


def test_fields_may_come_in_any_order_and_with_company() -> None:
    """Order and unknown fields do not matter, nor do unknown events."""
    codec = make_codec()
    codec.receive(start_message())
    turned = json.loads(media_message(SPEECH[:160], 20))
    turned = dict(reversed([*turned.items(), ("new", {"a": [1]})]))
    assert len(audio_of(codec.receive(json.dumps(turned)))) == 1
    assert len(audio_of(codec.receive(json.dumps(turned).encode()))) == 1
    assert codec.receive('{"event":"mark","mark":{"name":"x"}}') == (Ignored("mark"),)
    assert codec.receive('{"event":"something new","media":null}') == (Ignored("unknown event"),)


@pytest.mark.parametrize(
    ("dtmf", "event"),
    [
        ({"track": "inbound_track", "digit": "1"}, Dtmf("1", 0)),
        ({"track": "outbound", "digit": "#"}, Dtmf("#", 1)),
        ({"digit": 7}, Dtmf("7")),
        ({"digit": "a"}, Dtmf("A")),
        ({"digit": "12"}, Ignored("dtmf with an unknown digit")),
        ({"digit": None}, Ignored("dtmf with an unknown digit")),
    ],
)
def test_keys(dtmf: dict[str, Any], event: GatewayEvent) -> None:
    """A pressed key comes out with the party that pressed it where the message says so."""
    codec = make_codec()
    codec.receive(start_message())
    assert codec.receive(json.dumps({"event": "dtmf", "dtmf": dtmf})) == (event,)


def test_media_before_start_is_kept() -> None:
    """Media that overtake the start message come out right behind it, at their place on the clock."""
    codec = make_codec()
    assert audio_of(codec.receive(media_message(SPEECH[:160], "40"))) == []
    codec.receive(media_message(SPEECH[160:320], "60", "outbound"))
    events = codec.receive(start_message())
    assert isinstance(events[0], Started)
    assert [(audio.channel, audio.start) for audio in audio_of(events)] == [(0, 0), (1, 160)]


def test_media_before_start_is_bounded() -> None:
    """Of minutes of media without a start only the last half second is kept."""
    codec = make_codec()
    for number in range(5000):
        codec.receive(media_message(SPEECH[:160], str(number * 20)))
    kept = audio_of(codec.receive(start_message()))
    assert sum(len(audio.samples) for audio in kept) == 8000
    assert kept[-1].start == (len(kept) - 1) * 160


def test_labels_hold_no_telephone_numbers_and_no_secrets() -> None:
    """What identifies a caller or opens a door is left out, the rest is kept as text."""
    parameters = {
        "queue": "billing",
        "vip": True,
        "case": 12,
        "From": "+4930123456",
        "caller_id": "4930123456",
        "ANI": "x",
        "callback": "+49 (30) 123-456",
        "sip": "sip:anna@example.com",
        "api-key": "k",
        "userPassword": "p",
        "nested": {"a": 1},
        "long": "x" * 201,
    }
    assert dict(_started(parameters).labels) == {"queue": "billing", "vip": "true", "case": "12"}


def test_labels_are_bounded() -> None:
    """A thousand parameters leave two dozen labels."""
    assert len(_started({f"p{number}": "v" for number in range(1000)}).labels) == 24


@settings(max_examples=50, deadline=None)
@given(st.lists(st.integers(1, 200), min_size=1, max_size=6))
def test_packet_size_does_not_matter(sizes_ms: list[int]) -> None:
    """The same audio in messages of any whole number of milliseconds gives the same samples at the same places."""
    codec = make_codec()
    codec.receive(start_message())
    heard, at_ms, number = np.zeros(8000, np.int16), 0, 0
    while at_ms < 1000:
        stop_ms = min(1000, at_ms + sizes_ms[number % len(sizes_ms)])
        (audio,) = audio_of(codec.receive(media_message(SPEECH[at_ms * 8 : stop_ms * 8], str(7 + at_ms))))
        assert audio.start is not None
        heard[audio.start : audio.start + len(audio.samples)] = audio.samples
        at_ms, number = stop_ms, number + 1
    assert np.array_equal(heard, g711.decode_ulaw(SPEECH))
