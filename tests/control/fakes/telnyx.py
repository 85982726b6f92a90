"""Telnyx' call control, as its API reference describes it; a command id that comes again is not done again."""

from collections.abc import Set
from typing import Any

from tests.control.fakes.rig import PHONE, SECRET
from tests.control.fakes.web import Refusal, Seen, Trouble, WebFake

AGENT, CUSTOMER, SUPERVISOR = "v3:agent_leg", "v3:customer_leg", "v3:supervisor_leg"
_HEARD: dict[str, Set[str]] = {"monitor": set(), "whisper": {"agent"}, "barge": {"agent", "customer"}}


def _refusal(trouble: Trouble) -> Refusal:
    if trouble is Trouble.GONE:
        return Refusal(404, {"errors": [{"code": "10005", "title": "Resource not found", "detail": "no such call"}]})
    return Refusal(403, {"errors": [{"code": "D13", "title": "Forbidden", "detail": f"{PHONE} is not whitelisted"}]})


class FakeTelnyx:
    """Two bridged legs."""

    def __init__(self) -> None:
        self.web = WebFake(self._answer, _refusal)
        self.legs = {AGENT, CUSTOMER}
        self.role = ""
        self.bridged = False
        self.commands: set[str] = set()
        self.n_dialled = 0

    trouble = property(lambda self: self.web.trouble, lambda self, value: setattr(self.web, "trouble", value))

    def heard_by(self) -> Set[str]:
        """By the supervisor's role, or by the bridge."""
        if SUPERVISOR not in self.legs:
            return set()
        return {"customer"} if self.bridged else _HEARD[self.role]

    def is_on(self) -> bool:
        """The supervisor has a leg."""
        return SUPERVISOR in self.legs

    def has_agent(self) -> bool:
        """The agent has a leg."""
        return AGENT in self.legs

    def _answer(self, seen: Seen) -> Any:
        if seen.headers.get("authorization") != f"Bearer {SECRET}":
            raise Refusal(401, {"errors": [{"title": "Authentication failed"}]})
        done = {"data": {"result": "ok", "call_control_id": SUPERVISOR}}
        if seen.json["command_id"] in self.commands:
            return done
        self.commands.add(seen.json["command_id"])
        if seen.path == "/v2/calls":
            assert seen.json["supervise_call_control_id"] == AGENT
            self.n_dialled += 1
            self.legs.add(SUPERVISOR)
            self.role = seen.json["supervisor_role"]
            return done
        leg, _, command = seen.path.removeprefix("/v2/calls/").partition("/actions/")
        if leg not in self.legs:
            raise _refusal(Trouble.GONE)
        match command:
            case "switch_supervisor_role":
                assert leg == SUPERVISOR
                self.role = seen.json["role"]
            case "bridge":
                self.bridged = (leg, seen.json["call_control_id"]) == (CUSTOMER, SUPERVISOR)
            case "hangup":
                self.legs.discard(leg)
        return done
