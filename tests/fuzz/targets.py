"""What is fuzzed: each target drives a framing with any bytes, and fails if what must always hold does not."""

import struct
import uuid
from collections.abc import Callable, Iterator, Mapping, Sequence
from itertools import pairwise

import numpy as np

from voicerisk.events import Role
from voicerisk.gateways.audiosocket import AudioSocketCodec, AudioSocketOptions
from voicerisk.gateways.bytestream import ALAW, L16_BIG, L16_LITTLE, ULAW, ByteStream
from voicerisk.gateways.codec import Audio, CodecError, GatewayEvent, Handshake, Ignored, StreamEnded, StreamStarted
from voicerisk.gateways.rtp import MAX_SILENCE_S, RtpCodec, RtpOptions
from voicerisk.gateways.rtp_packet import NotRtpError, parse
from voicerisk.media import g711

UUID = uuid.UUID("40325ec2-5efd-4bd3-805f-53576e581d13")
_ENCODINGS = (ULAW, ALAW, L16_LITTLE, L16_BIG)


def audiosocket(data: bytes) -> None:
    """Where the TCP stream is cut changes nothing; silence is owed from the UUID on only; there is one end."""
    cuts, content = _cuts(data)
    if data[:1] > b"\x20":
        content = struct.pack(">BH", 1, 16) + UUID.bytes + content
    whole, cut = _audiosocket([content]), _audiosocket(cuts(content))
    assert whole == cut


def rtp(data: bytes) -> None:
    """Any datagrams: no error, at most one start, one end, and no more audio than bytes and silence allow."""
    linear = data[:1] > b"\x80"
    rate_hz = 16000 if linear else 8000
    codec = RtpCodec(Handshake(), RtpOptions(format="slin16" if linear else "ulaw", role=Role.CUSTOMER))
    events: list[GatewayEvent] = []
    n_bytes = 0
    for datagram in _datagrams(data[1:]):
        events += codec.receive(datagram)
        n_bytes += len(datagram)
    events += codec.receive_end(clean=True)
    _check_life(events)
    n_samples = sum(len(event.samples) for event in events if isinstance(event, Audio))
    assert n_samples <= 11 * n_bytes + MAX_SILENCE_S * rate_hz
    assert 0 <= codec.n_received <= n_bytes // 12


def rtp_packet(data: bytes) -> None:
    """A datagram is a packet whose payload lies within it, or is said not to be one."""
    try:
        packet = parse(data)
    except NotRtpError:
        return
    assert packet.payload in data
    assert len(packet.payload) <= len(data) - 12
    assert 0 <= packet.payload_type < 128


