"""Events from and to JSON."""

import re
from collections.abc import Mapping
from typing import Any, Final

import msgspec

from voicerisk.events.data import CUSTOMER_PATTERN, UNIT_PATTERN
from voicerisk.events.types import Event

MAX_EVENT_BYTES: Final = 65_536
_PLAIN_WORDS: Final = {
    CUSTOMER_PATTERN: "must be a keyed hash of 16 to 64 hex digits after 'h:' (never a phone number)",
    UNIT_PATTERN: "must name a unit or 'outside', and looks like a phone number",
}


class EventError(ValueError):
    """An event was refused; `field` is the path of the wrong field ("data.to"; "" for the object itself)."""

    def __init__(self, field: str, problem: str) -> None:
        super().__init__(f"{field}: {problem}" if field else problem)
        self.field = field
        self.problem = problem


_decoder: Final = msgspec.json.Decoder(Event)
_encoder: Final = msgspec.json.Encoder(order="deterministic")


def decode_event(raw: bytes | str | Mapping[str, Any]) -> Event:
    """The event that a JSON text or an already parsed object describes. Raises `EventError` naming the wrong field."""
    try:
        if isinstance(raw, Mapping):
            converted: Event = msgspec.convert(dict(raw), Event)
            return converted
        if len(raw) > MAX_EVENT_BYTES:
            raise EventError("", f"an event is at most {MAX_EVENT_BYTES} bytes long, this one has {len(raw)}")
        decoded: Event = _decoder.decode(raw)
        return decoded
    except msgspec.ValidationError as error:
        raise _refusal(str(error)) from None
    except (msgspec.DecodeError, UnicodeError, RecursionError) as error:
        raise EventError("", f"not JSON: {str(error)[:200]}") from None


def encode_event(event: Event) -> bytes:
    """The event as one line of JSON: the same event always gives the same bytes."""
    return _encoder.encode(event)


def event_type(event: Event) -> str:
    """Which of the 24 the event is, e.g. "tension.window"."""
    return str(type(event).__struct_config__.tag)


def event_id(call: str, type_: str, media_index: int) -> str:
    """The id of an event that voicerisk makes itself: the same audio gives the same id, however often it is played."""
    return f"{call}:{type_}:{media_index}"


def _refusal(message: str) -> EventError:
    """The refusal in msgspec's message: where it went wrong, and what in plain words (without the refused value)."""
    problem, _, path = message.partition(" - at `$")
    path = path.rstrip("`").lstrip(".")
    if named := re.search(r"(?:unknown|missing required) field `(.*)`", problem):
        path = f"{path}.{named[1][:64]}".lstrip(".")
        problem = "is not known here" if "unknown" in problem else "is missing"
    elif "Invalid" in problem and "value" in problem:
        problem = "is none of the values allowed here"
    else:
        for pattern, words in _PLAIN_WORDS.items():
            if repr(pattern)[1:-1] in problem:
                problem = words
    return EventError(path, problem)
