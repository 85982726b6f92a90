"""Platforms that speak nearly as Twilio does, each in the messages of its own."""

import base64
import json
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from voicerisk.events import Role
from voicerisk.gateways.codec import Audio, Channel, Codec, CodecError, Dtmf, GatewayEvent, Handshake, Ignored
from voicerisk.gateways.codec import StreamEnded as Ended
from voicerisk.gateways.codec import StreamStarted as Started
from voicerisk.gateways.routes import codec_maker
from voicerisk.media import g711
from voicerisk.media.timeline import Timeline

BYTES = np.random.default_rng(17).integers(0, 256, 3200, np.uint8).tobytes()
BOTH = (Channel(Role.CUSTOMER, 8000), Channel(Role.AGENT, 8000))


def _codec(protocol: str, **options: Any) -> Codec:
    return codec_maker(protocol, options)(Handshake())


def _receive(codec: Codec, *messages: dict[str, Any]) -> list[GatewayEvent]:
    return [event for message in messages for event in codec.receive(json.dumps(message))]


def _started(protocol: str, message: dict[str, Any], **options: Any) -> Started:
    (started,) = _receive(_codec(protocol, **options), message)
    assert isinstance(started, Started)
    return started


def _payload(content: bytes) -> str:
    return base64.b64encode(content).decode()


def _telnyx_start(encoding: str = "PCMA", rate_hz: int = 8000) -> dict[str, Any]:
    return {
        "event": "start",
        "sequence_number": "1",
        "stream_id": "32DE0DEA",
        "start": {
            "user_id": "3e6f995f",
            "call_control_id": "v2:T02llQxIyaRkhfRKxgAP8nY511EhFLizdvdUKJiSw8d6A9BborherQ",
            "call_session_id": "ff55a038",
            "client_state": "aGF2ZSBhIG5pY2U=",
            "from": "+4930123456",
            "to": "+4940123456",
            "media_format": {"encoding": encoding, "sample_rate": rate_hz, "channels": 1},
        },
    }


def _telnyx_media(number: int, content: bytes, track: str = "inbound") -> dict[str, Any]:
    return {
        "event": "media",
        "sequence_number": str(number + 2),
        "stream_id": "32DE0DEA",
        "media": {
            "track": track,
            "chunk": str(number + 1),
            "timestamp": str(5 + 20 * number),
            "payload": _payload(content),
        },
    }


def test_telnyx() -> None:
    """The codec of the call's own leg, in snake_case; who called is not kept; an error of the platform does no harm."""
    codec = _codec("telnyx")
    assert _receive(codec, {"event": "connected", "version": "1.0.0"}) == [Ignored("connected")]
    (started,) = _receive(codec, _telnyx_start())
    assert isinstance(started, Started)
    assert (started.call_id[:6], started.stream_id, started.channels) == ("v2:T02", "32DE0DEA", BOTH)
    assert started.labels == {}
    (audio,) = _receive(codec, _telnyx_media(0, BYTES[:160]))
    assert isinstance(audio, Audio)
    assert np.array_equal(audio.samples, g711.decode_alaw(BYTES[:160]))
    error = {"event": "error", "payload": {"code": 100004, "title": "invalid_media", "detail": "d"}}
    dtmf = {"event": "dtmf", "occurred_at": "2026-01-01T00:00:00Z", "dtmf": {"digit": "7"}}
    stop = {"event": "stop", "stop": {"call_control_id": "v2:T02"}}
    assert _receive(codec, error, dtmf, stop) == [Ignored("unknown event"), Dtmf("7"), Ended("stop")]


def test_telnyx_in_any_order() -> None:
    """Frames that overtake each other by some places come back into order on the call's clock."""
    codec, timeline = _codec("telnyx"), Timeline()
    _receive(codec, _telnyx_start("PCMU"))
    timeline.open_stream("s", BOTH[:1])
    order = [1, 0, 2, 4, 5, 3, 6, 9, 8, 7, *range(10, 20)]
    for number in order:
        (audio,) = _receive(codec, _telnyx_media(number, BYTES[number * 160 : number * 160 + 160]))
        assert isinstance(audio, Audio)
        timeline.push("s", audio.channel, audio.samples, audio.start)
    (first,) = order[:1]
    heard = np.concatenate([block.roles[Role.CUSTOMER].samples for block in timeline.finish()])
    # The clock starts with the frame that came first: what was spoken before it came too late.
    assert np.array_equal(heard[: 3200 - first * 160], g711.decode_ulaw(BYTES[first * 160 :]))


