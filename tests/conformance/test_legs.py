"""Recorded calls of Asterisk, where each party comes on a socket of its own."""

import base64
from pathlib import Path

import numpy as np
import pytest

from tests.conformance.sessions import STREAMS, WHOLE_FOLDER, answered, said
from tests.conformance.wire import aligned, correlation, play
from voicerisk.events import Role
from voicerisk.gateways.audiosocket import AudioSocketCodec
from voicerisk.gateways.codec import Channel, Dtmf, Handshake, StreamEnded, StreamStarted
from voicerisk.gateways.recording import Wire, open_recording

PARTIES = (Role.CUSTOMER, Role.AGENT)
ASTERISK = STREAMS / "asterisk"


def _calls(*stems: str, whole: tuple[str, ...]) -> list[tuple[Path, ...]]:
    calls = [tuple(ASTERISK / f"{stem}.{role}.jsonl.gz" for role in PARTIES) for stem in stems]
    if WHOLE_FOLDER is not None:
        calls += [tuple(WHOLE_FOLDER / f"{stem}.{role}.jsonl" for role in PARTIES) for stem in whole]
    return calls


CALLS = _calls(
    "websocket-json",
    "websocket-text",
    "websocket-abrupt",
    "audiosocket",
    whole=(
        "asterisk-websocket-json",
        "asterisk-websocket-json-calm",
        "asterisk-websocket-text",
        "asterisk-websocket-abrupt",
        "asterisk-audiosocket",
    ),
)
STALLS = _calls("websocket-stall", whole=("asterisk-stall",))
INLINE = [ASTERISK / "websocket-inline.jsonl.gz", ASTERISK / "audiosocket-inline.jsonl.gz"]
if WHOLE_FOLDER is not None:
    INLINE += [WHOLE_FOLDER / "asterisk-websocket-inline.jsonl", WHOLE_FOLDER / "asterisk-audiosocket-inline.jsonl"]


@pytest.mark.parametrize("paths", CALLS, ids=lambda paths: paths[0].name)
def test_two_sockets_are_one_call(paths: tuple[Path, ...]) -> None:
    """Both sockets name the same call and one party each, are never answered, and end the way they really ended."""
    played = play(*paths)
    call_ids = set()
    for path, role in zip(paths, PARTIES, strict=True):
        started, ended = played.streams[path.name]
        assert isinstance(started, StreamStarted)
        assert started.channels == (Channel(role, 8000),)
        call_ids.add(started.call_id)
        lost = "abrupt" in path.name
        assert ended == StreamEnded("connection lost" if lost else "connection closed", clean=not lost)
        assert played.answers[path.name] == []
    (call_id,) = call_ids
    if "websocket" in paths[0].name:
        assert call_id == ("call0_calm" if "calm" in paths[0].name else "call0_escalates")


@pytest.mark.parametrize("paths", CALLS, ids=lambda paths: paths[0].name)
def test_every_party_is_heard_on_its_own_channel(paths: tuple[Path, ...]) -> None:
    """What arrived correlates above 0.99 with what that party said, below 0.1 with the other; both stay together."""
    played = play(*paths)
    source = said(paths[0])
    assert played.late_samples == 0
    lags = []
    for own, role in enumerate(PARTIES):
        heard, arrived = played.samples[role], played.arrived[role]
        lags.append(aligned(heard, source[:, own]))
        assert correlation(heard, source[:, own], lags[-1], arrived) > 0.99
        assert abs(correlation(heard, source[:, 1 - own], lags[-1], arrived)) < 0.1
    assert abs(lags[0] - lags[1]) <= 160


@pytest.mark.parametrize("paths", STALLS, ids=lambda paths: paths[0].name)
def test_a_stall_of_five_seconds_loses_nothing(paths: tuple[Path, ...]) -> None:
    """250 frames that come at once after a stall are all there, in order, without a hole."""
    for own, (path, role) in enumerate(zip(paths, PARTIES, strict=True)):
        played = play(path)
        heard = played.samples[role]
        assert played.arrived[role].all()
        assert correlation(heard, said(path)[:, own], aligned(heard, said(path)[:, own]), played.arrived[role]) > 0.99


@pytest.mark.parametrize("path", INLINE, ids=lambda path: path.name)
def test_silence_without_frames(path: Path) -> None:
    """No frames come in a silence of six seconds, and a short one before it: what is sent on either side is whole."""
    played = play(path)
    started, *keys, ended = played.events
    assert isinstance(started, StreamStarted)
    assert keys == [Dtmf("1", 0), Dtmf("2", 0), Dtmf("#", 0)]
    assert ended == StreamEnded("connection closed")
    (role,) = played.samples
    assert role is (Role.CUSTOMER if "websocket" in path.name else Role.UNKNOWN)
    heard, customer = played.samples[role], said(path)[:, 0]
    lags = []
    for part in (heard[:20_000], heard[-20_000:]):
        lags.append(aligned(part, customer))
        assert correlation(part, customer, lags[-1], np.ones(len(part), bool)) > 0.99
    assert lags[1] - lags[0] == len(heard) - 20_000 + 22  # the samples that Asterisk dropped at the end of a file


def test_the_silence_that_goes_back() -> None:
    """The keep-alive of AudioSocket is the very frame that kept the recorded call alive."""
    path = ASTERISK / "audiosocket.customer.jsonl.gz"
    codec = AudioSocketCodec(Handshake())
    with open_recording(path) as recording:
        codec.receive(next(entry.message for entry in recording if isinstance(entry, Wire)))
    codec.tick(0.02)
    assert {base64.b64decode(line["b64"]) for line in answered(path)} == set(codec.messages_to_send())
