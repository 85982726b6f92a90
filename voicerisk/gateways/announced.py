"""Binary audio that a text message announces: what comes before is kept for it, and what comes after is read."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from voicerisk.gateways.bytestream import ByteStream
from voicerisk.gateways.codec import CodecError, GatewayEvent, Ignored, Message, StreamEnded, StreamStarted

Read = Callable[[str], Sequence[GatewayEvent]]
Start = Callable[[Mapping[str, Any]], Sequence[GatewayEvent]]


class AnnouncedAudio:
    """One connection's messages, from its first to its end.

    A text goes to `read`. Audio that is early waits for at most `max_early_bytes`; with more, or at the end of the
    connection, `start` is called with nothing that was announced. Both call `begin` when they know what comes.
    """

    __slots__ = ("_bytes", "_early", "_max_early_bytes", "_max_message_bytes", "_read", "_start", "ended")

    def __init__(self, read: Read, start: Start, *, max_early_bytes: float, max_message_bytes: int) -> None:
        self._read = read
        self._start = start
        self._max_early_bytes = max_early_bytes
        self._max_message_bytes = max_message_bytes
        self._bytes: ByteStream | None = None
        self._early = bytearray()
        self.ended = False

    @property
    def has_begun(self) -> bool:
        """Whether the stream has started."""
        return self._bytes is not None

    def receive(self, message: Message) -> Sequence[GatewayEvent]:
        """What the message means, in order. Raises `CodecError` only."""
        if len(message) > self._max_message_bytes:
            raise CodecError(f"message: longer than {self._max_message_bytes} bytes")
        if self.ended:
            return (Ignored("message after the end"),)
        if isinstance(message, str):
            return self._read(message)
        if self._bytes is not None:
            return self._bytes.read(message)
        self._early += message
        if len(self._early) <= self._max_early_bytes:
            return (Ignored("audio before it was announced, kept"),)
        return self._start({})

    def begin(self, started: StreamStarted, audio: ByteStream) -> Sequence[GatewayEvent]:
        """The start, and the audio that was early."""
        self._bytes = audio
        early, self._early = bytes(self._early), bytearray()
        return [started, *(audio.read(early) if early else ())]

    def end(self, reason: str, *, clean: bool) -> StreamEnded:
        """The end; what comes after it is ignored."""
        self.ended = True
        self._early.clear()
        return StreamEnded(reason, clean=clean)

    def receive_end(self, *, clean: bool) -> Sequence[GatewayEvent]:
        """What the end of the connection means: `StreamEnded`, after what a stream without a start had sent."""
        if self.ended:
            return ()
        events: list[GatewayEvent] = []
        if self._early:
            try:
                events.extend(self._start({}))
            except CodecError:  # a query that makes no sense: there is nobody left to tell
                events.append(Ignored("audio of a stream that never started"))
        events.append(self.end("connection closed" if clean else "connection lost", clean=clean))
        return events
