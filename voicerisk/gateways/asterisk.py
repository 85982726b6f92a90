"""Asterisk's chan_websocket: control as text, either JSON or plain, and one party's audio as binary messages.

Written against channels/chan_websocket.c of Asterisk 22 and
https://docs.asterisk.org/Configuration/Channel-Drivers/WebSocket/. A socket carries one channel, so a call with both
parties has two sockets; they belong together because both name the same call.

Who it is comes from MEDIA_START's `channel_variables`: CALL and ROLE (the names are configuration), TOKEN is a
credential, the others become labels under their names in lower case. Plain-text control has no variables, so there
`callId` (or `call_id`, `callid`, `call`) and `role` of the URL's query stand in. They are the last resort, for Asterisk
keeps the query on the client it shares among calls and sends an old one again for a call that sets none; a stream is
always told apart by its channel id.

Asterisk sends no frames while nobody speaks, ends a playback with a short one, and on a busy machine starts with audio
before MEDIA_START. No answer is wanted from a listener, and none is given: a command that is wrong, or a close of ours
on a channel that is dialled and not snooped, would end the customer's call.
"""

from collections.abc import Mapping, Sequence
from typing import Any, Final

import msgspec

from voicerisk.events import Role
from voicerisk.gateways import fields
from voicerisk.gateways.announced import AnnouncedAudio
from voicerisk.gateways.bytestream import ASTERISK_FORMATS, ByteStream
from voicerisk.gateways.codec import (
    Channel,
    CodecError,
    Dtmf,
    GatewayEvent,
    Handshake,
    Ignored,
    Message,
    StreamStarted,
)


