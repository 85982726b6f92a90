"""Genesys AudioHook: whole sessions with a strict client, in and out of order."""

import json
from collections.abc import Iterable, Sequence
from itertools import pairwise
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.gateways.audiohook_client import NIL, STEREO, StrictClient, media
from voicerisk.events import Role
from voicerisk.gateways.codec import Audio, AudioLost, Channel, GatewayEvent, Ignored, Paused, Resumed
from voicerisk.gateways.codec import StreamEnded as Ended
from voicerisk.gateways.codec import StreamStarted as Started
from voicerisk.media import g711

BYTES = np.random.default_rng(11).integers(0, 256, 16_000, np.uint8).tobytes()
CUSTOMER, AGENT = Channel(Role.CUSTOMER, 8000), Channel(Role.AGENT, 8000)


def _heard(events: Iterable[GatewayEvent], channel: int) -> np.ndarray:
    parts = [event.samples for event in events if isinstance(event, Audio) and event.channel == channel]
    return np.concatenate([np.zeros(0, np.int16), *parts])


def _started(events: Iterable[GatewayEvent]) -> Started:
    (started,) = [event for event in events if isinstance(event, Started)]
    return started


def test_a_session_from_open_to_close() -> None:
    """The session opens at once, pings are answered, each party comes out on its channel, and close ends it once."""
    client = StrictClient()
    started = _started(client.open())
    assert (started.call_id, started.stream_id) == (client.conversation, client.id)
    assert started.channels == (CUSTOMER, AGENT)
    assert client.answers[0]["parameters"] == {"media": [STEREO[0]], "startPaused": False}
    for at in range(0, 16_000, 3200):
        client.audio(BYTES[at : at + 3200])
        client.send("ping", {"rtt": "PT0.002S"})
    assert np.array_equal(_heard(client.events, 0), g711.decode_ulaw(BYTES[0::2]))
    assert np.array_equal(_heard(client.events, 1), g711.decode_ulaw(BYTES[1::2]))
    assert client.close() == [Ended("close: end")]
    assert [answer["type"] for answer in client.answers] == ["opened", *["pong"] * 5, "closed"]
    assert client.codec.receive(BYTES[:10]) == (Ignored("message after close"),)
    assert client.codec.receive_end(clean=False) == ()
    assert client.codec.messages_to_send() == ()


@pytest.mark.parametrize(
    ("offers", "number", "channels"),
    [
        (STEREO, 0, (CUSTOMER, AGENT)),
        (media(["internal", "external"], ["internal"], ["external"]), 0, (AGENT, CUSTOMER)),
        (media(["internal"], ["external"], ["external", "internal"]), 2, (CUSTOMER, AGENT)),
        (media(["internal"], ["external"]), 1, (CUSTOMER,)),
        (media(["internal"]), 0, (AGENT,)),
        ([*media(["external", "internal"], format_name="L16"), *media(["external", "internal"])], 1, (CUSTOMER, AGENT)),
        ([*media(["external"]), *media(["internal", "external"], format_name="L16")], 1, (AGENT, CUSTOMER)),
        ([*media(["external", "internal"], format_name="OPUS"), *media(["external"])], 1, (CUSTOMER,)),
        ([None, {"type": "video"}, {}, *media(["external"])], 3, (CUSTOMER,)),
        (media(["external", "external"], ["external", "boss"], [], ["external"]), 3, (CUSTOMER,)),
    ],
)
def test_the_best_medium_is_taken(offers: list[Any], number: int, channels: tuple[Channel, ...]) -> None:
    """Both parties before one, the customer before the agent, PCMU before L16; the offer goes back as it came."""
    client = StrictClient(offers)
    assert _started(client.open()).channels == channels
    assert client.medium == offers[number]
    assert list(client.medium or {}) == list(offers[number])


@pytest.mark.parametrize("names", [["external", "internal"], ["internal"]])
@pytest.mark.parametrize("format_name", ["PCMU", "L16"])
@settings(max_examples=30, deadline=None)
@given(cuts=st.lists(st.integers(0, 4000), max_size=8))
def test_any_cut_of_the_bytes_gives_the_same_samples(format_name: str, names: Sequence[str], cuts: list[int]) -> None:
    """Either format, mono and stereo, in messages of any length, empty and odd ones too."""
    client = StrictClient(media(names, format_name=format_name))
    client.open()
    edges = [0, *sorted(cuts), 4000]
    events = [event for a, b in pairwise(edges) for event in client.codec.receive(BYTES[a:b])]
    said = g711.decode_ulaw(BYTES[:4000]) if format_name == "PCMU" else np.frombuffer(BYTES[:4000], "<i2")
    for channel in range(len(names)):
        assert np.array_equal(_heard(events, channel), said[channel :: len(names)])


def test_a_pause_of_ten_seconds() -> None:
    """A pause comes out once although it is told twice, pings go on in it, and what it swallowed is known after it."""
    client = StrictClient()
    client.open()
    client.audio(BYTES[:3200])
    assert client.send("paused") == [Paused()]
    assert client.send("paused") == [Ignored("paused again")]
    client.send("ping")
    client.send("ping")
    resumed = {"start": "PT0.2S", "discarded": "PT10S"}
    assert client.send("resumed", resumed) == [Resumed(), AudioLost(80_000)]
    assert client.send("resumed", resumed) == [Ignored("resumed again")]
    assert len(client.audio(BYTES[:3200])) == 2
    client.close()
    assert client.server_seq == 4


def test_nothing_is_heard_in_a_pause() -> None:
    """Audio that a client sends in a secure pause is not passed on."""
    client = StrictClient()
    client.open()
    client.send("paused")
    assert client.audio(BYTES[:3200]) == [Ignored("audio while paused")]


