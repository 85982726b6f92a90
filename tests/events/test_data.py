"""The limits of the fields."""

import pytest

from voicerisk.events import EventError, decode_event


@pytest.mark.parametrize("customer", ["h:" + "0" * 16, "h:k2:" + "ab" * 32, "h:" + "f" * 64])
def test_keyed_hashes_are_customers(customer: str) -> None:
    """A hash with or without the name of its key is accepted."""
    event = decode_event({"type": "agents.ready", "id": "1", "at": 1, "customer": customer, "data": {"ready": 2}})
    assert event.customer == customer


@pytest.mark.parametrize("to", ["tech", "tech 2", "extension 12", "4711", "outside", "צוות טכני"])
def test_units_are_named_freely(to: str) -> None:
    """Names and short extensions, in any language, name a unit."""
    raw = {"type": "call.redirected", "id": "1", "at": 1, "call": "c", "data": {"to": to}}
    assert decode_event(raw).data.to == to  # type: ignore[union-attr]


@pytest.mark.parametrize("fields", [{f"k{n}": 1 for n in range(65)}, {"k": "x" * 501}, {"k": [1]}])
def test_free_fields_are_bounded(fields: dict[str, object]) -> None:
    """A CRM event carries at most 64 short, flat fields."""
    with pytest.raises(EventError) as refused:
        decode_event({"type": "crm.event", "id": "1", "at": 1, "data": {"subtype": "x", "fields": fields}})
    assert refused.value.field.startswith("data.fields")
