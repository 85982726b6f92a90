"""Samples out of a stream of bytes, wherever the wire cuts it."""

from collections.abc import Callable, Mapping, Sequence
from typing import Final

import msgspec
import numpy as np

from voicerisk.gateways.codec import Audio, GatewayEvent, Ignored, Samples
from voicerisk.media import g711


class Encoding(msgspec.Struct, frozen=True):
    """How samples lie in bytes: `n_bytes` each, turned into linear ones by `decode`."""

    n_bytes: int
    decode: Callable[[bytes], Samples]


def _decode_l16_little(payload: bytes) -> Samples:
    return np.frombuffer(payload, "<i2").astype(np.int16, copy=False)


def _decode_l16_big(payload: bytes) -> Samples:
    return np.frombuffer(payload, ">i2").astype(np.int16)


ULAW: Final = Encoding(1, g711.decode_ulaw)
ALAW: Final = Encoding(1, g711.decode_alaw)
L16_LITTLE: Final = Encoding(2, _decode_l16_little)
L16_BIG: Final = Encoding(2, _decode_l16_big)

SLIN_RATES_HZ: Final = (8000, 12000, 16000, 24000, 32000, 44100, 48000, 96000, 192000)
"""The rates of Asterisk's signed linear formats, in the order in which AudioSocket numbers them."""

ASTERISK_FORMATS: Final[Mapping[str, tuple[Encoding, int]]] = {
    "ulaw": (ULAW, 8000),
    "alaw": (ALAW, 8000),
    "slin": (L16_LITTLE, 8000),
    **{f"slin{rate_hz // 1000}": (L16_LITTLE, rate_hz) for rate_hz in SLIN_RATES_HZ[1:]},
}
"""Asterisk's names of uncompressed formats, with their rates in Hz."""


class ByteStream:
    """The channels of one stream, interleaved sample by sample; a message may end within a sample."""

    __slots__ = ("_encoding", "_n_channels", "_rest")

    def __init__(self, encoding: Encoding, n_channels: int = 1) -> None:
        self._encoding = encoding
        self._n_channels = n_channels
        self._rest = b""  # the bytes of a sample that the next message will complete

    def read(self, message: bytes) -> Sequence[GatewayEvent]:
        """The audio of each channel that `message` completes; `Ignored` if it completes none."""
        if self._rest:
            message = self._rest + message
        n_over = len(message) % (self._encoding.n_bytes * self._n_channels)
        if n_over:
            self._rest = message[-n_over:]
            message = message[:-n_over]
        else:
            self._rest = b""
        if not message:
            return (Ignored("part of a sample" if n_over else "empty frame"),)
        samples = self._encoding.decode(message)
        if self._n_channels == 1:
            return (Audio(0, samples),)
        return tuple(Audio(channel, samples[channel :: self._n_channels]) for channel in range(self._n_channels))
