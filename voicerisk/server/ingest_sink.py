"""What the ingest hands its streams to: the runtime behind it implements these and is the only one that knows calls."""

from typing import Protocol

from voicerisk.gateways.codec import GatewayEvent, StreamEnded, StreamStarted


class Refused(Exception):
    """This stream is not taken; it is closed with `code` (a websocket close code) and `reason` (plain, no secret)."""

    def __init__(self, code: int, reason: str) -> None:
        super().__init__(f"{code} {reason}")
        self.code = code
        self.reason = reason


class StreamControl(Protocol):
    """What the runtime may do to a stream that it has taken. Call it in the event loop's thread only."""

    def close(self, code: int, reason: str) -> None:
        """Closes this connection; the stream's `end` is called before this returns. Idempotent."""

    def hold(self) -> None:
        """Reads no more from this connection until `go_on`; what is under way still arrives (a read buffer at most)."""

    def go_on(self) -> None:
        """Reads from this connection again."""


class StreamSink(Protocol):
    """One stream of one call. Both methods run in the event loop: they must be cheap and must not wait.

    An exception from either closes this one connection with 1011 and is logged.
    """

    def receive(self, event: GatewayEvent) -> None:
        """The next event, in order: audio, gaps, pauses, keys. Never `StreamStarted`, `StreamEnded` or `Ignored`."""

    def end(self, ended: StreamEnded) -> None:
        """No more events will come; called exactly once for every stream that `Sink.open` gave."""


class Sink(Protocol):
    """Where streams go."""

    def accepting(self) -> str | None:
        """Why no new call can be taken now (plain words, for the peer's 503), or None if one can."""

    def open(
        self, gateway: str, stream_key: str, started: StreamStarted, peer: str, control: StreamControl
    ) -> StreamSink:
        """Takes a stream; `stream_key` is unique among all connections of this process. Raises `Refused`.

        `started.token` has been compared already and is None here. Probes (`is_probe`) never get here.
        """