def test_audio_that_the_client_left_out() -> None:
    """Discarded audio is a gap of its length in every channel."""
    client = StrictClient()
    client.open()
    assert client.send("discarded", {"start": "PT6.3S", "discarded": "PT0.3S"}) == [AudioLost(2400)]
    assert client.send("discarded", {"start": "PT.5S", "discarded": "PT0S"}) == [Ignored("nothing lost")]


@pytest.mark.parametrize(
    ("kind", "parameters", "what"),
    [
        ("error", {"code": 429, "message": "+1-555-555-1234"}, "error 429"),
        ("error", {"code": 7777, "message": "x"}, "error"),
        ("error", {"code": [1]}, "error"),
        ("update", {"language": "en-US"}, "update"),
        ("something new", {"a": 1}, "unknown message"),
    ],
)
def test_messages_that_move_nothing(kind: str, parameters: dict[str, Any], what: str) -> None:
    """Errors, updates and messages from the future are taken without harm, and the count goes on."""
    client = StrictClient()
    client.open()
    assert client.send(kind, parameters) == [Ignored(what)]
    client.send("ping")
    client.close()


def test_a_connection_test_is_no_call() -> None:
    """A probe is opened and closed like a call, is marked, and may hold an empty message, or offer no medium at all."""
    for offers in (STEREO, []):
        client = StrictClient(offers)
        participant = {"id": NIL, "ani": "", "aniName": "", "dnis": ""}
        assert _started(client.open(conversationId=NIL, participant=participant)).is_probe
        assert client.audio(b"") == [Ignored("empty frame")] if offers else client.medium is None
        client.close()


def test_what_is_kept_of_the_call() -> None:
    """Configured facts become labels and the token is set apart; who called is not kept."""
    client = StrictClient()
    config = {"queue": "billing", "token": "s3cret", "inputVariables": {"tier": 2}, "ani": "x", "nested": {"a": 1}}
    started = _started(client.open(customConfig=config, language="de-DE", continuedSessions=[]))
    labels = dict(started.labels)
    assert labels.pop("organization")
    assert labels.pop("participant")
    assert (labels, started.token) == ({"queue": "billing", "tier": "2", "language": "de-DE"}, "s3cret")


def test_supported_languages_are_none() -> None:
    """A client that asks for the languages of a transcript gets an empty list."""
    client = StrictClient()
    client.open(supportedLanguages=True)
    assert client.answers[0]["parameters"]["supportedLanguages"] == []


@pytest.mark.parametrize(
    ("reason", "clean"), [("end", True), ("disconnect", True), ("error", False), ("reconnect", False)]
)
def test_why_it_was_closed(reason: str, clean: bool) -> None:
    """A session that failed or moves leaves the call open for another one."""
    client = StrictClient()
    client.open()
    assert client.close(reason) == [Ended(f"close: {reason}", clean=clean)]


@pytest.mark.parametrize(("clean", "reason"), [(True, "connection closed without a close"), (False, "connection lost")])
def test_a_connection_that_ends_without_close(clean: bool, reason: str) -> None:
    """It ends the stream once, as the transport ended."""
    client = StrictClient()
    client.open()
    assert client.codec.receive_end(clean=clean) == (Ended(reason, clean=clean),)
    assert client.codec.receive_end(clean=clean) == ()


def test_a_session_may_be_closed_before_it_is_open() -> None:
    """A client that changes its mind is answered."""
    client = StrictClient()
    assert client.send("paused") == [Ignored("message before open")]
    client.send("ping")
    assert client.close() == [Ended("close: end")]


def test_draining_asks_the_client_to_leave() -> None:
    """A drained session is asked to move, then once to end; it is heard until the client closes, and ends well."""
    client = StrictClient()
    client.open()
    client.codec.drain()
    assert len(client.audio(BYTES[:3200])) == 2
    client.send("ping")
    client.codec.drain()
    client.codec.drain()
    assert len(client.codec.receive(BYTES[:3200])) == 2
    client.take()
    assert [answer["type"] for answer in client.answers] == ["opened", "reconnect", "pong", "disconnect", "closed"]
    assert [answer["parameters"] for answer in client.answers[1:4]] == [{}, {}, {"reason": "completed"}]
    assert client.events[-1] == Ended("close: disconnect")
    client.codec.drain()
    assert client.codec.messages_to_send() == ()


@pytest.mark.parametrize("headers", [True, False])
def test_draining_before_the_session_is_open(headers: bool) -> None:
    """A session that opens while the server drains is sent away and never becomes a call."""
    client = StrictClient(headers=headers)
    client.codec.drain()
    events = client.codec.receive(client.message("open", client.open_parameters()))
    assert events == (Ignored("open while draining"),)
    answers = [json.loads(answer) for answer in client.codec.messages_to_send()]
    assert [(answer["type"], answer["seq"], answer["id"]) for answer in answers] == [("disconnect", 1, client.id)]


def test_fifty_sessions_at_once() -> None:
    """Sessions whose messages interleave do not mix up their numbers or their audio."""
    clients = [StrictClient() for _ in range(50)]
    for client in clients:
        client.open()
    for round_number in range(20):
        for number, client in enumerate(clients):
            client.audio(bytes([number, 255 - number]) * 1600)
            if (round_number + number) % 5 == 0:
                client.send("ping")
            if (round_number + number) % 10 == 3:
                client.send("paused")
                client.send("resumed", {"start": "PT0S", "discarded": "PT0S"})
    for number, client in enumerate(clients):
        client.close()
        for channel, code in enumerate((number, 255 - number)):
            assert np.array_equal(_heard(client.events, channel), g711.decode_ulaw(bytes([code]) * 32_000))
