"""The L16 family: FreeSWITCH's modules, jambonz, Vonage."""

import json
from collections.abc import Iterable, Sequence
from itertools import pairwise
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from voicerisk.events import Role
from voicerisk.gateways.codec import Audio, Channel, CodecError, Dtmf, GatewayEvent, Handshake, Ignored
from voicerisk.gateways.codec import StreamEnded as Ended
from voicerisk.gateways.codec import StreamStarted as Started
from voicerisk.gateways.l16 import L16Codec, L16Options

SAMPLES = np.random.default_rng(5).integers(-32768, 32767, 4000, np.int16, endpoint=True)
BYTES = SAMPLES.astype("<i2").tobytes()
KEY = {"sec-websocket-key": "HcMrzl+O1TVt0G5Ir/m6oA=="}


def _codec(handshake: Handshake | None = None, **options: Any) -> L16Codec:
    return L16Codec(handshake or Handshake(headers=KEY), L16Options(**options))


def _started(metadata: dict[str, Any] | str, handshake: Handshake | None = None, **options: Any) -> Started:
    text = metadata if isinstance(metadata, str) else json.dumps(metadata)
    (started,) = _codec(handshake, **options).receive(text)
    assert isinstance(started, Started)
    return started


def _roles(started: Started) -> list[Role]:
    return [channel.role for channel in started.channels]


def _channels(events: Iterable[GatewayEvent], n_channels: int) -> list[np.ndarray]:
    heard: list[list[np.ndarray]] = [[np.zeros(0, np.int16)] for _ in range(n_channels)]
    for event in events:
        if isinstance(event, Audio):
            heard[event.channel].append(event.samples)
    return [np.concatenate(parts) for parts in heard]


def test_mod_audio_fork() -> None:
    """Metadata first, then stereo: the forked leg is the customer, the other the agent; a closed socket ends it."""
    codec = _codec(Handshake(headers=KEY, subprotocols=("audio.drachtio.org", "other")))
    assert codec.subprotocol == "audio.drachtio.org"
    metadata = {"callId": "C-1", "sampleRate": 8000, "mixType": "stereo", "from": "+4930", "direction": "inbound"}
    (started,) = codec.receive(json.dumps(metadata))
    assert started == Started(
        call_id="C-1",
        stream_id="l16-5c0ec67637b9638b",
        channels=(Channel(Role.CUSTOMER, 8000), Channel(Role.AGENT, 8000)),
        labels={"direction": "inbound"},
        caller="+4930",
    )
    events = [event for at in range(0, len(BYTES), 640) for event in codec.receive(BYTES[at : at + 640])]
    customer, agent = _channels(events, 2)
    assert np.array_equal(customer, SAMPLES[0::2])
    assert np.array_equal(agent, SAMPLES[1::2])
    assert codec.receive_end(clean=True) == [Ended("connection closed")]
    assert codec.receive_end(clean=True) == ()


@pytest.mark.parametrize(
    ("first", "rate_hz"),
    [
        (' {"callId":"C-42","content-type":"audio/l16;rate=16000"}', 16000),
        ('{"event":"websocket:connected","content-type":"audio/l16;rate=8000","callId":"C-42"}', 8000),
        ('{"event":"websocket:connected","content-type":"audio/l16; rate=24000","callId":"C-42"}', 24000),
        ('{"event":"websocket:connected","callId":"C-42"}', 8000),
    ],
)
def test_vonage(first: str, rate_hz: int) -> None:
    """With or without an event, after a space or not: one leg that mixes everybody, at the rate of the content type."""
    started = _started(first)
    assert (started.call_id, started.channels) == ("C-42", (Channel(Role.MIXED, rate_hz),))


def test_vonage_may_stream_one_party() -> None:
    """A site that gives each party its own socket says whose it is in the headers."""
    assert _roles(_started({"content-type": "audio/l16;rate=16000", "callId": "C", "role": "customer"})) == [
        Role.CUSTOMER
    ]


def test_jambonz() -> None:
    """The call info of jambonz: the rate and mix it was asked for, its sid for the call, and no telephone numbers."""
    info = {
        "sampleRate": 48000,
        "mixType": "mixed",
        "callSid": "c-9",
        "from": "4930123",
        "to": "4940123",
        "callerId": "4930123",
        "direction": "inbound",
        "customerData": {"a": 1},
        "queue": "billing",
    }
    started = _started(info)
    assert (started.call_id, started.channels) == ("c-9", (Channel(Role.MIXED, 48000),))
    assert dict(started.labels) == {"direction": "inbound", "queue": "billing"}


def test_sinch() -> None:
    """Sinch says what it connects for, in which rate, and for which call."""
    started = _started({"command": "connect", "version": 1, "callId": "c-5", "codec": "PCM", "sampleRate": 16000})
    assert (started.call_id, started.channels) == ("c-5", (Channel(Role.CUSTOMER, 16000),))