def test_telnyx_l16_is_big_endian() -> None:
    """L16 comes in network byte order, at the rate of the start message."""
    codec = _codec("telnyx")
    (started,) = _receive(codec, _telnyx_start("L16", 16000))
    assert isinstance(started, Started)
    assert started.channels[0].rate_hz == 16000
    (audio,) = _receive(codec, _telnyx_media(0, BYTES[:640]))
    assert isinstance(audio, Audio)
    assert np.array_equal(audio.samples, np.frombuffer(BYTES[:640], ">i2"))


def test_signalwire() -> None:
    """Twilio's own words, with L16 in the byte order of the machines it is for."""
    start = {
        "event": "start",
        "sequenceNumber": "1",
        "streamSid": "s-1",
        "start": {
            "callSid": "c-1",
            "tracks": ["inbound", "outbound"],
            "mediaFormat": {"encoding": "audio/x-l16", "sampleRate": 24000, "channels": 1},
            "customParameters": {"queue": "billing"},
        },
    }
    codec = _codec("signalwire")
    (started,) = _receive(codec, start)
    assert isinstance(started, Started)
    assert (started.call_id, dict(started.labels), started.channels[1].rate_hz) == ("c-1", {"queue": "billing"}, 24000)
    (audio,) = _receive(codec, {"event": "media", "media": {"track": "outbound", "payload": _payload(BYTES[:640])}})
    assert isinstance(audio, Audio)
    assert np.array_equal(audio.samples, np.frombuffer(BYTES[:640], "<i2"))


def _plivo_start(extra_headers: Any, **changes: Any) -> dict[str, Any]:
    start = {
        "callId": "c-2",
        "streamId": "s-2",
        "accountId": "MA1",
        "tracks": ["inbound"],
        "mediaFormat": {"encoding": "audio/x-l16", "sampleRate": 16000},
        **changes,
    }
    return {"sequenceNumber": 0, "event": "start", "start": start, "extra_headers": extra_headers}


@pytest.mark.parametrize(
    "extra_headers",
    [
        "queue=billing;tier=very%20high;token=s3cret",
        "queue=billing, tier=very high, token=s3cret",
        '{"queue": "billing", "tier": "very high", "token": "s3cret"}',
        {"queue": "billing", "tier": "very high", "token": "s3cret"},
    ],
)
def test_plivo(extra_headers: Any) -> None:
    """The extra headers of the answer's XML are the site's parameters, in each form in which they come."""
    started = _started("plivo", _plivo_start(extra_headers))
    assert (started.call_id, started.stream_id, started.channels) == ("c-2", "s-2", (Channel(Role.CUSTOMER, 16000),))
    assert (dict(started.labels), started.token) == ({"queue": "billing", "tier": "very high"}, "s3cret")


def test_plivo_says_who_is_who_in_its_extra_headers() -> None:
    """Call and role may be among them, as among Twilio's parameters; none at all is no error."""
    started = _started("plivo", _plivo_start("callId=C-9;role=agent"))
    assert (started.call_id, started.channels[0].role) == ("C-9", Role.AGENT)
    for nothing in ("", "{}", None, "nonsense"):
        assert _started("plivo", _plivo_start(nothing)).labels == {}


def _exotel_start(encoding: str = "base64") -> dict[str, Any]:
    return {
        "event": "start",
        "sequence_number": "1",
        "stream_sid": "s-3",
        "start": {
            "stream_sid": "s-3",
            "call_sid": "c-3",
            "account_sid": "a-3",
            "from": "+91XXXXXXXXXX",
            "to": "+1800XXXXXXX",
            "custom_parameters": {"queue": "billing"},
            "media_format": {"encoding": encoding, "sample_rate": "8000", "bit_rate": "128kbps"},
        },
    }


@pytest.mark.parametrize("encoding", ["base64", "audio/x-raw", "audio/pcm"])
def test_exotel(encoding: str) -> None:
    """Little-endian samples whatever the start message calls them, 100 ms a message, and no track: the caller."""
    codec = _codec("exotel")
    (started,) = _receive(codec, {"event": "connected"}, _exotel_start(encoding))[1:]
    assert isinstance(started, Started)
    assert (started.call_id, started.stream_id, dict(started.labels)) == ("c-3", "s-3", {"queue": "billing"})
    media = {"event": "media", "sequence_number": 3, "stream_sid": "s-3"}
    for number, timestamp in enumerate(("12", "112")):
        (audio,) = _receive(
            codec, {**media, "media": {"chunk": "2", "timestamp": timestamp, "payload": _payload(BYTES[:1600])}}
        )
        assert isinstance(audio, Audio)
        assert (audio.channel, audio.start) == (0, number * 800)
        assert np.array_equal(audio.samples, np.frombuffer(BYTES[:1600], "<i2"))
    stop = {"event": "stop", "stop": {"call_sid": "c-3", "account_sid": "a-3", "reason": "callended"}}
    assert _receive(codec, stop) == [Ended("stop")]


