"""jambonz: the supervisor's leg joins the call's conference muted, and is told by live call control who may hear it.

The call must run in a `conference` (`legs.call` is its name) whose agent has the `memberTag` of `agent_tag`.

Source: https://docs.jambonz.org (verbs/conference; REST API: create a call, update a call)
"""

from collections.abc import Mapping
from typing import Annotated, Any, Literal

import msgspec

from voicerisk.control.link import Link
from voicerisk.control.modes import Mode
from voicerisk.control.place import ConferenceLegs, Place, wanted
from voicerisk.control.secret import from_env
from voicerisk.control.switch import Seat, Tell
from voicerisk.control.web import Web, segment


class JambonzControl(
    msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, tag_field="kind", tag="jambonz"
):
    """A jambonz account."""

    api_url: str
    """Where its REST API is, "https://jambonz.example.com/api/v1"."""

    account: str
    """The account's SID."""

    application: str
    """SID of the application under which the supervisor is called; its own verbs are not run."""

    api_key_env: str
    """Environment variable with the API key."""

    caller_id: str = "voicerisk"
    endpoint_type: Literal["user", "phone", "sip"] = "user"
    """What the supervisors' addresses are: registered users, numbers, or SIP URIs."""

    agent_tag: str = "agent"
    ring_s: Annotated[int, msgspec.Meta(ge=5, le=120)] = 25
    legs: ConferenceLegs = ConferenceLegs()

    def __repr__(self) -> str:
        """Without the number."""
        return f"JambonzControl(account={self.account!r})"


class JambonzSwitch:
    """See `switch.Switch`."""

    def __init__(self, settings: JambonzControl) -> None:
        self._settings = settings
        base = f"{settings.api_url.rstrip('/')}/Accounts/{segment(settings.account)}"
        self._web = Web("jambonz", base, self._credentials)
        self.link: Link | None = None
        self.ring_s = 0.0  # jambonz answers at once and rings afterwards
        self.cannot: Mapping[Mode, str] = {}

    async def enter(self, mode: Mode, at: Place, seat: Seat | None) -> Seat:
        """The supervisor's leg, in the conference."""
        conference = wanted(at.legs.call, "conference")
        agent = wanted(at.legs.agent, "agent's call") if mode is Mode.TAKE_OVER else ""
        if seat is None:
            call = await self._web.ask("POST", "/Calls", json=self._newcomer(at, conference, mode))
            seat = Seat(leg=self._web.leg_in(call, "sid"))
        else:
            await self._set_voice(seat.leg, mode)
        if mode is Mode.TAKE_OVER:
            await self._update(agent, {"call_status": "completed"}, missing_ok=True)
        return seat

    async def leave(self, at: Place, seat: Seat | None) -> str:
        """Ends the supervisor's leg."""
        if seat is not None:
            await self._update(seat.leg, {"call_status": "completed"}, missing_ok=True)
        return ""

    async def follow(self, tell: Tell) -> None:
        """No word comes from jambonz without an address of ours; the call's own stream says when it ends."""

    async def close(self) -> None:
        """Lets go of connections."""
        await self._web.close()

    def _newcomer(self, at: Place, conference: str, mode: Mode) -> Mapping[str, Any]:
        verb: dict[str, Any] = {
            "verb": "conference",
            "name": conference,
            "memberTag": "supervisor",
            "startConferenceOnEnter": False,
            "endConferenceOnExit": False,
        }
        if mode is Mode.LISTEN:
            verb["joinMuted"] = True
        elif mode is Mode.WHISPER:
            verb["speakOnlyTo"] = self._settings.agent_tag
        name = {"user": "name", "phone": "number", "sip": "sipUri"}[self._settings.endpoint_type]
        return {
            "application_sid": self._settings.application,
            "app_json": msgspec.json.encode([verb]).decode(),
            "from": self._settings.caller_id,
            "to": {"type": self._settings.endpoint_type, name: at.endpoint},
            "timeout": self._settings.ring_s,
            "tag": {"voicerisk": at.key},
        }

    async def _set_voice(self, leg: str, mode: Mode) -> None:
        """Mutes first and lets go of the agent's ear last, so that at no moment more people hear than should."""
        mute: Mapping[str, Any] = {"conf_mute_status": "mute"}
        unmute: Mapping[str, Any] = {"conf_mute_status": "unmute"}
        coach = {"conferenceParticipantAction": {"action": "coach", "tag": self._settings.agent_tag}}
        uncoach = {"conferenceParticipantAction": {"action": "uncoach"}}
        steps = {
            Mode.LISTEN: (mute,),
            Mode.WHISPER: (mute, coach, unmute),
            Mode.BARGE: (uncoach, unmute),
            Mode.TAKE_OVER: (uncoach, unmute),
        }[mode]
        for step in steps:
            await self._update(leg, step)

    async def _update(self, leg: str, body: Mapping[str, Any], *, missing_ok: bool = False) -> None:
        await self._web.ask(
            "PUT", f"/Calls/{segment(leg)}", json=body, twice_is_safe=True, missing_ok=missing_ok
        )  # fmt: skip

    def _credentials(self) -> Mapping[str, str]:
        return {"Authorization": f"Bearer {from_env(self._settings.api_key_env)}"}
