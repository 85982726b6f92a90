"""RTP packets as a sender makes them, written apart from the parser that they test."""

import struct
from collections.abc import Iterator, Sequence

import numpy as np

SSRC = 0x1234ABCD


def packet(
    sequence: int,
    timestamp: int,
    payload: bytes = b"",
    *,
    payload_type: int = 0,
    ssrc: int = SSRC,
    marker: bool = False,
    sources: Sequence[int] = (),
    extension: bytes | None = None,
    n_padding: int = 0,
    version: int = 2,
) -> bytes:
    """One packet; numbers wrap as on the wire. `extension` is padded to whole words."""
    first = version << 6 | bool(n_padding) << 5 | (extension is not None) << 4 | len(sources)
    second = marker << 7 | payload_type
    header = struct.pack(">BBHII", first, second, sequence % 65536, timestamp % (1 << 32), ssrc)
    header += b"".join(struct.pack(">I", source) for source in sources)
    if extension is not None:
        extension += bytes(-len(extension) % 4)
        header += struct.pack(">HH", 0xBEDE, len(extension) // 4) + extension
    padding = bytes(n_padding - 1) + bytes([n_padding]) if n_padding else b""
    return header + payload + padding


def packets(
    payload: bytes,
    *,
    n_bytes: int = 160,
    n_samples: int = 160,
    sequence: int = 0,
    timestamp: int = 0,
    payload_type: int = 0,
    ssrc: int = SSRC,
) -> Iterator[bytes]:
    """`payload` cut into packets of `n_bytes`, which stand for `n_samples` each."""
    for number, at in enumerate(range(0, len(payload), n_bytes)):
        yield packet(
            sequence + number,
            timestamp + number * n_samples,
            payload[at : at + n_bytes],
            payload_type=payload_type,
            ssrc=ssrc,
        )


def key(sequence: int, timestamp: int, digit: str, *, ended: bool = False, payload_type: int = 101) -> bytes:
    """A telephone-event packet (RFC 4733)."""
    event = struct.pack(">BBH", "0123456789*#ABCD".index(digit), ended << 7 | 10, 800)
    return packet(sequence, timestamp, event, payload_type=payload_type)


def noise(n: int, seed: int = 23) -> bytes:
    """Mu-law bytes, so that any loss or swap shows."""
    return np.random.default_rng(seed).integers(0, 256, n, np.uint8).tobytes()
