"""The manager protocol: messages cut out of bytes, actions that cannot smuggle a line."""

import contextlib
import itertools

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from voicerisk.control.ami_codec import MAX_MESSAGE_BYTES, AmiCodec, AmiError, AmiMessage, encode_action

GREETING = b"Asterisk Call Manager/9.0.0\r\n"
SESSION = GREETING + (
    b"Response: Success\r\nActionID: 1\r\nMessage: Authentication accepted\r\n\r\n"
    b"Event: Hangup\r\nChannel: PJSIP/1-0001\r\nUniqueid: 17.1\r\nCause-txt: Normal: yes\r\n\r\n"
)
MESSAGES = [
    {"response": "Success", "actionid": "1", "message": "Authentication accepted"},
    {"event": "Hangup", "channel": "PJSIP/1-0001", "uniqueid": "17.1", "cause-txt": "Normal: yes"},
]


def _read(*pieces: bytes) -> list[AmiMessage]:
    codec = AmiCodec()
    return [message for piece in pieces for message in codec.receive(piece)]


@settings(max_examples=60, deadline=None)
@given(cuts=st.lists(st.integers(0, len(SESSION)), max_size=8))
def test_cut_anywhere(cuts: list[int]) -> None:
    """However the bytes are cut, the same messages come out."""
    edges = sorted({0, len(SESSION), *cuts})
    assert _read(*(SESSION[a:b] for a, b in itertools.pairwise(edges))) == MESSAGES


@settings(max_examples=100, deadline=None)
@given(noise=st.lists(st.binary(max_size=200), max_size=5))
def test_noise_is_refused_or_read_never_worse(noise: list[bytes]) -> None:
    """Whatever comes after the greeting, nothing but the protocol's own error is raised."""
    with contextlib.suppress(AmiError):
        _read(GREETING, *noise)


def test_another_service_is_named() -> None:
    """What does not greet like a manager is refused at once, and so is a message without an end."""
    with pytest.raises(AmiError, match="no greeting"):
        _read(b"SSH-2.0-OpenSSH")
    with pytest.raises(AmiError, match="does not end"):
        _read(b"Asterisk Call Manager/" + b"9" * 400)
    with pytest.raises(AmiError, match="longer"):
        _read(GREETING, b"x" * (MAX_MESSAGE_BYTES + 1))


@settings(max_examples=100, deadline=None)
@given(value=st.text(max_size=40))
def test_no_value_begins_a_line(value: str) -> None:
    """An action has as many lines as fields, or is not made."""
    try:
        encoded = encode_action([("Action", "Originate"), ("Channel", value)])
    except ValueError:
        assert not value.isprintable()
    else:
        assert encoded.decode() == f"Action: Originate\r\nChannel: {value}\r\n\r\n"
        assert encoded.count(b"\r\n") == 3
