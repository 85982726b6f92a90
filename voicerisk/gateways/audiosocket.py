"""Asterisk's AudioSocket: one party's audio over TCP, in frames of type, length and payload.

Written against res/res_audiosocket.c of Asterisk 22 and
https://docs.asterisk.org/Configuration/Channel-Drivers/AudioSocket/. The first frame is a UUID, and it is all that the
wire says about the call: whose voice this is and which call it belongs to has to be registered under it beforehand.
Without that the UUID is the call and the role is configuration.

Asterisk hangs up after two seconds in which neither side sends audio, so silence goes back every 20 ms, by `tick`.
The stream starts with its first audio, because only that tells the rate.
"""

import struct
import uuid
from collections.abc import Mapping, Sequence
from typing import Final

import msgspec

from voicerisk.events import Role
from voicerisk.gateways import fields
from voicerisk.gateways.bytestream import L16_LITTLE, SLIN_RATES_HZ, ByteStream
from voicerisk.gateways.codec import (
    Channel,
    CodecError,
    Dtmf,
    GatewayEvent,
    Handshake,
    Ignored,
    Message,
    StreamEnded,
    StreamStarted,
)
from voicerisk.gateways.registered_call import FindCall, RegisteredCall


class AudioSocketOptions(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What holds for sockets whose UUID says nothing."""

    role: Role = Role.UNKNOWN
    """Whose voice a socket carries that nobody registered; it is scored only if that is customer or mixed."""
    registered_only: bool = False
    """Whether a socket that nobody registered is turned away."""
    calls: Mapping[str, RegisteredCall] = {}
    """Calls that are known for good, by UUID in lower case."""

    def __post_init__(self) -> None:
        for name in self.calls:
            if not _is_uuid(name):
                raise ValueError(f"calls: {name!r} is not a UUID in lower case with hyphens")


TICK_S: Final = 0.02
_HEADER: Final = struct.Struct(">BH")
_HANGUP, _UUID, _DTMF, _ERROR = 0x00, 0x01, 0x03, 0xFF
_FIRST_AUDIO: Final = 0x10
_RATES_HZ: Final = dict(enumerate(SLIN_RATES_HZ, _FIRST_AUDIO))
_HANGUP_ERROR: Final = b"\x01"  # the code by which Asterisk tells that the caller hung up


class AudioSocketCodec:
    """One AudioSocket connection; see `codec.Codec` for what each method promises.

    Each message is a piece of the byte stream, cut anywhere. `find` is asked once, when the UUID has come.
    """

    def __init__(
        self, handshake: Handshake, options: AudioSocketOptions | None = None, find: FindCall | None = None
    ) -> None:
        self._query = handshake.query  # what a recording knows; on the wire there is none
        self._options = options or AudioSocketOptions()
        self._find = find or self._options.calls.get
        self.uuid: str | None = None
        """What the peer has identified itself with; None before, and where that was refused."""
        self._call: RegisteredCall | None = None
        self._frame_type = _FIRST_AUDIO
        self._audio: ByteStream | None = None  # once the stream has started
        self._buffer = bytearray()
        self.is_fed = False
        """Whether silence is due to the peer: from the UUID to the hangup."""
        self._silence_due = False
        self._failed = False
        self._ended = False

    @property
    def subprotocol(self) -> str | None:
        """None: there is no websocket."""
        return None

    @property
    def tick_s(self) -> float | None:
        """The length of a frame of silence."""
        return TICK_S

    def receive(self, message: Message) -> Sequence[GatewayEvent]:
        """What the frames mean that `message` completes, in order. Raises `CodecError` only."""
        if isinstance(message, str):
            raise CodecError("message: bytes are wanted")
        if self._ended:
            return (Ignored("bytes after the end"),)
        buffer = self._buffer
        buffer += message
        events: list[GatewayEvent] = []
        at = 0
        while len(buffer) - at >= _HEADER.size and not self._ended:
            frame_type, n_bytes = _HEADER.unpack_from(buffer, at)
            stop = at + _HEADER.size + n_bytes
            if stop > len(buffer):
                break
            events.extend(self._frame(frame_type, bytes(buffer[at + _HEADER.size : stop])))
            at = stop
        del buffer[: len(buffer) if self._ended else at]
        return events

    def receive_end(self, *, clean: bool) -> Sequence[GatewayEvent]:
        """`StreamEnded` unless a hangup came before; Asterisk ends with the end of the byte stream."""
        self.is_fed = self._silence_due = False
        if self._ended:
            return ()
        reason = "error" if self._failed else "connection closed" if clean else "connection lost"
        return (self._end(reason, clean=clean and not self._failed),)

    def tick(self, now_s: float) -> Sequence[GatewayEvent]:
        """20 ms have passed: queues as much silence, of the kind of audio that comes in."""
        self._silence_due = self.is_fed  # at most one waits: it is there to keep the line open, not to be heard
        return ()

    def drain(self) -> None:
        """Nothing: a hangup would end the customer's call."""

    def messages_to_send(self) -> Sequence[Message]:
        """The silence that is due."""
        if not self._silence_due:
            return ()
        self._silence_due = False
        n_bytes = 2 * _RATES_HZ[self._frame_type] // round(1 / TICK_S)
        return (_HEADER.pack(self._frame_type, n_bytes) + bytes(n_bytes),)

    def _end(self, reason: str, *, clean: bool) -> StreamEnded:
        self._ended = True
        return StreamEnded(reason, clean=clean)

    def _frame(self, frame_type: int, payload: bytes) -> Sequence[GatewayEvent]:
        if frame_type == _UUID:
            return self._identify(payload)
        if self.uuid is None:
            raise CodecError("first frame: a UUID is wanted")
        if frame_type in _RATES_HZ:
            return self._sound(frame_type, payload)
        if frame_type == _DTMF:
            digit = fields.as_digit(payload.decode("ascii", "replace"))
            if self._audio is None:
                return (Ignored("dtmf before audio"),)
            return (Dtmf(digit, 0) if digit is not None else Ignored("dtmf with an unknown digit"),)
        if frame_type == _HANGUP or (frame_type == _ERROR and payload == _HANGUP_ERROR):
            self.is_fed = self._silence_due = False
            return (self._end("hangup", clean=True),)
        if frame_type == _ERROR:
            self._failed = True
            return (Ignored("error"),)
        return (Ignored("unknown frame"),)

    def _identify(self, payload: bytes) -> Sequence[GatewayEvent]:
        if len(payload) != 16:
            raise CodecError("uuid: 16 bytes are wanted")
        if self.uuid is not None:
            raise CodecError("uuid: given twice")
        name = str(uuid.UUID(bytes=payload))
        self._call = self._find(name)
        if self._call is None and self._options.registered_only:
            raise CodecError("uuid: not registered")
        self.uuid = name
        self.is_fed = True
        return (Ignored("uuid"),)

    def _sound(self, frame_type: int, payload: bytes) -> Sequence[GatewayEvent]:
        if self._audio is not None:
            if frame_type == self._frame_type:
                return self._audio.read(payload)
            # The socket stays open, and fed with silence: closing it may end the customer's call.
            return (self._end("the rate of the audio changed", clean=False),)
        self._frame_type = frame_type
        self._audio = ByteStream(L16_LITTLE)
        return (self._started(_RATES_HZ[frame_type]), *self._audio.read(payload))

    def _started(self, rate_hz: int) -> StreamStarted:
        stream_id = str(self.uuid)
        if self._call is not None:
            call = self._call
        else:
            call_id, role = self._query.get("callId"), self._query.get("role")
            call = RegisteredCall(
                call_id=stream_id if call_id is None else fields.as_id(call_id, "callId"),
                role=self._options.role if role is None else fields.as_role(role, "role"),
            )
        return StreamStarted(
            call_id=call.call_id,
            stream_id=stream_id,
            channels=(Channel(call.role, rate_hz),),
            labels=call.labels,
            caller=call.caller,
        )


def _is_uuid(name: str) -> bool:
    try:
        return str(uuid.UUID(name)) == name
    except ValueError:
        return False