def test_exotel_with_mulaw() -> None:
    """A flow that was set to mu-law says so, and is heard."""
    codec = _codec("exotel")
    _receive(codec, _exotel_start("audio/x-mulaw"))
    (audio,) = _receive(codec, {"event": "media", "media": {"track": "outbound", "payload": _payload(BYTES[:160])}})
    assert isinstance(audio, Audio)
    assert audio.channel == 1
    assert np.array_equal(audio.samples, g711.decode_ulaw(BYTES[:160]))


def _bandwidth_start(*tracks: dict[str, Any]) -> dict[str, Any]:
    usual = {"encoding": "audio/PCMU", "sampleRate": 8000}
    return {
        "eventType": "start",
        "metadata": {
            "accountId": "5555555",
            "callId": "c-4",
            "streamId": "s-4",
            "streamName": "live",
            "tracks": list(tracks) or [{"name": name, "mediaFormat": usual} for name in ("inbound", "outbound")],
        },
        "streamParams": {"queue": "billing", "leg": "agent"},
    }


def test_bandwidth() -> None:
    """Other names for the same things: the event's type, the tracks as objects, the payload beside its track."""
    codec = _codec("bandwidth")
    (started,) = _receive(codec, _bandwidth_start())
    assert isinstance(started, Started)
    assert (started.call_id, started.stream_id, dict(started.labels)) == ("c-4", "s-4", {"queue": "billing"})
    assert [channel.role for channel in started.channels] == [Role.AGENT, Role.CUSTOMER]
    media = {"eventType": "media", "track": "outbound", "payload": _payload(BYTES[:160])}
    (audio,) = _receive(codec, media)
    assert isinstance(audio, Audio)
    assert (audio.channel, audio.start) == (1, None)
    assert np.array_equal(audio.samples, g711.decode_ulaw(BYTES[:160]))
    assert _receive(codec, {"eventType": "stop"}) == [Ended("stop")]


@pytest.mark.parametrize(
    ("protocol", "message", "field"),
    [
        ("bandwidth", _bandwidth_start({"name": "a"}, {"name": "b", "mediaFormat": {}}), "different formats"),
        ("bandwidth", _bandwidth_start({}), "tracks"),
        ("bandwidth", {"eventType": "media", "payload": "%"}, "payload"),
        ("bandwidth", {"eventType": 7}, "eventType"),
        ("bandwidth", {}, "event"),
        ("plivo", _plivo_start([1]), "customParameters"),
        ("plivo", _plivo_start("{broken"), "extra_headers"),
        ("exotel", _exotel_start("opus"), "encoding"),
        ("telnyx", _telnyx_start("OPUS"), "encoding"),
        ("telnyx", _telnyx_start("L16", 7), "sampleRate"),
    ],
)
def test_broken_messages_name_what_is_wrong(protocol: str, message: dict[str, Any], field: str) -> None:
    """What cannot be used raises the codec's error with the field's name."""
    with pytest.raises(CodecError, match=field):
        _receive(_codec(protocol), message)


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=12),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=8,
)
MAKERS: list[Callable[[], dict[str, Any]]] = [
    _telnyx_start,
    _exotel_start,
    _bandwidth_start,
    lambda: _plivo_start("a=b"),
    lambda: _telnyx_media(0, BYTES[:160]),
    lambda: {"eventType": "media", "track": "inbound", "payload": _payload(BYTES[:160])},
]
PLACES = st.sampled_from(
    ["start", "metadata", "tracks", "media_format", "mediaFormat", "extra_headers", "streamParams", "payload", "media"]
)


@settings(max_examples=200, deadline=None)
@given(
    st.sampled_from(["telnyx", "plivo", "exotel", "bandwidth", "signalwire"]),
    st.lists(st.tuples(st.sampled_from(MAKERS), PLACES, JSON | st.text(max_size=20)), max_size=5),
)
def test_anything_may_come(protocol: str, steps: list[tuple[Callable[[], dict[str, Any]], str, Any]]) -> None:
    """Messages of any relative with anything in any place raise the codec's error or nothing, and end once."""
    codec = _codec(protocol)
    events: list[GatewayEvent] = []
    for make, place, value in steps:
        message = make()
        inner = next((part for part in message.values() if isinstance(part, dict)), message)
        (inner if place in inner else message)[place] = value
        try:
            events += _receive(codec, message)
        except CodecError:
            break
    events += codec.receive_end(clean=False)
    assert sum(isinstance(event, Ended) for event in events) == 1
    assert sum(isinstance(event, Started) for event in events) <= 1
