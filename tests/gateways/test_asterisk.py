"""Asterisk's chan_websocket: both forms of control, MEDIA_START in its place, late or never."""

import json
from collections.abc import Iterable, Sequence
from itertools import pairwise
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from voicerisk.events import Role
from voicerisk.gateways.asterisk import AsteriskCodec, AsteriskOptions
from voicerisk.gateways.codec import Audio, Channel, CodecError, Dtmf, GatewayEvent, Handshake, Ignored
from voicerisk.gateways.codec import StreamEnded as Ended
from voicerisk.gateways.codec import StreamStarted as Started
from voicerisk.media import g711

BYTES = np.random.default_rng(7).integers(0, 256, 32_000, np.uint8).tobytes()
KEY = {"sec-websocket-key": "pFfXMQAAAACw9cpvAAAAAA=="}
VARIABLES = {"CALL": "C-42", "ROLE": "agent", "MEDIA_WEBSOCKET_CONNECTION_ID": "tension"}
PLAIN = "MEDIA_START connection_id:tension channel:WebSocket/tension/0x7f channel_id:17.5 format:slin ptime:20"


def _codec(query: dict[str, str] | None = None, **options: Any) -> AsteriskCodec:
    handshake = Handshake(path="/asterisk", query=query or {}, headers=KEY, subprotocols=("media",))
    return AsteriskCodec(handshake, AsteriskOptions(**options))


def _media_start(variables: dict[str, Any] | None = None, **changes: Any) -> str:
    message: dict[str, Any] = {
        "event": "MEDIA_START",
        "connection_id": "tension",
        "channel": "WebSocket/tension/0x7f",
        "channel_id": "17.3",
        "format": "ulaw",
        "optimal_frame_size": 160,
        "ptime": 20,
        "channel_variables": VARIABLES if variables is None else variables,
    }
    message.update(changes)
    return json.dumps({name: value for name, value in message.items() if value is not None})


def _started(events: Iterable[GatewayEvent]) -> Started:
    (started,) = [event for event in events if isinstance(event, Started)]
    return started


def _heard(events: Iterable[GatewayEvent]) -> np.ndarray:
    parts = [event.samples for event in events if isinstance(event, Audio)]
    return np.concatenate([np.zeros(0, np.int16), *parts])


def test_a_call_from_media_start_to_close() -> None:
    """MEDIA_START names call, party and format; audio follows; nothing is ever sent; a closed socket ends it once."""
    codec = _codec()
    assert codec.subprotocol == "media"
    assert codec.receive(_media_start()) == [Started("C-42", "17.3", (Channel(Role.AGENT, 8000),))]
    events = [event for at in range(0, 480, 160) for event in codec.receive(BYTES[at : at + 160])]
    assert np.array_equal(_heard(events), g711.decode_ulaw(BYTES[:480]))
    codec.drain()
    assert (list(codec.messages_to_send()), list(codec.tick(1.0)), codec.tick_s) == ([], [], None)
    assert codec.receive_end(clean=True) == [Ended("connection closed")]
    assert codec.receive_end(clean=True) == ()
    assert codec.receive(BYTES[:160]) == (Ignored("message after the end"),)


def test_plain_text_control() -> None:
    """The plain form has no variables: call and role come from the URL, the stream is told apart by its channel."""
    codec = _codec({"callId": "C-7", "role": "customer"})
    assert codec.receive(PLAIN) == [Started("C-7", "17.5", (Channel(Role.CUSTOMER, 8000),))]
    assert np.array_equal(_heard(codec.receive(BYTES[:320])), np.frombuffer(BYTES[:320], "<i2"))
    assert codec.receive("DTMF_END digit:# channel_id:17.5") == (Dtmf("#", 0),)


def test_an_old_query_does_not_name_the_call() -> None:
    """The URL may be an earlier call's: what the channel's variables say wins, and a site may shut the URL out."""
    query = {"callId": "earlier", "role": "customer"}
    assert _started(_codec(query).receive(_media_start())).call_id == "C-42"
    started = _started(_codec(query, trust_query=False).receive(PLAIN))
    assert (started.call_id, started.channels[0].role) == ("17.5", Role.UNKNOWN)


def test_sockets_without_a_name_are_calls_of_their_own() -> None:
    """Two sockets that say nothing but their channel are two calls, in a role that is not scored."""
    one = _started(_codec().receive(_media_start({})))
    other = _started(_codec().receive(_media_start({}, channel_id="17.4")))
    assert (one.call_id, other.call_id) == ("17.3", "17.4")
    assert one.channels[0].role is Role.UNKNOWN


def test_the_names_of_the_variables_are_configuration() -> None:
    """A site that has its own variables names them, and may say whose voice a socket without a role carries."""
    codec = _codec(call_variable="LINKED", role="customer")
    started = _started(codec.receive(_media_start({"LINKED": "L-1", "CALL": "other"})))
    assert (started.call_id, started.channels[0].role, dict(started.labels)) == (
        "L-1",
        Role.CUSTOMER,
        {"call": "other"},
    )


