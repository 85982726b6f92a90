"""Tests of voicerisk.replay: files and recorded sessions through the chain, many at a time, good and bad."""

import base64
import json
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tests.conftest import ROOT
from tests.scoring.toy import toy_model
from tests.sounds import tone, trouble, write
from voicerisk.audiofile import AudioFileError
from voicerisk.config import Config
from voicerisk.events import Role
from voicerisk.gateways.recording import RecordingError
from voicerisk.media.g711 import encode_ulaw
from voicerisk.replay import Item, replay
from voicerisk.scoring.model import Model
from voicerisk.simulate.call import SimulatedCall
from voicerisk.simulate.l16 import l16

STREAMS = ROOT / "streams"


@pytest.fixture(scope="module")
def toy(tmp_path_factory: pytest.TempPathFactory) -> Model:
    """A model that takes loud for tense, and that two samples can break."""
    return toy_model(tmp_path_factory.mktemp("models"), faulty=True)


def played(model: Model, *paths: Path, roles: Sequence[Role] | None = None) -> list[Item]:
    """Everything that replay gives."""
    return list(replay(paths, model, Config().floor_with(model), roles=roles))


def of(items: Sequence[Item], call: str) -> list[Item]:
    """One call's items."""
    return [item for item in items if item.get("call") == call]


def alerts(items: Sequence[Item]) -> list[tuple[str, float]]:
    """Which call alerted when."""
    return [(item["call"], item["at_s"]) for item in items if item["type"] == "alert"]


def test_a_call_from_start_to_end(toy: Model, tmp_path: Path) -> None:
    """A stereo file is one call, named after the file, with customer left: start, windows, one alert, end."""
    path = write(tmp_path / "billing.flac", trouble(), tone(18.0, 0.9))
    items = played(toy, path)
    assert {item["call"] for item in items} == {"billing"}
    assert [items[0]["type"], items[-2]["type"]] == ["call.started", "call.ended"]
    assert items[-1]["type"] == "alert.resolved"
    assert (items[-2]["at_s"], items[-2]["reason"]) == (18.0, "end of file")
    ((_, at_s),) = alerts(items)
    assert 10.0 < at_s < 18.0
    (alert,) = (item for item in items if item["type"] == "alert")
    assert alert["reasons"][0]["text"]
    windows = [item for item in items if item["type"] == "tension.window"]
    assert windows[-1]["at_s"] == 17.76
    json.dumps(items)


def test_channels_can_be_swapped(toy: Model, tmp_path: Path) -> None:
    """The loud channel is the customer's only if the channels are said to be so."""
    path = write(tmp_path / "c.wav", tone(18.0, 0.02), trouble())
    assert alerts(played(toy, path)) == []
    assert len(alerts(played(toy, path, roles=(Role.AGENT, Role.CUSTOMER)))) == 1


@pytest.mark.parametrize("rate_hz", [8000, 16000, 44100])
def test_mono_of_any_rate_is_the_customer(toy: Model, tmp_path: Path, rate_hz: int) -> None:
    """A mono file is the customer's voice at whatever rate, and alerts at the same second."""
    path = write(tmp_path / "c.wav", trouble(rate_hz=rate_hz), rate_hz=rate_hz)
    ((_, at_s),) = alerts(played(toy, path))
    ((_, expected_s),) = alerts(played(toy, write(tmp_path / "d.wav", trouble())))
    assert at_s == expected_s


def test_a_short_and_an_empty_file(toy: Model, tmp_path: Path) -> None:
    """A tenth of a second is one block, and no sample at all is a call that starts and ends."""
    short = played(toy, write(tmp_path / "s.wav", tone(0.1)))
    assert [item["at_s"] for item in short if item["type"] == "call.ended"] == [0.24]
    empty = played(toy, write(tmp_path / "e.wav", np.zeros(0, np.int16)))
    assert [(item["type"], item["at_s"]) for item in empty] == [("call.started", 0.0), ("call.ended", 0.0)]


