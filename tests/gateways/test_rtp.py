"""RTP of one party: what is heard, in which order and when, whoever else sends."""

import random
from collections.abc import Iterable, Sequence
from itertools import islice
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.gateways.rtp_packets import SSRC, key, noise, packet, packets
from voicerisk.events import Role
from voicerisk.gateways.codec import Audio, Channel, CodecError, Dtmf, GatewayEvent, Handshake, Ignored
from voicerisk.gateways.codec import StreamEnded as Ended
from voicerisk.gateways.codec import StreamStarted as Started
from voicerisk.gateways.registered_call import RegisteredCall
from voicerisk.gateways.routes import codec_maker
from voicerisk.gateways.rtp import MAX_SILENCE_S, RtpCodec, RtpOptions
from voicerisk.media.g711 import decode_alaw, decode_ulaw
from voicerisk.media.timeline import Timeline

CALL = RegisteredCall(call_id="C-1", role=Role.CUSTOMER, labels={"queue": "billing"})
STARTED = Started("C-1", "s", (Channel(Role.CUSTOMER, 8000),), {"queue": "billing"})
BYTES = noise(16_000)


def _codec(**options: Any) -> RtpCodec:
    return RtpCodec(Handshake(), RtpOptions(**options), CALL, stream_id="s")


def _receive(codec: RtpCodec, datagrams: Iterable[bytes]) -> list[GatewayEvent]:
    return [event for datagram in datagrams for event in codec.receive(datagram)]


def _audio(events: Iterable[GatewayEvent]) -> list[Audio]:
    return [event for event in events if isinstance(event, Audio)]


def _heard(events: Sequence[GatewayEvent], rate_hz: int = 8000) -> tuple[np.ndarray, int]:
    """The samples on the call's clock, and how many of them are silence for what never came."""
    timeline = Timeline()
    timeline.open_stream("s", (Channel(Role.CUSTOMER, rate_hz),))
    blocks = []
    for event in _audio(events):
        timeline.push("s", event.channel, event.samples, event.start)
        blocks += timeline.blocks()
    voices = [block.roles[Role.CUSTOMER] for block in [*blocks, *timeline.finish()]]
    return np.concatenate([v.samples[: v.n_valid] for v in voices]), sum(v.n_missing for v in voices)


def test_asterisks_external_media() -> None:
    """Two packets in a row start the stream under what was registered; every sample is there, with its position."""
    codec = _codec()
    first, *rest = packets(BYTES, sequence=700, timestamp=90_000)
    assert codec.receive(first) == (Ignored("packet of a new sender, kept"),)
    assert not codec.started
    started, *events = _receive(codec, rest)
    assert started == STARTED
    assert [event.start for event in _audio(events)] == [160 * number for number in range(100)]
    assert np.array_equal(_heard(events)[0], decode_ulaw(BYTES))
    assert (codec.ssrc, codec.n_lost, codec.ignored) == (SSRC, 0, {})
    assert codec.receive_end(clean=False) == (Ended("no more packets", clean=False),)
    assert codec.receive_end(clean=True) == ()
    assert codec.receive(first) == (Ignored("packet after the end"),)


@pytest.mark.parametrize("sequence", [65_500, 65_535, 0])
@pytest.mark.parametrize("timestamp", [2**32 - 500, 2**32 - 1, 2**31 - 400])
def test_numbers_wrap(sequence: int, timestamp: int) -> None:
    """Where sequence numbers and timestamps begin again, nothing is lost and nothing moves."""
    codec = _codec()
    events = _receive(codec, packets(BYTES, sequence=sequence, timestamp=timestamp))
    assert np.array_equal(_heard(events)[0], decode_ulaw(BYTES))
    assert _audio(events)[-1].start == len(BYTES) - 160
    assert codec.n_lost == 0


@settings(max_examples=60, deadline=None)
@given(
    seed=st.integers(0, 2**32),
    sequence=st.integers(0, 65535),
    timestamp=st.integers(0, 2**32 - 1),
    n_late=st.integers(0, 4),
    lost=st.sets(st.integers(2, 98), max_size=40),
    twice=st.sets(st.integers(0, 99), max_size=40),
)
def test_any_order_loss_and_doubles(
    seed: int, sequence: int, timestamp: int, n_late: int, lost: set[int], twice: set[int]
) -> None:
    """Packets that overtake by up to 80 ms, are lost or come twice: what came is in its place, the rest is missing."""
    generator = random.Random(seed)
    sent = list(packets(BYTES, sequence=sequence, timestamp=timestamp))
    # The first two begin the stream; the others may be late by `n_late` places.
    places = sorted(range(2, 100), key=lambda number: number + generator.uniform(0, n_late))
    order = [0, 1, *(number for number in places if number not in lost)]
    codec = _codec()
    events: list[GatewayEvent] = []
    n_doubles = 0
    for number in order:
        for _ in range(2 if number in twice and number > 1 else 1):
            events += codec.receive(sent[number])
        n_doubles += number in twice and number > 1
    heard, n_missing = _heard(events)
    wanted = decode_ulaw(BYTES).copy()
    for number in lost:
        wanted[160 * number : 160 * number + 160] = 0
    stop = 160 * (max(order) + 1)
    assert np.array_equal(heard, wanted[:stop])
    n_lost = sum(number < max(order) for number in lost)
    assert (n_missing, codec.n_lost, codec.ignored["came twice"]) == (160 * n_lost, n_lost, n_doubles)


