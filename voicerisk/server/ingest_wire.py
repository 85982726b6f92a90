"""The websocket side of one connection, without its socket: bytes in, upgrade request and messages out.

`Wire` is python-websockets' sans-I/O `ServerProtocol` with a short way for plain messages (`FrameReader`) before it.
"""

import logging
from collections.abc import Iterator
from typing import NamedTuple

from websockets.exceptions import PayloadTooBig
from websockets.extensions.permessage_deflate import ServerPerMessageDeflateFactory
from websockets.frames import CONT, DATA_OPCODES, TEXT, Frame
from websockets.http11 import Request, Response
from websockets.protocol import CONNECTING, OPEN
from websockets.server import ServerProtocol
from websockets.typing import Subprotocol

from voicerisk.gateways.codec import Message
from voicerisk.server.ingest_frames import FrameReader

# At DEBUG the library writes request lines and headers, and with them tokens.
_log = logging.getLogger("voicerisk.ingest.wire")
_log.setLevel(logging.WARNING)

_END_OF_REQUEST = b"\r\n\r\n"
_MAX_REASON_BYTES = 123  # RFC 6455, 5.5: a control frame carries 125 bytes, two of them the code.


class Closing(NamedTuple):
    """Why the websocket has left its open state; `clean` if the peer said so itself, `limit` if one was met."""

    cause: str
    reason: str
    clean: bool
    limit: str = ""


class Wire:
    """One server side of a websocket. What is to be written piles up until `to_write` is read."""

    def __init__(self, max_message_bytes: int, compression: bool) -> None:
        self._protocol = ServerProtocol(
            max_size=max_message_bytes,
            extensions=[ServerPerMessageDeflateFactory()] if compression else None,
            logger=_log,
        )
        self._max_message_bytes = max_message_bytes
        # None until the upgrade, and for good where an extension was agreed on.
        self._reader: FrameReader | None = None
        self._request_tail = b""
        self._asked = False
        self._pieces = bytearray()
        self.latest_is_text = False
        """Whether the latest message was text, complete or not."""

    @property
    def key(self) -> str:
        """A random id of this connection, unique among all."""
        return self._protocol.id.hex

    @property
    def is_open(self) -> bool:
        """True from the accepted upgrade until the closing handshake begins."""
        return self._protocol.state is OPEN

    @property
    def subprotocol(self) -> str | None:
        """What was agreed on."""
        return self._protocol.subprotocol

    def take(self, data: bytes) -> Iterator[Request | Message]:
        """The upgrade request and then the messages that `data` completes, in order.

        The request has to be answered (`respond`) before the next item is asked for. Raises `UnicodeDecodeError` at
        text that is not UTF-8; what breaks the websocket protocol ends the connection, see `closing`.
        """
        if self._reader is None:
            yield from self._take_request(data) if self._protocol.state is CONNECTING else self._take_frames(data)
            return
        for item in self._reader.read(data):
            if isinstance(item, bytearray):
                yield from self._take_frames(item)
            else:
                self.latest_is_text = type(item) is str
                yield item

    def _take_request(self, data: bytes) -> Iterator[Request | Message]:
        """The request, and what came along with it once that was let in. Before, nobody may speak: it is not read."""
        if self._asked:
            return
        protocol = self._protocol
        end = (self._request_tail + data).find(_END_OF_REQUEST)
        n_head = len(data) if end < 0 else end + len(_END_OF_REQUEST) - len(self._request_tail)
        self._request_tail = (self._request_tail + data[:n_head])[1 - len(_END_OF_REQUEST) :]
        protocol.receive_data(data[:n_head])
        for event in protocol.events_received():
            if isinstance(event, Request):
                self._asked = True
                yield event
        if self.is_open:
            if not protocol.extensions:
                self._reader = FrameReader(self._max_message_bytes)
            yield from self.take(data[n_head:])

    def _take_frames(self, data: bytes | bytearray) -> Iterator[Message]:
        """The library's way, for all that is not a plain message: control frames, pieces, extensions."""
        protocol = self._protocol
        protocol.receive_data(data)
        for event in protocol.events_received():
            if isinstance(event, Frame) and event.opcode in DATA_OPCODES:
                self._pieces += event.data
                if event.opcode is not CONT:
                    self.latest_is_text = event.opcode is TEXT
                if event.fin:
                    whole, self._pieces = bytes(self._pieces), bytearray()
                    yield whole.decode() if self.latest_is_text else whole

    def accept(self, request: Request) -> Response:
        """The answer to an upgrade request as the websocket protocol sees it: 101, or a refusal."""
        return self._protocol.accept(request)

    def refuse(self, status: int, text: str) -> Response:
        """An answer that refuses the upgrade."""
        return self._protocol.reject(status, text + "\n")

    def respond(self, response: Response, subprotocol: str | None = None) -> None:
        """Sends the answer to the upgrade request; a refusal also ends the connection."""
        if subprotocol is not None:
            response.headers["Sec-WebSocket-Protocol"] = subprotocol
            self._protocol.subprotocol = Subprotocol(subprotocol)
        self._protocol.send_response(response)

    def send(self, message: Message) -> None:
        """Sends a message; one that comes too late is dropped."""
        if not self.is_open:
            return
        if isinstance(message, str):
            self._protocol.send_text(message.encode())
        else:
            self._protocol.send_binary(message)

    def ping(self) -> None:
        """Sends a ping, if the websocket is open."""
        if self.is_open:
            self._protocol.send_ping(b"")

    def close(self, code: int, reason: str) -> None:
        """Begins the closing handshake; before the upgrade it answers with a refusal instead."""
        if self.is_open:
            self._protocol.send_close(code, reason.encode()[:_MAX_REASON_BYTES].decode(errors="ignore"))
        elif self._protocol.state is CONNECTING and not self._protocol.eof_sent:
            self.respond(self.refuse(500 if code == 1011 else 408, reason))

    def take_eof(self) -> None:
        """The peer will send no more. Idempotent."""
        self._protocol.receive_eof()

    def to_write(self) -> list[bytes]:
        """What has to be written, in order; an empty piece stands for the end of writing."""
        return self._protocol.data_to_send()

    def closing(self) -> Closing | None:
        """What the peer, or a break of the protocol, has done to the websocket; None if nothing, or if it just went."""
        closed, broken = self._protocol.close_rcvd, self._protocol.parser_exc
        if closed is not None:
            return Closing("peer_closed", f"the peer closed with {closed.code} {closed.reason}".rstrip(), clean=True)
        if broken is not None and not isinstance(broken, EOFError):
            limit = "max_message_bytes" if isinstance(broken, PayloadTooBig) else ""
            return Closing("bad_frame", f"websocket protocol broken: {broken}", clean=False, limit=limit)
        return None
