"""The short way for plain frames says the same as the websocket library alone."""

import base64
from collections.abc import Sequence
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from websockets.client import ClientProtocol
from websockets.extensions.permessage_deflate import ClientPerMessageDeflateFactory
from websockets.frames import CloseCode, Frame, Opcode
from websockets.http11 import Request
from websockets.uri import parse_uri

from voicerisk.server.ingest_frames import FrameReader
from voicerisk.server.ingest_wire import Wire

MAX_BYTES = 2000
KEY = base64.b64encode(bytes(16)).decode()
REQUEST = (
    "GET /twilio HTTP/1.1\r\nHost: x\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
    f"Sec-WebSocket-Key: {KEY}\r\nSec-WebSocket-Version: 13\r\n\r\n"
).encode()


def frame(opcode: Opcode, data: bytes, fin: bool = True) -> bytes:
    """A client's frame on the wire."""
    return Frame(opcode, data, fin).serialize(mask=True)


def upgraded(max_bytes: int = MAX_BYTES, *, short_way: bool = True) -> Wire:
    """A wire after its upgrade; without the short way the library reads every frame."""
    wire = Wire(max_bytes, compression=False)
    for request in wire.take(REQUEST):
        assert isinstance(request, Request)
        wire.respond(wire.accept(request))
    wire.to_write()
    if not short_way:
        wire._reader = None
    return wire


def outcome(wire: Wire, pieces: Sequence[bytes]) -> tuple[list[object], bytes, object]:
    """The messages, everything that was answered, and how it ended."""
    messages: list[object] = []
    for piece in pieces:
        try:
            messages.extend(wire.take(piece))
        except UnicodeDecodeError as error:
            messages.append(str(error))
            break
    return messages, b"".join(wire.to_write()), wire.closing()


def cut(data: bytes, cuts: Sequence[int]) -> list[bytes]:
    """`data` cut at these places."""
    places = sorted({0, len(data), *(place % (len(data) + 1) for place in cuts)})
    return [data[a:b] for a, b in pairwise(places)]


texts = st.text(max_size=200).map(lambda text: frame(Opcode.TEXT, text.encode()))
binaries = st.binary(max_size=300).map(lambda data: frame(Opcode.BINARY, data))
large = st.integers(1000, 2100).map(lambda n: frame(Opcode.BINARY, bytes(n)))
controls = st.binary(max_size=125).map(lambda data: frame(Opcode.PING, data))
closes = st.sampled_from([frame(Opcode.CLOSE, b"\x03\xe8"), frame(Opcode.CLOSE, b"")])
fragmented = st.lists(st.binary(max_size=50), min_size=2, max_size=4).map(
    lambda parts: (
        frame(Opcode.BINARY, parts[0], fin=False)
        + b"".join(frame(Opcode.CONT, part, fin=False) for part in parts[1:-1])
        + frame(Opcode.PING, b"between")
        + frame(Opcode.CONT, parts[-1])
    )
)
wrong = st.sampled_from(
    [
        frame(Opcode.TEXT, b"\xff\xfe"),
        frame(Opcode.CONT, b"of nothing"),
        frame(Opcode.TEXT, b"begun", fin=False) + frame(Opcode.TEXT, b"and another"),
        Frame(Opcode.TEXT, b"not masked").serialize(mask=False),
        b"\x91\x80\x00\x00\x00\x00",  # a reserved bit
        b"\x83\x80\x00\x00\x00\x00",  # an opcode that does not exist
        b"\x81\xff" + (1 << 62).to_bytes(8, "big"),
        b"\x81\xfe\xff\xff",
    ]
)
good = st.one_of(texts, binaries, controls, fragmented)


@given(
    st.lists(good, max_size=12),
    st.one_of(st.just(b""), closes, wrong, large),
    st.lists(st.integers(0, 5000), max_size=9),
)
def test_the_short_way_says_what_the_library_says(frames: list[bytes], last: bytes, cuts: list[int]) -> None:
    """For any frames, cut anywhere, messages, answers and the end are those of the library alone."""
    pieces = cut(b"".join(frames) + last, cuts)
    assert outcome(upgraded(), pieces) == outcome(upgraded(short_way=False), pieces)


