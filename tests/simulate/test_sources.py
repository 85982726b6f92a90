"""What the simulated gateways send is what real ones send: each codec understands its own, to the last sample."""

import json
from collections.abc import Iterator, Sequence
from pathlib import Path
from uuid import uuid4

import numpy as np
import pytest
import soundfile

from tests.sounds import tone, write
from voicerisk.audiofile import AudioFileError
from voicerisk.events import Role
from voicerisk.gateways.codec import Audio, Channel, GatewayEvent, Handshake, StreamEnded, StreamStarted
from voicerisk.gateways.registered_call import RegisteredCall
from voicerisk.gateways.routes import codec_maker
from voicerisk.gateways.rtp import RtpCodec
from voicerisk.media.g711 import decode_alaw, decode_ulaw, encode_alaw, encode_ulaw
from voicerisk.media.timeline import Timeline
from voicerisk.simulate import asterisk
from voicerisk.simulate.call import SimulatedCall, TimedMessage
from voicerisk.simulate.l16 import l16
from voicerisk.simulate.line import Line
from voicerisk.simulate.protocols import SOURCES
from voicerisk.simulate.twilio import telnyx, twilio

BOTH = [name for name in SOURCES if name not in ("vonage", "sinch", "exotel")]
LABELLED = [name for name in SOURCES if name != "sinch"]
LAWS = {"telnyx": lambda samples: decode_alaw(encode_alaw(samples))} | dict.fromkeys(
    ("twilio", "signalwire", "plivo", "bandwidth"), lambda samples: decode_ulaw(encode_ulaw(samples))
)


def heard(protocol: str, messages: Iterator[TimedMessage]) -> list[GatewayEvent]:
    """What the protocol's codec understands of the whole call."""
    codec = codec_maker(protocol)(Handshake())
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
    """2.17 s of two voices."""
    return write(tmp_path / "c.wav", tone(2.17, 0.4), tone(2.17, 0.1)[::-1])


@pytest.mark.parametrize("packet_s", [0.02, 0.06, 0.2])
@pytest.mark.parametrize("protocol", BOTH)
def test_both_voices_arrive(stereo: Path, protocol: str, packet_s: float) -> None:
    """The codec hears both voices, each on its side, to the last sample, under the call's id and labels."""
    call = SimulatedCall(path=stereo, call_id="c-1", labels={"queue": "billing"}, packet_s=packet_s)
    events = heard(protocol, SOURCES[protocol](call))
    start = started(events)
    assert (start.call_id, start.labels["queue"]) == ("c-1", "billing")
    assert start.channels == (Channel(Role.CUSTOMER, 8000), Channel(Role.AGENT, 8000))
    samples, _ = soundfile.read(stereo, dtype="int16")
    for channel in (0, 1):
        wanted = LAWS.get(protocol, lambda plain: plain)(samples[:, channel])
        assert np.array_equal(sound_of(events, channel), wanted)
    ended = events[-1]
    assert isinstance(ended, StreamEnded)
    assert ended.clean


@pytest.mark.parametrize("protocol", ["exotel", "sinch"])
def test_the_customer_alone(stereo: Path, protocol: str) -> None:
    """Gateways that stream one party stream the customer."""
    events = heard(protocol, SOURCES[protocol](SimulatedCall(path=stereo, call_id="c-1")))
    samples, _ = soundfile.read(stereo, dtype="int16")
    assert started(events).channels[0].role is Role.CUSTOMER
    assert np.array_equal(sound_of(events, 0), samples[:, 0])
    assert {event.channel for event in events if isinstance(event, Audio)} == {0}


def test_vonage_mixes(tmp_path: Path) -> None:
    """Both voices in one channel, cut off at full scale instead of wrapping round."""
    path = write(tmp_path / "c.wav", tone(0.5, 0.9), tone(0.5, 0.9))
    events = heard("vonage", SOURCES["vonage"](SimulatedCall(path=path, call_id="c")))
    assert started(events).channels == (Channel(Role.MIXED, 8000),)
    samples, _ = soundfile.read(path, dtype="int16")
    assert np.array_equal(sound_of(events, 0), np.clip(samples.sum(axis=1, dtype=int), -32768, 32767))