def test_silence_that_was_not_sent_is_silence() -> None:
    """A step of the timestamp without one of the sequence number is silence, comfort noise or not, and not loss."""
    voice = decode_ulaw(BYTES[:1600])
    for between in ([], [packet(10, 1600, b"\x40", payload_type=13)], [packet(10, 1600, b"\x40", payload_type=19)]):
        codec = _codec()
        events = _receive(codec, packets(BYTES[:1600]))
        events += _receive(codec, between)
        events += _receive(codec, packets(BYTES[:1600], sequence=10 + len(between), timestamp=1600 + 16_000))
        heard, n_missing = _heard(events)
        assert np.array_equal(heard, np.concatenate([voice, np.zeros(16_000, np.int16), voice]))
        assert n_missing == 0


def test_silence_that_was_lost_is_missing() -> None:
    """The same step with a packet lost in it is not known to be silence, and counts as missing."""
    codec = _codec()
    events = _receive(codec, packets(BYTES[:1600]))
    events += _receive(codec, packets(BYTES[:1600], sequence=11, timestamp=1600 + 16_000))
    assert _heard(events)[1] == 16_000


def test_silence_is_not_for_free() -> None:
    """Many small packets cannot stand for hours of silence: what is made of them stays within bounds."""
    codec = _codec()
    events = _receive(codec, packets(BYTES[:320]))
    for number in range(1000):
        noise_packet = packet(2 + number, 320 + 80_000 * (number + 1), b"\x40", payload_type=13)
        events += codec.receive(noise_packet)
    assert sum(len(event.samples) for event in _audio(events)) <= 320 + (MAX_SILENCE_S + 1) * 8000


def test_both_laws_and_l16() -> None:
    """Each packet says its law; L16 is big-endian, at the registered rate, under the first number that comes."""
    samples = np.random.default_rng(3).integers(-32768, 32767, 3200, np.int16, endpoint=True)
    wide = samples.astype(">i2").tobytes()
    for number in (10, 11, 118, 96):
        codec = _codec(format="slin16")
        events = _receive(codec, packets(wide, n_bytes=640, n_samples=320, payload_type=number))
        assert events[1] == Started("C-1", "s", (Channel(Role.CUSTOMER, 16000),), {"queue": "billing"})
        assert np.array_equal(np.concatenate([event.samples for event in _audio(events)]), samples)
        other = 97 if number != 97 else 98
        assert codec.receive(packet(10, 3200, wide[:640], payload_type=other))[0] == Ignored(
            "payload type that was not registered"
        )
    codec = _codec(format="alaw")
    events = _receive(codec, packets(BYTES[:1600], payload_type=8))
    events += codec.receive(packet(10, 1600, BYTES[:160], payload_type=0))
    parts = [event.samples for event in _audio(events)]
    assert np.array_equal(np.concatenate(parts[:10]), decode_alaw(BYTES[:1600]))
    assert np.array_equal(parts[10], decode_ulaw(BYTES[:160]))


def test_a_configured_number() -> None:
    """A number that was registered means the format that was registered, and no other number does."""
    codec = _codec(format="alaw", payload_type=97)
    events = _receive(codec, packets(BYTES[:320], payload_type=97))
    assert np.array_equal(_audio(events)[0].samples, decode_alaw(BYTES[:160]))
    codec = _codec(format="slin", payload_type=97)
    assert _receive(codec, packets(BYTES[:960], n_bytes=320, payload_type=96))[-1] == Ignored(
        "payload type that was not registered"
    )
    assert _audio(_receive(codec, packets(BYTES[:960], n_bytes=320, payload_type=97)))
    for wrong in (13, 101):
        with pytest.raises(ValueError, match="comfort noise or keys"):
            RtpOptions(payload_type=wrong)
    with pytest.raises(ValueError, match="'opus' is not one of ulaw, alaw, slin"):
        codec_maker("rtp", {"format": "opus"})


def test_keys() -> None:
    """Each key once, though it is sent many times; the audio after it is where it belongs."""
    codec = _codec()
    events = _receive(codec, packets(BYTES[:320]))
    events += _receive(codec, [key(2 + n, 320, "5", ended=n > 3) for n in range(7)])
    events += _receive(codec, [key(9 + n, 1120, "#") for n in range(3)])
    events += _receive(codec, packets(BYTES[:160], sequence=12, timestamp=1920))
    assert [event for event in events if isinstance(event, Dtmf)] == [Dtmf("5", 0), Dtmf("#", 0)]
    heard, n_missing = _heard(events)
    assert (len(heard), n_missing) == (1920 + 160, 0)
    assert codec.receive(packet(13, 2080, b"\x10\x0a\x03\x20", payload_type=101)) == (
        Ignored("dtmf with an unknown digit"),
    )


