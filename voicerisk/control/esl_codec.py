"""FreeSWITCH's event socket, without its socket: bytes in, messages out; commands to bytes.

A message is header lines ended by LF, an empty line, and a body of `Content-Length` bytes where that header is given.
What a peer sends is bounded: a message that does not end, or is too long, is refused.

Source: https://developer.signalwire.com/freeswitch/FreeSWITCH-Explained/Modules/mod_event_socket_1048924/
"""

from collections.abc import Mapping, Sequence
from typing import Final
from urllib.parse import unquote

import msgspec

MAX_HEADER_BYTES: Final = 64 * 1024
MAX_BODY_BYTES: Final = 4 << 20
_MAX_DIGITS: Final = 9


class EslError(ValueError):
    """The peer does not speak the event socket's protocol; the text says what was wrong."""


class EslMessage(msgspec.Struct, frozen=True):
    """One message: its headers by their names in lower case, and its body."""

    headers: Mapping[str, str]
    body: bytes = b""

    @property
    def kind(self) -> str:
        """Its content type, e.g. "command/reply"."""
        return self.headers.get("content-type", "")


class EslCodec:
    """Cuts one connection's bytes into messages."""

    def __init__(self) -> None:
        self._waiting = bytearray()
        self._headers: Mapping[str, str] | None = None
        self._n_body = 0

    def receive(self, data: bytes) -> Sequence[EslMessage]:
        """The messages that are whole now, in order. Raises `EslError`; the codec is not used any more then."""
        self._waiting += data
        messages = []
        while (message := self._next()) is not None:
            messages.append(message)
        return messages

    def _next(self) -> EslMessage | None:
        if self._headers is None:
            while self._waiting.startswith(b"\n"):
                del self._waiting[:1]
            end = self._waiting.find(b"\n\n")
            if end < 0:
                if len(self._waiting) > MAX_HEADER_BYTES:
                    raise EslError(f"headers are longer than {MAX_HEADER_BYTES} bytes")
                return None
            self._headers = read_headers(bytes(self._waiting[:end]))
            del self._waiting[: end + 2]
            self._n_body = _length(self._headers.get("content-length", "0"))
        if len(self._waiting) < self._n_body:
            return None
        message = EslMessage(self._headers, bytes(self._waiting[: self._n_body]))
        del self._waiting[: self._n_body]
        self._headers = None
        return message


def read_headers(text: bytes) -> Mapping[str, str]:
    """The header lines by their names in lower case, percent-decoded."""
    headers = {}
    for line in text.decode(errors="replace").split("\n"):
        name, colon, value = line.partition(":")
        if colon:
            headers[name.strip().lower()] = unquote(value.strip())
    return headers


def encode_command(line: str, headers: Mapping[str, str] | None = None) -> bytes:
    """A command as bytes. Raises `ValueError` for what would begin another line."""
    lines = [line, *(f"{name}: {value}" for name, value in (headers or {}).items())]
    if not all(each and each.isprintable() for each in lines):
        raise ValueError("a command has a character that does not belong into it")
    return ("\n".join(lines) + "\n\n").encode()


def _length(text: str) -> int:
    if not (text.isascii() and text.isdigit() and len(text) <= _MAX_DIGITS) or int(text) > MAX_BODY_BYTES:
        raise EslError("Content-Length is not a length that can be taken")
    return int(text)
