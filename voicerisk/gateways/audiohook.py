"""Genesys Cloud AudioHook, protocol version 2: JSON control in both directions, the call's audio as binary messages.

Written against https://developer.genesys.cloud/devapps/audiohook and the reference implementation
(https://github.com/purecloudlabs/audiohook-reference-implementation). The client opens the session, we choose one of
the media it offers, and from then on every message of either side carries its own number and the last one it has seen
of the other; the client gives up on a server that counts wrong.

The channels say who speaks: `external` is the customer, `internal` the agent, in the order of the chosen medium.
`conversationId` names the call. What `customConfig` holds becomes labels, its `token` a credential. A session with nil
ids is Genesys' connection test and no call. Only the client closes a session; we ask it to, by `reconnect` where it
may go on in another one, by `disconnect` where it may not.
"""

import re
from collections import deque
from collections.abc import Mapping, Sequence
from typing import Any, Final, Literal

import msgspec

from voicerisk.gateways import fields
from voicerisk.gateways.audiohook_media import choose, duration_s
from voicerisk.gateways.bytestream import ByteStream
from voicerisk.gateways.codec import (
    AudioLost,
    CodecError,
    GatewayEvent,
    Handshake,
    Ignored,
    Message,
    Paused,
    Resumed,
    StreamEnded,
    StreamStarted,
)


