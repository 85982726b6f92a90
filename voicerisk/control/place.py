"""Where on the switch a call is: its legs, found in what the gateway said of it when it began."""

import re
from collections.abc import Mapping
from typing import Final

import msgspec

from voicerisk.control.problems import Problem, SwitchError

_FIELD: Final = re.compile(r"\{([^{}]+)\}")
_AGAIN: Final = re.compile(r"#\d+\Z")
_MAX_LEG_CHARS: Final = 256


class LegTemplates(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """How the switch's own names are made of what the gateway told: `{call}` is its id of the call, `{queue}` a label.

    A gateway tells labels in its start message: Twilio's custom parameters, FreeSWITCH's metadata, Asterisk's channel
    variables (in lower case here), AudioHook's custom configuration.
    """

    call: str = "{call}"
    """The call, contact, conversation or conference."""
    agent: str = "{agent_leg}"
    """The agent's leg: whom a whisper reaches, and who leaves when a supervisor takes over."""
    customer: str = "{customer_leg}"
    """The customer's leg: when it is gone, the call is over."""


class ForkedLegs(LegTemplates, frozen=True, kw_only=True):
    """Where the stream is forked from the customer's leg, and so the call bears that leg's name."""

    customer: str = "{call}"


class ConferenceLegs(LegTemplates, frozen=True, kw_only=True):
    """Where the call has to run in a conference, whose name the gateway tells."""

    call: str = "{conference}"


class Legs(msgspec.Struct, frozen=True, kw_only=True):
    """The switch's names for a call and its two legs; empty where the gateway did not tell."""

    call: str = ""
    agent: str = ""
    customer: str = ""


class Place(msgspec.Struct, frozen=True, kw_only=True):
    """Who wants onto which call. `key` is a UUID that names this session at the switch, the same at every try."""

    key: str
    call_id: str
    supervisor: str
    endpoint: str
    """Where the supervisor's phone is reached, in the switch's own words; a telephone number perhaps."""
    legs: Legs

    def __repr__(self) -> str:
        """Without the endpoint."""
        return f"Place(key={self.key!r}, call_id={self.call_id!r}, supervisor={self.supervisor!r}, legs={self.legs!r})"


def legs_of(templates: LegTemplates, call_id: str, labels: Mapping[str, str]) -> Legs:
    """The legs of a call, as far as its labels tell them."""
    known = {**labels, "call": _AGAIN.sub("", call_id)}
    return Legs(
        call=_filled(templates.call, known),
        agent=_filled(templates.agent, known),
        customer=_filled(templates.customer, known),
    )


def wanted(leg: str, which: str, shape: re.Pattern[str] | None = None) -> str:
    """`leg` if it is known and of that shape; it came from the gateway, and must not become part of a command."""
    if not leg:
        raise SwitchError(
            Problem.NOT_POSSIBLE,
            f"The gateway did not tell the {which} of this call: send it as a label, or set its template in [control].",
        )
    if shape is not None and not shape.fullmatch(leg):
        raise SwitchError(Problem.NOT_POSSIBLE, f"What the gateway told as the {which} is not one of this switch.")
    return leg


def _filled(template: str, known: Mapping[str, str]) -> str:
    names = _FIELD.findall(template)
    if any(not known.get(name) for name in names):
        return ""
    text = _FIELD.sub(lambda field: known[field[1]], template)
    return text if text.isprintable() and len(text) <= _MAX_LEG_CHARS else ""
