"""The L16 family: the first text message is JSON about the call, then binary messages of 16-bit little-endian samples.

One codec for FreeSWITCH mod_audio_fork (https://github.com/drachtio/drachtio-freeswitch-modules), mod_audio_stream
(https://github.com/amigniter/mod_audio_stream), jambonz `listen` (https://docs.jambonz.org/verbs/verbs/listen), Vonage
(https://developer.vonage.com/en/voice/voice-api/guides/websockets) and Sinch, because they differ in the words of the
JSON only. Binary messages are read as one stream of bytes: frames may be merged, short, empty or cut within a sample.

What the first text may say, all optional; the same words in the URL's query stand in for what it leaves out, and the
header `x-call-id` for the call:

| field | meaning |
|---|---|
| `callId`, `call_id`, `callSid`, `call_sid`, `uuid`, `call_uuid`, `conversation_uuid` | the call |
| `sampleRate`, `sample_rate` or `content-type` "audio/l16;rate=16000" | samples per second |
| `mixType` mono, mixed or stereo | stereo is interleaved, first the forked leg, then what it hears |
| `channels` | the roles in order, e.g. ["agent", "customer"], or how many there are |
| `role` | the party of a one-channel stream |
| `leg` = agent | the fork is on the agent's leg: customer and agent swap |
| `token` | a credential |

What is left becomes labels, within the limits of `fields.read_labels`.
"""

from collections.abc import Mapping, Sequence
from typing import Any, Final

import msgspec

from voicerisk.events import Role
from voicerisk.gateways import fields
from voicerisk.gateways.announced import AnnouncedAudio
from voicerisk.gateways.bytestream import L16_LITTLE, ByteStream
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


