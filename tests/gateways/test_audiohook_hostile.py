"""AudioHook messages, broken by mistake or on purpose."""

import json
from collections.abc import Mapping
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.gateways.audiohook_client import ORGANIZATION, StrictClient, media
from voicerisk.gateways.audiohook import AudioHookCodec
from voicerisk.gateways.codec import Audio, AudioLost, CodecError, GatewayEvent, Handshake
from voicerisk.gateways.codec import StreamEnded as Ended
from voicerisk.gateways.codec import StreamStarted as Started

DEEP = '{"x":' + "[" * 60_000


def _farewell(client: StrictClient) -> Mapping[str, Any]:
    """The one answer that waits, which must be a disconnect with the next number."""
    (answer,) = [json.loads(answer) for answer in client.codec.messages_to_send()]
    assert (answer["type"], answer["seq"], answer["id"]) == ("disconnect", client.server_seq + 1, client.id)
    parameters: Mapping[str, Any] = answer["parameters"]
    return parameters


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"version": "3"}, "version"),
        ({"version": 2}, "version"),
        ({"id": "boss"}, "id"),
        ({"id": "00000000-0000-0000-0000-000000000001"}, "id"),
        ({"type": 1}, "type"),
        ({"seq": 2}, "seq"),
        ({"seq": 4}, "seq"),
        ({"seq": "3"}, "seq"),
        ({"seq": True}, "seq"),
        ({"seq": 10**40}, "seq"),
        ({"serverseq": -1}, "serverseq"),
        ({"serverseq": None}, "serverseq"),
        ({"position": "boss"}, "position"),
        ({"position": "PT1H"}, "position"),
        ({"position": "PT" + "9" * 39 + "S"}, "position"),
        ({"position": "PT" + "9" * 20 + "S"}, "position"),
        ({"parameters": []}, "parameters"),
        ({"parameters": {"x": "y" * 70_000}}, "longer than"),
    ],
)
def test_broken_envelopes_name_what_is_wrong(changes: dict[str, Any], field: str) -> None:
    """A message that breaks the protocol raises the codec's error without the value, and the client is told."""
    client = StrictClient()
    client.open()
    client.send("ping")
    with pytest.raises(CodecError, match=field) as raised:
        client.codec.receive(client.message("ping", {}, **changes))
    assert "boss" not in str(raised.value)
    assert _farewell(client) == {"reason": "error", "info": str(raised.value)}


@pytest.mark.parametrize("text", ["", "[]", DEEP, '{"version":"\ud800"}', '{"version":"2"}'])
def test_text_that_is_no_message(text: str) -> None:
    """Text that is no message raises the codec's error."""
    with pytest.raises(CodecError):
        StrictClient().codec.receive(text)


@pytest.mark.parametrize(
    ("kind", "parameters", "field"),
    [
        ("open", {}, "given twice"),
        ("close", {}, "reason"),
        ("close", {"reason": "boss"}, "reason"),
        ("close", {"reason": ["end"]}, "reason"),
        ("discarded", {}, "start"),
        ("discarded", {"start": "PT1S", "discarded": "boss"}, "discarded"),
        ("discarded", {"start": "PT1S", "discarded": 1}, "discarded"),
        ("resumed", {"start": "PT1S"}, "discarded"),
    ],
)
def test_broken_parameters_name_what_is_wrong(kind: str, parameters: dict[str, Any], field: str) -> None:
    """Parameters that cannot be used raise the codec's error with the field's name, and never its value."""
    client = StrictClient()
    client.open()
    with pytest.raises(CodecError, match=field) as raised:
        client.codec.receive(client.message(kind, parameters))
    assert "boss" not in str(raised.value)
    assert _farewell(client)["reason"] == "error"


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"organizationId": "boss"}, "organizationId"),
        ({"conversationId": None}, "conversationId"),
        ({"participant": []}, "participant"),
        ({"participant": {}}, "participant.id"),
        ({"customConfig": "boss"}, "customConfig"),
        ({"customConfig": {"token": {}}}, "token"),
        ({"media": None}, "media"),
        ({"media": {}}, "media"),
        ({"media": []}, "media"),
        ({"media": media(["external"]) * 40}, "media"),
        ({"media": media(["boss"])}, "media"),
        ({"media": [{"type": "audio", "format": "PCMU", "channels": ["external"], "rate": "8000"}]}, "media"),
        ({"media": [{"type": "audio", "format": ["PCMU"], "channels": ["external"], "rate": 8000}]}, "media"),
        ({"media": [{"type": "audio", "format": "PCMU", "channels": [["external"]], "rate": 8000}]}, "media"),
        ({"media": [{"type": "audio", "format": "PCMU", "channels": ["external"], "rate": 1}]}, "media"),
    ],
)
def test_broken_opens_name_what_is_wrong(changes: dict[str, Any], field: str) -> None:
    """A session that cannot be opened raises the codec's error with the field's name, and is never said to be open."""
    client = StrictClient()
    with pytest.raises(CodecError, match=field) as raised:
        client.codec.receive(client.message("open", client.open_parameters(**changes)))
    assert "boss" not in str(raised.value)
    assert _farewell(client)["reason"] == "error"


