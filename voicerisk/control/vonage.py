"""Vonage: the supervisor's leg joins the call's named conversation, and `canSpeak` says who hears it.

The call must run in a named `conversation` (NCCO); `legs.call` is that name (the label `conference`), `legs.agent` the
UUID of the agent's leg. The mode changes by moving the supervisor's leg to the same conversation with another
`canSpeak`. Requests carry a JWT signed with the application's private key; that needs the extra `vonage`.

Source: https://developer.vonage.com/en/voice/voice-api/ncco-reference#conversation and .../api/voice
"""

import contextlib
import importlib
import re
import uuid
from collections.abc import Mapping
from typing import Annotated, Any, Final, Literal

import msgspec

from voicerisk import clock
from voicerisk.control.link import Link
from voicerisk.control.modes import Mode
from voicerisk.control.place import ConferenceLegs, Place, wanted
from voicerisk.control.problems import Problem, SwitchError
from voicerisk.control.secret import from_file
from voicerisk.control.switch import Seat, Tell
from voicerisk.control.web import Web

_UUID: Final = re.compile(r"[0-9a-fA-F-]{32,36}")
_TOKEN_FOR_S: Final = 300
_RENEWED_BEFORE_S: Final = 60


class VonageControl(
    msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, tag_field="kind", tag="vonage"
):
    """A Vonage application with the Voice capability."""

    application: str
    """The application's id."""

    private_key_file: str
    """The application's private key (PEM)."""

    caller_id: str
    """From which number the supervisor is called."""

    endpoint_type: Literal["phone", "sip", "app"] = "phone"
    """What the supervisors' addresses are: numbers, SIP URIs, or users of the application."""

    api_url: str = "https://api.nexmo.com"
    ring_s: Annotated[int, msgspec.Meta(ge=5, le=120)] = 25
    legs: ConferenceLegs = ConferenceLegs()

    def __repr__(self) -> str:
        """Without the number."""
        return f"VonageControl(application={self.application!r})"


class VonageSwitch:
    """See `switch.Switch`."""

    def __init__(self, settings: VonageControl) -> None:
        self._settings = settings
        self._web = Web("Vonage", settings.api_url.rstrip("/"), self._credentials)
        self.link: Link | None = None
        self.ring_s = 0.0  # Vonage answers at once and rings afterwards
        self.cannot: Mapping[Mode, str] = {}
        with contextlib.suppress(ImportError):
            importlib.import_module("jwt")  # now, for it takes a while, and later the event loop would wait for it
        self._token = ""
        self._token_until_s = 0

    async def enter(self, mode: Mode, at: Place, seat: Seat | None) -> Seat:
        """The supervisor's leg, in the conversation."""
        needs_agent = mode in (Mode.WHISPER, Mode.TAKE_OVER)
        agent = wanted(at.legs.agent, "agent's leg", _UUID) if needs_agent else ""
        ncco = [_conversation(wanted(at.legs.call, "conversation's name"), mode, agent)]
        if seat is None:
            call = {
                "to": [self._address(at.endpoint)],
                "from": {"type": "phone", "number": self._settings.caller_id},
                "ringing_timer": self._settings.ring_s,
                "ncco": ncco,
            }
            # Vonage knows no key for a repeated call: a second one would ring a second time.
            seat = Seat(leg=self._web.leg_in(await self._web.ask("POST", "/v1/calls", json=call), "uuid"))
        else:
            destination = {"type": "ncco", "ncco": ncco}
            await self._update(seat.leg, {"action": "transfer", "destination": destination})
        if mode is Mode.TAKE_OVER:
            await self._update(agent, {"action": "hangup"}, missing_ok=True)
        return seat

    async def leave(self, at: Place, seat: Seat | None) -> str:
        """Hangs up the supervisor's leg."""
        if seat is not None:
            await self._update(seat.leg, {"action": "hangup"}, missing_ok=True)
        return ""

    async def follow(self, tell: Tell) -> None:
        """Vonage tells nothing without an address of ours; the call's own stream says when it ends."""

    async def close(self) -> None:
        """Lets go of connections."""
        await self._web.close()

    async def _update(self, leg: str, body: Mapping[str, Any], *, missing_ok: bool = False) -> None:
        leg = wanted(leg, "leg", _UUID)
        await self._web.ask("PUT", f"/v1/calls/{leg}", json=body, twice_is_safe=True, missing_ok=missing_ok)

    def _address(self, endpoint: str) -> Mapping[str, str]:
        name = {"phone": "number", "sip": "uri", "app": "user"}[self._settings.endpoint_type]
        return {"type": self._settings.endpoint_type, name: endpoint}

    def _credentials(self) -> Mapping[str, str]:
        now_s = int(clock.now_s())
        if self._token_until_s < now_s:
            self._token = _token(self._settings, now_s)
            self._token_until_s = now_s + _TOKEN_FOR_S - _RENEWED_BEFORE_S
        return {"Authorization": f"Bearer {self._token}"}


def _token(settings: VonageControl, now_s: int) -> str:
    """A JWT for the application, from `now_s` (epoch seconds) on."""
    try:
        import jwt
        from cryptography.hazmat.primitives.serialization import load_pem_private_key
    except ImportError:
        words = "Vonage's requests cannot be signed here: install voicerisk with the extra 'vonage'."
        raise SwitchError(Problem.NOT_POSSIBLE, words) from None
    claims = {
        "application_id": settings.application,
        "iat": now_s,
        "exp": now_s + _TOKEN_FOR_S,
        "jti": uuid.uuid4().hex,
    }
    pem = from_file(settings.private_key_file).encode()
    try:
        # It is our own key: to prove its primes anew would hold up the event loop for a tenth of a second.
        key = load_pem_private_key(pem, None, unsafe_skip_rsa_key_validation=True)
        return jwt.encode(claims, key, algorithm="RS256")  # type: ignore[arg-type]
    except (ValueError, TypeError, jwt.PyJWTError):
        words = f"The file {settings.private_key_file} holds no private key of an application."
        raise SwitchError(Problem.FORBIDDEN, words) from None


def _conversation(name: str, mode: Mode, agent: str) -> Mapping[str, Any]:
    """The NCCO by which a leg is in the conversation; an empty `canSpeak` is heard by nobody."""
    action: dict[str, Any] = {
        "action": "conversation", "name": name, "startOnEnter": False, "endOnExit": False,
    }  # fmt: skip
    if mode is Mode.LISTEN:
        action["canSpeak"] = []
    elif mode is Mode.WHISPER:
        action["canSpeak"] = [agent]
    return action