class L16Options(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What holds where the peer's first text does not say."""

    rate_hz: int = 8000
    """Samples per second and channel."""
    n_channels: int = 1
    """1, or 2 for interleaved stereo."""
    mono_role: Role = Role.CUSTOMER
    """Whose voice a mono stream carries: FreeSWITCH forks one leg, Vonage sends the mix of the whole conversation."""
    stereo_roles: tuple[Role, Role] = (Role.CUSTOMER, Role.AGENT)
    """Whose voice the two channels of a stereo stream carry, first the forked leg."""
    early_s: float = 0.5
    """Binary audio kept that comes before the first text; with more the stream starts under an id of its own."""
    max_message_bytes: int = 65_536
    """Longest message taken."""

    def __post_init__(self) -> None:
        if self.rate_hz not in fields.RATES_HZ:
            raise ValueError(f"rate_hz: {self.rate_hz} is not one of {sorted(fields.RATES_HZ)}")
        if self.n_channels not in (1, 2):
            raise ValueError("n_channels: 1 or 2 is wanted")
        if self.stereo_roles[0] == self.stereo_roles[1]:
            raise ValueError("stereo_roles: the two channels need different roles")


_CALL_NAMES: Final = ("callId", "call_id", "callSid", "call_sid", "uuid", "call_uuid", "conversation_uuid")
_STREAM_NAMES: Final = ("streamId", "stream_id", "streamSid")
_RATE_NAMES: Final = ("sampleRate", "sample_rate")
_MIX_NAMES: Final = ("mixType", "mix_type")
_CONTENT_TYPE_NAMES: Final = ("content-type", "contentType")
_NOT_LABELS: Final = frozenset(
    {*_CALL_NAMES, *_STREAM_NAMES, *_RATE_NAMES, *_MIX_NAMES, *_CONTENT_TYPE_NAMES}
    | {"channels", "role", "leg", "token", "event", "encoding"}
)
_START_EVENTS: Final = (None, "websocket:connected", "connected", "start")
_MAX_CONTENT_TYPE_CHARS: Final = 100


class L16Codec:
    """One connection of the L16 family; see `codec.Codec` for what each method promises."""

    def __init__(self, handshake: Handshake, options: L16Options | None = None) -> None:
        self._handshake = handshake
        self._options = options or L16Options()
        self._audio = AnnouncedAudio(
            self._text,
            self._start,
            max_early_bytes=self._options.early_s * self._options.rate_hz * 2 * self._options.n_channels,
            max_message_bytes=self._options.max_message_bytes,
        )

    @property
    def subprotocol(self) -> str | None:
        """The first of those offered: mod_audio_fork hangs up on a server that does not echo its own."""
        return self._handshake.subprotocols[0] if self._handshake.subprotocols else None

    @property
    def tick_s(self) -> float | None:
        """None: nothing happens by the clock."""
        return None

    def receive(self, message: Message) -> Sequence[GatewayEvent]:
        """What the message means, in order. Raises `CodecError` only."""
        return self._audio.receive(message)

    def receive_end(self, *, clean: bool) -> Sequence[GatewayEvent]:
        """`StreamEnded`, after what a stream that never said its name had sent."""
        return self._audio.receive_end(clean=clean)

    def tick(self, now_s: float) -> Sequence[GatewayEvent]:
        """Nothing."""
        return ()

    def drain(self) -> None:
        """Nothing: the family has no request to end a stream."""

    def messages_to_send(self) -> Sequence[Message]:
        """Nothing: a forked stream wants no answer."""
        return ()

    def _text(self, message: str) -> Sequence[GatewayEvent]:
        data = fields.read_object(message, "text message")
        event = data.get("event")
        if event == "websocket:disconnected":
            return (self._audio.end("disconnected", clean=True),)
        if isinstance(event, str) and event.endswith("dtmf"):
            return (self._dtmf(data.get("dtmf", data)),)
        if event is None and "digit" in data:
            return (self._dtmf(data),)
        if self._audio.has_begun or event not in _START_EVENTS or ("type" in data and "data" in data):
            return (Ignored("text message"),)
        return self._start(data)

    @staticmethod
    def _dtmf(dtmf: Any) -> GatewayEvent:
        digit = fields.as_digit(dtmf.get("digit") if isinstance(dtmf, dict) else dtmf)
        return Ignored("dtmf with an unknown digit") if digit is None else Dtmf(digit)

    def _start(self, metadata: Mapping[str, Any]) -> Sequence[GatewayEvent]:
        given = {**self._handshake.query, **metadata}
        own_id = fields.own_id(self._handshake, "l16")
        call_id = fields.first_of(given, *_CALL_NAMES) or self._handshake.headers.get("x-call-id") or own_id
        token = metadata.get("token")
        rate_hz = self._rate(given)
        roles = self._roles(given)
        started = StreamStarted(
            call_id=fields.as_id(call_id, "callId"),
            stream_id=fields.as_id(fields.first_of(given, *_STREAM_NAMES) or own_id, "streamId"),
            channels=tuple(Channel(role, rate_hz) for role in roles),
            labels=fields.read_labels(metadata, leave_out=_NOT_LABELS),
            token=None if token is None else fields.as_text(token, "token", fields.MAX_TOKEN_CHARS),
            caller=fields.read_caller(metadata),
        )
        return self._audio.begin(started, ByteStream(L16_LITTLE, len(roles)))

    def _rate(self, given: Mapping[str, Any]) -> int:
        rate = fields.first_of(given, *_RATE_NAMES)
        if rate is not None:
            return fields.as_rate(rate, "sampleRate")
        content_type = fields.first_of(given, *_CONTENT_TYPE_NAMES)
        if content_type is None:
            return self._options.rate_hz
        kind, *parameters = fields.as_text(content_type, "content-type", _MAX_CONTENT_TYPE_CHARS).lower().split(";")
        if kind.strip() not in ("audio/l16", "audio/x-l16"):
            raise CodecError("content-type: audio/l16 is wanted")
        for parameter in parameters:
            name, _, value = parameter.partition("=")
            if name.strip() == "rate":
                return fields.as_rate(value, "content-type: rate")
        return self._options.rate_hz

    def _roles(self, given: Mapping[str, Any]) -> tuple[Role, ...]:
        channels = given.get("channels")
        if isinstance(channels, list):
            if len(channels) not in (1, 2):
                raise CodecError("channels: one or two roles are wanted")
            roles = tuple(fields.as_role(role, f"channels[{number}]") for number, role in enumerate(channels))
            if len(set(roles)) < len(roles):
                raise CodecError("channels: both have the same role")
            return roles
        mix = fields.first_of(given, *_MIX_NAMES)
        roles = self._roles_of_mix(given, None if mix is None else fields.as_text(mix, "mixType", 16).lower(), channels)
        role = fields.first_of(given, "role")
        if role is not None and len(roles) == 1:
            return (fields.as_role(role, "role"),)
        if fields.is_agents_leg(fields.first_of(given, "leg"), "leg"):
            return tuple(fields.swapped(role) for role in roles)
        return roles

    def _roles_of_mix(self, given: Mapping[str, Any], mix: str | None, n_channels: Any) -> tuple[Role, ...]:
        if mix not in (None, "mono", "mixed", "stereo"):
            raise CodecError("mixType: one of mono, mixed, stereo is wanted")
        if mix is None and n_channels is not None:
            if str(n_channels) not in ("1", "2"):
                raise CodecError("channels: 1 or 2, or a list of roles, is wanted")
            mix = "stereo" if str(n_channels) == "2" else "mono"
        if mix == "stereo" or (mix is None and self._options.n_channels == 2 and not _is_vonage(given)):
            return self._options.stereo_roles
        if mix == "mixed" or (mix is None and _is_vonage(given)):
            return (Role.MIXED,)
        return (self._options.mono_role,)


def _is_vonage(given: Mapping[str, Any]) -> bool:
    """Vonage alone sends a content type, and always the mix of the whole conversation in one channel."""
    return fields.first_of(given, *_CONTENT_TYPE_NAMES) is not None or given.get("event") == "websocket:connected"
