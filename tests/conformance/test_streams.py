"""Recorded sessions of real gateways: the right audio on the right channel, and the right events in order.

The sessions in `streams/` are cut from whole calls; where `VOICERISK_STREAMS` names a folder with the whole ones, they
are played as well.
"""

from functools import cache
from pathlib import Path

import numpy as np
import pytest

from tests.conformance.sessions import STREAMS, said, whole
from tests.conformance.wire import Played, aligned, correlation, play
from voicerisk.events import Role
from voicerisk.gateways.codec import Channel, Dtmf, StreamEnded, StreamStarted
from voicerisk.gateways.recording import open_recording

CUT = (
    "twilio/fork.jsonl.gz",
    "twilio/fork-lossy.jsonl.gz",
    "freeswitch/audio-fork.jsonl.gz",
    "freeswitch/audio-stream.jsonl.gz",
    "vonage/wsbridge.jsonl.gz",
)
WHOLE = (
    "twilio-fork.jsonl",
    "twilio-fork-lossy.jsonl",
    "twilio-fork-calm.jsonl",
    "freeswitch-audio-fork.jsonl",
    "freeswitch-audio-stream.jsonl",
    "vonage-wsbridge.jsonl",
)
SESSIONS = [*(STREAMS / name for name in CUT), *whole(*WHOLE)]
SESSION = pytest.mark.parametrize("path", SESSIONS, ids=[path.name for path in SESSIONS])

PARTIES = [Role.CUSTOMER, Role.AGENT]


@cache
def _played(path: Path) -> Played:
    return play(path)


@SESSION
def test_every_party_is_heard_on_its_own_channel(path: Path) -> None:
    """What arrived correlates above 0.99 with what that party said, and below 0.1 with the other; nothing is lost."""
    played = _played(path)
    started = played.events[0]
    assert isinstance(started, StreamStarted)
    source = said(path)
    assert played.late_samples == 0
    if [channel.role for channel in started.channels] == [Role.MIXED]:
        both = source.sum(axis=1)
        heard = played.samples[Role.MIXED]
        assert correlation(heard, both, aligned(heard, both), played.arrived[Role.MIXED]) > 0.99
        return
    assert [channel.role for channel in started.channels] == PARTIES
    lags = []
    for own, role in enumerate(PARTIES):
        heard, arrived = played.samples[role], played.arrived[role]
        lag = aligned(heard, source[:, own])
        lags.append(lag)
        assert correlation(heard, source[:, own], lag, arrived) > 0.99
        assert abs(correlation(heard, source[:, 1 - own], lag, arrived)) < 0.1
    assert abs(lags[0] - lags[1]) <= 160  # the parties stay together: FreeSWITCH had them one frame apart already


@SESSION
def test_silence_stands_for_exactly_what_did_not_arrive(path: Path) -> None:
    """The timeline marks as missing the samples that no message carried, zero each of them, and no others."""
    played = _played(path)
    for role, heard in played.samples.items():
        arrived = played.arrived[role]
        assert sum(block.roles[role].n_missing for block in played.blocks) == np.count_nonzero(~arrived)
        assert not heard[~arrived].any()


@SESSION
def test_events_come_in_order(path: Path) -> None:
    """A session starts once with its call id and format, gives its keys, and ends once the way it really ended."""
    events = _played(path).events
    with open_recording(path) as recording:
        protocol = recording.protocol
    (started, *between, ended) = events
    assert isinstance(started, StreamStarted)
    assert started.call_id == ("call0_calm" if "calm" in path.name else "call0_escalates")
    assert not set(started.labels) & {"from", "to"}
    if protocol == "vonage":
        assert started.channels == (Channel(Role.MIXED, 16000),)
        assert between == [Dtmf("5")]
        assert ended == StreamEnded("connection lost", clean=False)
        return
    rate_hz = 16000 if protocol == "freeswitch-audio-stream" else 8000
    assert started.channels == (Channel(Role.CUSTOMER, rate_hz), Channel(Role.AGENT, rate_hz))
    assert between == []
    assert ended == StreamEnded("stop" if protocol == "twilio" else "connection closed", clean=True)


def test_the_lossy_session_has_lost_frames() -> None:
    """The session with packet loss exercises what it is there for: 20 ms holes on the customer's side alone."""
    played = _played(STREAMS / "twilio/fork-lossy.jsonl.gz")
    n_lost = np.count_nonzero(~played.arrived[Role.CUSTOMER])
    assert n_lost >= 480
    assert n_lost % 160 == 0
    assert played.arrived[Role.AGENT].all()
