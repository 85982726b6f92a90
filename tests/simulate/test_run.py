"""Simulated calls over every protocol into the server's real doors: all is heard, on its own channel, and it ends."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import numpy as np
import pytest
import soundfile
from click.testing import Result
from typer.testing import CliRunner

from tests.server.ingest_client import until
from tests.server.ingest_sink import KeptStream
from tests.simulate.house import House, house
from voicerisk.cli_simulate import app
from voicerisk.events import Role
from voicerisk.gateways.codec import Audio
from voicerisk.media.timeline import Timeline
from voicerisk.simulate.api import Api
from voicerisk.simulate.call import SimulatedCall
from voicerisk.simulate.line import Line
from voicerisk.simulate.protocols import WAYS
from voicerisk.simulate.run import Target, play_call

VOICE = Path(__file__).parents[1] / "fixtures" / "call.flac"
SPEED = 50.0
PARTIES = (Role.CUSTOMER, Role.AGENT)


@pytest.fixture(scope="module")
def voices(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """6 s of two voices that have nothing to do with each other."""
    voice, rate_hz = soundfile.read(VOICE, dtype="int16", always_2d=True)
    assert rate_hz == 8000
    first, second = voice[:48_000, 0], voice[-48_000:, 0]
    path = tmp_path_factory.mktemp("voices") / "voices.wav"
    soundfile.write(path, np.stack([first, second[::-1]], axis=1), rate_hz)
    return path


@pytest.fixture
async def server() -> AsyncIterator[House]:
    """Every door, open."""
    async with house() as opened:
        yield opened


def heard(streams: list[KeptStream]) -> dict[Role, np.ndarray]:
    """Each role's samples on the call's clock; streams without positions count from their start."""
    samples = {}
    for stream in streams:
        timeline = Timeline()
        timeline.open_stream("s", stream.started.channels)
        for event in stream.events:
            if isinstance(event, Audio):
                timeline.push("s", event.channel, event.samples, event.start)
        blocks = timeline.finish()
        for role in (channel.role for channel in stream.started.channels):
            parts = [block.roles[role].samples[: block.roles[role].n_valid] for block in blocks if role in block.roles]
            samples[role] = np.concatenate(parts) if parts else np.zeros(0, np.int16)
    return samples


def likeness(one: np.ndarray, other: np.ndarray) -> float:
    """Correlation over what both have."""
    n = min(len(one), len(other))
    return float(np.corrcoef(one[:n], other[:n])[0, 1])


@pytest.mark.parametrize("protocol", WAYS)
async def test_every_protocol_is_heard(server: House, voices: Path, protocol: str) -> None:
    """Own channel above 0.99, the other's below 0.1, to the last packet, and a clean end."""
    call = SimulatedCall(path=voices, call_id="c-1", labels={"queue": "billing"}, packet_s=WAYS[protocol].packet_s)
    played = await play_call(protocol, call, server.target(protocol))
    assert played.problem is None
    assert played.sent_s == pytest.approx(6.0, abs=0.01)
    await until(lambda: bool(server.streams(played.call_id)) and all(s.ended for s in server.streams(played.call_id)))
    streams = server.streams(played.call_id)
    assert len(streams) == (2 if protocol in ("asterisk-websocket", "audiosocket", "rtp") else 1)
    assert all(stream.ended[0].clean for stream in streams)
    samples, source = heard(streams), soundfile.read(voices, dtype="int16")[0]
    if protocol == "vonage":
        assert likeness(samples[Role.MIXED], source.sum(axis=1)) > 0.99
        return
    alone = protocol in ("exotel", "sinch")
    for own, role in enumerate(PARTIES[:1] if alone else PARTIES):
        assert abs(len(samples[role]) - 48_000) <= 800
        assert likeness(samples[role], source[:, own]) > 0.99
        assert abs(likeness(samples[role], source[:, 1 - own])) < 0.1


@pytest.mark.parametrize("protocol", ["twilio", "telnyx", "audiohook", "asterisk-websocket", "audiosocket", "rtp"])
async def test_a_late_line_loses_nothing(server: House, voices: Path, protocol: str) -> None:
    """With jitter and a stall everything is heard in its place, also where packets overtake each other."""
    line = Line(jitter_s=0.015, stall_s=2.0)
    call = SimulatedCall(path=voices, call_id="c-1", line=line, packet_s=WAYS[protocol].packet_s)
    played = await play_call(protocol, call, server.target(protocol))
    assert played.problem is None
    await until(lambda: bool(server.streams(played.call_id)) and all(s.ended for s in server.streams(played.call_id)))
    samples, source = heard(server.streams(played.call_id)), soundfile.read(voices, dtype="int16")[0]
    for own, role in enumerate(PARTIES):
        # What overtakes the very first packet of all comes before the call's clock begins.
        skipped = next(at for at in (0, 160, 320, 480) if likeness(samples[role], source[at:, own]) > 0.9)
        assert likeness(samples[role], source[skipped:, own]) > 0.99


