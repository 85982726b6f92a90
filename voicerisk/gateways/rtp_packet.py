"""One RTP packet out of one datagram (RFC 3550, section 5.1)."""

import struct
from typing import Final

import msgspec

_HEADER: Final = struct.Struct(">BBHII")
_EXTENSION: Final = struct.Struct(">HH")
_VERSION: Final = 2
_RTCP_TYPES: Final = range(64, 96)
"""Payload types that RTP leaves out so that RTCP can share its port (RFC 5761, section 4)."""


class RtpPacket(msgspec.Struct, frozen=True, gc=False):
    """What the header says, in the numbers of the wire, and the payload without extension and padding."""

    payload_type: int
    marker: bool
    sequence: int
    """0 to 65535, one more for each packet."""
    timestamp: int
    """0 to 2**32 - 1, in samples."""
    ssrc: int
    payload: bytes


class NotRtpError(ValueError):
    """The datagram is no RTP packet; the text says what it is, or what is wrong with it, in a few safe words."""


def parse(datagram: bytes) -> RtpPacket:
    """The packet in a datagram. Raises `NotRtpError` and nothing else."""
    if len(datagram) < _HEADER.size:
        raise NotRtpError("too short")
    first, second, sequence, timestamp, ssrc = _HEADER.unpack_from(datagram)
    if first >> 6 != _VERSION:
        raise NotRtpError("not rtp")  # STUN and DTLS begin with other bits
    payload_type = second & 0x7F
    if payload_type in _RTCP_TYPES:
        raise NotRtpError("rtcp")
    start = _HEADER.size + 4 * (first & 0x0F)  # over the contributing sources of a mixer
    if first & 0x10:
        if len(datagram) < start + _EXTENSION.size:
            raise NotRtpError("cut within its header extension")
        _, n_words = _EXTENSION.unpack_from(datagram, start)
        start += _EXTENSION.size + 4 * n_words
    stop = len(datagram)
    if first & 0x20:
        n_padding = datagram[-1]
        if n_padding == 0:
            raise NotRtpError("padding of no length")
        stop -= n_padding
    if start > stop:
        raise NotRtpError("header and padding longer than the packet")
    return RtpPacket(payload_type, bool(second & 0x80), sequence, timestamp, ssrc, datagram[start:stop])