@pytest.mark.parametrize(
    ("metadata", "roles"),
    [
        ({}, [Role.CUSTOMER]),
        ({"mixType": "mono"}, [Role.CUSTOMER]),
        ({"mixType": "Mixed"}, [Role.MIXED]),
        ({"mixType": "stereo"}, [Role.CUSTOMER, Role.AGENT]),
        ({"mix_type": "stereo", "leg": "agent"}, [Role.AGENT, Role.CUSTOMER]),
        ({"leg": "agent"}, [Role.AGENT]),
        ({"role": "agent"}, [Role.AGENT]),
        ({"channels": ["agent", "customer"]}, [Role.AGENT, Role.CUSTOMER]),
        ({"channels": ["unknown"]}, [Role.UNKNOWN]),
        ({"channels": 2}, [Role.CUSTOMER, Role.AGENT]),
        ({"channels": "1"}, [Role.CUSTOMER]),
    ],
)
def test_who_is_who(metadata: dict[str, Any], roles: list[Role]) -> None:
    """The metadata say how many channels there are and whose; what they leave out is configuration."""
    assert _roles(_started(metadata)) == roles


def test_the_configuration_stands_in() -> None:
    """Without metadata the configured rate, channels and roles hold."""
    started = _started({}, rate_hz=16000, n_channels=2, stereo_roles=(Role.AGENT, Role.CUSTOMER))
    assert started.channels == (Channel(Role.AGENT, 16000), Channel(Role.CUSTOMER, 16000))


def test_the_url_and_the_headers_stand_in() -> None:
    """What the first text leaves out may be in the URL's query; the call id in a header of its own."""
    handshake = Handshake(query={"sampleRate": "16000", "mixType": "stereo"}, headers={"x-call-id": "H-1", **KEY})
    started = _started({"queue": "q"}, handshake)
    assert (started.call_id, started.channels[1]) == ("H-1", Channel(Role.AGENT, 16000))
    assert _started({"callId": "M-1"}, handshake).call_id == "M-1"


def test_two_connections_without_a_name_are_two_calls() -> None:
    """A stream that never says its call gets one from its handshake: the same on replay, another for another socket."""
    one, again = _started({}), _started({})
    other = _started({}, Handshake(headers={"sec-websocket-key": "WmFGDfd4QtNhfHsYSlf8Cw=="}))
    assert one.call_id == again.call_id != other.call_id
    assert _started({}, Handshake()).call_id != _started({}, Handshake()).call_id


@pytest.mark.parametrize(
    ("text", "event"),
    [
        ('{"event":"websocket:dtmf","digit":"5","duration":260}', Dtmf("5")),
        (' {"digit":"5","duration":250}', Dtmf("5")),
        ('{"event":"websocket:dtmf","dtmf":{"digit":"*"}}', Dtmf("*")),
        ('{"event":"dtmf","dtmf":"5","duration":1600}', Dtmf("5")),
        ('{"event":"dtmf","dtmf":"hash"}', Ignored("dtmf with an unknown digit")),
        ('{"event":"websocket:cleared"}', Ignored("text message")),
        ('{"event":"websocket:media:update","method":"update","active":0}', Ignored("text message")),
        ('{"type":"playDone","data":{"id":"1"}}', Ignored("text message")),
        ('{"callId":"again"}', Ignored("text message")),
        ('{"event":"websocket:disconnected"}', Ended("disconnected")),
    ],
)
@pytest.mark.parametrize("has_started", [True, False])
def test_texts(text: str, event: GatewayEvent, has_started: bool) -> None:
    """Keys in all their spellings, notices that move nothing, and a goodbye, also before the stream has started."""
    codec = _codec()
    if has_started:
        codec.receive('{"callId":"C"}')
    elif text == '{"callId":"again"}':
        event = Started("again", "l16-5c0ec67637b9638b", (Channel(Role.CUSTOMER, 8000),))
    assert list(codec.receive(text)) == [event]


@settings(max_examples=100, deadline=None)
@given(cuts=st.lists(st.integers(0, len(BYTES)), max_size=12), n_channels=st.sampled_from([1, 2]))
def test_any_cut_of_the_bytes_gives_the_same_samples(cuts: list[int], n_channels: int) -> None:
    """Merged, short, empty and odd-length messages are one stream of bytes."""
    codec = _codec(n_channels=n_channels)
    codec.receive("{}")
    edges = [0, *sorted(cuts), len(BYTES)]
    events = [event for a, b in pairwise(edges) for event in codec.receive(BYTES[a:b])]
    for channel, heard in enumerate(_channels(events, n_channels)):
        assert np.array_equal(heard, SAMPLES[channel::n_channels])