def test_another_organization_is_turned_away() -> None:
    """A session for another organization than the signed request named is unauthorized."""
    client = StrictClient()
    parameters = client.open_parameters(organizationId=ORGANIZATION.replace("d", "e"))
    with pytest.raises(CodecError, match="organizationId"):
        client.codec.receive(client.message("open", parameters))
    assert _farewell(client) == {"reason": "unauthorized"}


def test_the_session_is_the_one_of_the_request() -> None:
    """A message with another session's id than the request named is refused."""
    client = StrictClient()
    with pytest.raises(CodecError, match="id"):
        client.codec.receive(client.message("ping", {}, id=ORGANIZATION))


@pytest.mark.parametrize("payload", [b"a", b"x" * 70_000])
def test_audio_before_open(payload: bytes) -> None:
    """Audio that nobody asked for is refused."""
    with pytest.raises(CodecError, match="binary message"):
        StrictClient().codec.receive(payload)


def test_answers_that_nobody_takes_are_bounded() -> None:
    """Whoever plays a session and never takes the answers does not fill the memory."""
    client = StrictClient()
    for _ in range(6000):
        client.codec.receive(client.message("ping", {}))
    assert len(client.codec.messages_to_send()) <= 4096


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=12), inner, max_size=4),
    max_leaves=12,
)
KINDS = st.sampled_from(["open", "ping", "close", "paused", "resumed", "discarded", "update", "error"])
NAMES = st.sampled_from(["media", "participant", "conversationId", "customConfig", "start", "discarded", "reason"])
WORDS = st.sampled_from(["PT1.5S", "PT0S", "end", "PCMU", ["external"]])
PARAMETERS = st.dictionaries(NAMES | st.text(max_size=8), WORDS | JSON, max_size=5)
ENVELOPES = st.dictionaries(st.sampled_from(["seq", "id", "position", "parameters"]), JSON, max_size=1)
STEPS = st.one_of(
    st.text(max_size=60),
    st.binary(max_size=700),
    JSON.map(json.dumps),
    st.tuples(KINDS | st.text(max_size=8), PARAMETERS, st.just({}) | ENVELOPES),
)


@settings(max_examples=300, deadline=None)
@given(st.lists(STEPS, max_size=10), PARAMETERS, st.booleans(), st.integers(0, 10))
def test_anything_may_come(steps: list[Any], changes: dict[str, Any], plain_open: bool, drain_at: int) -> None:
    """Whatever is sent, the codec raises its own error or nothing, answers in JSON in its turn, and ends once."""
    client = StrictClient(headers=False)
    codec: AudioHookCodec = client.codec
    opening = client.open_parameters(**({} if plain_open else changes))
    messages = [client.message("open", opening)]
    messages += [client.message(step[0], step[1], **step[2]) if isinstance(step, tuple) else step for step in steps]
    events: list[GatewayEvent] = []
    for number, message in enumerate(messages):
        if number == drain_at:
            codec.drain()
        try:
            events += codec.receive(message)
        except CodecError:
            break
    events += codec.receive_end(clean=False)
    assert sum(isinstance(event, Ended) for event in events) == 1
    assert sum(isinstance(event, Started) for event in events) <= 1
    answers = [json.loads(answer) for answer in codec.messages_to_send()]
    assert [answer["seq"] for answer in answers] == list(range(1, len(answers) + 1))
    n_bytes = sum(len(message) for message in messages if isinstance(message, bytes))
    assert sum(len(event.samples) for event in events if isinstance(event, Audio)) <= n_bytes
    assert all(0 < event.n_samples <= 7 * 86_400 * 8000 for event in events if isinstance(event, AudioLost))


@settings(max_examples=100, deadline=None)
@given(st.dictionaries(st.sampled_from(["audiohook-session-id", "audiohook-organization-id"]), st.text(max_size=40)))
def test_any_header_may_come(headers: dict[str, str]) -> None:
    """Nonsense in the request's headers makes no codec fail in another way than by its own error."""
    client = StrictClient(headers=False)
    codec = AudioHookCodec(Handshake(headers=headers))
    try:
        codec.receive(client.message("open", client.open_parameters()))
    except CodecError:
        assert "audiohook-organization-id" in headers
