"""Tests of voicerisk.simulate.messages: what the simulated gateways send is what real ones send."""

import json
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest
import soundfile

from tests.sounds import tone, write
from voicerisk.audiofile import AudioFileError
from voicerisk.events import Role
from voicerisk.gateways.codec import Audio, Channel, Codec, GatewayEvent, Handshake, StreamEnded, StreamStarted
from voicerisk.gateways.l16 import L16Codec
from voicerisk.gateways.twilio import TwilioCodec
from voicerisk.media.g711 import decode_ulaw, encode_ulaw
from voicerisk.simulate.messages import PROTOCOLS, SimulatedCall, TimedMessage, l16, twilio


def heard(codec: Codec, messages: Sequence[TimedMessage]) -> list[GatewayEvent]:
    """What the codec understands of the whole call."""
    events = [event for _, message in messages for event in codec.receive(message)]
    return [*events, *codec.receive_end(clean=True)]


def sound_of(events: Sequence[GatewayEvent], channel: int) -> np.ndarray:
    """One channel's samples."""
    return np.concatenate([e.samples for e in events if isinstance(e, Audio) and e.channel == channel])


def started(events: Sequence[GatewayEvent]) -> StreamStarted:
    """The one start."""
    (start,) = (event for event in events if isinstance(event, StreamStarted))
    return start


@pytest.fixture
def stereo(tmp_path: Path) -> Path:
    """0.37 s of two voices."""
    return write(tmp_path / "c.wav", tone(0.37, 0.4), tone(0.37, 0.1))


@pytest.mark.parametrize("packet_s", [0.02, 0.06, 0.2])
def test_twilio_carries_both_tracks(stereo: Path, packet_s: float) -> None:
    """The codec hears both voices after mu-law, each on its side, in order by the shared clock, and a clean stop."""
    call = SimulatedCall(path=stereo, call_id="c-1", labels={"queue": "billing"}, packet_s=packet_s)
    events = heard(TwilioCodec(Handshake()), list(twilio(call)))
    samples, _ = soundfile.read(stereo, dtype="int16")
    start = started(events)
    assert (start.call_id, start.labels) == ("c-1", {"queue": "billing"})
    assert start.channels == (Channel(Role.CUSTOMER, 8000), Channel(Role.AGENT, 8000))
    for channel in (0, 1):
        assert np.array_equal(sound_of(events, channel), decode_ulaw(encode_ulaw(samples[:, channel])))
        at = 0
        for event in events:
            if isinstance(event, Audio) and event.channel == channel:
                assert event.start == at
                at += len(event.samples)
    assert events[-1] == StreamEnded("stop")


def test_twilio_numbers_its_messages(stereo: Path) -> None:
    """Sequence numbers and the chunk counter, which both tracks share, count without a hole."""
    messages = [json.loads(message) for _, message in twilio(SimulatedCall(path=stereo, call_id="c"))]
    assert messages[0]["event"] == "connected"
    assert [int(m["sequenceNumber"]) for m in messages[1:]] == list(range(1, len(messages)))
    media = [m["media"] for m in messages if m["event"] == "media"]
    assert [int(m["chunk"]) for m in media] == list(range(1, len(media) + 1))
    assert [m["track"] for m in media[:2]] == ["inbound", "outbound"]
    assert len({m["streamSid"] for m in messages[1:]}) == 1


@pytest.mark.parametrize("packet_s", [0.02, 0.06, 0.2])
def test_l16_carries_both_channels(stereo: Path, packet_s: float) -> None:
    """The codec hears exactly the file's samples, with roles, rate and labels from the metadata."""
    call = SimulatedCall(path=stereo, call_id="c-1", labels={"queue": "billing"}, packet_s=packet_s)
    events = heard(L16Codec(Handshake()), list(l16(call)))
    samples, _ = soundfile.read(stereo, dtype="int16")
    start = started(events)
    assert (start.call_id, start.labels) == ("c-1", {"queue": "billing"})
    assert start.channels == (Channel(Role.CUSTOMER, 8000), Channel(Role.AGENT, 8000))
    for channel in (0, 1):
        assert np.array_equal(sound_of(events, channel), samples[:, channel])


@pytest.mark.parametrize("role", [Role.CUSTOMER, Role.AGENT])
def test_one_voice_alone(tmp_path: Path, role: Role) -> None:
    """A mono file is one track of the party that it is said to be."""
    path = write(tmp_path / "m.wav", tone(0.1))
    call = SimulatedCall(path=path, call_id="c", roles=(role,))
    assert started(heard(TwilioCodec(Handshake()), list(twilio(call)))).channels == (Channel(role, 8000),)
    assert started(heard(L16Codec(Handshake()), list(l16(call)))).channels == (Channel(role, 8000),)


def test_l16_carries_other_rates(tmp_path: Path) -> None:
    """16 kHz goes out as it is, and says so."""
    path = write(tmp_path / "m.wav", tone(0.1, rate_hz=16000), rate_hz=16000)
    events = heard(L16Codec(Handshake()), list(l16(SimulatedCall(path=path, call_id="c"))))
    assert started(events).channels == (Channel(Role.CUSTOMER, 16000),)
    assert len(sound_of(events, 0)) == 1600


@pytest.mark.parametrize("protocol", PROTOCOLS)
def test_a_packet_leaves_when_it_has_been_spoken(stereo: Path, protocol: str) -> None:
    """Times never go back; the last message leaves at the end of the file, and none before its own sound."""
    times = [at_s for at_s, _ in PROTOCOLS[protocol](SimulatedCall(path=stereo, call_id="c"))]
    assert times == sorted(times)
    assert times[0] == 0.0
    assert times[-1] == pytest.approx(0.37)
    assert min(at_s for at_s in times if at_s > 0.0) == pytest.approx(0.02)


def test_twilio_carries_8_khz_alone(tmp_path: Path) -> None:
    """A file of another rate is refused with its name, because a telephone line could not have carried it."""
    path = write(tmp_path / "wide.wav", tone(0.1, rate_hz=16000), rate_hz=16000)
    with pytest.raises(AudioFileError, match=r"wide\.wav: Twilio carries 8000 Hz, the file has 16000"):
        next(twilio(SimulatedCall(path=path, call_id="c")))


def test_an_empty_file_is_a_call_that_starts_and_stops(tmp_path: Path) -> None:
    """No sample: start and stop, no media."""
    path = write(tmp_path / "e.wav", np.zeros(0, np.int16))
    events = heard(TwilioCodec(Handshake()), list(twilio(SimulatedCall(path=path, call_id="c"))))
    assert [type(e) for e in events if isinstance(e, StreamStarted | Audio | StreamEnded)] == [
        StreamStarted,
        StreamEnded,
    ]