def law(data: bytes) -> None:
    """Every byte of both laws is a sample, and a sample that came out of a law goes back into the same sample."""
    for decode, encode in ((g711.decode_ulaw, g711.encode_ulaw), (g711.decode_alaw, g711.encode_alaw)):
        samples = decode(data)
        assert (samples.dtype, len(samples)) == (np.int16, len(data))
        assert np.array_equal(decode(encode(samples).tobytes()), samples)
    samples = np.frombuffer(data[: len(data) // 2 * 2], "<i2")
    for decode, encode in ((g711.decode_ulaw, g711.encode_ulaw), (g711.decode_alaw, g711.encode_alaw)):
        off = np.abs(decode(encode(samples).tobytes()).astype(int) - samples)
        assert np.all(off <= np.maximum(np.abs(samples.astype(int)) // 16, 16) + 140)


def samples(data: bytes) -> None:
    """A stream of samples, cut anywhere, gives the same sound on each channel, and keeps less than one of each."""
    cuts, content = _cuts(data)
    encoding = _ENCODINGS[data[0] % 4] if data else ULAW
    for n_channels in (1, 2):
        whole = _read(ByteStream(encoding, n_channels), [content], n_channels)
        cut = _read(ByteStream(encoding, n_channels), cuts(content), n_channels)
        n = len(content) // (encoding.n_bytes * n_channels)
        for one, other in zip(whole, cut, strict=True):
            assert len(one) == n
            assert np.array_equal(one, other)


TARGETS: Mapping[str, Callable[[bytes], None]] = {
    "audiosocket": audiosocket,
    "rtp": rtp,
    "rtp_packet": rtp_packet,
    "law": law,
    "samples": samples,
}


def seeds(target: str) -> Sequence[bytes]:
    """Good input to begin with."""
    frames = b"".join(
        struct.pack(">BH", kind, len(body)) + body for kind, body in ((16, bytes(40)), (3, b"5"), (0, b""))
    )
    packets = [struct.pack(">BBHII", 128, 0, number, 160 * number, 7) + bytes(20) for number in range(4)]
    odd = (
        struct.pack(">BBHIII", 177, 101, 4, 640, 7, 9) + b"\xbe\xde\x00\x01abcd" + b"\x05\x8a\x03\x20" + b"\x00\x00\x03"
    )
    sent = b"\x10" + b"".join(bytes([len(one)]) + one for one in [*packets, odd])
    return {
        "audiosocket": [b"\x21" + bytes([5, 9]) + frames, b"\x00" + struct.pack(">BH", 1, 16) + UUID.bytes + frames],
        "rtp": [sent, b"\xf0" + sent[1:]],
        "rtp_packet": [*packets, odd],
        "law": [bytes(range(256))],
        "samples": [bytes(range(64)), b"\x02" + bytes(range(33))],
    }[target]


def _cuts(data: bytes) -> tuple[Callable[[bytes], Iterator[bytes]], bytes]:
    """How to cut, taken from the first bytes, and the rest."""
    steps = [step + 1 for step in data[1:4]] or [1]

    def cut(content: bytes) -> Iterator[bytes]:
        edges = [0]
        while edges[-1] < len(content):
            edges.append(edges[-1] + steps[len(edges) % len(steps)])
        return (content[a:b] for a, b in pairwise(edges))

    return cut, data[4:]


def _datagrams(data: bytes) -> Iterator[bytes]:
    """The bytes as datagrams, each behind its length."""
    at = 0
    while at < len(data):
        stop = at + 1 + data[at]
        yield data[at + 1 : stop]
        at = stop


def _audiosocket(pieces: Sequence[bytes] | Iterator[bytes]) -> tuple[list[str], bytes, str]:
    """What a codec makes of the pieces: its events, its sound, and its error."""
    codec = AudioSocketCodec(Handshake(), AudioSocketOptions(role=Role.CUSTOMER))
    events: list[GatewayEvent] = []
    error = ""
    for piece in pieces:
        try:
            events += codec.receive(piece)
        except CodecError as wrong:
            error = str(wrong)
            break
    codec.tick(0.0)
    assert sum(map(len, codec.messages_to_send())) in ((0,) if not codec.is_fed else range(3, 3 + 7681))
    if not error:
        events += codec.receive_end(clean=True)
        _check_life(events)
    told = [type(event).__name__ for event in events if not isinstance(event, Ignored | Audio)]
    sound = b"".join(event.samples.tobytes() for event in events if isinstance(event, Audio))
    # After an error the codec is not used, and what came before it in the same piece is gone with it.
    return ([], b"", error) if error else (told, sound, error)


def _check_life(events: Sequence[GatewayEvent]) -> None:
    assert sum(isinstance(event, StreamStarted) for event in events) <= 1
    assert sum(isinstance(event, StreamEnded) for event in events) == 1
    known = [type(event) for event in events if not isinstance(event, Ignored)]
    assert known[0] in (StreamStarted, StreamEnded)
    assert known[-1] is StreamEnded


def _read(stream: ByteStream, pieces: Sequence[bytes] | Iterator[bytes], n_channels: int) -> list[np.ndarray]:
    parts: list[list[np.ndarray]] = [[np.zeros(0, np.int16)] for _ in range(n_channels)]
    for piece in pieces:
        for event in stream.read(piece):
            if isinstance(event, Audio):
                parts[event.channel].append(event.samples)
    return [np.concatenate(part) for part in parts]
