"""Genesys AudioHook's client: it numbers what it says, counts what it hears, and takes no wrong answer.

Strict as the reference implementation is: an answer whose `seq` is not exactly one more than the one before, or a pong
that is not for its ping, ends the session.
"""

import hashlib
from collections.abc import Callable, Iterator, Mapping
from functools import partial
from typing import Any, Final
from uuid import UUID

import msgspec
import numpy as np

from voicerisk.events import Role
from voicerisk.gateways.codec import Message
from voicerisk.media.g711 import encode_ulaw
from voicerisk.scoring.contract import RATE_HZ
from voicerisk.simulate.call import Packet, SimulatedCall, packets
from voicerisk.simulate.dialogue import PeerError

Turn = Callable[[], Message]
"""Makes a message at the moment at which it leaves: what it says depends on what has been heard."""

PACKET_S: Final = 0.2
_FIRST_PING_S: Final = 1.0
_PING_EVERY_S: Final = 5.0
_NAMES: Final = {Role.CUSTOMER: "external", Role.AGENT: "internal"}
_ORGANIZATION: Final = "00000000-0000-4000-8000-000000000001"


class _Answer(msgspec.Struct):
    version: str
    id: str
    type: str
    seq: int
    clientseq: int
    parameters: dict[str, Any]


_ANSWER: Final = msgspec.json.Decoder(_Answer)


class AudioHookClient:
    """One session. `turns` is what it says when, `hear` takes the answers, `is_free` is false while one is awaited."""

    patience_s: Final = 10.0
    """How long the client waits for an answer."""

    def __init__(self, call: SimulatedCall) -> None:
        self._call = call
        self.id = _uuid(f"session {call.call_id}")
        self.conversation_id = _uuid(call.call_id)
        """The call's id, as the server sees it."""
        self._seq = self._server_seq = 0
        self._position = 0
        self._awaited: str | None = None
        self._ping_seq = 0
        self._names = [_NAMES.get(role, "external") for role in call.known_roles()]
        self._medium: Mapping[str, Any] | None = None
        self._asked_to_close = False

    @property
    def headers(self) -> Mapping[str, str]:
        """Headers of the upgrade request."""
        return {
            "Audiohook-Organization-Id": _ORGANIZATION,
            "Audiohook-Session-Id": self.id,
            "Audiohook-Correlation-Id": _uuid(f"correlation {self._call.call_id}"),
        }

    @property
    def is_free(self) -> bool:
        """Whether what comes next may be said."""
        return self._awaited is None

    def turns(self) -> Iterator[tuple[float, Turn]]:
        """Open, audio and pings, close, with the media time of each. Raises `AudioFileError`."""
        yield 0.0, partial(self._say, "open", self._open_parameters(), "opened")
        ping_s, leaves_s = _FIRST_PING_S, 0.0
        for packet in packets(self._call, RATE_HZ):
            if self._asked_to_close:
                break
            leaves_s = (packet.start + packet.n) / RATE_HZ
            while ping_s <= leaves_s:
                n_pings = 2 if ping_s == _FIRST_PING_S else 1  # the first is followed at once, to learn the delay
                for _ in range(n_pings):
                    yield ping_s, self._ping
                ping_s = ping_s + _PING_EVERY_S
            yield leaves_s, partial(self._audio, packet)
        if not self._call.line.abrupt:
            yield leaves_s, self._close

    def hear(self, message: Message) -> None:
        """Takes an answer. Raises `PeerError`."""
        if isinstance(message, bytes):
            raise PeerError("a binary message, which AudioHook does not know from a server")
        try:
            answer = _ANSWER.decode(message)
        except msgspec.MsgspecError as error:
            raise PeerError(f"an answer that cannot be read: {error}") from None
        if answer.version != "2" or answer.id != self.id:
            raise PeerError(f"{answer.type}: version 2 and the session's id are wanted")
        if answer.seq != self._server_seq + 1:
            raise PeerError(f"{answer.type}: seq {answer.seq} where {self._server_seq + 1} is wanted")
        if not 0 <= answer.clientseq <= self._seq:
            raise PeerError(f"{answer.type}: clientseq {answer.clientseq} of {self._seq} sent")
        self._server_seq = answer.seq
        if answer.type == "disconnect":
            self._asked_to_close = True
            if self._awaited == "opened":  # a pong or closed that is awaited still comes
                self._awaited = None
        elif answer.type == self._awaited:
            self._check(answer)
            self._awaited = None
        elif answer.type in ("opened", "pong", "closed"):
            raise PeerError(f"{answer.type}: nothing was asked that it could answer")

    def _check(self, answer: _Answer) -> None:
        if answer.type == "pong" and answer.clientseq != self._ping_seq:
            raise PeerError(f"pong: clientseq {answer.clientseq} where the ping was {self._ping_seq}")
        if answer.type == "opened":
            chosen = answer.parameters.get("media")
            if not isinstance(chosen, list) or len(chosen) > 1 or any(one not in self._offers() for one in chosen):
                raise PeerError("opened: media: none or one of those offered is wanted")
            self._medium = chosen[0] if chosen else None

    def _say(self, kind: str, parameters: Mapping[str, Any], awaited: str | None = None) -> str:
        self._seq += 1
        self._awaited = awaited
        message = {
            "version": "2",
            "type": kind,
            "id": self.id,
            "seq": self._seq,
            "serverseq": self._server_seq,
            "position": f"PT{self._position / RATE_HZ:g}S",
            "parameters": parameters,
        }
        return msgspec.json.encode(message).decode()

    def _ping(self) -> str:
        self._ping_seq = self._seq + 1
        return self._say("ping", {}, "pong")

    def _close(self) -> str:
        return self._say("close", {"reason": "disconnect" if self._asked_to_close else "end"}, "closed")

    def _audio(self, packet: Packet) -> bytes:
        self._position = packet.start + packet.n
        names = [] if self._medium is None else self._medium["channels"]
        if not names:
            return b""
        chosen = [packet.heard(self._names.index(name)) for name in names]
        return encode_ulaw(np.ascontiguousarray(np.stack(chosen, axis=1)).ravel()).tobytes()

    def _open_parameters(self) -> Mapping[str, Any]:
        participant = {"id": _uuid(f"participant {self._call.call_id}"), "ani": "", "aniName": "", "dnis": ""}
        return {
            "organizationId": _ORGANIZATION,
            "conversationId": self.conversation_id,
            "participant": participant,
            "media": self._offers(),
            "customConfig": dict(self._call.labels),
        }

    def _offers(self) -> list[Mapping[str, Any]]:
        choices = [self._names] + ([[name] for name in self._names] if len(self._names) > 1 else [])
        return [{"type": "audio", "format": "PCMU", "channels": names, "rate": RATE_HZ} for names in choices]


def _uuid(text: str) -> str:
    return str(UUID(bytes=hashlib.md5(text.encode(), usedforsecurity=False).digest(), version=4))
