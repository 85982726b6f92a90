"""The Twilio family's messages, well-formed and otherwise."""

import base64
import json
from collections.abc import Sequence
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from voicerisk.events import Role
from voicerisk.gateways.codec import Audio, Channel, CodecError, Dtmf, GatewayEvent, Handshake, Ignored
from voicerisk.gateways.codec import StreamEnded as Ended
from voicerisk.gateways.codec import StreamStarted as Started
from voicerisk.gateways.twilio import TwilioCodec, TwilioOptions
from voicerisk.media import g711

SPEECH = np.random.default_rng(3).integers(0, 256, 8000, np.uint8).tobytes()


def _codec(**options: Any) -> TwilioCodec:
    return TwilioCodec(Handshake(), TwilioOptions(**options))


def _start(parameters: dict[str, Any] | None = None, **changes: Any) -> str:
    start: dict[str, Any] = {
        "accountSid": "AC0",
        "callSid": "CA1",
        "tracks": ["inbound", "outbound"],
        "mediaFormat": {"encoding": "audio/x-mulaw", "sampleRate": 8000, "channels": 1},
    }
    if parameters is not None:
        start["customParameters"] = parameters
    start.update(changes)
    start = {name: value for name, value in start.items() if value is not None}
    return json.dumps({"event": "start", "sequenceNumber": "1", "streamSid": "MZ1", "start": start})


def _media(payload: bytes, timestamp: Any = "0", track: Any = "inbound", **changes: Any) -> str:
    media = {"track": track, "chunk": "1", "timestamp": timestamp, "payload": base64.b64encode(payload).decode()}
    media.update(changes)
    return json.dumps({"event": "media", "sequenceNumber": "2", "streamSid": "MZ1", "media": media})


def _started(*args: Any, **kwargs: Any) -> Started:
    events = _codec().receive(_start(*args, **kwargs))
    assert isinstance(events[0], Started)
    return events[0]


def _roles(started: Started) -> list[Role]:
    return [channel.role for channel in started.channels]


def _audio(events: Sequence[GatewayEvent]) -> list[Audio]:
    return [event for event in events if isinstance(event, Audio)]


def test_a_call_from_start_to_stop() -> None:
    """The start names call, stream and parties; media become samples on one clock; stop ends the stream once."""
    codec = _codec()
    assert codec.receive('{"event":"connected","protocol":"Call","version":"1.0.0"}') == (Ignored("connected"),)
    assert codec.receive(_start({"queue": "billing"})) == [
        Started(
            call_id="CA1",
            stream_id="MZ1",
            channels=(Channel(Role.CUSTOMER, 8000), Channel(Role.AGENT, 8000)),
            labels={"queue": "billing"},
        )
    ]
    (first,) = _audio(codec.receive(_media(SPEECH[:160], "5")))
    (second,) = _audio(codec.receive(_media(SPEECH[160:320], "25", "outbound")))
    assert (first.channel, first.start, second.channel, second.start) == (0, 0, 1, 160)
    assert np.array_equal(first.samples, g711.decode_ulaw(SPEECH[:160]))
    assert first.samples.dtype == np.int16
    assert codec.receive('{"event":"stop","streamSid":"MZ1","stop":{}}') == (Ended("stop"),)
    assert codec.receive(_media(SPEECH[:160], "45")) == (Ignored("media after stop"),)
    assert codec.receive_end(clean=True) == ()


def test_a_connection_that_ends_without_stop() -> None:
    """A lost connection ends the stream as unclean, once."""
    codec = _codec()
    codec.receive(_start())
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
    codec = _codec()
    codec.receive(_start(tracks=["outbound"]))
    assert _audio(codec.receive(_media(SPEECH[:160], track=None)))[0].channel == 0
    assert _audio(codec.receive(_media(SPEECH[:160], track="outbound")))[0].channel == 0
    assert codec.receive(_media(SPEECH[:160])) == (Ignored("media of a track that start did not list"),)


def test_the_configuration_maps_tracks() -> None:
    """A site that forks the agent's leg says so once, in its configuration."""
    codec = _codec(tracks={"inbound": Role.AGENT, "outbound": Role.CUSTOMER}, default_tracks=("outbound",))
    (started,) = codec.receive(_start(tracks=None))
    assert isinstance(started, Started)
    assert _roles(started) == [Role.CUSTOMER]