async def test_rtp_that_is_lost(server: House, voices: Path) -> None:
    """A tenth of the packets lost: the port counts them, the report says so, the rest is in its place."""
    call = SimulatedCall(path=voices, call_id="c-1", line=Line(loss=0.1))
    played = await play_call("rtp", call, server.target("rtp"))
    assert played.problem is None
    assert "customer: " in played.note
    n_sent = int(played.note.split("customer: ")[1].split(" of ")[0])
    assert 240 <= n_sent < 300
    samples, source = heard(server.streams("c-1")), soundfile.read(voices, dtype="int16")[0]
    voice, wanted = samples[Role.CUSTOMER], source[:, 0]
    here = voice[: len(wanted)] != 0
    assert likeness(voice[here], wanted[: len(voice)][here]) > 0.99


@pytest.mark.parametrize("protocol", ["twilio", "audiohook", "asterisk-websocket", "audiosocket", "rtp"])
async def test_an_abrupt_end(server: House, voices: Path, protocol: str) -> None:
    """Without a goodbye the server still ends every stream; only AudioSocket, which knows no other end, is clean."""
    call = SimulatedCall(path=voices, call_id="c-1", line=Line(abrupt=True), packet_s=WAYS[protocol].packet_s)
    played = await play_call(protocol, call, server.target(protocol))
    assert played.problem is None
    await until(lambda: bool(server.streams(played.call_id)) and all(s.ended for s in server.streams(played.call_id)))
    assert {stream.ended[0].clean for stream in server.streams(played.call_id)} == {protocol == "audiosocket"}


async def test_fifty_audiohook_sessions_at_once(server: House, voices: Path) -> None:
    """Fifty clients as strict as Genesys' own, all at once, and none finds fault."""
    calls = [SimulatedCall(path=voices, call_id=f"c-{number}", packet_s=0.2) for number in range(50)]
    played = await asyncio.gather(*(play_call("audiohook", call, server.target("audiohook", 20.0)) for call in calls))
    assert [one.problem for one in played] == [None] * 50
    assert len({one.call_id for one in played}) == 50
    await until(lambda: len(server.sink.streams) == 50 and all(stream.ended for stream in server.sink.streams))
    assert {tuple(stream.n_samples) for stream in server.sink.streams} == {(48_000, 48_000)}


async def test_a_drain_asks_audiohook_to_close(server: House, voices: Path) -> None:
    """Before a drain is over the server says disconnect, and the client closes in good order, before the file's end."""
    call = SimulatedCall(path=voices, call_id="c-1", packet_s=0.2)
    playing = asyncio.create_task(play_call("audiohook", call, server.target("audiohook", 2.0)))
    await until(lambda: bool(server.sink.streams) and server.sink.streams[0].n_samples[0] > 1600)
    await server.ingest.drain(1.0)
    played = await asyncio.wait_for(playing, 10.0)
    assert played.problem is None
    assert played.sent_s < 5.0
    assert server.sink.streams[0].ended[0].reason == "close: disconnect"


@pytest.mark.parametrize(
    ("protocol", "said"),
    [
        ("twilio", "127.0.0.1:1: Connection refused; is the server running?"),
        ("audiosocket", "--api says where the server's API is"),
        ("rtp", "--api says where"),
    ],
)
async def test_nobody_there(voices: Path, protocol: str, said: str) -> None:
    """Without a server the report says what could not be reached."""
    target = Target(url="ws://127.0.0.1:1/x", api=Api("http://127.0.0.1:1"), speed=0.0)
    played = await play_call(protocol, SimulatedCall(path=voices, call_id="c"), target)
    assert played.problem is not None
    assert said in played.problem


async def test_the_api_may_refuse(server: House, voices: Path) -> None:
    """What the API says is wrong is told in its own words."""
    server.sink.busy = "the tone model is busy"
    played = await play_call("rtp", SimulatedCall(path=voices, call_id="c"), server.target("rtp"))
    assert played.problem is not None
    assert "503: the tone model is busy" in played.problem


async def test_the_command(server: House, voices: Path) -> None:
    """A line for each call at the end, exit code 0 where all were taken whole and 1 where one was not."""

    async def simulate(*arguments: str) -> Result:
        # In a thread, since the command runs an event loop of its own.
        return await asyncio.to_thread(CliRunner().invoke, app, list(arguments), env={"COLUMNS": "200"})

    url = server.url("freeswitch-audio-fork")
    good = await simulate("audio-fork", str(voices), "--url", url, "--calls", "3", "--rate", "50")
    assert (good.exit_code, good.stderr.strip()) == (0, "")
    lines = good.stdout.splitlines()
    assert [sum(f"voices-{n}" in line and "taken whole" in line for line in lines) for n in (1, 2, 3)] == [1, 1, 1]
    assert {s.started.call_id for s in server.sink.streams} == {"voices-1", "voices-2", "voices-3"}
    bad = await simulate("rtp", str(voices), "--api", "http://127.0.0.1:1", "--rate", "50")
    assert bad.exit_code == 1
    assert "--api says where" in " ".join(bad.stdout.split())
    assert "Traceback" not in bad.stdout + bad.stderr
