"""An AudioHook client as strict as Genesys' own: a wrong number, id or shape of an answer fails the test."""

import json
import re
from collections.abc import Callable, Sequence
from typing import Any
from uuid import uuid4

from voicerisk.gateways.audiohook import AudioHookCodec, AudioHookOptions
from voicerisk.gateways.codec import GatewayEvent, Handshake

NIL = "00000000-0000-0000-0000-000000000000"
ORGANIZATION = "d7934305-0972-4844-938e-9060eef73d05"

_UUID = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-[1-5][0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}|" + NIL)
_PARAMETERS: dict[str, Callable[[dict[str, Any]], bool]] = {
    "opened": lambda p: isinstance(p["media"], list) and len(p["media"]) <= 1,
    "closed": lambda p: p == {},
    "pong": lambda p: p == {},
    "updated": lambda p: p == {},
    "reconnect": lambda p: isinstance(p.get("info", ""), str),
    "disconnect": lambda p: (
        p["reason"] in ("completed", "unauthorized", "error") and isinstance(p.get("info", ""), str)
    ),
}


def media(*channels: Sequence[str], format_name: str = "PCMU") -> list[dict[str, Any]]:
    """Offers of these channels, in this order."""
    return [{"type": "audio", "format": format_name, "channels": list(names), "rate": 8000} for names in channels]


STEREO = media(["external", "internal"], ["external"], ["internal"])


class StrictClient:
    """One session with a codec of its own. `events` is what the codec made of it, `answers` what it sent back."""

    def __init__(self, offers: list[dict[str, Any]] | None = None, *, headers: bool = True) -> None:
        self.id = str(uuid4())
        self.conversation = str(uuid4())
        self.offers = STEREO if offers is None else offers
        sent = {"audiohook-session-id": self.id, "audiohook-organization-id": ORGANIZATION} if headers else {}
        self.codec = AudioHookCodec(Handshake(path="/audiohook", headers=sent), AudioHookOptions())
        self.seq = 0
        self.server_seq = 0
        self.position_s = 0.0
        self.medium: dict[str, Any] | None = None
        self.state = "OPENING"
        self.events: list[GatewayEvent] = []
        self.answers: list[dict[str, Any]] = []
        self._ping: int | None = None

    def message(self, kind: str, parameters: Any, /, **changes: Any) -> str:
        """The next message, numbered; `changes` falsify it."""
        self.seq += 1
        message = {
            "version": "2",
            "type": kind,
            "id": self.id,
            "seq": self.seq,
            "serverseq": self.server_seq,
            "position": f"PT{self.position_s}S",
            "parameters": parameters,
        }
        return json.dumps({**message, **changes})

    def send(self, kind: str, parameters: dict[str, Any] | None = None) -> list[GatewayEvent]:
        """Sends a message and takes the answers; returns what the codec made of it."""
        if kind == "ping":
            assert self._ping is None, "the last ping has not been answered"
            self._ping = self.seq + 1
        events = list(self.codec.receive(self.message(kind, parameters or {})))
        self.events += events
        if kind == "close":
            self.state = "CLOSING"
        self.take()
        return events

    def audio(self, payload: bytes) -> list[GatewayEvent]:
        """Sends a binary message."""
        assert self.state == "OPEN"
        assert self.medium is not None
        n_bytes = len(self.medium["channels"]) * (1 if self.medium["format"] == "PCMU" else 2)
        self.position_s = round(self.position_s + len(payload) / n_bytes / self.medium["rate"], 6)
        events = list(self.codec.receive(payload))
        self.events += events
        self.take()
        return events

    def open(self, **changes: Any) -> list[GatewayEvent]:
        """Opens the session and checks that it is open."""
        events = self.send("open", self.open_parameters(**changes))
        assert self.state == "OPEN"
        return events

    def open_parameters(self, **changes: Any) -> dict[str, Any]:
        """What open says."""
        parameters: dict[str, Any] = {
            "organizationId": ORGANIZATION,
            "conversationId": self.conversation,
            "participant": {"id": str(uuid4()), "ani": "+1-555-555-1234", "aniName": "John Doe", "dnis": "+1-800-555"},
            "media": self.offers,
        }
        return {**parameters, **changes}

    def close(self, reason: str = "end") -> list[GatewayEvent]:
        """Closes the session and checks that the server agreed."""
        events = self.send("close", {"reason": reason})
        assert self.state == "CLOSED"
        return events

    def take(self) -> None:
        """Takes what the server sent, and finds fault with it."""
        for text in self.codec.messages_to_send():
            assert isinstance(text, str), "binary messages are not for the client"
            assert len(text) <= 65_535
            answer = json.loads(text)
            assert answer["version"] == "2"
            assert answer["id"] == self.id
            assert _UUID.fullmatch(answer["id"])
            assert answer["seq"] == self.server_seq + 1
            assert answer["clientseq"] == self.seq
            assert _PARAMETERS[answer["type"]](answer["parameters"])
            self.server_seq = answer["seq"]
            self.answers.append(answer)
            self._dispatch(answer["type"], answer["parameters"])

    def _dispatch(self, kind: str, parameters: dict[str, Any]) -> None:
        if kind == "opened":
            assert self.state == "OPENING"
            self.state = "OPEN"
            if parameters["media"]:
                (self.medium,) = parameters["media"]
                assert self.medium in self.offers
        elif kind == "pong":
            assert self._ping == self.seq, "a pong without its ping"
            self._ping = None
        elif kind == "closed":
            assert self.state == "CLOSING"
            self.state = "CLOSED"
        elif kind == "disconnect" and self.state in ("OPENING", "OPEN"):
            self.send("close", {"reason": "disconnect"})