def test_variables_become_labels() -> None:
    """The site's variables become labels in lower case; Asterisk's own, numbers and secrets do not."""
    variables = {
        **VARIABLES,
        "QUEUE": "billing",
        "CALLERID": "4930123456",
        "TOKEN": "s3cret",
        "DIALEDPEERNUMBER": "tension/c(ulaw)",
        "DIALEDPEERNAME": "x",
    }
    started = _started(_codec().receive(_media_start(variables)))
    assert (dict(started.labels), started.token) == ({"queue": "billing"}, "s3cret")


@pytest.mark.parametrize(
    ("name", "rate_hz", "decode"),
    [
        ("ulaw", 8000, g711.decode_ulaw),
        ("alaw", 8000, g711.decode_alaw),
        ("slin", 8000, lambda payload: np.frombuffer(payload, "<i2")),
        ("slin16", 16000, lambda payload: np.frombuffer(payload, "<i2")),
        ("slin44", 44100, lambda payload: np.frombuffer(payload, "<i2")),
        ("slin48", 48000, lambda payload: np.frombuffer(payload, "<i2")),
    ],
)
@settings(max_examples=30, deadline=None)
@given(cuts=st.lists(st.integers(0, 1600), max_size=8))
def test_formats_in_frames_of_any_length(name: str, rate_hz: int, decode: Any, cuts: list[int]) -> None:
    """Every format is decoded at its rate, whatever the frames' lengths: short, empty, odd."""
    codec = _codec()
    assert _started(codec.receive(_media_start(format=name))).channels[0].rate_hz == rate_hz
    edges = [0, *sorted(cuts), 1600]
    events = [event for a, b in pairwise(edges) for event in codec.receive(BYTES[a:b])]
    assert np.array_equal(_heard(events), decode(BYTES[:1600]))


def test_audio_before_media_start_is_kept() -> None:
    """Frames that overtake MEDIA_START come out behind it, in its format."""
    codec = _codec()
    assert codec.receive(BYTES[:640]) == (Ignored("audio before it was announced, kept"),)
    events = [*codec.receive(_media_start(format="slin16")), *codec.receive(BYTES[640:1280])]
    assert _started(events).call_id == "C-42"
    assert np.array_equal(_heard(events), np.frombuffer(BYTES[:1280], "<i2"))


def test_a_stream_without_media_start_starts_anyway() -> None:
    """After two seconds it starts by the URL and the configured format; none of the audio is lost."""
    codec = _codec({"call_id": "C-7", "role": "customer"}, format="alaw")
    events = [event for at in range(0, 32_000, 160) for event in codec.receive(BYTES[at : at + 160])]
    assert _started(events) == Started("C-7", "asterisk-f73b7faf7502ffa2", (Channel(Role.CUSTOMER, 8000),))
    assert np.array_equal(_heard(events), g711.decode_alaw(BYTES))


def test_a_short_stream_without_media_start_is_not_lost() -> None:
    """What came before the end is given out, then the end; nonsense in the URL cannot make the end fail."""
    codec = _codec()
    codec.receive(BYTES[:160])
    started, audio, ended = codec.receive_end(clean=False)
    assert isinstance(started, Started)
    assert isinstance(audio, Audio)
    assert ended == Ended("connection lost", clean=False)
    lost = _codec({"role": "boss"})
    lost.receive(BYTES[:160])
    assert isinstance(lost.receive_end(clean=True)[-1], Ended)


@pytest.mark.parametrize(
    ("message", "ends"),
    [
        (_media_start(), False),
        (_media_start({"CALL": "C-42"}, format=None), False),
        (_media_start({"ROLE": "customer"}), True),
        (_media_start(format="slin16"), True),
        (_media_start(format="alaw"), True),
    ],
)
def test_media_start_that_comes_too_late(message: str, ends: bool) -> None:
    """It changes nothing if it says what was assumed; else the stream ends, so that nobody scores noise or an agent."""
    codec = _codec(role="agent", early_s=0.01)
    codec.receive(BYTES[:160])
    (event,) = codec.receive(message)
    assert isinstance(event, Ended if ends else Ignored)
    after = codec.receive(BYTES[:160])
    assert isinstance(after[0], Ignored if ends else Audio)