def test_the_call_id_and_the_token_come_from_the_parameters() -> None:
    """A site's own call id wins over the platform's; the token is set apart and is no label."""
    started = _started({"call_id": 4711, "token": "s3cret-token", "Queue": "billing"})
    assert (started.call_id, started.token, dict(started.labels)) == ("4711", "s3cret-token", {"Queue": "billing"})


def test_relatives_write_snake_case_and_a_law() -> None:
    """The same codec reads snake_case names, other spellings of the encoding, numbers for text and text for numbers."""
    codec = _codec()
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
    (audio,) = _audio(codec.receive(_media(SPEECH[:80], 1_900_000_000_000)))
    assert np.array_equal(audio.samples, g711.decode_alaw(SPEECH[:80]))
    assert audio.start == 0


@pytest.mark.parametrize(("order", "kind"), [("big", ">i2"), ("little", "<i2")])
def test_l16_in_either_byte_order(order: str, kind: str) -> None:
    """Linear payloads are read in the configured byte order, at the rate that start gives."""
    codec = _codec(l16_byte_order=order)
    (started,) = codec.receive(_start(mediaFormat={"encoding": "audio/x-l16;rate=16000", "sampleRate": 16000}))
    assert isinstance(started, Started)
    assert started.channels[0].rate_hz == 16000
    samples = np.array([1, -2, 300, -32768], np.int16)
    codec.receive(_media(b"", "100"))
    (audio,) = _audio(codec.receive(_media(samples.astype(kind).tobytes(), "120")))
    assert audio.samples.tolist() == samples.tolist()
    assert audio.start == 320
    with pytest.raises(CodecError, match="odd number"):
        codec.receive(_media(b"abc"))


def test_fields_may_come_in_any_order_and_with_company() -> None:
    """Order and unknown fields do not matter, nor do unknown events."""
    codec = _codec()
    codec.receive(_start())
    turned = json.loads(_media(SPEECH[:160], 20))
    turned = dict(reversed([*turned.items(), ("new", {"a": [1]})]))
    assert len(_audio(codec.receive(json.dumps(turned)))) == 1
    assert len(_audio(codec.receive(json.dumps(turned).encode()))) == 1
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
    codec = _codec()
    codec.receive(_start())
    assert codec.receive(json.dumps({"event": "dtmf", "dtmf": dtmf})) == (event,)


def test_media_before_start_is_kept() -> None:
    """Media that overtake the start message come out right behind it, at their place on the clock."""
    codec = _codec()
    assert _audio(codec.receive(_media(SPEECH[:160], "40"))) == []
    codec.receive(_media(SPEECH[160:320], "60", "outbound"))
    events = codec.receive(_start())
    assert isinstance(events[0], Started)
    assert [(audio.channel, audio.start) for audio in _audio(events)] == [(0, 0), (1, 160)]


def test_media_before_start_is_bounded() -> None:
    """Of minutes of media without a start only the last half second is kept."""
    codec = _codec()
    for number in range(5000):
        codec.receive(_media(SPEECH[:160], str(number * 20)))
    kept = _audio(codec.receive(_start()))
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


@pytest.mark.parametrize(
    ("message", "field"),
    [
        ("", "not valid JSON"),
        ("[]", "message"),
        ('{"event":1}', "event"),
        ('{"event":"media"}', "media: missing"),
        ('{"event":"media","media":3}', "media"),
        ('{"event":"media","media":{"payload":"%%%"}}', "payload"),
        (_media(b"a", "1e300"), "timestamp"),
        (_media(b"a", 1e300), "timestamp"),
        (_media(b"a", "-20"), "timestamp"),
        (_media(b"a", "9" * 5000), "timestamp"),
        (_media(b"a", [1]), "timestamp"),
        (_start(), "given twice"),
        (_media(b"x" * 70_000), "longer than"),
        ('{"x":' + "[" * 60_000, "not valid JSON"),
        ('{"event":"\ud800"}', "not valid JSON"),
    ],
)
def test_broken_messages_name_what_is_wrong(message: str, field: str) -> None:
    """A message that breaks the protocol raises the codec's error with the field's name."""
    codec = _codec()
    codec.receive(_start())
    with pytest.raises(CodecError, match=field):
        codec.receive(message)


