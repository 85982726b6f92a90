"""Vonage's voice API and its conversation action, as the API and NCCO references describe them."""

from collections.abc import Set
from functools import cache
from pathlib import Path
from typing import Any

import jwt
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa

from tests.control.fakes.web import Refusal, Seen, Trouble, WebFake

AGENT, SUPERVISOR = "aaaaaaaa-0000-4000-8000-000000000001", "bbbbbbbb-0000-4000-8000-000000000002"
APPLICATION = "cccccccc-0000-4000-8000-000000000003"


def _refusal(trouble: Trouble) -> Refusal:
    if trouble is Trouble.GONE:
        return Refusal(404, {"title": "Not Found", "detail": "no such call"})
    return Refusal(403, {"title": "Forbidden", "detail": "Your account may not do this"})


class FakeVonage:
    """A named conversation of a customer and an agent."""

    def __init__(self, folder: Path) -> None:
        self.web = WebFake(self._answer, _refusal)
        key = _key()
        pem = key.private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        )
        self.key_file = folder / "private.key"
        self.key_file.write_bytes(pem)
        self._public = key.public_key()
        self.ncco: dict[str, Any] | None = None
        self.agent_is_on = True

    trouble = property(lambda self: self.web.trouble, lambda self, value: setattr(self.web, "trouble", value))

    def heard_by(self) -> Set[str]:
        """By `canSpeak`; without it, by everybody."""
        if self.ncco is None:
            return set()
        everybody = {"customer"} | ({"agent"} if self.agent_is_on else set())
        return {"agent"} & set(map(_name, self.ncco["canSpeak"])) if "canSpeak" in self.ncco else everybody

    def is_on(self) -> bool:
        """The supervisor has a leg."""
        return self.ncco is not None

    def has_agent(self) -> bool:
        """The agent has a leg."""
        return self.agent_is_on

    def _answer(self, seen: Seen) -> Any:
        token = seen.headers.get("authorization", "").removeprefix("Bearer ")
        claims = jwt.decode(token, self._public, algorithms=["RS256"], options={"require": ["exp", "iat", "jti"]})
        assert claims["application_id"] == APPLICATION
        if (seen.method, seen.path) == ("POST", "/v1/calls"):
            assert seen.json["to"][0]["type"] == "phone"
            self.ncco = self._conversation(seen.json["ncco"])
            return {"uuid": SUPERVISOR, "status": "started", "direction": "outbound"}
        leg = seen.path.removeprefix("/v1/calls/")
        if leg == AGENT and self.agent_is_on:
            self.agent_is_on = seen.json["action"] != "hangup"
        elif leg == SUPERVISOR and self.ncco is not None:
            is_move = seen.json["action"] == "transfer"
            self.ncco = self._conversation(seen.json["destination"]["ncco"]) if is_move else None
        else:
            raise _refusal(Trouble.GONE)
        return None

    @staticmethod
    def _conversation(ncco: Any) -> dict[str, Any]:
        (action,) = ncco
        assert (action["action"], action["name"], action["endOnExit"]) == ("conversation", "call-7", False)
        found: dict[str, Any] = action
        return found


@cache
def _key() -> rsa.RSAPrivateKey:
    return rsa.generate_private_key(public_exponent=65537, key_size=2048)


def _name(leg: str) -> str:
    return "agent" if leg == AGENT else leg