@pytest.mark.parametrize(
    ("text", "event"),
    [
        ('{"event":"DTMF_END","channel_id":"17.3","digit":"5"}', Dtmf("5", 0)),
        ('{"event":"DTMF_END","channel_id":"17.3","digit":"55"}', Ignored("dtmf with an unknown digit")),
        ("DTMF_END", Ignored("dtmf with an unknown digit")),
        ('{"event":"MEDIA_XOFF","channel_id":"17.3"}', Ignored("media_xoff")),
        ("MEDIA_XON channel_id:17.3", Ignored("media_xon")),
        ("MEDIA_MARK_PROCESSED correlation_id:a b:c", Ignored("media_mark_processed")),
        ("MEDIA_BUFFERING_COMPLETED", Ignored("media_buffering_completed")),
        ("QUEUE_DRAINED", Ignored("queue_drained")),
        ('{"event":"STATUS","queue_length":0,"media_paused":false}', Ignored("status")),
        ('{"event":"ERROR","error_text":"Command not recognized"}', Ignored("error")),
        ('{"event":7}', Ignored("unknown event")),
        ("HELLO +4930123456", Ignored("unknown event")),
        ("", Ignored("unknown event")),
    ],
)
def test_other_texts(text: str, event: GatewayEvent) -> None:
    """Keys come out; flow control and words from the future move nothing, and are named without their content."""
    codec = _codec()
    codec.receive(_media_start())
    assert codec.receive(text) == (event,)


def test_keys_before_media_start_are_not_an_event() -> None:
    """A stream that has not started has no keys."""
    assert _codec().receive("DTMF_END digit:1") == (Ignored("dtmf before MEDIA_START"),)


@pytest.mark.parametrize(
    ("message", "field"),
    [
        ("{", "not valid JSON"),
        ('{"a":' + "[" * 60_000, "not valid JSON"),
        ('{"event":"\ud800"}', "not valid JSON"),
        ("x" * 70_000, "longer than"),
        (b"x" * 70_000, "longer than"),
        (_media_start(format="opus"), "format"),
        (_media_start(format=["ulaw"]), "format"),
        (_media_start(channel_variables=[1]), "channel_variables"),
        (_media_start({"CALL": "x" * 200}), "call"),
        (_media_start({"CALL": {"a": 1}}), "call"),
        (_media_start({"ROLE": "boss"}), "role"),
        (_media_start({"TOKEN": ["t"]}), "TOKEN"),
        (_media_start(channel_id=""), "channel_id"),
        ("MEDIA_START format:boss", "format"),
    ],
)
def test_broken_messages_name_what_is_wrong(message: str | bytes, field: str) -> None:
    """A message that cannot be used raises the codec's error with the field's name, and never its value."""
    with pytest.raises(CodecError, match=field) as raised:
        _codec().receive(message)
    assert "boss" not in str(raised.value)


@pytest.mark.parametrize(("options", "word"), [({"format": "opus"}, "format"), ({"early_s": -1.0}, "early_s")])
def test_options_that_make_no_sense(options: dict[str, Any], word: str) -> None:
    """A wrong option is refused with its name."""
    with pytest.raises(ValueError, match=word):
        AsteriskOptions(**options)


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=12), inner, max_size=4),
    max_leaves=12,
)
EVENTS = st.sampled_from(["MEDIA_START", "DTMF_END", "MEDIA_XOFF", "ERROR"]) | st.text(max_size=10)
FIELDS = st.sampled_from(["format", "channel_id", "channel_variables", "digit"])
WORDS = st.sampled_from(["ulaw", "slin16", "1", "customer"])
NAMED = st.dictionaries(st.sampled_from(["CALL", "ROLE", "TOKEN", "QUEUE"]), WORDS | JSON, max_size=4)
MESSAGES = st.one_of(
    st.text(max_size=60),
    st.binary(max_size=700),
    JSON.map(json.dumps),
    st.builds(
        lambda event, data: json.dumps({"event": event, **data}),
        EVENTS,
        st.dictionaries(FIELDS, WORDS | NAMED | JSON, max_size=4),
    ),
    st.builds(
        lambda event, pairs: " ".join([event, *(f"{name}:{value}" for name, value in pairs)]),
        EVENTS,
        st.lists(st.tuples(FIELDS, WORDS | st.text(max_size=10)), max_size=4),
    ),
)


@settings(max_examples=300, deadline=None)
@given(
    st.lists(MESSAGES, max_size=10),
    st.dictionaries(st.sampled_from(["callId", "role"]), WORDS | st.text(max_size=8), max_size=2),
)
def test_anything_may_come(messages: Sequence[str | bytes], query: dict[str, str]) -> None:
    """Whatever is sent, the codec raises its own error or nothing, gives out no more than came in, and ends once."""
    codec = _codec(query, early_s=0.02)
    events: list[GatewayEvent] = []
    for message in messages:
        try:
            events += codec.receive(message)
        except CodecError:
            break
    events += codec.receive_end(clean=False)
    assert sum(isinstance(event, Ended) for event in events) == 1
    assert sum(isinstance(event, Started) for event in events) <= 1
    assert list(codec.messages_to_send()) == []
    n_bytes = sum(len(message) for message in messages if isinstance(message, bytes))
    assert len(_heard(events)) <= n_bytes
    told = [type(event) for event in events if not isinstance(event, Ignored)]
    assert told[0] in (Started, Ended)
