"""AudioHook's words for audio: which of the offered media to take, and durations."""

import re
from collections.abc import Mapping
from typing import Any, Final

import msgspec

from voicerisk.events import Role
from voicerisk.gateways import fields
from voicerisk.gateways.bytestream import L16_LITTLE, ULAW, Encoding
from voicerisk.gateways.codec import Channel, CodecError

MAX_DURATION_S: Final = 7 * 86_400.0

_ENCODINGS: Final[Mapping[str, Encoding]] = {"PCMU": ULAW, "L16": L16_LITTLE}
_ROLES: Final[Mapping[str, Role]] = {"external": Role.CUSTOMER, "internal": Role.AGENT}
_KEYS: Final = ("type", "format", "channels", "rate")
_MAX_OFFERS: Final = 32
_DURATION: Final = re.compile(r"PT((?:[0-9]*\.)?[0-9]+)S")
_MAX_DURATION_CHARS: Final = 40


class Medium(msgspec.Struct, frozen=True):
    """One offer that can be used: `offer` as the client wrote it, for it wants the very same back."""

    offer: Mapping[str, Any]
    encoding: Encoding
    channels: tuple[Channel, ...]


def choose(offers: Any) -> Medium | None:
    """The best of the media that `open` offers, None if none can be used.

    Both parties are better than one, the customer better than the agent, and PCMU, in which the call travelled, better
    than twice the bytes; among equals the client's order decides. An offer of an unknown kind is passed over.
    Raises `CodecError` if `offers` is not a list.
    """
    if not isinstance(offers, list) or len(offers) > _MAX_OFFERS:
        raise CodecError(f"open: media: a list of at most {_MAX_OFFERS} is wanted")
    usable = [medium for medium in map(_medium, offers) if medium is not None]
    return max(usable, key=_worth, default=None)


def duration_s(value: Any, where: str) -> float:
    """Seconds of a duration like "PT1.5S", at most a week. Raises `CodecError`."""
    match = _DURATION.fullmatch(value) if isinstance(value, str) and len(value) <= _MAX_DURATION_CHARS else None
    if match is None:
        raise CodecError(f"{where}: a duration like PT1.5S is wanted")
    seconds = float(match[1])
    if seconds > MAX_DURATION_S:
        raise CodecError(f"{where}: over a week")
    return seconds


def _medium(offer: Any) -> Medium | None:
    if not isinstance(offer, dict) or offer.get("type") != "audio":
        return None
    format_name, names, rate_hz = offer.get("format"), offer.get("channels"), offer.get("rate")
    if not isinstance(format_name, str) or format_name not in _ENCODINGS:
        return None
    if not isinstance(rate_hz, int) or rate_hz not in fields.RATES_HZ:
        return None
    if not isinstance(names, list) or not all(isinstance(name, str) and name in _ROLES for name in names):
        return None
    if not 1 <= len(names) == len(set(names)):
        return None
    known = {name: value for name, value in offer.items() if name in _KEYS}  # what else there is could be anything
    return Medium(known, _ENCODINGS[format_name], tuple(Channel(_ROLES[name], rate_hz) for name in names))


def _worth(medium: Medium) -> tuple[int, bool, bool]:
    roles = [channel.role for channel in medium.channels]
    return (len(roles), Role.CUSTOMER in roles, medium.encoding is ULAW)
