"""The event socket's protocol: messages cut out of bytes, commands that cannot smuggle a line."""

import contextlib
import itertools

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from voicerisk.control.esl_codec import MAX_BODY_BYTES, MAX_HEADER_BYTES, EslCodec, EslError, EslMessage, encode_command

BODY = b'{"Event-Name":"CHANNEL_HOLD"}\n\nContent-Type: no/header\n\n'
SESSION = (
    b"Content-Type: auth/request\n\n"
    b"Content-Type: command/reply\nReply-Text: +OK%20accepted\n\n\n"
    + b"Content-Length: %d\nContent-Type: text/event-json\n\n%b"
    % (len(BODY), BODY)
)
MESSAGES = [
    EslMessage({"content-type": "auth/request"}),
    EslMessage({"content-type": "command/reply", "reply-text": "+OK accepted"}),
    EslMessage({"content-length": str(len(BODY)), "content-type": "text/event-json"}, BODY),
]


def _read(*pieces: bytes) -> list[EslMessage]:
    codec = EslCodec()
    return [message for piece in pieces for message in codec.receive(piece)]


@settings(max_examples=60, deadline=None)
@given(cuts=st.lists(st.integers(0, len(SESSION)), max_size=8))
def test_cut_anywhere(cuts: list[int]) -> None:
    """However the bytes are cut, the same messages come out; a body may hold what looks like headers."""
    edges = sorted({0, len(SESSION), *cuts})
    assert _read(*(SESSION[a:b] for a, b in itertools.pairwise(edges))) == MESSAGES


@settings(max_examples=100, deadline=None)
@given(noise=st.lists(st.binary(max_size=200), max_size=5))
def test_noise_is_refused_or_read_never_worse(noise: list[bytes]) -> None:
    """Whatever comes, nothing but the protocol's own error is raised."""
    with contextlib.suppress(EslError):
        _read(*noise)


@pytest.mark.parametrize("length", ["-1", "1e3", "٣", str(MAX_BODY_BYTES + 1), "9" * 400])
def test_lengths_that_cannot_be(length: str) -> None:
    """A body that is too long, or has no length at all, is refused before it is kept."""
    with pytest.raises(EslError, match="Content-Length"):
        _read(f"Content-Length: {length}\n\n".encode())


def test_headers_without_an_end() -> None:
    """Headers that do not end are refused."""
    with pytest.raises(EslError, match="longer"):
        _read(b"x" * (MAX_HEADER_BYTES + 1))


@settings(max_examples=100, deadline=None)
@given(value=st.text(min_size=1, max_size=40))
def test_no_value_begins_a_line(value: str) -> None:
    """A command is one line and one for each header, or is not made."""
    try:
        encoded = encode_command("sendevent CUSTOM", {"unique-id": value})
    except ValueError:
        assert not value.isprintable()
    else:
        assert encoded.decode() == f"sendevent CUSTOM\nunique-id: {value}\n\n"
