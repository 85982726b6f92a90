"""Genesys AudioHook's client: it numbers what it says, counts what it hears, and takes no wrong answer.

Strict as the reference implementation is: an answer whose `seq` is not exactly one more than the one before, a pong
that is not for its ping, a message that nothing called for, or an answer that is late ends the session.
"""

import hashlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import partial
from typing import Any, Final, Literal
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
_NIL: Final = "00000000-0000-0000-0000-000000000000"
_ANSWERS: Final = ("opened", "pong", "updated", "closed")
_PATIENCE_S: Final = {"opened": 5.0, "pong": 5.0, "closed": 10.0}
_USUAL_PATIENCE_S: Final = 10.0


class Aside(msgspec.Struct, frozen=True, kw_only=True):
    """Something that the client does besides, at a second of the call.

    A pause, and audio left out for want of room ("discard"), take `length_s` of the call, of which nothing is sent.
    """

    kind: Literal["pause", "discard", "update", "error"]
    at_s: float
    length_s: float = 0.0


class _Answer(msgspec.Struct):
    version: str
    id: str
    type: str
    seq: int
    clientseq: int
    parameters: dict[str, Any]


_ANSWER: Final = msgspec.json.Decoder(_Answer)


class AudioHookClient:
    """One session. `turns` is what it says when, `hear` takes the answers, `is_free` is false while one is awaited.

    Args:
        call: What is said in it.
        asides: What happens besides, in the order of time.
        is_probe: Whether it is a connection test: nil ids, and no audio.
        moves: Whether the client goes on in a new session when the server asks for that; Genesys' own does not yet.
        after: The session that this one goes on from.
    """

    def __init__(
        self,
        call: SimulatedCall,
        asides: Sequence[Aside] = (),
        *,
        is_probe: bool = False,
        moves: bool = False,
        after: "AudioHookClient | None" = None,
    ) -> None:
        self._call = call
        self._asides = asides
        self._is_probe = is_probe
        self._moves = moves
        self._after = after
        self._number: int = 1 if after is None else after._number + 1
        self.id = _uuid(f"session {self._number} {call.call_id}")
        self.conversation_id = _NIL if is_probe else _uuid(call.call_id)
        """The call's id, as the server sees it."""
        self._seq = self._server_seq = self._heard_seq = 0
        # Both in samples: what the server has been sent or told of in this session, and where the call has got to.
        self._position = 0
        self._reached: int = 0 if after is None else after._reached
        self._awaited: str | None = None
        self._ping_seq = 0
        self._names = [_NAMES.get(role, "external") for role in call.known_roles()]
        self._medium: Mapping[str, Any] | None = None
        self._asked_to_close = False
        self._asked_to_move = False

    @property
    def patience_s(self) -> float:
        """How long the client waits for the answer that is awaited."""
        return _PATIENCE_S.get(self._awaited or "", _USUAL_PATIENCE_S)

    @property
    def has_moved(self) -> bool:
        """Whether the session ended because the call goes on in `successor`."""
        return self._moves and self._asked_to_move and not self._asked_to_close

    def successor(self) -> "AudioHookClient":
        """The session that goes on with the call from where this one has got to."""
        return AudioHookClient(self._call, self._asides, moves=self._moves, after=self)

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
        """Open, audio, pings and asides, close, with the media time of each. Raises `AudioFileError`."""
        yield 0.0, partial(self._say, "open", self._open_parameters(), "opened")
        if self._is_probe:
            yield 0.0, bytes
            yield 0.0, self._close
            return
        began, ping_s, leaves_s = self._reached, _FIRST_PING_S, 0.0
        asides = [aside for aside in self._asides if aside.at_s * RATE_HZ >= began]
        away: Aside | None = None
        for packet in packets(self._call, RATE_HZ):
            if self._asked_to_close or self.has_moved:
                break
            if packet.start < began:
                continue
            if away is not None and packet.start >= round((away.at_s + away.length_s) * RATE_HZ):
                yield leaves_s, partial(self._come_back, away)
                away = None
            while away is None and asides and packet.start >= round(asides[0].at_s * RATE_HZ):
                aside = asides.pop(0)
                if aside.kind != "discard":
                    yield leaves_s, partial(self._aside, aside)
                away = aside if aside.length_s else None
            leaves_s = (packet.start + packet.n - began) / RATE_HZ
            while ping_s <= leaves_s:
                n_pings = 2 if ping_s == _FIRST_PING_S else 1  # the first is followed at once, to learn the delay
                for _ in range(n_pings):
                    yield ping_s, self._ping
                ping_s = ping_s + _PING_EVERY_S
            if away is None:
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
        if not self._heard_seq <= answer.clientseq <= self._seq:
            raise PeerError(f"{answer.type}: clientseq {answer.clientseq} of {self._seq} sent")
        self._server_seq, self._heard_seq = answer.seq, answer.clientseq
        if answer.type == "reconnect":
            self._asked_to_move = True
        elif answer.type == "disconnect":
            if self._asked_to_close:
                raise PeerError("disconnect: a second one")
            self._asked_to_close = True
            if self._awaited == "opened":  # a pong or closed that is awaited still comes
                self._awaited = None
        elif answer.type == self._awaited:
            self._check(answer)
            self._awaited = None
        elif answer.type in _ANSWERS:
            raise PeerError(f"{answer.type}: nothing was asked that it could answer")
        else:
            raise PeerError(f"{answer.type}: not a message that a server sends here")

    def _check(self, answer: _Answer) -> None:
        if answer.type != "opened" and answer.parameters:
            raise PeerError(f"{answer.type}: no parameters are wanted")
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
            "position": _duration(self._position),
            "parameters": parameters,
        }
        return msgspec.json.encode(message).decode()

    def _ping(self) -> str:
        self._ping_seq = self._seq + 1
        return self._say("ping", {}, "pong")

    def _close(self) -> str:
        reason = "reconnect" if self.has_moved else "disconnect" if self._asked_to_close else "end"
        return self._say("close", {"reason": reason}, "closed")

    def _aside(self, aside: Aside) -> str:
        if aside.kind == "update":
            return self._say("update", {"language": "de-DE"}, "updated")
        if aside.kind == "error":
            return self._say("error", {"code": 429, "message": "too much is coming"})
        return self._say("paused", {})

    def _come_back(self, aside: Aside) -> str:
        """What was left out meanwhile is told, and the position is behind it."""
        start, n_left_out = self._position, round(aside.length_s * RATE_HZ)
        self._position += n_left_out
        parameters = {"start": _duration(start), "discarded": _duration(n_left_out)}
        return self._say("resumed" if aside.kind == "pause" else "discarded", parameters)

    def _audio(self, packet: Packet) -> bytes:
        self._position += packet.n
        self._reached = packet.start + packet.n
        names = [] if self._medium is None else self._medium["channels"]
        if not names:
            return b""
        chosen = [packet.heard(self._names.index(name)) for name in names]
        return encode_ulaw(np.ascontiguousarray(np.stack(chosen, axis=1)).ravel()).tobytes()

    def _open_parameters(self) -> Mapping[str, Any]:
        participant_id = _NIL if self._is_probe else _uuid(f"participant {self._call.call_id}")
        participant = {"id": participant_id, "ani": "", "aniName": "", "dnis": ""}
        before = self._after
        continued = [{"id": before.id, "serverseq": before._server_seq, "clientseq": before._seq}] if before else []
        return {
            **({"continuedSessions": continued} if continued else {}),
            "organizationId": _ORGANIZATION,
            "conversationId": self.conversation_id,
            "participant": participant,
            "media": self._offers(),
            "customConfig": dict(self._call.labels),
        }

    def _offers(self) -> list[Mapping[str, Any]]:
        choices = [self._names] + ([[name] for name in self._names] if len(self._names) > 1 else [])
        return [{"type": "audio", "format": "PCMU", "channels": names, "rate": RATE_HZ} for names in choices]


def _duration(n_samples: int) -> str:
    return f"PT{n_samples / RATE_HZ:.10g}S"


def _uuid(text: str) -> str:
    return str(UUID(bytes=hashlib.md5(text.encode(), usedforsecurity=False).digest(), version=4))
