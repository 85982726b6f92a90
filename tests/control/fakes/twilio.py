"""Twilio's conference participants, as its documentation describes them."""

import base64
from collections.abc import Set
from typing import Any

from tests.control.fakes.rig import PHONE, SECRET
from tests.control.fakes.web import Refusal, Seen, Trouble, WebFake

ACCOUNT = "AC" + "0" * 32
CONFERENCE = "CF" + "1" * 32
AGENT = "CA" + "a" * 32
CUSTOMER = "CA" + "c" * 32
SUPERVISOR = "CA" + "5" * 32
LOGIN = "Basic " + base64.b64encode(f"{ACCOUNT}:{SECRET}".encode()).decode()


def _refusal(trouble: Trouble) -> Refusal:
    if trouble is Trouble.GONE:
        return Refusal(404, {"code": 20404, "message": "The requested resource was not found", "status": 404})
    return Refusal(400, {"code": 21219, "message": f"The number {PHONE} is unverified", "status": 400})


class FakeTwilio:
    """A conference of a customer and an agent, whose leaving would end it."""

    def __init__(self) -> None:
        self.web = WebFake(self._answer, _refusal)
        self.parties: dict[str, dict[str, str]] = {
            CUSTOMER: {"EndConferenceOnExit": "true"},
            AGENT: {"EndConferenceOnExit": "true"},
        }

    trouble = property(lambda self: self.web.trouble, lambda self, value: setattr(self.web, "trouble", value))

    def heard_by(self) -> Set[str]:
        """A muted participant is heard by nobody, a coaching one by the coached alone."""
        mine = self.parties.get(SUPERVISOR)
        if mine is None or mine.get("Muted") == "true":
            return set()
        names = {AGENT: "agent", CUSTOMER: "customer"}
        if mine.get("Coaching") == "true":
            return {names[mine["CallSidToCoach"]]}
        return {names[call] for call in self.parties if call in names}

    def is_on(self) -> bool:
        """The supervisor is a participant."""
        return SUPERVISOR in self.parties

    def has_agent(self) -> bool:
        """The agent is a participant."""
        return AGENT in self.parties

    def _answer(self, seen: Seen) -> Any:
        if seen.headers.get("authorization") != LOGIN:
            raise Refusal(401, {"code": 20003, "message": "Authenticate", "status": 401})
        root = f"/2010-04-01/Accounts/{ACCOUNT}/Conferences"
        inside = f"{root}/{CONFERENCE}/Participants"
        if (seen.method, seen.path) == ("GET", f"{root}.json"):
            is_it = seen.query == {"FriendlyName": "call-7", "Status": "in-progress"} and bool(self.parties)
            return {"conferences": [{"sid": CONFERENCE}] if is_it else []}
        if (seen.method, seen.path) == ("POST", f"{inside}.json"):
            assert {"From", "To"} <= set(seen.form)
            assert seen.form["EndConferenceOnExit"] == "false"
            self.parties[SUPERVISOR] = seen.form
            return {"call_sid": SUPERVISOR, "status": "queued"}
        call = seen.path.removeprefix(f"{inside}/").removesuffix(".json")
        if call == self.parties.get(SUPERVISOR, {}).get("Label"):
            call = SUPERVISOR  # a participant is known by its label as well
        if call not in self.parties:
            raise Refusal(404, {"code": 20404, "message": "not found", "status": 404})
        if seen.method == "DELETE":
            if self.parties.pop(call)["EndConferenceOnExit"] == "true":
                self.parties.clear()
            return None
        self.parties[call] = self.parties[call] | seen.form
        return {"call_sid": call}