@settings(max_examples=300)
@given(st.binary(max_size=3000), st.lists(st.integers(0, 3000), max_size=9))
def test_any_bytes_after_the_upgrade_are_survived(data: bytes, cuts: list[int]) -> None:
    """Arbitrary bytes give messages or a close, never another exception, and no more is kept than one message."""
    reader = FrameReader(MAX_BYTES)
    for piece in cut(data, cuts):
        try:
            list(reader.read(piece))
        except UnicodeDecodeError:
            continue
        assert len(reader._rest) <= MAX_BYTES + 14


@given(st.binary(max_size=500), st.lists(st.integers(0, 500), max_size=9))
def test_any_bytes_instead_of_an_upgrade_are_survived(data: bytes, cuts: list[int]) -> None:
    """Arbitrary bytes from the first one on never raise."""
    wire = Wire(MAX_BYTES, compression=False)
    for piece in cut(data, cuts):
        for request in wire.take(piece):
            assert isinstance(request, Request)
            wire.respond(wire.accept(request))
    wire.take_eof()
    assert not wire.is_open


def test_frames_sent_along_with_the_request_are_read() -> None:
    """A peer that does not wait for the answer loses nothing."""
    wire = Wire(MAX_BYTES, compression=False)
    messages: list[object] = []
    data = REQUEST + frame(Opcode.TEXT, b"early") + frame(Opcode.TEXT, b"halved")
    for piece in (data[:-4], data[-4:] + frame(Opcode.TEXT, b"later")):
        for item in wire.take(piece):
            if isinstance(item, Request):
                wire.respond(wire.accept(item))
            else:
                messages.append(item)
    assert messages == ["early", "halved", "later"]


@given(st.lists(st.integers(0, len(REQUEST) + 40), max_size=6), st.booleans())
def test_what_comes_along_with_the_request_waits_for_the_answer(cuts: list[int], is_let_in: bool) -> None:
    """However request and frames are cut, a peer that is let in is read whole, and one that is refused not at all."""
    wire = Wire(MAX_BYTES, compression=False)
    read: list[object] = []
    data = REQUEST + frame(Opcode.PING, b"") + frame(Opcode.TEXT, b"early") + frame(Opcode.TEXT, b"later")
    for piece in cut(data, cuts):
        for item in wire.take(piece):
            if not isinstance(item, Request):
                read.append(item)
            elif is_let_in:
                wire.respond(wire.accept(item))
    assert read == (["early", "later"] if is_let_in else [])
    written = b"".join(wire.to_write())
    if is_let_in:
        assert written.endswith(b"\r\n\r\n\x8a\x00")
    else:
        assert written == b""
        wire.respond(wire.refuse(403, "no"))
        assert b"".join(wire.to_write()).startswith(b"HTTP/1.1 403")


def test_a_peer_may_compress_where_that_is_allowed() -> None:
    """With compression on, a peer that offers permessage-deflate gets its messages through; with it off, plain ones."""
    for allowed in (True, False):
        wire = Wire(MAX_BYTES, compression=allowed)
        client = ClientProtocol(parse_uri("ws://x/twilio"), extensions=[ClientPerMessageDeflateFactory()])
        client.send_request(client.connect())
        for request in wire.take(b"".join(client.data_to_send())):
            assert isinstance(request, Request)
            wire.respond(wire.accept(request))
        client.receive_data(b"".join(wire.to_write()))
        assert len(client.extensions) == int(allowed)
        client.send_text(b"a" * 1000)
        assert list(wire.take(b"".join(client.data_to_send()))) == ["a" * 1000]


@pytest.mark.parametrize("size", [MAX_BYTES, MAX_BYTES + 1])
def test_the_longest_message_is_exactly_as_long_as_it_says(size: int) -> None:
    """A message of the limit passes; one byte more ends the connection with 1009."""
    wire = upgraded()
    messages = list(wire.take(frame(Opcode.BINARY, bytes(size))))
    assert messages == ([bytes(size)] if size == MAX_BYTES else [])
    answer = b"".join(wire.to_write())
    assert (int(CloseCode.MESSAGE_TOO_BIG).to_bytes(2, "big") in answer) == (size > MAX_BYTES)
