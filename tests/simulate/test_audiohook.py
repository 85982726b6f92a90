"""The simulated AudioHook client against answers that are right and wrong, as Genesys' own would take them."""

import json
from pathlib import Path
from typing import Any

import pytest

from tests.sounds import tone, write
from voicerisk.events import Role
from voicerisk.gateways.audiohook import AudioHookCodec
from voicerisk.gateways.codec import GatewayEvent, Handshake, StreamStarted
from voicerisk.simulate.audiohook import AudioHookClient
from voicerisk.simulate.call import SimulatedCall
from voicerisk.simulate.dialogue import PeerError


@pytest.fixture
def client(tmp_path: Path) -> AudioHookClient:
    """A client with 12 s of two voices."""
    path = write(tmp_path / "c.wav", tone(12.0), tone(12.0))
    return AudioHookClient(SimulatedCall(path=path, call_id="c", packet_s=0.2, labels={"queue": "billing"}))


def answer(client: AudioHookClient, kind: str, seq: int, clientseq: int, **parameters: Any) -> str:
    """An answer of a server."""
    message = {"version": "2", "id": client.id, "type": kind, "seq": seq, "clientseq": clientseq}
    return json.dumps(message | {"parameters": parameters})


def opened(client: AudioHookClient, **changes: Any) -> str:
    """The answer to open."""
    media = [{"type": "audio", "format": "PCMU", "channels": ["external", "internal"], "rate": 8000}]
    return answer(client, "opened", 1, 1, **({"media": media, "startPaused": False} | changes))


def test_a_session_with_the_servers_codec(client: AudioHookClient) -> None:
    """Open, audio, pings at 1 s (twice), 6 s and 11 s, close: every answer of our own codec satisfies the client."""
    codec = AudioHookCodec(Handshake(headers={name.lower(): value for name, value in client.headers.items()}))
    events: list[GatewayEvent] = []
    texts, n_bytes = [], 0
    for at_s, turn in client.turns():
        assert client.is_free
        message = turn()
        if isinstance(message, str):
            texts.append((at_s, json.loads(message)))
        else:
            n_bytes += len(message)
        events += codec.receive(message)
        for reply in codec.messages_to_send():
            client.hear(reply)
    assert [(at_s, text["type"]) for at_s, text in texts] == [
        (0.0, "open"), (1.0, "ping"), (1.0, "ping"), (6.0, "ping"), (11.0, "ping"), (12.0, "close"),
    ]  # fmt: skip
    assert [text["seq"] for _, text in texts] == [1, 2, 3, 4, 5, 6]
    assert [text["serverseq"] for _, text in texts] == [0, 1, 2, 3, 4, 5]
    assert [text["position"] for _, text in texts] == ["PT0S", "PT0.8S", "PT0.8S", "PT5.8S", "PT10.8S", "PT12S"]
    assert n_bytes == 2 * 12 * 8000
    (started,) = (event for event in events if isinstance(event, StreamStarted))
    assert started.call_id == client.conversation_id
    assert [channel.role for channel in started.channels] == [Role.CUSTOMER, Role.AGENT]
    assert started.labels["queue"] == "billing"


@pytest.mark.parametrize(
    ("said", "wrong"),
    [
        (lambda c: b"\xff", "a binary message"),
        (lambda c: "{}", "cannot be read"),
        (lambda c: opened(c).replace('"2"', '"3"'), "version 2"),
        (lambda c: opened(c).replace(c.id, c.conversation_id), "the session's id"),
        (lambda c: answer(c, "opened", 2, 1, media=[]), "seq 2 where 1 is wanted"),
        (lambda c: answer(c, "opened", 1, 7, media=[]), "clientseq 7 of 1 sent"),
        (lambda c: answer(c, "pong", 1, 1), "nothing was asked"),
        (lambda c: opened(c, media=[{"type": "audio"}]), "one of those offered"),
        (lambda c: opened(c, media="PCMU"), "one of those offered"),
    ],
)
def test_wrong_answers(client: AudioHookClient, said: Any, wrong: str) -> None:
    """Each way of answering wrongly is told in words."""
    _, turn = next(client.turns())
    turn()
    assert not client.is_free
    with pytest.raises(PeerError, match=wrong):
        client.hear(said(client))


def test_a_pong_for_another_ping(client: AudioHookClient) -> None:
    """A pong has to name the ping that it answers."""
    turns = client.turns()
    next(turns)[1]()
    client.hear(opened(client))
    for _, turn in turns:
        if isinstance(message := turn(), str):
            assert json.loads(message)["type"] == "ping"
            break
    with pytest.raises(PeerError, match="clientseq 1 where the ping was 2"):
        client.hear(answer(client, "pong", 2, 1))


def test_a_server_that_wants_to_stop(client: AudioHookClient) -> None:
    """After disconnect no more audio is sent; a pong that is under way is still taken, and then the session closes."""
    turns = client.turns()
    next(turns)[1]()
    client.hear(opened(client))
    message: Any = b""
    while not isinstance(message, str):
        message = next(turns)[1]()
    client.hear(answer(client, "disconnect", 2, 2, reason="completed"))
    client.hear(answer(client, "pong", 3, 2))
    rest = [turn() for _, turn in turns]
    texts = [json.loads(message) for message in rest if isinstance(message, str)]
    assert (texts[-1]["type"], texts[-1]["parameters"]) == ("close", {"reason": "disconnect"})
    assert len(rest) <= 4


@pytest.mark.parametrize(
    ("kind", "parameters", "wrong"),
    [
        ("pong", {"late": True}, "no parameters are wanted"),
        ("event", {"entities": []}, "not a message that a server sends here"),
    ],
)
def test_what_nothing_called_for(client: AudioHookClient, kind: str, parameters: Any, wrong: str) -> None:
    """A message that does not belong here, and an answer with more in it than it may have, end the session."""
    turns = client.turns()
    next(turns)[1]()
    client.hear(opened(client))
    message: Any = b""
    while not isinstance(message, str):
        message = next(turns)[1]()
    with pytest.raises(PeerError, match=wrong):
        client.hear(answer(client, kind, 2, 2, **parameters))


def test_a_successor_names_the_session_before(client: AudioHookClient) -> None:
    """The new session has the old conversation, an id of its own, and says how far the old one had counted."""
    turns = client.turns()
    next(turns)[1]()
    client.hear(opened(client))
    after = client.successor()
    parameters = json.loads(str(next(after.turns())[1]()))["parameters"]
    assert parameters["continuedSessions"] == [{"id": client.id, "serverseq": 1, "clientseq": 1}]
    assert (after.conversation_id, after.id == client.id) == (client.conversation_id, False)