class AsteriskOptions(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What holds where MEDIA_START does not say."""

    format: str = "ulaw"
    """Asterisk's name of the format, for audio whose MEDIA_START never comes."""
    role: Role = Role.UNKNOWN
    """Whose voice a socket carries that names no role; it is scored only if that is customer or mixed."""
    call_variable: str = "CALL"
    """The channel variable that names the call."""
    role_variable: str = "ROLE"
    """The channel variable that names the party."""
    trust_query: bool = True
    """Whether the URL's query names call and role where no variable does."""
    early_s: float = 2.0
    """Audio kept that comes before MEDIA_START; with more the stream starts without it."""
    max_message_bytes: int = 65_536
    """Longest message taken."""

    def __post_init__(self) -> None:
        if self.format not in ASTERISK_FORMATS:
            raise ValueError(f"format: {self.format!r} is not one of {', '.join(ASTERISK_FORMATS)}")
        if not 0.0 <= self.early_s <= 10.0:
            raise ValueError("early_s: 0 to 10 seconds is wanted")


_NOTICES: Final = frozenset(
    {
        "MEDIA_XON",
        "MEDIA_XOFF",
        "MEDIA_BUFFERING_COMPLETED",
        "MEDIA_MARK_PROCESSED",
        "QUEUE_DRAINED",
        "STATUS",
        "ERROR",
    }
)
_QUERY_CALL_NAMES: Final = ("callId", "call_id", "callid", "call")
_OWN_VARIABLES: Final = ("MEDIA_WEBSOCKET_", "DIALEDPEER")  # Asterisk's own; the dial string may hold a number
_MAX_PAIRS: Final = 64


class AsteriskCodec:
    """One chan_websocket connection; see `codec.Codec` for what each method promises."""

    def __init__(self, handshake: Handshake, options: AsteriskOptions | None = None) -> None:
        self._handshake = handshake
        self._options = options or AsteriskOptions()
        self._format = self._options.format
        self._role = self._options.role
        encoding, rate_hz = ASTERISK_FORMATS[self._format]
        self._audio = AnnouncedAudio(
            self._text,
            self._start,
            max_early_bytes=self._options.early_s * rate_hz * encoding.n_bytes,
            max_message_bytes=self._options.max_message_bytes,
        )

    @property
    def subprotocol(self) -> str | None:
        """`media`, which is Asterisk's own, or else the first of those offered."""
        offered = self._handshake.subprotocols
        return "media" if "media" in offered else offered[0] if offered else None

    @property
    def tick_s(self) -> float | None:
        """None: nothing happens by the clock."""
        return None

    def receive(self, message: Message) -> Sequence[GatewayEvent]:
        """What the message means, in order. Raises `CodecError` only."""
        return self._audio.receive(message)

    def receive_end(self, *, clean: bool) -> Sequence[GatewayEvent]:
        """`StreamEnded`, after what a stream without MEDIA_START had sent."""
        return self._audio.receive_end(clean=clean)

    def tick(self, now_s: float) -> Sequence[GatewayEvent]:
        """Nothing."""
        return ()

    def drain(self) -> None:
        """Nothing: HANGUP would end the channel, and with it a call that is not snooped."""

    def messages_to_send(self) -> Sequence[Message]:
        """Nothing."""
        return ()

    def _text(self, message: str) -> Sequence[GatewayEvent]:
        event, data = _read_control(message)
        if event == "MEDIA_START":
            return self._late_start(data) if self._audio.has_begun else self._start(data)
        if event == "DTMF_END":
            digit = fields.as_digit(data.get("digit"))
            if digit is None:
                return (Ignored("dtmf with an unknown digit"),)
            return (Dtmf(digit, 0) if self._audio.has_begun else Ignored("dtmf before MEDIA_START"),)
        return (Ignored(event.lower() if event in _NOTICES else "unknown event"),)

    def _start(self, data: Mapping[str, Any]) -> Sequence[GatewayEvent]:
        variables = fields.as_mapping(data.get("channel_variables"), "channel_variables")
        channel_id = data.get("channel_id")
        stream_id = fields.own_id(self._handshake, "asterisk") if channel_id is None else channel_id
        call_id = variables.get(self._options.call_variable) or self._from_query(*_QUERY_CALL_NAMES) or stream_id
        token = variables.get("TOKEN")
        format_name, role = self._read_format(data), self._read_role(variables)
        encoding, rate_hz = ASTERISK_FORMATS[format_name]
        started = StreamStarted(
            call_id=fields.as_id(call_id, "call"),
            stream_id=fields.as_id(stream_id, "channel_id"),
            channels=(Channel(role, rate_hz),),
            labels=self._read_labels(variables),
            token=None if token is None else fields.as_text(token, "TOKEN", fields.MAX_TOKEN_CHARS),
            caller=fields.read_caller(variables),
        )
        self._format, self._role = format_name, role
        return self._audio.begin(started, ByteStream(encoding))

    def _late_start(self, data: Mapping[str, Any]) -> Sequence[GatewayEvent]:
        """MEDIA_START of a stream that could not wait for it, or a second one."""
        role = self._read_role(fields.as_mapping(data.get("channel_variables"), "channel_variables"))
        if (self._read_format(data), role) == (self._format, self._role):
            return (Ignored("MEDIA_START of a stream that has started"),)
        # Noise must not be scored, nor an agent as a customer. The socket stays open: closing it may end the call.
        return (self._audio.end("MEDIA_START came too late, and with another format or role", clean=False),)

    def _read_format(self, data: Mapping[str, Any]) -> str:
        name = data.get("format")
        if name is None:
            return self._options.format
        if not isinstance(name, str) or name not in ASTERISK_FORMATS:
            raise CodecError(f"format: not one of {', '.join(ASTERISK_FORMATS)}")
        return name

    def _read_role(self, variables: Mapping[str, Any]) -> Role:
        role = variables.get(self._options.role_variable) or self._from_query("role")
        return self._options.role if role is None else fields.as_role(role, "role")

    def _read_labels(self, variables: Mapping[str, Any]) -> Mapping[str, str]:
        used = {self._options.call_variable, self._options.role_variable}
        kept = {
            name.lower(): value
            for name, value in variables.items()
            if name not in used and not name.startswith(_OWN_VARIABLES)
        }
        return fields.read_labels(kept)

    def _from_query(self, *names: str) -> str | None:
        return fields.first_of(self._handshake.query, *names) if self._options.trust_query else None


def _read_control(message: str) -> tuple[str, Mapping[str, Any]]:
    """The event's name and its fields, from either form: a JSON object, or NAME name:value name:value ..."""
    text = message.strip()
    if text.startswith("{"):
        data = fields.read_object(text, "text message")
        event = data.get("event")
        return (event if isinstance(event, str) else ""), data
    event, *pairs = text.split(" ", _MAX_PAIRS)
    return event, {name: value for name, _, value in (pair.partition(":") for pair in pairs)}
