"""Amazon Connect: `MonitorContact` brings the contact to the supervisor's own contact control panel (CCP).

What the supervisor is to Connect is a user: the address in the configuration is that user's id or ARN. Barging in is
allowed by the API and switched on in the CCP; there is no whisper, and a supervisor leaves in the CCP only. Needs the
extra `connect` (boto3), which finds its credentials by itself (role, profile, environment).

Source: https://docs.aws.amazon.com/connect/latest/APIReference/API_MonitorContact.html
"""

import asyncio
import uuid
from collections.abc import Mapping
from typing import Any, Final

import msgspec

from voicerisk.control.link import Link
from voicerisk.control.modes import Mode
from voicerisk.control.place import LegTemplates, Place, wanted
from voicerisk.control.problems import Problem, SwitchError, quoted
from voicerisk.control.switch import Seat, Tell

_CANNOT: Final[Mapping[Mode, str]] = {
    Mode.WHISPER: "Amazon Connect has no whisper: nobody can talk to the agent alone.",
    Mode.TAKE_OVER: "Amazon Connect has no way for a supervisor to take a call over from here.",
}
_CAPABILITIES: Final[Mapping[Mode, tuple[str, ...]]] = {
    Mode.LISTEN: ("SILENT_MONITOR",),
    Mode.BARGE: ("SILENT_MONITOR", "BARGE"),
}
_PROBLEMS: Final[Mapping[str, tuple[Problem, str]]] = {
    "AccessDeniedException": (Problem.FORBIDDEN, "does not allow it"),
    "UnrecognizedClientException": (Problem.FORBIDDEN, "did not accept our credentials"),
    "InvalidSignatureException": (Problem.FORBIDDEN, "did not accept our credentials"),
    "ExpiredTokenException": (Problem.FORBIDDEN, "did not accept our credentials"),
    "ResourceNotFoundException": (Problem.NO_SUCH_CHANNEL, "knows no such contact or user (any more)"),
    "IdempotencyException": (Problem.REFUSED, "was asked this before"),
    "ServiceQuotaExceededException": (Problem.REFUSED, "says that a quota is used up"),
    "ThrottlingException": (Problem.REFUSED, "has too much to do at the moment"),
    "InternalServiceException": (Problem.TIMEOUT, "has an error of its own; it is not known whether it was done"),
}
_IN_CCP: Final = "Now switch to Barge in your contact control panel."
_HANG_UP: Final = "Hang up in your contact control panel: Amazon Connect has no other way to leave."


class ConnectControl(
    msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, tag_field="kind", tag="connect"
):
    """An Amazon Connect instance."""

    instance: str
    """The instance's id."""

    region: str
    endpoint_url: str = ""
    """Another address of the API, as inside a VPC; empty for the region's own."""

    legs: LegTemplates = LegTemplates()
    """`legs.call` is the contact's id."""


class ConnectSwitch:
    """See `switch.Switch`. The client of boto3 blocks, so each call of it runs in a thread."""

    def __init__(self, settings: ConnectControl) -> None:
        self._settings = settings
        self._client: Any = None
        self.link: Link | None = None
        self.ring_s = 0.0
        self.cannot = _CANNOT

    async def enter(self, mode: Mode, at: Place, seat: Seat | None) -> Seat:
        """The supervisor's contact, and what is left to do in the CCP."""
        contact = wanted(at.legs.call, "contact")
        request = {
            "InstanceId": self._settings.instance,
            "ContactId": contact,
            "UserId": at.endpoint,
            "AllowedMonitorCapabilities": list(_CAPABILITIES[mode]),
            # The same at every try that the client makes of this one request, so that Connect does it once.
            "ClientToken": str(uuid.uuid4()),
        }
        answer = await asyncio.to_thread(self._monitor, request)
        return Seat(leg=str(answer.get("ContactId", "")), words=_IN_CCP if mode is Mode.BARGE else "")

    async def leave(self, at: Place, seat: Seat | None) -> str:
        """What the supervisor has to do in the CCP."""
        return _HANG_UP

    async def follow(self, tell: Tell) -> None:
        """Connect tells nothing here."""

    async def close(self) -> None:
        """Lets go of connections."""
        if self._client is not None:
            self._client.close()

    def _monitor(self, request: Mapping[str, Any]) -> Mapping[str, Any]:
        try:
            import boto3
            from botocore.config import Config
            from botocore.exceptions import BotoCoreError, ClientError, ConnectionError, HTTPClientError
        except ImportError:
            words = "Amazon Connect cannot be asked from here: install voicerisk with the extra 'connect'."
            raise SwitchError(Problem.NOT_POSSIBLE, words) from None
        try:
            if self._client is None:
                self._client = boto3.client(
                    "connect",
                    region_name=self._settings.region,
                    endpoint_url=self._settings.endpoint_url or None,
                    config=Config(connect_timeout=3, read_timeout=5, retries={"total_max_attempts": 2}),
                )
            answer: Mapping[str, Any] = self._client.monitor_contact(**request)
            return answer
        except ClientError as error:
            code = str(error.response.get("Error", {}).get("Code", ""))
            problem, words = _PROBLEMS.get(code, (Problem.REFUSED, "would not take the request"))
            said = quoted(error.response.get("Error", {}).get("Message", ""))
            raise SwitchError(problem, f"Amazon Connect {words}" + (f": {said}" if said else ".")) from None
        except (ConnectionError, HTTPClientError):
            words = "Amazon Connect did not answer in time; it is not known whether it was done."
            raise SwitchError(Problem.TIMEOUT, words) from None
        except BotoCoreError as error:
            words = f"Amazon Connect cannot be asked: {type(error).__name__}. Are there credentials for it?"
            raise SwitchError(Problem.FORBIDDEN, words) from None
