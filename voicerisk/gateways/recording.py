"""A recorded wire session: what a gateway sent on one connection, message by message, as JSON lines.

The first line is a header `{"protocol", "transport", "path", "headers", "peer", "note", "wall"}`; then one line per
message `{"t": seconds since the connection, "dir": "in" | "out", "text": str | "b64": binary}`; the last line is
`{"t", "dir", "close": code | "eof"}`. The file may be gzipped.

TCP and UDP have no upgrade request that could say whose voice they carry, so a file's name may: in CALL.customer.jsonl
it is the customer of CALL.
"""

import gzip
import zlib
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO, Final, Literal, cast
from urllib.parse import parse_qsl, urlsplit

import msgspec

from voicerisk.events import Role
from voicerisk.gateways.codec import Handshake, Message

MAX_LINE_BYTES: Final = 1 << 20
MAX_T_S: Final = 7 * 86_400.0
NORMAL_CLOSES: Final = (1000, 1001)


class RecordingError(ValueError):
    """The file is not a recorded session; the text names the file, the line and what was wrong."""


class Wire(msgspec.Struct, frozen=True):
    """One message of the gateway, `t_s` seconds after the connection was made."""

    t_s: float
    message: Message


class Close(msgspec.Struct, frozen=True):
    """The end: a websocket close code (1006 = no close frame at all), or None for the end of a TCP or UDP stream."""

    t_s: float
    code: int | None

    @property
    def clean(self) -> bool:
        """Whether the peer said goodbye as its transport has it."""
        return self.code is None or self.code in NORMAL_CLOSES


class _Header(msgspec.Struct):
    protocol: str
    path: str = "/"
    headers: dict[str, str] = {}
    transport: Literal["ws", "tcp", "udp"] = "ws"
    peer: str = ""
    note: str = ""
    wall: float = 0.0


class _Line(msgspec.Struct):
    t: float
    dir: Literal["in", "out"]
    text: str | None = None
    b64: bytes | None = None
    close: int | Literal["eof"] | None = None


_HEADER: Final = msgspec.json.Decoder(_Header)
_LINE: Final = msgspec.json.Decoder(_Line)


class Recording:
    """One session, read as far as it is asked for.

    The header is read when it is made; iterating gives the gateway's messages (`Wire`) in order and at last a `Close`,
    made up as lost (1006) where the file breaks off without one. Both raise `RecordingError`.

    Args:
        file: the recording, opened for reading bytes; plain or gzipped is told by its first bytes.
        name: what to call the file in errors.
    """

    def __init__(self, file: BinaryIO, name: str) -> None:
        self._name = name
        self._line_number = 0
        start = file.read(2)
        file.seek(0)
        self._file = cast(BinaryIO, gzip.GzipFile(fileobj=file)) if start == b"\x1f\x8b" else file
        line = self._read_line()
        if not line:
            raise self._error("the file is empty")
        try:
            header = _HEADER.decode(line)
        except (msgspec.MsgspecError, ValueError, RecursionError) as error:
            raise self._error(f"not the header of a recorded session: {error}") from None
        self.protocol = header.protocol
        self.transport = header.transport
        self.peer = header.peer
        self.note = header.note
        self.wall_s = header.wall
        try:
            self.handshake = handshake_of(header.path, header.headers)
        except ValueError:
            raise self._error("path: not a URL path") from None
        if header.transport != "ws" and not self.handshake.query:
            self.handshake = Handshake(query=_query_of(name))

    def __iter__(self) -> Iterator[Wire | Close]:
        """The gateway's messages, then the close."""
        t_s = 0.0
        while line := self._read_line():
            try:
                entry = _LINE.decode(line)
            except (msgspec.MsgspecError, ValueError, RecursionError) as error:
                raise self._error(str(error)) from None
            if not t_s <= entry.t <= MAX_T_S:
                raise self._error("t: earlier than the line before, or over a week")
            t_s = entry.t
            if entry.close is not None:
                yield Close(t_s, None if entry.close == "eof" else entry.close)
                return
            message = entry.text if entry.text is not None else entry.b64
            if message is None:
                raise self._error("has neither text, b64 nor close")
            if entry.dir == "in":
                yield Wire(t_s, message)
        yield Close(t_s, 1006)

    def _read_line(self) -> bytes:
        self._line_number += 1
        try:
            line = self._file.readline(MAX_LINE_BYTES + 1)
        except (OSError, EOFError, zlib.error):
            raise self._error("the compressed file is damaged") from None
        if len(line) > MAX_LINE_BYTES:
            raise self._error(f"longer than {MAX_LINE_BYTES} bytes")
        return line

    def _error(self, what: str) -> RecordingError:
        return RecordingError(f"{self._name}, line {self._line_number}: {what}")


def handshake_of(target: str, headers: Mapping[str, str]) -> Handshake:
    """The handshake of an upgrade request: `target` is its path with the query, `headers` may have any case.

    Raises `ValueError` for a target that cannot be read.
    """
    parts = urlsplit(target)
    lower = {name.lower(): value for name, value in headers.items()}
    offered = lower.get("sec-websocket-protocol", "")
    return Handshake(
        path=parts.path or "/",
        query=dict(parse_qsl(parts.query, keep_blank_values=True, max_num_fields=64)),
        headers=lower,
        subprotocols=tuple(name.strip() for name in offered.split(",") if name.strip()),
    )


def _query_of(name: str) -> Mapping[str, str]:
    """Call and role, where the file's name is CALL.ROLE.jsonl or CALL.ROLE.jsonl.gz."""
    stem = Path(name).name.removesuffix(".gz").removesuffix(".jsonl")
    call_id, _, role = stem.rpartition(".")
    return {"callId": call_id, "role": role} if call_id and role in set(Role) else {}


@contextmanager
def open_recording(path: Path) -> Iterator[Recording]:
    """The recorded session in a file. Raises `RecordingError`, also for a file that cannot be read."""
    try:
        file = path.open("rb")
    except OSError as error:
        raise RecordingError(f"{path}: cannot be read ({error.strerror})") from None
    with file:
        yield Recording(file, str(path))
