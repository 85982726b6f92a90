"""What every gateway codec takes in and gives out.

A codec is a plain state machine for **one connection**. The server (or a replay) hands it each message as it came off
the wire and reads back what the message means, as `GatewayEvent` values, and what has to be answered, as messages to
send. A codec never touches a socket, never sleeps and never reads a clock, so live traffic, a recorded session and a
fuzzer all drive it the same way.

A malformed message raises `CodecError` and nothing else. The connection is then closed by the server: it costs this
connection only. After an error the codec is not used again, except for `messages_to_send`, which may hold the
protocol's own farewell, and for `receive_end`.
"""

from collections.abc import Mapping, Sequence
from typing import Protocol

import msgspec
import numpy as np
import numpy.typing as npt

from voicerisk.events import Role

Message = str | bytes
"""One websocket message: `str` for a text frame, `bytes` for a binary one. Of TCP: a piece of the byte stream."""

Samples = npt.NDArray[np.int16]
"""Linear 16-bit PCM of one channel, shape (n,), native byte order."""


class CodecError(ValueError):
    """The peer broke its protocol; the text names the field and what was wrong with it, never a secret."""


class Handshake(msgspec.Struct, frozen=True):
    """What the peer said before its first message: the HTTP upgrade of a websocket, or nothing for raw TCP.

    `path` is the raw path without the query string; header names are lower-case.
    """

    path: str = "/"
    query: Mapping[str, str] = {}
    headers: Mapping[str, str] = {}
    subprotocols: Sequence[str] = ()


class Channel(msgspec.Struct, frozen=True):
    """One party's audio within a stream."""

    role: Role
    rate_hz: int


class StreamStarted(msgspec.Struct, frozen=True):
    """The peer has said which call this is; `channels` are numbered by position from here on.

    `labels` are the peer's own facts worth keeping (queue, agent, account ...), text to text, bounded by the codec.
    `caller` is the customer's telephone number as the peer gave it: the server at once makes a name of it, and keeps
    nothing else. `token` is a credential carried inside the start message (Twilio's custom parameters); the server
    compares it. `is_probe` marks a connection test that must create no call (AudioHook).
    """

    call_id: str
    stream_id: str
    channels: tuple[Channel, ...]
    labels: Mapping[str, str] = {}
    token: str | None = None
    is_probe: bool = False
    caller: str | None = None

    def __repr__(self) -> str:
        """Without the number and the credential: a repr ends in logs."""
        return f"StreamStarted({self.call_id!r}, {self.stream_id!r}, {self.channels!r})"


class Audio(msgspec.Struct, frozen=True):
    """Samples of one channel.

    `start` is the position of the first sample on the stream's own clock, in samples at the channel's rate, where the
    protocol has a clock (timestamps); None means "directly after what came before on this channel".
    """

    channel: int
    samples: Samples
    start: int | None = None


class AudioLost(msgspec.Struct, frozen=True):
    """The peer says it left out `n_samples` (at the channel's rate) of every channel (AudioHook `discarded`)."""

    n_samples: int


class Paused(msgspec.Struct, frozen=True):
    """The gateway stopped sending on purpose (hold, secure pause); no audio follows until `Resumed`."""


class Resumed(msgspec.Struct, frozen=True):
    """Audio flows again after `Paused`."""


class Dtmf(msgspec.Struct, frozen=True):
    """A key was pressed: one of 0-9 * # A-D. `channel` is None where the protocol does not say who pressed it."""

    digit: str
    channel: int | None = None


class StreamEnded(msgspec.Struct, frozen=True):
    """No more audio will come on this connection. `clean` is False when the peer vanished without saying so."""

    reason: str
    clean: bool = True


class Ignored(msgspec.Struct, frozen=True):
    """A message that is legal, or merely unknown, and moves nothing; `what` is short and safe to use in a metric."""

    what: str


GatewayEvent = StreamStarted | Audio | AudioLost | Paused | Resumed | Dtmf | StreamEnded | Ignored


class Codec(Protocol):
    """One connection's protocol state. Implementations take a `Handshake` and their options when they are made."""

    @property
    def subprotocol(self) -> str | None:
        """The websocket sub-protocol to answer with, chosen among those offered; None to answer none."""

    @property
    def tick_s(self) -> float | None:
        """How often `tick` wants to be called, in seconds; None if never (AudioSocket needs 0.02 for its silence)."""

    def receive(self, message: Message) -> Sequence[GatewayEvent]:
        """What the message means, in order. Raises `CodecError` only. Audio before start is buffered by the codec."""

    def receive_end(self, *, clean: bool) -> Sequence[GatewayEvent]:
        """What the end of the transport means: `StreamEnded` unless it was given before. Never raises; idempotent."""

    def tick(self, now_s: float) -> Sequence[GatewayEvent]:
        """Time passes; `now_s` is monotonic. May queue messages to send (pings, keep-alive silence)."""

    def drain(self) -> None:
        """The server wants to stop: queue the protocol's own request to move, if it has one; called again, to end."""

    def messages_to_send(self) -> Sequence[Message]:
        """Messages to put on the wire now, in order; each is returned once."""
