"""The Twilio family: JSON text messages with base64 audio, one message per track and 20 ms.

Written against Twilio Media Streams (https://www.twilio.com/docs/voice/media-streams/websocket-messages) and wide
enough for its relatives Telnyx, SignalWire, Plivo, Exotel and Bandwidth: field names in camelCase or snake_case,
numbers as text or as numbers, fields in any order, mu-law, A-law or L16 as the start message says (`twilio_start`).

Tracks are named from the call leg that was forked: `inbound` is what the party on that leg says, `outbound` what it
hears. Who that is, is configuration (`TwilioOptions.tracks`), which a stream may override by its custom parameters:
`leg` = `agent` swaps customer and agent, `role` names the party of a one-track stream, `inbound` and `outbound` (or
`inbound_track`, `outbound_track`) name the role of one track. `callId` or `call_id` names the call, `token` is a
credential. What is left becomes labels, within the limits of `fields.read_labels`.
"""

from collections import deque
from collections.abc import Mapping, Sequence
from typing import Any, Final

import msgspec

from voicerisk.events import Role
from voicerisk.gateways import fields
from voicerisk.gateways.codec import (
    Audio,
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
from voicerisk.gateways.twilio_start import (
    ByteOrder,
    Decode,
    EncodingName,
    read_format,
    read_parameters,
    read_tracks,
)
from voicerisk.media import g711


class TwilioOptions(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """How a Twilio-like platform is to be read."""

    tracks: Mapping[str, Role] = msgspec.field(
        default_factory=lambda: {"inbound": Role.CUSTOMER, "outbound": Role.AGENT}
    )
    """Whose voice each track carries, unless the stream's own parameters say otherwise."""
    default_tracks: tuple[str, ...] = ("inbound", "outbound")
    """Tracks to expect where the start message does not list them."""
    encoding: EncodingName = "ulaw"
    """Encoding of payloads where the start message names none."""
    l16_byte_order: ByteOrder = "big"
    """Byte order of L16 payloads. RFC 2586 says big; some platforms send little."""
    early_s: float = 0.5
    """Audio kept that comes before the start message; older audio is let go first."""
    max_message_bytes: int = 65_536
    """Longest message taken."""


class _Media(msgspec.Struct, gc=False):
    payload: bytes = b""  # base64 on the wire: msgspec decodes it on the way
    track: str | None = None
    timestamp: int | str | None = None


class _Envelope(msgspec.Struct, gc=False):
    event: str = ""
    event_type: str = msgspec.field(default="", name="eventType")  # Bandwidth's word for it
    media: _Media | None = None


_DECODER: Final = msgspec.json.Decoder(_Envelope)
_FLAT_DECODER: Final = msgspec.json.Decoder(_Media)  # Bandwidth puts track and payload beside the event
_MAX_TIMESTAMP_MS: Final = 1 << 43  # some platforms count from 1970 instead of from the start
_BYTES_PER_S_AT_MOST: Final = 16_000  # 8 kHz L16: sizes the buffer before the format is known
_CONTROL_PARAMETERS: Final = frozenset(
    {"callId", "call_id", "token", "role", "leg", "inbound", "outbound", "inbound_track", "outbound_track"}
)


class TwilioCodec:
    """One connection of a Twilio-like platform; see `codec.Codec` for what each method promises."""

    def __init__(self, handshake: Handshake, options: TwilioOptions | None = None) -> None:
        self._options = options or TwilioOptions()
        self._channels: dict[str | None, int] | None = None  # by track name, once the stream has started
        self._decode: Decode = g711.decode_ulaw
        self._rate_hz = 8000
        self._first_ms: int | None = None
        self._early: deque[_Media] = deque(maxlen=256)
        self._early_bytes = 0
        self._ended = False

    @property
    def subprotocol(self) -> str | None:
        """None: the family knows no sub-protocol."""
        return None

    @property
    def tick_s(self) -> float | None:
        """None: nothing happens by the clock."""
        return None

    def receive(self, message: Message) -> Sequence[GatewayEvent]:
        """What the message means, in order. Raises `CodecError` only."""
        if len(message) > self._options.max_message_bytes:
            raise CodecError(f"message: longer than {self._options.max_message_bytes} bytes")
        try:
            envelope = _DECODER.decode(message)
            media = _FLAT_DECODER.decode(message) if envelope.event_type == "media" else envelope.media
        except msgspec.ValidationError as error:
            raise CodecError(f"message: {error}") from None
        except fields.JSON_ERRORS:
            raise CodecError("message: not valid JSON") from None
        event = envelope.event or envelope.event_type
        return self._media(media) if event == "media" else self._control(event, message)

    def receive_end(self, *, clean: bool) -> Sequence[GatewayEvent]:
        """`StreamEnded` unless a stop message came before."""
        if self._ended:
            return ()
        return (self._end("connection closed without a stop" if clean else "connection lost", clean=clean),)

    def tick(self, now_s: float) -> Sequence[GatewayEvent]:
        """Nothing."""
        return ()

    def drain(self) -> None:
        """Nothing: the family has no request to end a stream."""

    def messages_to_send(self) -> Sequence[Message]:
        """Nothing: on a forked stream the platform wants no answer."""
        return ()

    def _media(self, media: _Media | None) -> Sequence[GatewayEvent]:
        if media is None:
            raise CodecError("media: missing")
        if self._ended:
            return (Ignored("media after stop"),)
        if self._channels is None:
            return self._keep_early(media)
        channel = self._channels.get(media.track)
        if channel is None:
            return (Ignored("media of a track that start did not list"),)
        start = None if media.timestamp is None else self._start_sample(media.timestamp)
        if not media.payload:
            return (Ignored("empty media"),)
        return (Audio(channel, self._decode(media.payload), start),)

    def _start_sample(self, timestamp: int | str) -> int:
        """Position on the stream's clock, which both tracks share and whose first timestamp need not be 0."""
        try:
            at_ms = int(timestamp)
        except ValueError:
            raise CodecError("media.timestamp: a whole number of milliseconds is wanted") from None
        if not 0 <= at_ms <= _MAX_TIMESTAMP_MS:
            raise CodecError("media.timestamp: out of range")
        if self._first_ms is None:
            self._first_ms = at_ms
        return (at_ms - self._first_ms) * self._rate_hz // 1000

    def _keep_early(self, media: _Media) -> Sequence[GatewayEvent]:
        limit = int(self._options.early_s * _BYTES_PER_S_AT_MOST)
        if len(self._early) == self._early.maxlen:
            self._early_bytes -= len(self._early[0].payload)
        self._early.append(media)
        self._early_bytes += len(media.payload)
        while self._early_bytes > limit:
            self._early_bytes -= len(self._early.popleft().payload)
        return (Ignored("media before start, kept"),)

    def _control(self, event: str, message: Message) -> Sequence[GatewayEvent]:
        if not event:
            raise CodecError("message: event: missing")
        if self._ended:
            return (Ignored("message after stop"),)
        if event == "start":
            return self._start(fields.read_object(message, "message"))
        if event == "stop":
            return (self._end("stop", clean=True),)
        if event == "dtmf":
            return (self._dtmf(fields.read_object(message, "message")),)
        return (Ignored(event if event in ("connected", "mark", "clear") else "unknown event"),)

    def _end(self, reason: str, *, clean: bool) -> StreamEnded:
        self._ended = True
        self._early.clear()
        return StreamEnded(reason, clean=clean)

    def _dtmf(self, message: Mapping[str, Any]) -> GatewayEvent:
        dtmf = fields.as_mapping(message.get("dtmf"), "dtmf")
        digit = fields.as_digit(dtmf.get("digit"))
        if digit is None:
            return Ignored("dtmf with an unknown digit")
        track = dtmf.get("track")
        if self._channels is None or not isinstance(track, str):
            return Dtmf(digit)
        return Dtmf(digit, self._channels.get(track))

    def _start(self, message: Mapping[str, Any]) -> Sequence[GatewayEvent]:
        if self._channels is not None:
            raise CodecError("start: given twice")
        start = fields.as_mapping(fields.first_of(message, "start", "metadata"), "start")
        parameters = read_parameters(message, start)
        call_id = fields.as_id(
            fields.first_of(parameters, "callId", "call_id")
            or fields.first_of(start, "callSid", "call_sid", "callId", "call_id", "call_control_id"),
            "start.callSid",
        )
        stream_names = ("streamSid", "stream_sid", "streamId", "stream_id")
        stream_id = fields.first_of(message, *stream_names) or fields.first_of(start, *stream_names) or call_id
        token = parameters.get("token")
        self._decode, self._rate_hz = read_format(start, self._options.encoding, self._options.l16_byte_order)
        tracks = read_tracks(start.get("tracks"), self._options.default_tracks)
        started = StreamStarted(
            call_id=call_id,
            stream_id=fields.as_id(stream_id, "streamSid"),
            channels=tuple(Channel(role, self._rate_hz) for role in self._roles(tracks, parameters)),
            labels=fields.read_labels(parameters, leave_out=_CONTROL_PARAMETERS),
            token=None
            if token is None
            else fields.as_text(token, "start.customParameters.token", fields.MAX_TOKEN_CHARS),
            caller=fields.read_caller({**start, **parameters}),
        )
        self._channels = _channel_names(tracks, is_listed=start.get("tracks") is not None)
        events: list[GatewayEvent] = [started]
        while self._early:
            events.extend(self._media(self._early.popleft()))
        return events

    def _roles(self, tracks: Sequence[str], parameters: Mapping[str, Any]) -> list[Role]:
        swap = fields.is_agents_leg(fields.first_of(parameters, "leg"), "start.customParameters.leg")
        roles: list[Role] = []
        for track in tracks:
            role = self._options.tracks.get(track, Role.UNKNOWN)
            given = fields.first_of(parameters, track, f"{track}_track")
            if given is None and len(tracks) == 1:
                given = fields.first_of(parameters, "role")
            if given is not None:
                role = fields.as_role(given, f"start.customParameters: role of track {len(roles)}")
            elif swap:
                role = fields.swapped(role)
            roles.append(role)
        if len(set(roles)) < len(roles):
            raise CodecError("start.customParameters: two tracks have the same role")
        return roles


def _channel_names(tracks: Sequence[str], *, is_listed: bool) -> dict[str | None, int]:
    channels: dict[str | None, int] = {}
    for number, track in enumerate(tracks):
        channels[track] = channels[f"{track}_track"] = number
    if len(tracks) == 1 or not is_listed:
        channels[None] = 0  # a platform that names no tracks at all sends the first one
    return channels
