"""Any other switch: each action as a signed HTTP POST to a program of the site's own, which does it there.

    POST <url>
    webhook-id, webhook-timestamp, webhook-signature: see https://www.standardwebhooks.com (HMAC-SHA256)
    {"action": "listen", "session": "<uuid>", "call": {"id": ..., "leg": ..., "agent_leg": ..., "customer_leg": ...},
     "supervisor": {"name": ..., "endpoint": ...}, "leg": "<the supervisor's own, once it was answered>"}

The answer: 2xx with {"leg": "<the supervisor's leg>", "words": "<what the person must know>"}, both optional; or a
refusal by its usual status (403, 404, 409, 410, 422), with {"detail": "<why>"}. The id is the same at every try of one
action, so that it is done only once.
"""

import base64
import binascii
import hashlib
import hmac
import uuid
from collections.abc import Mapping
from typing import Final

import msgspec

from voicerisk import clock
from voicerisk.control.link import Link
from voicerisk.control.modes import Mode
from voicerisk.control.place import LegTemplates, Place
from voicerisk.control.problems import Problem, SwitchError, quoted
from voicerisk.control.secret import from_env
from voicerisk.control.switch import Seat, Tell
from voicerisk.control.web import Web, text_in

_PREFIX: Final = "whsec_"


class WebhookControl(
    msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, tag_field="kind", tag="webhook"
):
    """A program of the site's own that acts on the switch."""

    url: str
    """Where to POST; https, except in the house."""

    secret_env: str
    """Environment variable with the signing secret, `whsec_` and base64."""

    legs: LegTemplates = LegTemplates()
    cannot: tuple[Mode, ...] = ()
    """Modes that the program does not know: they are not offered."""

    ring_s: float = 0.0
    """How long the program may take because a phone rings first."""


class WebhookSwitch:
    """See `switch.Switch`. The same request leads from mode to mode; the program knows its session by its id."""

    def __init__(self, settings: WebhookControl) -> None:
        self._settings = settings
        self._web = Web("The control webhook", settings.url, dict, timeout_s=5.0 + settings.ring_s)
        self.cannot: Mapping[Mode, str] = dict.fromkeys(settings.cannot, "The control webhook does not do this.")
        self.ring_s = settings.ring_s
        self.link: Link | None = None

    async def enter(self, mode: Mode, at: Place, seat: Seat | None) -> Seat:
        """The seat that the program answered."""
        answer = await self._post(mode.value, at, seat)
        known = seat.leg if seat else ""
        return Seat(leg=text_in(answer, "leg")[:256] or known, words=quoted(text_in(answer, "words")))

    async def leave(self, at: Place, seat: Seat | None) -> str:
        """What the program says is left to do."""
        return quoted(text_in(await self._post("leave", at, seat), "words"))

    async def follow(self, tell: Tell) -> None:
        """Nothing comes back by itself."""

    async def close(self) -> None:
        """Lets go of connections."""
        await self._web.close()

    async def _post(self, action: str, at: Place, seat: Seat | None) -> object:
        body = msgspec.json.encode(
            {
                "action": action,
                "session": at.key,
                "call": {
                    "id": at.call_id,
                    "leg": at.legs.call,
                    "agent_leg": at.legs.agent,
                    "customer_leg": at.legs.customer,
                },
                "supervisor": {"name": at.supervisor, "endpoint": at.endpoint},
                "leg": seat.leg if seat else "",
            }
        )
        headers = signed(uuid.uuid4().hex, clock.now_s(), body, from_env(self._settings.secret_env))
        answer: object = await self._web.ask(
            "POST", self._settings.url, body=body, headers=headers, twice_is_safe=True, missing_ok=action == "leave"
        )
        return answer


def signed(message_id: str, at_s: float, body: bytes, secret: str) -> Mapping[str, str]:
    """The headers of a message signed as Standard Webhooks has it. Raises `SwitchError` for an unusable secret."""
    try:
        key = base64.b64decode(secret.removeprefix(_PREFIX), validate=True)
    except binascii.Error:
        raise SwitchError(Problem.FORBIDDEN, "The webhook's secret must be whsec_ and base64.") from None
    timestamp = str(int(at_s))
    signature = hmac.digest(key, f"{message_id}.{timestamp}.".encode() + body, hashlib.sha256)
    return {
        "webhook-id": message_id,
        "webhook-timestamp": timestamp,
        "webhook-signature": "v1," + base64.b64encode(signature).decode(),
    }
