"""The short way for the frame that comes fifty times a second: whole, masked, text or binary.

The websocket library parses every frame byte by byte in a generator, which costs more than decoding its audio. This
reader only finds the frames' borders and unmasks the plain ones; everything else (control frames, messages in pieces,
anything that breaks the protocol) is handed on as it came, so that the library stays the only judge of it.
"""

from collections.abc import Iterator

try:
    from websockets.speedups import apply_mask
except ImportError:  # a platform without the library's compiled part
    from websockets.utils import apply_mask

_TEXT = 0x81  # FIN and opcode 1, no reserved bit
_BINARY = 0x82


class FrameReader:
    """Cuts a client's bytes, after the upgrade and without extensions, into messages and frames (RFC 6455, 5.2)."""

    __slots__ = ("_in_pieces", "_max_bytes", "_rest")

    def __init__(self, max_bytes: int) -> None:
        self._max_bytes = max_bytes
        self._rest = b""
        self._in_pieces = False

    def read(self, data: bytes) -> Iterator[str | bytes | bytearray]:
        """What is complete, in order: `str` a text message, `bytes` a binary one, `bytearray` a frame for the library.

        Keeps the begin of an incomplete frame, at most `max_bytes` and a header. Raises `UnicodeDecodeError`.
        """
        if self._rest:
            data = self._rest + data
        at, n = 0, len(data)
        while n - at >= 2:
            first, second = data[at], data[at + 1]
            length = second & 0x7F
            body = at + 6
            if length == 126:
                if n - at < 4:
                    break
                length = data[at + 2] << 8 | data[at + 3]
                body = at + 8
            elif length == 127:
                if n - at < 10:
                    break
                length = int.from_bytes(data[at + 2 : at + 10], "big")
                body = at + 14
            if second < 0x80 or length > self._max_bytes:
                # The library ends the connection over this header; there will be no frame after it.
                self._rest = b""
                yield bytearray(data[at:])
                return
            end = body + length
            if end > n:
                break
            start, at = at, end
            if first in (_TEXT, _BINARY) and not self._in_pieces:
                payload = apply_mask(data[body:end], data[body - 4 : body])
                try:
                    message = payload.decode() if first == _TEXT else payload
                except UnicodeDecodeError:
                    self._rest = data[at:]
                    raise
                yield message
            else:
                if not first & 0x08:
                    self._in_pieces = first < 0x80
                yield bytearray(data[start:end])
        self._rest = data[at:]
