"""Recorded sessions of the AudioHook reference client: what it hears from us, and what we hear from it."""

import json
from pathlib import Path

import pytest

from tests.conformance.sessions import STREAMS, answered, said, whole
from tests.conformance.wire import aligned, correlation, play
from voicerisk.events import Role
from voicerisk.gateways.codec import AudioLost, Channel, Paused, Resumed, StreamEnded, StreamStarted

AUDIOHOOK = STREAMS / "audiohook"
PLAIN = [
    AUDIOHOOK / "stereo.jsonl.gz",
    *whole("audiohook-stereo.jsonl", "audiohook-stereo-calm.jsonl"),
]
CLIENT_PAUSE = [AUDIOHOOK / "client-pause.jsonl.gz", *whole("audiohook-client-pause.jsonl")]
PAUSE = [AUDIOHOOK / "pause.jsonl.gz", *whole("audiohook-pause.jsonl")]
PROBE = [AUDIOHOOK / "probe.jsonl.gz", *whole("audiohook-probe.jsonl")]
BETWEEN = (
    *((path, []) for path in PLAIN),
    *((path, [Paused(), Resumed()]) for path in CLIENT_PAUSE),
    *((path, [AudioLost(16_000), Paused(), Resumed()]) for path in PAUSE),
)
PARTIES = (Role.CUSTOMER, Role.AGENT)


def _name(path: object) -> str | None:
    return path.name if isinstance(path, Path) else None


@pytest.mark.parametrize("path", [*PLAIN, *CLIENT_PAUSE, *PROBE], ids=_name)
def test_every_answer_is_the_one_that_satisfied_the_client(path: Path) -> None:
    """Opened, each pong and closed are what the client was given when it was recorded: numbers, id and medium."""
    ours = [json.loads(answer) for answer in play(path).answers[path.name]]
    assert ours == [json.loads(line["text"]) for line in answered(path)]


@pytest.mark.parametrize("path", PAUSE, ids=_name)
def test_answers_to_a_client_that_another_server_paused(path: Path) -> None:
    """Where the recorded server said more than we do, pings are still answered by number, and ours go on by one."""
    ours = [json.loads(answer) for answer in play(path).answers[path.name]]
    assert [answer["seq"] for answer in ours] == list(range(1, len(ours) + 1))
    recorded = [json.loads(line["text"]) for line in answered(path)]
    pongs = [answer["clientseq"] for answer in recorded if answer["type"] == "pong"]
    assert [answer["clientseq"] for answer in ours if answer["type"] == "pong"] == pongs


@pytest.mark.parametrize(("path", "between"), BETWEEN, ids=_name)
def test_events_come_in_order(path: Path, between: list[object]) -> None:
    """A session starts with its parties, tells pauses once and what was left out, and ends with the client's close."""
    started, *others, ended = play(path).events
    assert isinstance(started, StreamStarted)
    assert started.channels == tuple(Channel(role, 8000) for role in PARTIES)
    assert not started.is_probe
    assert others == between
    assert ended == StreamEnded("close: end", clean=True)


@pytest.mark.parametrize("path", [*PLAIN, *CLIENT_PAUSE, *PAUSE], ids=_name)
def test_every_party_is_heard_on_its_own_channel(path: Path) -> None:
    """What arrived correlates above 0.99 with what that party said, below 0.1 with the other, at the same place."""
    played, source = play(path), said(path)
    lags = set()
    for own, role in enumerate(PARTIES):
        heard, arrived = played.samples[role], played.arrived[role]
        lag = aligned(heard, source[:, own])
        lags.add(lag)
        assert correlation(heard, source[:, own], lag, arrived) > 0.99
        assert abs(correlation(heard, source[:, 1 - own], lag, arrived)) < 0.1
        assert not heard[~arrived].any()
        assert (~arrived).sum() == (16_000 if path in PAUSE else 0)
    assert len(lags) == 1


@pytest.mark.parametrize("path", PROBE, ids=_name)
def test_a_connection_test_is_marked(path: Path) -> None:
    """The probe starts as one, carries nothing and ends."""
    played = play(path)
    started, ended = played.events
    assert isinstance(started, StreamStarted)
    assert started.is_probe
    assert ended == StreamEnded("close: end", clean=True)
    assert played.samples == {}
