"""Genesys Cloud: monitor, coach and barge of the conversations API, each as the supervisor's own user.

Genesys lets a user bring only themselves onto a call, so every supervisor's own access token is needed (permissions
Conversation > Call > Monitor, Coach, Barge): the supervisor's address in the configuration is the path of a file that
holds it, read at each action, so that whatever keeps it fresh may write it anew.

AudioHook names the conversation; which participant is the agent is looked up there.

Source: https://developer.genesys.cloud/routing/conversations/conversations-apis
"""

import re
from collections.abc import Mapping, Sequence
from typing import Any, Final

import msgspec

from voicerisk.control.link import Link
from voicerisk.control.modes import Mode
from voicerisk.control.place import LegTemplates, Place, wanted
from voicerisk.control.problems import Problem, SwitchError
from voicerisk.control.secret import from_file
from voicerisk.control.switch import Seat, Tell
from voicerisk.control.web import Web, text_in

_UUID: Final = re.compile(r"[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}")
_VERBS: Final[Mapping[Mode, str]] = {
    Mode.LISTEN: "monitor",
    Mode.WHISPER: "coach",
    Mode.BARGE: "barge",
    Mode.TAKE_OVER: "barge",
}
_OVER: Final = frozenset({"disconnected", "terminated"})


class GenesysControl(
    msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, tag_field="kind", tag="genesys"
):
    """A Genesys Cloud region."""

    api_url: str = "https://api.mypurecloud.com"
    """The region's API, e.g. "https://api.mypurecloud.de"."""

    legs: LegTemplates = LegTemplates()


class GenesysSwitch:
    """See `switch.Switch`."""

    def __init__(self, settings: GenesysControl) -> None:
        self._web = Web("Genesys Cloud", settings.api_url.rstrip("/"), dict)
        self.link: Link | None = None
        self.ring_s = 0.0  # Genesys answers at once; the supervisor's station rings or picks up by itself
        self.cannot: Mapping[Mode, str] = {}

    async def enter(self, mode: Mode, at: Place, seat: Seat | None) -> Seat:
        """The supervisor's seat: it bears the id of their user, by which their participant is found."""
        conversation = wanted(at.legs.call, "conversation", _UUID)
        participants = await self._participants(at, conversation)
        agent = _agent(participants, at.legs.agent)
        path = f"/api/v2/conversations/calls/{conversation}/participants/{agent}"
        me = seat.leg if seat is not None else await self._me(at)
        await self._ask(at, "POST", f"{path}/{_VERBS[mode]}", twice_is_safe=True)
        if mode is Mode.TAKE_OVER:
            await self._ask(at, "PATCH", path, json={"state": "disconnected"}, twice_is_safe=True)
        return Seat(leg=me)

    async def leave(self, at: Place, seat: Seat | None) -> str:
        """Disconnects the supervisor's own participant."""
        if not _UUID.fullmatch(at.legs.call):
            return ""
        me = seat.leg if seat is not None else await self._me(at)
        for one in await self._participants(at, at.legs.call, missing_ok=True):
            if me and one.get("userId") == me and _is_on(one) and _UUID.fullmatch(text_in(one, "id")):
                path = f"/api/v2/conversations/calls/{at.legs.call}/participants/{one['id']}"
                body = {"state": "disconnected"}
                await self._ask(at, "PATCH", path, json=body, twice_is_safe=True, missing_ok=True)
        return ""

    async def follow(self, tell: Tell) -> None:
        """The AudioHook session itself says when the conversation ends, is held or goes on."""

    async def close(self) -> None:
        """Lets go of connections."""
        await self._web.close()

    async def _me(self, at: Place) -> str:
        return text_in(await self._ask(at, "GET", "/api/v2/users/me", twice_is_safe=True), "id")

    async def _participants(self, at: Place, conversation: str, *, missing_ok: bool = False) -> Sequence[Any]:
        path = f"/api/v2/conversations/calls/{conversation}"
        answer = await self._ask(at, "GET", path, twice_is_safe=True, missing_ok=missing_ok)
        listed = answer.get("participants") if isinstance(answer, dict) else None
        return [one for one in listed if isinstance(one, dict)] if isinstance(listed, list) else []

    async def _ask(self, at: Place, method: str, path: str, **how: Any) -> Any:
        headers = {"Authorization": f"Bearer {from_file(at.endpoint)}"}
        return await self._web.ask(method, path, headers=headers, **how)


def _is_on(participant: Mapping[str, Any]) -> bool:
    return participant.get("state") not in _OVER


def _agent(participants: Sequence[Mapping[str, Any]], told: str) -> str:
    """The id of the agent's participant: as the gateway told it, or the last agent to join who is still on."""
    if told:
        return wanted(told, "agent's participant", _UUID)
    agents = [one for one in participants if one.get("purpose") == "agent" and _is_on(one)]
    id_ = text_in(agents[-1], "id") if agents else ""
    if not _UUID.fullmatch(id_):
        raise SwitchError(Problem.NO_SUCH_CHANNEL, "Genesys Cloud shows no agent on this conversation (any more).")
    return id_
