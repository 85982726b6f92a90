"""Events as programs tell them by HTTP: one, a list, or `{"events": [...]}`; numbers become names at the door."""

import re
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final

import msgspec

from voicerisk.events import CrmEvent, Event, EventError, decode_event
from voicerisk.events.data import CUSTOMER_PATTERN
from voicerisk.server.door import SAME
from voicerisk.store.journal import MASK, masked

MAX_EVENTS: Final = 1_000
"""Events in one request."""

_CUSTOMER: Final = re.compile(CUSTOMER_PATTERN)
_FREE_TEXT: Final = frozenset({"what", "reason"})


class ToldError(ValueError):
    """Nothing of the request can be read; the text says why."""


class Refused(msgspec.Struct, frozen=True, kw_only=True):
    """An event that was not taken: its place in the request, its id where it has one, the wrong field and why."""

    index: int
    id: str | None
    field: str
    reason: str


class Told(msgspec.Struct, frozen=True, kw_only=True):
    """What a request tells: its good events in their order, those that are refused, and how these looked (masked)."""

    events: Sequence[Event]
    refused: Sequence[Refused]
    letters: Sequence[str]

    @property
    def n(self) -> int:
        """How many it tells, good and bad."""
        return len(self.events) + len(self.refused)


def read_told(body: bytes, name_of: Callable[[str], str | None]) -> Told:
    """The events in a request's body; in free text, what could be a telephone number is masked.

    `name_of` gives a customer's name for a number or a CRM's id in the clear, None for a number that was withheld.

    Raises:
        ToldError: It is not JSON, no event or list of events, or too many.
    """
    try:
        said = msgspec.json.decode(body)
    except (msgspec.DecodeError, RecursionError) as error:
        raise ToldError(f"not JSON: {masked(str(error))[:200]}") from None
    if isinstance(said, dict) and set(said) == {"events"}:
        said = said["events"]
    each = said if isinstance(said, list) else [said]
    if len(each) > MAX_EVENTS:
        raise ToldError(f"{len(each)} events in one request; send at most {MAX_EVENTS} at a time")
    events: list[Event] = []
    refused: list[Refused] = []
    letters: list[str] = []
    for index, one in enumerate(each):
        try:
            events.append(_event(one, name_of))
        except EventError as error:
            id_ = one.get("id") if isinstance(one, dict) else None
            shown = masked(id_)[:256] if isinstance(id_, str) else None
            refused.append(Refused(index=index, id=shown, field=masked(error.field), reason=masked(error.problem)))
            letters.append(masked(msgspec.json.encode(one).decode()))
    return Told(events=events, refused=refused, letters=letters)


def _event(said: Any, name_of: Callable[[str], str | None]) -> Event:
    if not isinstance(said, Mapping):
        raise EventError("", "an event is a JSON object")
    customer, data = said.get("customer"), said.get("data")
    if isinstance(customer, str) and customer.strip():
        said = {**said, "customer": name_of(customer)}
    if isinstance(data, Mapping):
        said = {**said, "data": _data(data, name_of)}
    event = decode_event(said)
    if isinstance(event, CrmEvent) and event.data.subtype == SAME:
        other = event.data.fields.get("other")
        if event.customer is None or not isinstance(other, str) or not _CUSTOMER.match(other):
            raise EventError("data.fields.other", "must be another number or name of the event's customer")
    return event


def _data(data: Mapping[str, Any], name_of: Callable[[str], str | None]) -> dict[str, Any]:
    """The event's data without numbers in the clear: people write them into every text that there is."""
    clean = {
        key: masked(value) if key in _FREE_TEXT and isinstance(value, str) else value for key, value in data.items()
    }
    fields = data.get("fields")
    if isinstance(fields, Mapping):
        is_same = data.get("subtype") == SAME
        clean["fields"] = {
            masked(key): name_of(value) if is_same and key == "other" and isinstance(value, str) else _field(value)
            for key, value in fields.items()
        }
    return clean


def _field(value: Any) -> Any:
    if isinstance(value, str):
        return masked(value)
    # A number of nine digits and more is a telephone's rather than an amount.
    is_long = isinstance(value, int | float) and not isinstance(value, bool) and abs(value) >= 1e8
    return MASK if is_long else value
