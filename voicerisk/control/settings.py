"""The `[control]` table: which switch is acted on for which gateway, and where the supervisors' phones are."""

from collections.abc import Collection, Iterator, Mapping
from typing import Annotated

import msgspec

from voicerisk.control.ami import AmiControl
from voicerisk.control.ari import AriControl
from voicerisk.control.connect import ConnectControl
from voicerisk.control.esl import EslControl
from voicerisk.control.genesys import GenesysControl
from voicerisk.control.jambonz import JambonzControl
from voicerisk.control.modes import Mode
from voicerisk.control.telnyx import TelnyxControl
from voicerisk.control.twilio import TwilioControl
from voicerisk.control.vonage import VonageControl
from voicerisk.control.webhook import WebhookControl
from voicerisk.settings import Problem

SwitchControl = (
    AriControl
    | AmiControl
    | EslControl
    | TwilioControl
    | GenesysControl
    | ConnectControl
    | TelnyxControl
    | VonageControl
    | JambonzControl
    | WebhookControl
)

_Seconds = Annotated[float, msgspec.Meta(gt=0)]


class ControlSettings(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What supervisors may do on the switches. Without gateways nobody can do anything there."""

    gateways: dict[str, SwitchControl] = {}
    """By the gateway's name (its path without the leading slash): the switch that its calls are on."""

    supervisors: dict[str, str | dict[str, str]] = {}
    """By the name with which a person signs in: where their phone is, in the switch's own words ("PJSIP/2001",
    "user/2001", "+15550100", "client:dana"); or such an address for each gateway by its name, "*" for all others."""

    confirm: tuple[Mode, ...] = (Mode.BARGE, Mode.TAKE_OVER)
    """What is asked for twice, because a customer hears it."""

    deadline_s: _Seconds = 10.0
    """How long a switch may take for one action; the ringing of the supervisor's phone comes on top."""

    settle_s: _Seconds = 2.0
    """How long after a hang-up on the switch the call's own audio may still say that it ends."""

    max_sessions: Annotated[int, msgspec.Meta(ge=1)] = 200
    """Supervisors on calls at the same time."""

    def __repr__(self) -> str:
        """Without telephone numbers."""
        return f"ControlSettings(gateways={sorted(self.gateways)}, supervisors={len(self.supervisors)})"

    def endpoint_of(self, person: str, gateway: str) -> str | None:
        """Where that person's phone is for calls of that gateway; None where nobody said."""
        known = self.supervisors.get(person)
        return known if isinstance(known, str) or known is None else known.get(gateway, known.get("*"))


def control_problems(settings: ControlSettings, gateways: Collection[str]) -> Iterator[Problem]:
    """What types cannot tell, as (key below `control`, what is wrong, what would be right)."""
    for name in settings.gateways:
        if name not in gateways:
            known = ", ".join(sorted(gateways))
            wrong = "there is no gateway of this name"
            yield Problem(f"gateways.{name}", wrong, f"Gateways are named by their path: {known}.")
    for person, known_at in settings.supervisors.items():
        unknown: Mapping[str, str] = known_at if isinstance(known_at, dict) else {}
        for name in unknown:
            if name != "*" and name not in settings.gateways:
                wrong = "no switch is set up for this gateway"
                yield Problem(f"supervisors.{person}.{name}", wrong, "Name a gateway of control.gateways, or '*'.")
    if Mode.LISTEN in settings.confirm:
        yield Problem("confirm", "to listen is heard by nobody and is not asked for twice", "Leave it out.")
