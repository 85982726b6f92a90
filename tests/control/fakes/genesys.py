"""Genesys Cloud's conversations, as the platform API describes them."""

from collections.abc import Set
from typing import Any

from tests.control.fakes.rig import SECRET
from tests.control.fakes.web import Refusal, Seen, Trouble, WebFake

CONVERSATION = "d0d0d0d0-0000-4000-8000-000000000001"
AGENT, CUSTOMER = "a0a0a0a0-0000-4000-8000-000000000002", "c0c0c0c0-0000-4000-8000-000000000003"
MINE, ME = "50505050-0000-4000-8000-000000000004", "5e5e5e5e-0000-4000-8000-000000000005"
_HEARD: dict[str, Set[str]] = {"monitor": set(), "coach": {"agent"}, "barge": {"agent", "customer"}}


def _refusal(trouble: Trouble) -> Refusal:
    if trouble is Trouble.GONE:
        return Refusal(404, {"status": 404, "code": "not.found", "message": "The requested resource was not found."})
    return Refusal(403, {"status": 403, "code": "missing.permissions", "message": "No permission conversation:call"})


class FakeGenesys:
    """A conversation with a customer, an agent who has left, and one who is on."""

    def __init__(self) -> None:
        self.web = WebFake(self._answer, _refusal)
        self.parties: dict[str, dict[str, str]] = {
            CUSTOMER: {"purpose": "customer", "state": "connected"},
            "b0b0b0b0-0000-4000-8000-000000000009": {"purpose": "agent", "state": "terminated", "userId": "x"},
            AGENT: {"purpose": "agent", "state": "connected", "userId": "y"},
        }
        self.verb = ""

    trouble = property(lambda self: self.web.trouble, lambda self, value: setattr(self.web, "trouble", value))

    def heard_by(self) -> Set[str]:
        """By the last verb, of those who are on."""
        on = {"agent"} if self.has_agent() else set()
        return _HEARD[self.verb] & (on | {"customer"}) if self.is_on() else set()

    def is_on(self) -> bool:
        """The supervisor's participant is connected."""
        return self.parties.get(MINE, {}).get("state") == "connected"

    def has_agent(self) -> bool:
        """The agent's participant is connected."""
        return self.parties[AGENT]["state"] == "connected"

    def _answer(self, seen: Seen) -> Any:
        if seen.headers.get("authorization") != f"Bearer {SECRET}":
            raise Refusal(401, {"message": "Authentication required"})
        if (seen.method, seen.path) == ("GET", "/api/v2/users/me"):
            return {"id": ME, "name": "Dana"}
        call = f"/api/v2/conversations/calls/{CONVERSATION}"
        if (seen.method, seen.path) == ("GET", call):
            return {"id": CONVERSATION, "participants": [{"id": id_, **one} for id_, one in self.parties.items()]}
        participant, _, verb = seen.path.removeprefix(f"{call}/participants/").partition("/")
        if participant not in self.parties:
            raise _refusal(Trouble.GONE)
        if seen.method == "PATCH":
            self.parties[participant]["state"] = seen.json["state"]
        else:
            assert participant == AGENT
            self.verb = verb
            self.parties[MINE] = {"purpose": "user", "state": "connected", "userId": ME}
        return {}