@pytest.mark.parametrize("protocol", SOURCES)
def test_labels_are_told(stereo: Path, protocol: str) -> None:
    """The queue arrives wherever the gateway has a place for it."""
    call = SimulatedCall(path=stereo, call_id="c", labels={"queue": "billing"})
    assert started(heard(protocol, SOURCES[protocol](call))).labels.get("queue") == (
        "billing" if protocol in LABELLED else None
    )


def test_twilio_numbers_its_messages(stereo: Path) -> None:
    """Sequence numbers and the chunk counter, which both tracks share, count without a hole."""
    messages = [json.loads(message) for _, message in twilio(SimulatedCall(path=stereo, call_id="c"))]
    assert messages[0]["event"] == "connected"
    assert [int(m["sequenceNumber"]) for m in messages[1:]] == list(range(1, len(messages)))
    media = [m["media"] for m in messages if m["event"] == "media"]
    assert [int(m["chunk"]) for m in media] == list(range(1, len(media) + 1))
    assert [m["track"] for m in media[:2]] == ["inbound", "outbound"]
    assert len({m["streamSid"] for m in messages[1:]}) == 1


def test_telnyx_numbers_its_messages(stereo: Path) -> None:
    """Numbers count without a hole, and a jitter that mixes up the frames leaves start first and stop last."""
    line = Line(jitter_s=0.03)
    sent = [json.loads(message) for _, message in telnyx(SimulatedCall(path=stereo, call_id="c", line=line))]
    assert [message["event"] for message in (*sent[:2], sent[-1])] == ["connected", "start", "stop"]
    numbers = [int(message["sequence_number"]) for message in sent[1:]]
    assert numbers != sorted(numbers)
    assert sorted(numbers) == list(range(1, len(numbers) + 1))
    assert numbers[-1] == max(numbers)


@pytest.mark.parametrize("protocol", ["twilio", "telnyx", "plivo", "l16", "freeswitch-audio-fork", "jambonz"])
@pytest.mark.parametrize("role", [Role.CUSTOMER, Role.AGENT])
def test_one_voice_alone(tmp_path: Path, protocol: str, role: Role) -> None:
    """A mono file is one track of the party that it is said to be."""
    path = write(tmp_path / "m.wav", tone(0.1))
    call = SimulatedCall(path=path, call_id="c", roles=(role,))
    assert started(heard(protocol, SOURCES[protocol](call))).channels == (Channel(role, 8000),)


def test_l16_carries_other_rates(tmp_path: Path) -> None:
    """16 kHz goes out as it is, and says so."""
    path = write(tmp_path / "m.wav", tone(0.1, rate_hz=16000), rate_hz=16000)
    events = heard("l16", l16(SimulatedCall(path=path, call_id="c")))
    assert started(events).channels == (Channel(Role.CUSTOMER, 16000),)
    assert len(sound_of(events, 0)) == 1600


@pytest.mark.parametrize("protocol", SOURCES)
def test_a_packet_leaves_when_it_has_been_spoken(stereo: Path, protocol: str) -> None:
    """Times never go back; the last message leaves at the end of the file, and none before its own sound."""
    times = [at_s for at_s, _ in SOURCES[protocol](SimulatedCall(path=stereo, call_id="c"))]
    assert times == sorted(times)
    assert times[0] == 0.0
    assert times[-1] == pytest.approx(2.17)
    assert min(at_s for at_s in times if at_s > 0.0) == pytest.approx(0.02)


@pytest.mark.parametrize("protocol", ["twilio", "exotel", "vonage"])
def test_a_line_carries_8_khz(tmp_path: Path, protocol: str) -> None:
    """A file of a rate that the gateway does not know goes at 8 kHz, resampled, to its full length."""
    path = write(tmp_path / "wide.wav", tone(1.0, rate_hz=44100), rate_hz=44100)
    events = heard(protocol, SOURCES[protocol](SimulatedCall(path=path, call_id="c")))
    samples = sound_of(events, 0)
    assert started(events).channels[0].rate_hz == 8000
    assert len(samples) == 8000
    assert np.corrcoef(samples[200:-200], tone(1.0)[200:-200])[0, 1] > 0.99


def test_a_file_that_cannot_be_a_call(tmp_path: Path) -> None:
    """Three channels are refused with the file's name."""
    path = write(tmp_path / "three.wav", *[tone(0.1)] * 3)
    with pytest.raises(AudioFileError, match=r"three\.wav: has 3 channels"):
        list(twilio(SimulatedCall(path=path, call_id="c")))