def test_another_sender_takes_over() -> None:
    """A new SSRC is heard from its first packet on, directly after the old one, once the old one has fallen silent."""
    codec = _codec()
    events = _receive(codec, packets(BYTES[:1600]))
    events += _receive(codec, packets(BYTES[1600:], sequence=40_000, timestamp=77, ssrc=7))
    assert np.array_equal(_heard(events)[0], decode_ulaw(BYTES))
    assert [event for event in events if isinstance(event, Started)] == [STARTED]
    assert codec.ssrc == 7


def test_two_senders_do_not_mix() -> None:
    """While one is heard, another that sends to the same port is not, however long it sends."""
    codec = _codec()
    own, other = packets(BYTES), packets(noise(16_000, 5), sequence=900, timestamp=1 << 31, ssrc=7)
    events = _receive(codec, islice(own, 2))
    for datagram in own:
        events += codec.receive(datagram)
        events += codec.receive(next(other))
    assert np.array_equal(_heard(events)[0], decode_ulaw(BYTES))
    assert codec.ssrc == SSRC
    assert codec.ignored == {"sender that is not heard": 97}  # the last one still waits


def test_a_sender_that_begins_anew() -> None:
    """The same SSRC with other sequence numbers (a switch that was restarted) is heard again, without a word lost."""
    codec = _codec()
    events = _receive(codec, packets(BYTES[:1600]))
    events += _receive(codec, packets(BYTES[1600:], sequence=30_000, timestamp=5))
    assert np.array_equal(_heard(events)[0], decode_ulaw(BYTES))


def test_the_sender_of_the_call_before_is_not_heard() -> None:
    """A channel that nobody told that its call is over does not get into the next call on the same port."""
    codec = RtpCodec(Handshake(), RtpOptions(), CALL, stream_id="s", former_ssrc=SSRC)
    assert not _audio(_receive(codec, packets(BYTES)))
    assert codec.ignored == {"sender of the call before": 100}
    assert _audio(_receive(codec, packets(BYTES, ssrc=7)))


HOSTILE = st.one_of(
    st.binary(max_size=80),
    st.builds(
        packet,
        st.integers(0, 65535),
        st.integers(0, 2**32 - 1),
        st.binary(max_size=200),
        payload_type=st.integers(0, 127),
        ssrc=st.sampled_from([SSRC + 1, 0, 2**32 - 1]),
        n_padding=st.sampled_from([0, 0, 4, 255]),
    ),
)


@settings(max_examples=100, deadline=None)
@given(st.lists(st.lists(HOSTILE, max_size=3), min_size=20, max_size=20))
def test_strangers_cost_nothing(between: list[list[bytes]]) -> None:
    """Whatever else is sent between the packets of a call, the call is heard as if nothing had been."""
    codec = _codec()
    sent = packets(BYTES[: 160 * 22])
    events = _receive(codec, islice(sent, 2))
    for datagram, strange in zip(sent, between, strict=True):
        events += _receive(codec, [*strange, datagram])
    assert np.array_equal(_heard(events)[0], decode_ulaw(BYTES[: 160 * 22]))
    assert len(_audio(events)) == 22
    assert (codec.ssrc, codec.n_lost) == (SSRC, 0)


@settings(max_examples=150, deadline=None)
@given(st.lists(HOSTILE | st.sampled_from(list(packets(BYTES[:3200]))), max_size=60), st.booleans())
def test_anything_may_come(datagrams: list[bytes], linear: bool) -> None:
    """Any datagrams: no error, at most one start, one end, and no more samples than bytes and silence allow."""
    codec = _codec(format="slin" if linear else "ulaw")
    events = _receive(codec, datagrams)
    assert len(codec._waiting) < 5
    events += codec.receive_end(clean=True)
    assert sum(isinstance(event, Started) for event in events) <= 1
    assert [type(event) for event in events if not isinstance(event, Ignored)][-1] is Ended
    n_bytes = sum(map(len, datagrams))
    assert sum(len(event.samples) for event in _audio(events)) <= 11 * n_bytes + MAX_SILENCE_S * 8000
    assert all(event.what.isascii() and len(event.what) < 60 for event in events if isinstance(event, Ignored))


def test_too_long_and_empty() -> None:
    """A datagram over the limit and one without audio are left aside; text is no datagram."""
    codec = _codec(max_message_bytes=1000)
    assert codec.receive(bytes(1001)) == (Ignored("too long"),)
    _receive(codec, packets(BYTES[:320]))
    assert codec.receive(packet(2, 320)) == (Ignored("no audio"),)
    with pytest.raises(CodecError, match="bytes are wanted"):
        codec.receive("text")


def test_what_a_recording_knows() -> None:
    """A recording's file name stands in for what nobody registered."""
    codec = codec_maker("rtp")(Handshake(query={"callId": "C-9", "role": "agent"}))
    events = [event for datagram in packets(BYTES[:320]) for event in codec.receive(datagram)]
    started = events[1]
    assert isinstance(started, Started)
    assert (started.call_id, started.channels) == ("C-9", (Channel(Role.AGENT, 8000),))
