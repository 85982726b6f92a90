"""Twilio: the supervisor becomes a participant of the call's conference: muted, coaching the agent, or heard by all.

The call must be a Conference already; a plain `<Dial>` cannot be joined. `legs.call` names the conference (its SID or
friendly name), `legs.agent` is the agent's call SID.

Source: https://www.twilio.com/docs/voice/api/conference-participant-resource
"""

import re
from base64 import b64encode
from collections.abc import Mapping
from typing import Annotated, Final
from urllib.parse import urlencode

import msgspec

from voicerisk.control.link import Link
from voicerisk.control.modes import Mode
from voicerisk.control.place import ConferenceLegs, Place, wanted
from voicerisk.control.problems import Problem, SwitchError
from voicerisk.control.secret import from_env
from voicerisk.control.switch import Seat, Tell
from voicerisk.control.web import Web, segment, text_in

_CALL_SID: Final = re.compile(r"CA[0-9a-fA-F]{32}")
_CONFERENCE_SID: Final = re.compile(r"CF[0-9a-fA-F]{32}")


class TwilioControl(
    msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, tag_field="kind", tag="twilio"
):
    """A Twilio account, or one of a platform with the same API (SignalWire's compatibility API)."""

    account: str
    """The account's SID ("AC...")."""

    token_env: str
    """Environment variable with the auth token, or with the secret of `api_key`."""

    caller_id: str
    """From which number of the account, or client, the supervisor is called."""

    api_key: str = ""
    """SID of an API key ("SK..."), to show in the place of the account's own token."""

    api_url: str = "https://api.twilio.com"
    ring_s: Annotated[int, msgspec.Meta(ge=5, le=600)] = 25
    """How long the supervisor's phone rings."""

    legs: ConferenceLegs = ConferenceLegs()

    def __repr__(self) -> str:
        """Without the number."""
        return f"TwilioControl(account={self.account!r})"


class TwilioSwitch:
    """See `switch.Switch`."""

    def __init__(self, settings: TwilioControl) -> None:
        self._settings = settings
        base = f"{settings.api_url.rstrip('/')}/2010-04-01/Accounts/{segment(settings.account)}"
        self._web = Web("Twilio", base, self._credentials)
        self.link: Link | None = None
        self.ring_s = 0.0  # Twilio answers at once and rings afterwards
        self.cannot: Mapping[Mode, str] = {}

    async def enter(self, mode: Mode, at: Place, seat: Seat | None) -> Seat:
        """The supervisor's participant in the conference."""
        conference = wanted(at.legs.call, "conference")
        agent = wanted(at.legs.agent, "agent's call", _CALL_SID) if mode in (Mode.WHISPER, Mode.TAKE_OVER) else ""
        participants = f"/Conferences/{await self._conference(conference)}/Participants"
        voice = _voice(mode, agent)
        if seat is None:
            call = await self._web.ask("POST", f"{participants}.json", form=self._newcomer(at) | voice)
            seat = Seat(leg=self._web.leg_in(call, "call_sid"))
        else:
            await self._change(participants, seat.leg, voice)
        if mode is Mode.TAKE_OVER:
            # An agent whose leaving ends the conference must not take the customer along.
            await self._change(participants, agent, {"EndConferenceOnExit": "false"})
            await self._remove(participants, agent)
        return seat

    async def leave(self, at: Place, seat: Seat | None) -> str:
        """Takes the supervisor's participant out of the conference, by its label where its call is not known."""
        if not at.legs.call:
            return ""
        try:
            conference = await self._conference(at.legs.call)
        except SwitchError as error:
            if error.problem is Problem.NO_SUCH_CHANNEL:
                return ""
            raise
        await self._remove(f"/Conferences/{conference}/Participants", seat.leg if seat is not None else at.key)
        return ""

    async def follow(self, tell: Tell) -> None:
        """Twilio tells nothing without an address of ours; the call's own stream says when it ends."""

    async def close(self) -> None:
        """Lets go of connections."""
        await self._web.close()

    def _newcomer(self, at: Place) -> dict[str, str]:
        return {
            "From": self._settings.caller_id,
            "To": at.endpoint,
            "Timeout": str(self._settings.ring_s),
            "Label": at.key,
            "Beep": "false",
            "StartConferenceOnEnter": "false",
            "EndConferenceOnExit": "false",
        }

    async def _conference(self, name: str) -> str:
        """The SID of the conference that goes on under that name."""
        if _CONFERENCE_SID.fullmatch(name):
            return name
        query = urlencode({"FriendlyName": name, "Status": "in-progress"})
        found = await self._web.ask("GET", f"/Conferences.json?{query}", twice_is_safe=True)
        sid = text_in(found, "conferences", 0, "sid")
        if not _CONFERENCE_SID.fullmatch(sid):
            raise SwitchError(Problem.NO_SUCH_CHANNEL, "Twilio has no conference of this call (any more).")
        return sid

    async def _change(self, participants: str, call: str, form: Mapping[str, str]) -> None:
        await self._web.ask("POST", f"{participants}/{segment(call)}.json", form=form, twice_is_safe=True)

    async def _remove(self, participants: str, call: str) -> None:
        await self._web.ask("DELETE", f"{participants}/{segment(call)}.json", twice_is_safe=True, missing_ok=True)

    def _credentials(self) -> Mapping[str, str]:
        login = f"{self._settings.api_key or self._settings.account}:{from_env(self._settings.token_env)}"
        return {"Authorization": "Basic " + b64encode(login.encode()).decode()}


def _voice(mode: Mode, agent: str) -> dict[str, str]:
    """By whom the supervisor is heard. `Coaching` alone restricts it to the coached participant."""
    match mode:
        case Mode.LISTEN:
            return {"Muted": "true", "Coaching": "false"}
        case Mode.WHISPER:
            return {"Muted": "false", "Coaching": "true", "CallSidToCoach": agent}
        case Mode.BARGE | Mode.TAKE_OVER:
            return {"Muted": "false", "Coaching": "false"}
