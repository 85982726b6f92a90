"""Datagrams into RTP packets, and everything else into one word about what it is."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.gateways.rtp_packets import SSRC, packet
from voicerisk.gateways.rtp_packet import NotRtpError, RtpPacket, parse


@given(
    sequence=st.integers(0, 65535),
    timestamp=st.integers(0, 2**32 - 1),
    ssrc=st.integers(0, 2**32 - 1),
    payload_type=st.integers(0, 63) | st.integers(96, 127),
    marker=st.booleans(),
    payload=st.binary(max_size=400),
    sources=st.lists(st.integers(0, 2**32 - 1), max_size=15),
    extension=st.none() | st.binary(max_size=64),
    n_padding=st.integers(0, 255),
)
def test_every_packet_is_read_back(
    sequence: int,
    timestamp: int,
    ssrc: int,
    payload_type: int,
    marker: bool,
    payload: bytes,
    sources: list[int],
    extension: bytes | None,
    n_padding: int,
) -> None:
    """Whatever stands around the payload (sources, extension, padding), header and payload come out as they went in."""
    datagram = packet(
        sequence,
        timestamp,
        payload,
        payload_type=payload_type,
        ssrc=ssrc,
        marker=marker,
        sources=sources,
        extension=extension,
        n_padding=n_padding,
    )
    assert parse(datagram) == RtpPacket(payload_type, marker, sequence, timestamp, ssrc, payload)


@pytest.mark.parametrize(
    ("datagram", "what"),
    [
        (b"", "too short"),
        (packet(1, 2)[:11], "too short"),
        (packet(1, 2, version=1), "not rtp"),
        (b"\x00\x01\x00\x00" + bytes(16), "not rtp"),
        (b"GET / HTTP/1.1\r\n\r\n", "not rtp"),
        (b"\x80\xc8" + bytes(26), "rtcp"),
        (packet(1, 2, sources=(1, 2, 3))[:20], "longer than the packet"),
        (packet(1, 2, extension=b"abcd")[:14], "cut within its header extension"),
        (packet(1, 2, extension=b"abcdefgh")[:20], "longer than the packet"),
        (packet(1, 2, b"\x00", n_padding=3)[:-1] + b"\x00", "padding of no length"),
        (packet(1, 2, b"abc", n_padding=3)[:-1] + b"\x40", "longer than the packet"),
    ],
)
def test_what_is_no_packet(datagram: bytes, what: str) -> None:
    """Every way of being no RTP has its own words, which repeat nothing of the datagram."""
    with pytest.raises(NotRtpError, match=what):
        parse(datagram)


@given(st.binary(max_size=200), st.binary(min_size=2, max_size=2))
def test_nothing_else_is_raised(rest: bytes, start: bytes) -> None:
    """Any bytes are a packet or `NotRtpError`; a payload is never longer than what came."""
    for datagram in (rest, start + rest, b"\xbf\x00" + rest):
        try:
            assert len(parse(datagram).payload) <= len(datagram) - 12
        except NotRtpError:
            continue


def test_the_usual_packet() -> None:
    """172 bytes of Asterisk's externalMedia: header of 12, 20 ms of mu-law."""
    datagram = bytes.fromhex("80800001000000a01234abcd") + bytes(160)
    assert parse(datagram) == RtpPacket(0, True, 1, 160, SSRC, bytes(160))
