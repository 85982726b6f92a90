"""FreeSWITCH's `eavesdrop` on the agent's leg: what its commands do, and which of them may be sent at all.

The digits choose who hears the eavesdropper: 0 nobody, 2 the leg that is listened to, 3 both. 1 would be the *other*
leg alone: the customer hears what was meant for the agent. It has no name here, so that nothing can send it.

Source: `switch_ivr_eavesdrop_session` in src/switch_ivr_async.c of FreeSWITCH 1.10.
"""

import re
from collections.abc import Mapping
from enum import Enum
from typing import Final

from voicerisk.control.modes import Mode
from voicerisk.control.problems import Problem, SwitchError

UUID: Final = re.compile(r"[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}")
"""The shape of a channel's id; nothing in it can end a command or begin another."""

_ENDPOINT: Final = re.compile(r"[A-Za-z0-9_.:/@;=*#+-]{1,200}")


class Ear(Enum):
    """Who hears the supervisor that eavesdrops on the agent's leg."""

    NOBODY = "0"
    AGENT = "2"
    BOTH = "3"


EARS: Final[Mapping[Mode, Ear]] = {Mode.LISTEN: Ear.NOBODY, Mode.WHISPER: Ear.AGENT, Mode.BARGE: Ear.BOTH}


def session_event(seat: str, ear: Ear) -> tuple[str, Mapping[str, str]]:
    """The event that tells the eavesdropping session whom to talk to.

    It is put into that session's own queue (`Unique-ID`). Unlike a DTMF digit it works while the keys of the phone are
    switched off, so that a supervisor who leans on the 1 is not heard by the customer.
    """
    headers = {
        "Event-Subclass": "voicerisk::eavesdrop",
        "unique-id": seat,
        "eavesdrop-command": ear.value,
    }
    return "sendevent CUSTOM", headers


def originate(seat: str, endpoint: str, agent: str, ring_s: float, caller_id: str) -> str:
    """The call to the supervisor's phone, which begins to eavesdrop, unheard, as soon as it is picked up.

    Raises `SwitchError` for an endpoint that is no dial string of one phone.
    """
    if not _ENDPOINT.fullmatch(endpoint):
        words = "The address of your phone is not one that FreeSWITCH can call, as in 'user/2001'."
        raise SwitchError(Problem.NOT_POSSIBLE, words)
    variables = {
        "origination_uuid": seat,
        "originate_timeout": str(round(ring_s)),
        "origination_caller_id_name": caller_id,
        "ignore_early_media": "true",
        "hangup_after_bridge": "true",
        "eavesdrop_enable_dtmf": "false",
    }
    given = ",".join(f"{name}={value}" for name, value in variables.items())
    return f"originate {{{given}}}{endpoint} &eavesdrop({agent})"


_CAUSES: Final[Mapping[str, str]] = {
    "USER_BUSY": "Your phone is busy.",
    "NO_ANSWER": "Your phone was not picked up.",
    "NO_USER_RESPONSE": "Your phone did not answer.",
    "CALL_REJECTED": "The call to your phone was rejected.",
    "USER_NOT_REGISTERED": "Your phone is not registered.",
    "SUBSCRIBER_ABSENT": "FreeSWITCH does not know your phone.",
    "ORIGINATOR_CANCEL": "The call to your phone was cancelled.",
}


def not_answered(answer: str) -> SwitchError:
    """The failure in the answer to `originate` ("-ERR NO_ANSWER"), in words."""
    cause = answer.removeprefix("-ERR").strip()[:40]
    known = cause if cause.replace("_", "").isalpha() else "no cause"
    words = _CAUSES.get(cause, f"The call to your phone ended before it was picked up ({known}).")
    return SwitchError(Problem.NOT_ANSWERED, words)