def test_files_side_by_side_do_not_meet(toy: Model, tmp_path: Path) -> None:
    """Files of very different lengths, more than run at once: each call's items come together, in order, unchanged."""
    rng = np.random.default_rng(1)
    sounds = {f"c{number:02}": trouble(10.0, float(rng.uniform(0.0, 8.0))) for number in range(5)}
    sounds |= {f"d{number:02}": tone(float(rng.uniform(0.0, 1.0)), 0.4) for number in range(70)}
    paths = [write(tmp_path / f"{name}.wav", sound) for name, sound in sounds.items()]
    rng.shuffle(paths)  # type: ignore[arg-type]
    together = played(toy, *paths)
    assert list(dict.fromkeys(item["call"] for item in together)) == [path.stem for path in paths]
    alone = [item for path in paths for item in played(toy, path)]
    assert together == alone
    assert alerts(alone)


def test_a_bad_file_is_named(toy: Model, tmp_path: Path) -> None:
    """A file that is no sound stops the replay with the error that names it, wherever it stands."""
    good, bad = write(tmp_path / "a.wav", tone(3.0)), tmp_path / "b.wav"
    bad.write_text("no sound")
    for paths in ((good, bad), (bad, good)):
        with pytest.raises(AudioFileError, match=r"b\.wav"):
            played(toy, *paths)


def test_a_call_that_breaks_the_model_ends_alone(toy: Model, tmp_path: Path) -> None:
    """The model's error is told with its call, which ends with it; the file beside it is played to its end."""
    trap = tone(6.0, 0.4)
    trap[3 * 1920] = -32768
    items = played(toy, write(tmp_path / "bad.wav", trap), write(tmp_path / "good.wav", tone(6.0, 0.4)))
    (error,) = (item for item in items if item["type"] == "call.error")
    assert (error["call"], error["at_s"] >= 0.72) == ("bad", True)
    assert "the model raised" in error["why"]
    (ended,) = (item for item in of(items, "bad") if item["type"] == "call.ended")
    assert ended["reason"].startswith("not scored: the model raised")
    assert of(items, "good") == played(toy, tmp_path / "good.wav")


def session(
    path: Path, protocol: str, messages: Iterator[tuple[float, Any]], *, wall: float = 0.0, close: Any = 1000
) -> Path:
    """A recorded wire session of these messages."""
    lines = [json.dumps({"protocol": protocol, "wall": wall})]
    at_s = 0.0
    for at_s, message in messages:
        body = {"text": message} if isinstance(message, str) else {"b64": base64.b64encode(message).decode()}
        lines.append(json.dumps({"t": at_s, "dir": "in", **body}))
    if close is not None:
        lines.append(json.dumps({"t": at_s, "dir": "in", "close": close}))
    path.write_text("\n".join(lines))
    return path


def test_recorded_sessions_of_real_gateways(toy: Model) -> None:
    """Each session in the project gives its one call, judged to its end, with the gateway's own way of ending."""
    for name, reason in (
        ("twilio/fork.jsonl.gz", "stop"),
        ("freeswitch/audio-fork.jsonl.gz", "connection closed"),
        ("vonage/wsbridge.jsonl.gz", "end of recording"),
    ):
        items = played(toy, STREAMS / name)
        assert {item["call"] for item in items} == {"call0_escalates"}
        assert [item["reason"] for item in items if item["type"] == "call.ended"] == [reason]
        assert len([item for item in items if item["type"] == "tension.window"]) >= 8


def test_two_recordings_of_one_call_are_put_together(toy: Model, tmp_path: Path) -> None:
    """Two legs recorded separately, with one call id and overlapping times, are one call with both voices."""
    legs = {}
    for role, sound in ((Role.CUSTOMER, trouble()), (Role.AGENT, tone(18.0, 0.3))):
        call = SimulatedCall(path=write(tmp_path / f"{role}.wav", sound), call_id="c", roles=(role,))
        legs[role] = session(tmp_path / f"{role}.jsonl", "freeswitch-audio-fork", l16(call), wall=1000.0)
    items = played(toy, legs[Role.AGENT], legs[Role.CUSTOMER])
    assert {item["call"] for item in items} == {"c"}
    assert len([item for item in items if item["type"] == "call.started"]) == 1
    ((_, at_s),) = alerts(items)
    assert 10.0 < at_s < 18.0
    assert [item for item in items if item["type"] == "talk.overlap"]