@pytest.mark.parametrize(
    ("start", "field"),
    [
        ('{"event":"start"}', "start.callSid"),
        ('{"event":"start","start":[]}', "start"),
        (_start([]), "customParameters"),
        (_start(callSid=""), "callSid"),
        (_start({"callId": "x" * 200}), "callSid"),
        (_start({"callId": "a\nb"}), "callSid"),
        (_start({"token": {}}), "token"),
        (_start({"inbound": "boss"}), "role of track 0"),
        (_start({"inbound": "agent"}), "same role"),
        (_start({"leg": "mixed"}), "leg"),
        (_start(tracks=[]), "tracks"),
        (_start(tracks=["inbound"] * 2), "tracks"),
        (_start(tracks=[{}]), "tracks"),
        (_start(mediaFormat={"encoding": "opus"}), "encoding"),
        (_start(mediaFormat={"encoding": "audio/x-mulaw", "sampleRate": 7}), "sampleRate"),
        (_start(mediaFormat={"encoding": "audio/x-mulaw", "channels": 2}), "channels"),
    ],
)
def test_broken_starts_name_what_is_wrong(start: str, field: str) -> None:
    """A start message that cannot be used raises the codec's error with the field's name, and never its value."""
    with pytest.raises(CodecError, match=field) as raised:
        _codec().receive(start)
    assert "boss" not in str(raised.value)


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=12), inner, max_size=4),
    max_leaves=12,
)
NAMES = st.sampled_from(
    ["tracks", "mediaFormat", "media_format", "customParameters", "callSid", "encoding", "sampleRate"]
)
STARTS = st.dictionaries(NAMES, JSON, max_size=6)
MEDIA = st.dictionaries(st.sampled_from(["track", "timestamp", "payload", "chunk"]), JSON, max_size=4)
MESSAGES = st.one_of(
    st.text(max_size=80),
    st.binary(max_size=80),
    JSON.map(json.dumps),
    st.builds(
        lambda event, start, media: json.dumps({"event": event, "start": start, "media": media, "dtmf": media}),
        st.sampled_from(["start", "media", "stop", "dtmf", "mark"]) | st.text(max_size=10),
        STARTS | JSON,
        MEDIA | JSON,
    ),
    st.builds(_start, st.dictionaries(st.text(max_size=10), JSON, max_size=4)),
    st.builds(_media, st.binary(max_size=200), JSON, JSON),
)


@settings(max_examples=300, deadline=None)
@given(st.lists(MESSAGES, max_size=8))
def test_anything_may_come(messages: list[str | bytes]) -> None:
    """Whatever is sent, the codec raises its own error or nothing, and ends exactly once."""
    codec = _codec()
    n_ended = 0
    for message in messages:
        try:
            events = codec.receive(message)
        except CodecError:
            break
        n_ended += sum(isinstance(event, Ended) for event in events)
        assert sum(len(audio.samples) for audio in _audio(events)) <= 8000 + len(message)
    n_ended += len(codec.receive_end(clean=False))
    assert n_ended == 1


@settings(max_examples=50, deadline=None)
@given(st.lists(st.integers(1, 200), min_size=1, max_size=6))
def test_packet_size_does_not_matter(sizes_ms: list[int]) -> None:
    """The same audio in messages of any whole number of milliseconds gives the same samples at the same places."""
    codec = _codec()
    codec.receive(_start())
    heard, at_ms, number = np.zeros(8000, np.int16), 0, 0
    while at_ms < 1000:
        stop_ms = min(1000, at_ms + sizes_ms[number % len(sizes_ms)])
        (audio,) = _audio(codec.receive(_media(SPEECH[at_ms * 8 : stop_ms * 8], str(7 + at_ms))))
        assert audio.start is not None
        heard[audio.start : audio.start + len(audio.samples)] = audio.samples
        at_ms, number = stop_ms, number + 1
    assert np.array_equal(heard, g711.decode_ulaw(SPEECH))
