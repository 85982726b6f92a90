"""Amazon Connect's MonitorContact, as its API reference describes it, for the real client of boto3."""

from collections.abc import Set
from typing import Any

from tests.control.fakes.web import Refusal, Seen, Trouble, WebFake


class _Error(Refusal):
    def __init__(self, status: int, kind: str, said: str) -> None:
        super().__init__(status, {"__type": kind, "Message": said})


def _refusal(trouble: Trouble) -> Refusal:
    if trouble is Trouble.GONE:
        return _Error(404, "ResourceNotFoundException", "Contact not found")
    return _Error(403, "AccessDeniedException", "User is not authorized to perform connect:MonitorContact")


class FakeConnect:
    """One contact. What the supervisor does in the contact control panel is out of reach: they stay silent here."""

    def __init__(self) -> None:
        self.web = WebFake(self._answer, _refusal)
        self.capabilities: list[str] = []
        self.tokens: list[str] = []

    trouble = property(lambda self: self.web.trouble, lambda self, value: setattr(self.web, "trouble", value))

    def heard_by(self) -> Set[str]:
        """Who could hear the supervisor once they switch in the CCP."""
        return {"agent", "customer"} if "BARGE" in self.capabilities else set()

    def is_on(self) -> bool:
        """The contact was brought to the supervisor."""
        return bool(self.capabilities)

    def has_agent(self) -> bool:
        """The agent cannot be removed."""
        return True

    def _answer(self, seen: Seen) -> Any:
        assert (seen.method, seen.path) == ("POST", "/contact/monitor")
        assert seen.headers["authorization"].startswith("AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/")
        assert (seen.json["InstanceId"], seen.json["UserId"]) == ("instance-1", "user-7")
        self.capabilities = seen.json["AllowedMonitorCapabilities"]
        self.tokens.append(seen.json["ClientToken"])
        return {"ContactId": "monitor-1", "ContactArn": "arn:aws:connect:eu-central-1:1:instance/i/contact/monitor-1"}
