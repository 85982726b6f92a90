"""The Twilio family's messages, broken by mistake or on purpose."""

import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.gateways.twilio_messages import audio_of, make_codec, media_message, start_message
from voicerisk.gateways.codec import CodecError
from voicerisk.gateways.codec import StreamEnded as Ended


@pytest.mark.parametrize(
    ("message", "field"),
    [
        ("", "not valid JSON"),
        ("[]", "message"),
        ('{"event":1}', "event"),
        ('{"event":"media"}', "media: missing"),
        ('{"event":"media","media":3}', "media"),
        ('{"event":"media","media":{"payload":"%%%"}}', "payload"),
        (media_message(b"a", "1e300"), "timestamp"),
        (media_message(b"a", 1e300), "timestamp"),
        (media_message(b"a", "-20"), "timestamp"),
        (media_message(b"a", "9" * 5000), "timestamp"),
        (media_message(b"a", [1]), "timestamp"),
        (start_message(), "given twice"),
        (media_message(b"x" * 70_000), "longer than"),
        ('{"x":' + "[" * 60_000, "not valid JSON"),
        ('{"event":"\ud800"}', "not valid JSON"),
    ],
)
def test_broken_messages_name_what_is_wrong(message: str, field: str) -> None:
    """A message that breaks the protocol raises the codec's error with the field's name."""
    codec = make_codec()
    codec.receive(start_message())
    with pytest.raises(CodecError, match=field):
        codec.receive(message)


@pytest.mark.parametrize(
    ("message", "field"),
    [
        ('{"event":"start"}', "start.callSid"),
        ('{"event":"start","start":[]}', "start"),
        (start_message([]), "customParameters"),
        (start_message(callSid=""), "callSid"),
        (start_message({"callId": "x" * 200}), "callSid"),
        (start_message({"callId": "a\nb"}), "callSid"),
        (start_message({"token": {}}), "token"),
        (start_message({"inbound": "boss"}), "role of track 0"),
        (start_message({"inbound": "agent"}), "same role"),
        (start_message({"leg": "mixed"}), "leg"),
        (start_message(tracks=[]), "tracks"),
        (start_message(tracks=["inbound"] * 2), "tracks"),
        (start_message(tracks=[{}]), "tracks"),
        (start_message(mediaFormat={"encoding": "opus"}), "encoding"),
        (start_message(mediaFormat={"encoding": "audio/x-mulaw", "sampleRate": 7}), "sampleRate"),
        (start_message(mediaFormat={"encoding": "audio/x-mulaw", "channels": 2}), "channels"),
    ],
)
def test_broken_starts_name_what_is_wrong(message: str, field: str) -> None:
    """A start message that cannot be used raises the codec's error with the field's name, and never its value."""
    with pytest.raises(CodecError, match=field) as raised:
        make_codec().receive(message)
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
    st.builds(start_message, st.dictionaries(st.text(max_size=10), JSON, max_size=4)),
    st.builds(media_message, st.binary(max_size=200), JSON, JSON),
)


@settings(max_examples=300, deadline=None)
@given(st.lists(MESSAGES, max_size=8))
def test_anything_may_come(messages: list[str | bytes]) -> None:
    """Whatever is sent, the codec raises its own error or nothing, and ends exactly once."""
    codec = make_codec()
    n_ended = 0
    for message in messages:
        try:
            events = codec.receive(message)
        except CodecError:
            break
        n_ended += sum(isinstance(event, Ended) for event in events)
        assert sum(len(audio.samples) for audio in audio_of(events)) <= 8000 + len(message)
    n_ended += len(codec.receive_end(clean=False))
    assert n_ended == 1