def test_a_recording_that_breaks_off_is_continued_by_the_next(toy: Model, tmp_path: Path) -> None:
    """A lost connection and the one that followed 5 s later are one call; a much later one is another."""
    call = SimulatedCall(path=write(tmp_path / "c.wav", tone(3.0)), call_id="c")
    first = session(tmp_path / "1.jsonl", "freeswitch-audio-fork", l16(call), wall=1000.0, close=1006)
    soon = session(tmp_path / "2.jsonl", "freeswitch-audio-fork", l16(call), wall=1008.0)
    late = session(tmp_path / "3.jsonl", "freeswitch-audio-fork", l16(call), wall=1100.0)
    items = played(toy, first, soon, late)
    ends = [(item["call"], item["at_s"], item["reason"]) for item in items if item["type"] == "call.ended"]
    assert ends == [("c", 6.0, "connection closed"), ("c#2", 3.12, "connection closed")]


def test_a_refused_message_ends_its_session_with_the_reason(toy: Model, tmp_path: Path) -> None:
    """What the codec refuses is told with the session's name and the codec's words; what came before counts."""
    start = {"event": "start", "streamSid": "MZ", "start": {"callSid": "c", "tracks": ["inbound"]}}
    payload = base64.b64encode(encode_ulaw(tone(2.0)).tobytes()).decode()
    media = {"event": "media", "media": {"track": "inbound", "timestamp": "0", "payload": payload}}
    messages = [(0.0, json.dumps(start)), (2.0, json.dumps(media)), (2.1, "{nonsense"), (2.2, json.dumps(media))]
    items = played(toy, session(tmp_path / "x.jsonl", "twilio", iter(messages)))
    (refused,) = (item for item in items if item["type"] == "stream.refused")
    assert refused["stream"].endswith("x.jsonl")
    assert "not valid JSON" in refused["why"]
    (ended,) = (item for item in items if item["type"] == "call.ended")
    assert ended["at_s"] == 2.16


def test_a_stream_that_cannot_be_a_call_is_refused(toy: Model, tmp_path: Path) -> None:
    """A session whose two channels have one role is told as refused; the session beside it is played."""
    good = SimulatedCall(path=write(tmp_path / "c.wav", tone(1.0)), call_id="good")
    start = {"event": "start", "streamSid": "MZ", "start": {"callSid": "bad", "tracks": ["left", "right"]}}
    bad = session(tmp_path / "bad.jsonl", "twilio", iter([(0.0, json.dumps(start))]))
    items = played(toy, bad, session(tmp_path / "good.jsonl", "freeswitch-audio-fork", l16(good)))
    (refused,) = (item for item in items if item["type"] == "stream.refused")
    assert refused["stream"].endswith("bad.jsonl")
    assert [item["call"] for item in items if item["type"] == "call.ended"] == ["good"]


@pytest.mark.parametrize(
    ("text", "match"),
    [
        ("", "x.jsonl, line 1: the file is empty"),
        ("dear customer", "x.jsonl, line 1: not the header"),
        ('{"protocol": "telegraph"}', "x.jsonl: .*telegraph"),
        ('{"protocol": "twilio"}\n{"t": 0, "dir": "up"}', "x.jsonl, line 2"),
    ],
)
def test_a_recording_that_is_none_is_named(toy: Model, tmp_path: Path, text: str, match: str) -> None:
    """An empty file, text, an unknown protocol and a bad line each give the error with file and line."""
    path = tmp_path / "x.jsonl"
    path.write_text(text)
    with pytest.raises(RecordingError, match=match):
        played(toy, path)


def test_progress_is_told(toy: Model, tmp_path: Path) -> None:
    """Each file's progress reaches its length."""
    paths = [write(tmp_path / "a.wav", tone(2.4)), write(tmp_path / "b.wav", tone(4.8))]
    told: dict[str, float] = {}
    list(replay(paths, toy, Config().floor_with(toy), progress=lambda name, at_s: told.update({name: at_s})))
    assert {name: at_s for name, at_s in told.items() if name} == {str(paths[0]): 2.4, str(paths[1]): 4.8}
