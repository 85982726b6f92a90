"""A site's own program behind the signed webhook, which checks each message as its receiver is told to."""

from collections.abc import Set
from typing import Any

from tests.control.fakes.web import Refusal, Seen, Trouble, WebFake
from voicerisk.clock import now_s
from voicerisk.notify.signature import verify

SECRET = "whsec_C2FVsBQIhrscChlQIMV+b5sSYspob7oD"
_HEARD: dict[str, Set[str]] = {
    "listen": set(), "whisper": {"agent"}, "barge": {"agent", "customer"}, "take_over": {"customer"}, "leave": set(),
}  # fmt: skip


def _refusal(trouble: Trouble) -> Refusal:
    return Refusal(410, {"detail": "that call is over"}) if trouble is Trouble.GONE else Refusal(403, {"detail": "no"})


class FakeProgram:
    """Does what it is told; a message that it has seen is answered again and not done again."""

    def __init__(self) -> None:
        self.web = WebFake(self._answer, _refusal)
        self.action = "leave"
        self.ids: list[str] = []

    trouble = property(lambda self: self.web.trouble, lambda self, value: setattr(self.web, "trouble", value))

    def heard_by(self) -> Set[str]:
        """By the last action."""
        return _HEARD[self.action]

    def is_on(self) -> bool:
        """The last action was not to leave."""
        return self.action != "leave"

    def has_agent(self) -> bool:
        """Nobody took the call over."""
        return self.action != "take_over"

    def _answer(self, seen: Seen) -> Any:
        assert seen.path == "/hook"
        self.ids.append(verify(seen.headers, seen.body, SECRET, now_s()))
        self.action = seen.json["action"]
        return {"leg": "leg-1"}
