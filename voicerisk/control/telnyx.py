"""Telnyx: the supervisor's phone is called as the supervisor of the agent's call leg, in a role that can be switched.

Every command carries a `command_id`, by which Telnyx knows a repeated one. Telnyx' whisper is heard by the leg that is
supervised, so `legs.agent` must be the agent's `call_control_id`.

Source: https://developers.telnyx.com/api-reference/call-commands/dial and .../switch-supervisor-role
"""

import uuid
from collections.abc import Mapping
from typing import Annotated, Any, Final

import msgspec

from voicerisk.control.link import Link
from voicerisk.control.modes import Mode
from voicerisk.control.place import ForkedLegs, Place, wanted
from voicerisk.control.secret import from_env
from voicerisk.control.switch import Seat, Tell
from voicerisk.control.web import Web, segment

_ROLES: Final[Mapping[Mode, str]] = {
    Mode.LISTEN: "monitor",
    Mode.WHISPER: "whisper",
    Mode.BARGE: "barge",
    Mode.TAKE_OVER: "monitor",
}


class TelnyxControl(
    msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, tag_field="kind", tag="telnyx"
):
    """A Telnyx Call Control application."""

    connection_id: str
    """The application from which the supervisor is called."""

    api_key_env: str
    """Environment variable with the API key (v2)."""

    caller_id: str
    """From which number the supervisor is called."""

    api_url: str = "https://api.telnyx.com/v2"
    ring_s: Annotated[int, msgspec.Meta(ge=5, le=600)] = 25
    legs: ForkedLegs = ForkedLegs()
    """`call_control_id`s."""

    def __repr__(self) -> str:
        """Without the number."""
        return f"TelnyxControl(connection_id={self.connection_id!r})"


class TelnyxSwitch:
    """See `switch.Switch`."""

    def __init__(self, settings: TelnyxControl) -> None:
        self._settings = settings
        self._web = Web("Telnyx", settings.api_url.rstrip("/"), self._credentials)
        self.link: Link | None = None
        self.ring_s = 0.0  # Telnyx answers at once and rings afterwards
        self.cannot: Mapping[Mode, str] = {}

    async def enter(self, mode: Mode, at: Place, seat: Seat | None) -> Seat:
        """The supervisor's leg."""
        agent = wanted(at.legs.agent, "agent's leg")
        customer = wanted(at.legs.customer, "customer's leg") if mode is Mode.TAKE_OVER else ""
        if seat is None:
            dial = {
                "connection_id": self._settings.connection_id,
                "to": at.endpoint,
                "from": self._settings.caller_id,
                "timeout_secs": self._settings.ring_s,
                "supervise_call_control_id": agent,
                "supervisor_role": _ROLES[mode],
                "command_id": at.key,
            }
            answer = await self._web.ask("POST", "/calls", json=dial, twice_is_safe=True)
            seat = Seat(leg=self._web.leg_in(answer, "data", "call_control_id"))
        elif mode is not Mode.TAKE_OVER:
            await self._command(seat.leg, "switch_supervisor_role", role=_ROLES[mode])
        if mode is Mode.TAKE_OVER:
            await self._command(customer, "bridge", call_control_id=seat.leg)
            await self._command(agent, "hangup", missing_ok=True)
        return seat

    async def leave(self, at: Place, seat: Seat | None) -> str:
        """Hangs up the supervisor's leg."""
        if seat is not None:
            await self._command(seat.leg, "hangup", missing_ok=True)
        return ""

    async def follow(self, tell: Tell) -> None:
        """Telnyx tells nothing without an address of ours; the call's own stream says when it ends."""

    async def close(self) -> None:
        """Lets go of connections."""
        await self._web.close()

    async def _command(self, leg: str, command: str, *, missing_ok: bool = False, **body: Any) -> None:
        path = f"/calls/{segment(leg)}/actions/{command}"
        body["command_id"] = str(uuid.uuid4())
        await self._web.ask("POST", path, json=body, twice_is_safe=True, missing_ok=missing_ok)

    def _credentials(self) -> Mapping[str, str]:
        return {"Authorization": f"Bearer {from_env(self._settings.api_key_env)}"}