@pytest.mark.parametrize("protocol", SOURCES)
def test_an_empty_file_is_a_call_that_starts_and_stops(tmp_path: Path, protocol: str) -> None:
    """No sample: start and stop, no media."""
    path = write(tmp_path / "e.wav", np.zeros(0, np.int16))
    events = heard(protocol, SOURCES[protocol](SimulatedCall(path=path, call_id="c")))
    assert [type(e) for e in events if isinstance(e, StreamStarted | Audio | StreamEnded)] == [
        StreamStarted,
        StreamEnded,
    ]


@pytest.mark.parametrize("protocol", ["twilio", "telnyx", "bandwidth", "l16"])
def test_lost_packets(stereo: Path, protocol: str) -> None:
    """A lost packet leaves its place empty: what follows is where it belongs, and no sample is another one's."""
    call = SimulatedCall(path=stereo, call_id="c", line=Line(loss=0.2))
    events = heard(protocol, SOURCES[protocol](call))
    timeline = Timeline()
    timeline.open_stream("s", started(events).channels)
    for event in events:
        if isinstance(event, Audio):
            timeline.push("s", event.channel, event.samples, event.start)
    blocks = timeline.finish()
    samples, _ = soundfile.read(stereo, dtype="int16")
    for channel, role in enumerate((Role.CUSTOMER, Role.AGENT)):
        voice = np.concatenate([block.roles[role].samples[: block.roles[role].n_valid] for block in blocks])
        wanted = LAWS.get(protocol, lambda plain: plain)(samples[:, channel])
        same = voice == wanted[: len(voice)]
        assert 0.6 < same.mean() < 0.95
        # Mu-law and A-law have no zero of their own in the middle of a tone, so what is not the same is silence.
        assert np.abs(voice[~same]).max() <= 8


def test_the_same_seed_gives_the_same_losses(stereo: Path) -> None:
    """A call can be played again exactly, and another seed gives other losses."""
    plays = [
        list(twilio(SimulatedCall(path=stereo, call_id="c", line=Line(loss=0.2, seed=seed)))) for seed in (1, 1, 2)
    ]
    assert plays[0] == plays[1]
    assert plays[0] != plays[2]


@pytest.mark.parametrize("protocol", BOTH)
def test_an_abrupt_end_has_no_goodbye(stereo: Path, protocol: str) -> None:
    """All the audio is sent, and no stop."""
    call = SimulatedCall(path=stereo, call_id="c", line=Line(abrupt=True))
    codec = codec_maker(protocol)(Handshake())
    events = [event for _, message in SOURCES[protocol](call) for event in codec.receive(message)]
    assert not any(isinstance(event, StreamEnded) for event in events)
    assert len(sound_of(events, 1)) == round(2.17 * 8000)


@pytest.mark.parametrize("party", [0, 1])
def test_asterisks_three_ways(stereo: Path, party: int) -> None:
    """Each party's websocket, AudioSocket and RTP carry its own voice alone, under the same call."""
    role = (Role.CUSTOMER, Role.AGENT)[party]
    call = SimulatedCall(path=stereo, call_id="c-1", labels={"queue": "billing"})
    samples, _ = soundfile.read(stereo, dtype="int16")
    plain, law = samples[:, party], decode_ulaw(encode_ulaw(samples[:, party]))
    events = heard("asterisk-websocket", asterisk.websocket(call, party))
    assert (started(events).call_id, started(events).labels) == ("c-1", {"queue": "billing"})
    assert started(events).channels == (Channel(role, 8000),)
    assert np.array_equal(sound_of(events, 0), law)
    uuid = str(uuid4())
    events = heard("audiosocket", asterisk.audiosocket(call, party, uuid))
    assert started(events).call_id == uuid
    assert np.array_equal(sound_of(events, 0), plain)
    codec = RtpCodec(Handshake(), call=RegisteredCall(call_id="c-1", role=role))
    events = [event for _, message in asterisk.rtp(call, party) for event in codec.receive(message)]
    assert np.array_equal(sound_of(events, 0), law)
    assert (codec.n_lost, codec.ignored) == (0, {})
