"""Asterisk's manager protocol, without its socket: bytes in, messages out; actions to bytes.

A message is lines of `Name: value`, ended by CR LF, and an empty line. The first line after the connection is a
greeting. What a peer sends is bounded: a message that does not end is refused.

Source: https://docs.asterisk.org/Configuration/Interfaces/Asterisk-Manager-Interface-AMI/
"""

from collections.abc import Iterable, Mapping, Sequence
from typing import Final

MAX_MESSAGE_BYTES: Final = 64 * 1024
GREETING: Final = b"Asterisk Call Manager/"

AmiMessage = Mapping[str, str]
"""One message: its fields by their names in lower case; of a name that comes twice the last value."""


class AmiError(ValueError):
    """The peer does not speak the manager protocol; the text says what was wrong."""


class AmiCodec:
    """Cuts one connection's bytes into messages."""

    def __init__(self) -> None:
        self._waiting = bytearray()
        self._greeted = False

    def receive(self, data: bytes) -> Sequence[AmiMessage]:
        """The messages that are whole now, in order. Raises `AmiError`; the codec is not used any more then."""
        self._waiting += data
        if not self._greeted and not self._take_greeting():
            return ()
        messages = []
        while (end := self._waiting.find(b"\r\n\r\n")) >= 0:
            message = bytes(self._waiting[:end])
            del self._waiting[: end + 4]
            if fields := _fields(message):
                messages.append(fields)
        if len(self._waiting) > MAX_MESSAGE_BYTES:
            raise AmiError(f"a message is longer than {MAX_MESSAGE_BYTES} bytes")
        return messages

    def _take_greeting(self) -> bool:
        start = bytes(self._waiting[: len(GREETING)])
        if not GREETING.startswith(start):
            raise AmiError("no greeting of an Asterisk manager")
        end = self._waiting.find(b"\r\n")
        if end < 0:
            if len(self._waiting) > 256:
                raise AmiError("a greeting that does not end")
            return False
        del self._waiting[: end + 2]
        self._greeted = True
        return True


def encode_action(fields: Iterable[tuple[str, str]]) -> bytes:
    """An action as bytes, its fields in order. Raises `ValueError` for a value that would begin another line."""
    lines = []
    for name, value in fields:
        if not name.isalnum() or not value.isprintable():
            raise ValueError(f"the field {name!r} has a character that does not belong into an action")
        lines.append(f"{name}: {value}\r\n")
    return ("".join(lines) + "\r\n").encode()


def _fields(message: bytes) -> dict[str, str]:
    fields = {}
    for line in message.decode(errors="replace").split("\r\n"):
        name, colon, value = line.partition(":")
        if colon:
            fields[name.strip().lower()] = value.strip()
    return fields
