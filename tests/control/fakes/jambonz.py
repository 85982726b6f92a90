"""jambonz' REST API: calls, live call control, and what a conference makes of mute and coach."""

import json
from collections.abc import Set
from typing import Any

from tests.control.fakes.rig import SECRET
from tests.control.fakes.web import Refusal, Seen, Trouble, WebFake

ACCOUNT, AGENT, SUPERVISOR = "acc-1", "agent-call", "supervisor-call"


def _refusal(trouble: Trouble) -> Refusal:
    if trouble is Trouble.GONE:
        return Refusal(404, {"msg": "call not found"})
    return Refusal(422, {"msg": "invalid request"})


class FakeJambonz:
    """A conference of a customer and an agent tagged `agent`."""

    def __init__(self) -> None:
        self.web = WebFake(self._answer, _refusal)
        self.calls = {AGENT}
        self.muted = False
        self.coaches = ""

    trouble = property(lambda self: self.web.trouble, lambda self, value: setattr(self.web, "trouble", value))

    def heard_by(self) -> Set[str]:
        """A muted member is heard by nobody, a coach by the tagged members alone."""
        if SUPERVISOR not in self.calls or self.muted:
            return set()
        return {self.coaches} if self.coaches else {"customer"} | ({"agent"} if AGENT in self.calls else set())

    def is_on(self) -> bool:
        """The supervisor has a call."""
        return SUPERVISOR in self.calls

    def has_agent(self) -> bool:
        """The agent has a call."""
        return AGENT in self.calls

    def _answer(self, seen: Seen) -> Any:
        if seen.headers.get("authorization") != f"Bearer {SECRET}":
            raise Refusal(401, {"msg": "not authorized"})
        if (seen.method, seen.path) == ("POST", f"/api/v1/Accounts/{ACCOUNT}/Calls"):
            (verb,) = json.loads(seen.json["app_json"])
            assert (verb["verb"], verb["name"], verb["endConferenceOnExit"]) == ("conference", "call-7", False)
            self.calls.add(SUPERVISOR)
            self.muted, self.coaches = verb.get("joinMuted", False), verb.get("speakOnlyTo", "")
            return {"sid": SUPERVISOR}
        call = seen.path.rpartition("/")[2]
        if seen.method != "PUT" or call not in self.calls:
            raise _refusal(Trouble.GONE)
        match seen.json:
            case {"call_status": "completed"}:
                self.calls.discard(call)
            case {"conf_mute_status": status}:
                self.muted = status == "mute"
            case {"conferenceParticipantAction": {"action": "coach", "tag": tag}}:
                self.coaches = tag
            case {"conferenceParticipantAction": {"action": "uncoach"}}:
                self.coaches = ""
            case other:
                raise Refusal(400, {"msg": f"unknown {other}"})
        return None