class AudioHookOptions(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """How AudioHook sessions are to be read."""

    max_message_bytes: int = 65_536
    """Longest binary message taken. Text is limited by the protocol, to 65,535 characters."""


class _Envelope(msgspec.Struct):
    version: str
    id: str
    type: str
    seq: int
    serverseq: int
    position: str
    parameters: dict[str, Any]


_DECODER: Final = msgspec.json.Decoder(_Envelope)
_MAX_TEXT_CHARS: Final = 65_535
_MAX_WAITING: Final = 4096  # answers; only a replay never takes them
_MAX_SEQ: Final = 1 << 53
_NIL: Final = "00000000-0000-0000-0000-000000000000"
_UUID: Final = re.compile(r"[0-9a-f]{8}-(?:[0-9a-f]{4}-){3}[0-9a-f]{12}", re.IGNORECASE)
_ERROR_CODES: Final = frozenset({400, 405, 408, 409, 413, 415, 429, 500, 503})
_CLOSE_REASONS: Final = {"end": True, "disconnect": True, "error": False, "reconnect": False}
"""Whether the call is known to be over, or a new session may go on with it."""

DisconnectReason = Literal["completed", "unauthorized", "error"]


class AudioHookCodec:
    """One AudioHook session; see `codec.Codec` for what each method promises."""

    def __init__(self, handshake: Handshake, options: AudioHookOptions | None = None) -> None:
        self._options = options or AudioHookOptions()
        self._organization = handshake.headers.get("audiohook-organization-id")
        session = handshake.headers.get("audiohook-session-id", "")
        self._id = session if _UUID.fullmatch(session) else None
        self._seq = 0
        self._client_seq = 0
        self._waiting: deque[str] = deque(maxlen=_MAX_WAITING)
        self._bytes: ByteStream | None = None  # once the session is open, unless it offered nothing
        self._rate_hz = 8000
        self._opened = False
        self._paused = False
        self._ended = False
        self._draining = False
        self._disconnected = False

    @property
    def subprotocol(self) -> str | None:
        """None: AudioHook knows no sub-protocol."""
        return None

    @property
    def tick_s(self) -> float | None:
        """None: it is the client who pings."""
        return None

    def receive(self, message: Message) -> Sequence[GatewayEvent]:
        """What the message means, in order. Raises `CodecError` only, and then a farewell waits to be sent."""
        if self._ended:
            return (Ignored("message after close"),)
        try:
            return self._text(message) if isinstance(message, str) else self._binary(message)
        except CodecError as error:
            self._disconnect("error", str(error))
            raise

    def receive_end(self, *, clean: bool) -> Sequence[GatewayEvent]:
        """`StreamEnded` unless a close message came before."""
        if self._ended:
            return ()
        self._ended = True
        return (StreamEnded("connection closed without a close" if clean else "connection lost", clean=clean),)

    def tick(self, now_s: float) -> Sequence[GatewayEvent]:
        """Nothing."""
        return ()

    def drain(self) -> None:
        """Asks the client, by `reconnect`, to go on in a new session; called again, by `disconnect`, to end.

        A client that cannot move a session stays, and is heard until the end.
        """
        asked, self._draining = self._draining, True
        if asked or not self._opened:
            self._disconnect("completed")
        elif not self._disconnected and not self._ended:
            self._send("reconnect", {})

    def messages_to_send(self) -> Sequence[Message]:
        """Messages to put on the wire now, in order; each is returned once."""
        if not self._waiting:
            return ()
        waiting = tuple(self._waiting)
        self._waiting.clear()
        return waiting

    def _send(self, kind: str, parameters: Mapping[str, Any]) -> None:
        self._seq += 1
        message = {
            "version": "2",
            "type": kind,
            "seq": self._seq,
            "clientseq": self._client_seq,
            "id": self._id,
            "parameters": parameters,
        }
        self._waiting.append(msgspec.json.encode(message).decode())

    def _disconnect(self, reason: DisconnectReason, info: str | None = None) -> None:
        """Once, and not before the session's id is known."""
        if self._id is None or self._disconnected or self._ended:
            return
        self._disconnected = True
        self._send("disconnect", {"reason": reason} if info is None else {"reason": reason, "info": info})

    def _binary(self, message: bytes) -> Sequence[GatewayEvent]:
        if len(message) > self._options.max_message_bytes:
            raise CodecError(f"binary message: longer than {self._options.max_message_bytes} bytes")
        if not message:
            return (Ignored("empty frame"),)
        if self._paused:
            return (Ignored("audio while paused"),)  # a secure pause must not be heard
        if self._bytes is None:
            raise CodecError("binary message: no medium was agreed on")
        return self._bytes.read(message)

    def _text(self, text: str) -> Sequence[GatewayEvent]:
        kind, parameters = self._read(text)
        if kind == "ping":
            self._send("pong", {})
            return (Ignored("ping"),)
        if kind == "close":
            return (self._close(parameters),)
        if kind == "error":
            code = parameters.get("code")
            return (Ignored(f"error {code}" if isinstance(code, int) and code in _ERROR_CODES else "error"),)
        if kind == "open":
            return self._open(parameters)
        if not self._opened:
            return (Ignored("message before open"),)
        if kind == "paused":
            return (self._pause(),)
        if kind == "resumed":
            return self._resume(parameters)
        if kind == "discarded":
            return (self._lost(parameters, "discarded"),)
        if kind == "update":
            self._send("updated", {})
            return (Ignored("update"),)
        return (Ignored("unknown message"),)

    def _read(self, text: str) -> tuple[str, Mapping[str, Any]]:
        """The message's type and parameters, its envelope checked and its number counted."""
        if len(text) > _MAX_TEXT_CHARS:
            raise CodecError(f"text message: longer than {_MAX_TEXT_CHARS} characters")
        try:
            message = _DECODER.decode(text)
        except msgspec.ValidationError as error:
            raise CodecError(f"message: {error}") from None
        except fields.JSON_ERRORS:
            raise CodecError("message: not valid JSON") from None
        if message.version != "2":
            raise CodecError('version: "2" is wanted')
        if not _UUID.fullmatch(message.id):
            raise CodecError("id: a UUID is wanted")
        if self._id is not None and message.id.lower() != self._id.lower():
            raise CodecError("id: not the one of this session")
        self._id = message.id
        if message.seq != self._client_seq + 1 or message.seq > _MAX_SEQ:
            raise CodecError("seq: one more than the message before is wanted")
        self._client_seq = message.seq
        if not 0 <= message.serverseq <= _MAX_SEQ:
            raise CodecError("serverseq: a sequence number is wanted")
        duration_s(message.position, "position")
        return message.type, message.parameters

    def _open(self, parameters: Mapping[str, Any]) -> Sequence[GatewayEvent]:
        if self._opened:
            raise CodecError("open: given twice")
        organization = _as_uuid(parameters.get("organizationId"), "open: organizationId")
        if self._organization is not None and organization.lower() != self._organization.lower():
            self._disconnect("unauthorized")
            raise CodecError("open: organizationId: not the one of the request's header")
        conversation = _as_uuid(parameters.get("conversationId"), "open: conversationId")
        participant = fields.as_mapping(parameters.get("participant"), "open: participant")
        participant_id = _as_uuid(participant.get("id"), "open: participant.id")
        config = fields.as_mapping(parameters.get("customConfig"), "open: customConfig")
        token = config.get("token")
        is_probe = conversation == participant_id == _NIL
        medium = choose(parameters.get("media"))
        if medium is None and not is_probe:
            raise CodecError("open: media: nothing offered can be used; PCMU or L16 of external, internal is wanted")
        started = StreamStarted(
            call_id=conversation,
            stream_id=str(self._id),
            channels=() if medium is None else medium.channels,
            labels=_labels(parameters, config, organization, participant_id),
            token=None if token is None else fields.as_text(token, "open: customConfig.token", fields.MAX_TOKEN_CHARS),
            is_probe=is_probe,
            caller=fields.read_caller(participant),
        )
        if self._draining or self._disconnected:
            self._disconnect("completed")
            return (Ignored("open while draining"),)
        self._opened = True
        if medium is not None:
            self._bytes = ByteStream(medium.encoding, len(medium.channels))
            self._rate_hz = medium.channels[0].rate_hz
        opened: dict[str, Any] = {"media": [] if medium is None else [medium.offer], "startPaused": False}
        if parameters.get("supportedLanguages") is True:
            opened["supportedLanguages"] = []  # languages of a transcript, which there is none of here
        self._send("opened", opened)
        return (started,)

    def _close(self, parameters: Mapping[str, Any]) -> GatewayEvent:
        reason = parameters.get("reason")
        if not isinstance(reason, str) or reason not in _CLOSE_REASONS:
            raise CodecError(f"close: reason: one of {', '.join(_CLOSE_REASONS)} is wanted")
        self._send("closed", {})
        self._ended = True
        return StreamEnded(f"close: {reason}", clean=_CLOSE_REASONS[reason])

    def _pause(self) -> GatewayEvent:
        if self._paused:
            return Ignored("paused again")
        self._paused = True
        return Paused()

    def _resume(self, parameters: Mapping[str, Any]) -> Sequence[GatewayEvent]:
        lost = self._lost(parameters, "resumed")
        if not self._paused:
            return (Ignored("resumed again"),)
        self._paused = False
        return (Resumed(), lost)

    def _lost(self, parameters: Mapping[str, Any], where: str) -> GatewayEvent:
        duration_s(parameters.get("start"), f"{where}: start")
        n_samples = round(duration_s(parameters.get("discarded"), f"{where}: discarded") * self._rate_hz)
        return AudioLost(n_samples) if n_samples else Ignored("nothing lost")


def _labels(
    parameters: Mapping[str, Any], config: Mapping[str, Any], organization: str, participant_id: str
) -> Mapping[str, str]:
    variables = config.get("inputVariables")
    facts = {**config, **(variables if isinstance(variables, dict) else {})}
    facts |= {"organization": organization, "participant": participant_id}
    if (language := parameters.get("language")) is not None:
        facts["language"] = language
    return fields.read_labels(facts)


def _as_uuid(value: Any, where: str) -> str:
    if not isinstance(value, str) or not _UUID.fullmatch(value):
        raise CodecError(f"{where}: a UUID is wanted")
    return value