def test_audio_before_the_first_text_is_kept() -> None:
    """Binary messages that overtake the metadata come out right behind the start."""
    codec = _codec()
    assert codec.receive(BYTES[:321]) == (Ignored("audio before it was announced, kept"),)
    events = [*codec.receive('{"callId":"C","mixType":"stereo"}'), *codec.receive(BYTES[321:])]
    assert isinstance(events[0], Started)
    assert np.array_equal(_channels(events, 2)[0], SAMPLES[0::2])


def test_a_stream_that_never_says_its_name_starts_anyway() -> None:
    """After half a second of audio without a word it starts by configuration, and a late text changes nothing."""
    codec = _codec()
    events: list[GatewayEvent] = []
    messages = [BYTES[at : at + 320] for at in range(0, len(BYTES), 320)] * 2
    for message in messages:
        events += codec.receive(message)
    (started,) = [event for event in events if isinstance(event, Started)]
    assert started.call_id == "l16-5c0ec67637b9638b"
    assert np.array_equal(_channels(events, 1)[0], np.concatenate([SAMPLES, SAMPLES]))
    assert codec.receive('{"callId":"late"}') == (Ignored("text message"),)


def test_a_short_stream_without_a_name_is_not_lost() -> None:
    """What came before the end is given out, then the end; nonsense in the URL cannot make the end fail."""
    codec = _codec()
    codec.receive(BYTES[:320])
    events = codec.receive_end(clean=False)
    assert isinstance(events[0], Started)
    assert np.array_equal(_channels(events, 1)[0], SAMPLES[:160])
    assert events[-1] == Ended("connection lost", clean=False)
    lost = _codec(Handshake(query={"sampleRate": "fast"}))
    lost.receive(BYTES[:320])
    assert isinstance(lost.receive_end(clean=True)[-1], Ended)


@pytest.mark.parametrize(
    ("text", "field"),
    [
        ("", "not valid JSON"),
        ("call-42", "not valid JSON"),
        ("[1]", "object"),
        ('{"callId":"' + "x" * 200 + '"}', "callId"),
        ('{"callId":[1]}', "callId"),
        ('{"sampleRate":9999}', "sampleRate"),
        ('{"sampleRate":"1e9"}', "sampleRate"),
        ('{"content-type":"audio/l16;rate=1"}', "content-type"),
        ('{"content-type":"audio/opus"}', "content-type"),
        ('{"mixType":"quadro"}', "mixType"),
        ('{"channels":3}', "channels"),
        ('{"channels":["agent","agent"]}', "channels"),
        ('{"channels":["boss"]}', r"channels\[0\]"),
        ('{"channels":[]}', "channels"),
        ('{"role":"boss"}', "role"),
        ('{"leg":"boss"}', "leg"),
        ('{"token":["t"]}', "token"),
        ("[" * 60_000, "not valid JSON"),
        ('{"a":"\ud800"}', "not valid JSON"),
        ('{"a":"' + "x" * 70_000 + '"}', "longer than"),
    ],
)
def test_broken_first_texts_name_what_is_wrong(text: str, field: str) -> None:
    """A first text that cannot be used raises the codec's error with the field's name, and never its value."""
    with pytest.raises(CodecError, match=field) as raised:
        _codec().receive(text)
    assert "boss" not in str(raised.value)


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=12), inner, max_size=4),
    max_leaves=12,
)
NAMES = [
    "event",
    "callId",
    "sampleRate",
    "mixType",
    "content-type",
    "channels",
    "role",
    "leg",
    "token",
    "digit",
    "dtmf",
]
WORDS = st.sampled_from(["stereo", "mono", "agent", "customer", "dtmf", "websocket:connected", "8000", 8000, 2, "5"])
MESSAGES = st.one_of(
    st.text(max_size=60),
    st.binary(max_size=700),
    JSON.map(json.dumps),
    st.dictionaries(st.sampled_from(NAMES), WORDS | JSON, max_size=6).map(json.dumps),
)


@settings(max_examples=300, deadline=None)
@given(st.lists(MESSAGES, max_size=10), st.dictionaries(st.sampled_from(NAMES), st.text(max_size=8), max_size=2))
def test_anything_may_come(messages: Sequence[str | bytes], query: dict[str, str]) -> None:
    """Whatever is sent, the codec raises its own error or nothing, gives out no more than came in, and ends once."""
    codec = _codec(Handshake(query=query))
    events: list[GatewayEvent] = []
    for message in messages:
        try:
            events += codec.receive(message)
        except CodecError:
            break
    events += codec.receive_end(clean=False)
    assert sum(isinstance(event, Ended) for event in events) == 1
    assert sum(isinstance(event, Started) for event in events) <= 1
    n_bytes = sum(len(message) for message in messages if isinstance(message, bytes))
    assert sum(2 * len(event.samples) for event in events if isinstance(event, Audio)) <= n_bytes
