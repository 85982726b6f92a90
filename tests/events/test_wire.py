"""Events from and to JSON."""

import json
from contextlib import suppress
from typing import Any, get_args

import pytest
from hypothesis import given
from hypothesis import strategies as st

from voicerisk.events import (
    MAX_EVENT_BYTES,
    CallHeld,
    Event,
    EventError,
    decode_event,
    encode_event,
    event_id,
    event_type,
)

CUSTOMER = "h:" + "9f" * 16
TRANSFER = {
    "id": "e-1",
    "at": 1732226400.25,
    "type": "call.transferred",
    "call": "c-81",
    "customer": CUSTOMER,
    "queue": "billing",
    "agent": "a-7",
    "data": {"to": "tech"},
}


def without(field: str) -> dict[str, Any]:
    """The transfer, less one field."""
    return {key: value for key, value in TRANSFER.items() if key != field}


def test_an_event_comes_back_as_it_went_out() -> None:
    """Decoded from bytes, text or an object it is the same value, and its own JSON decodes to it again."""
    raw = json.dumps(TRANSFER)
    event = decode_event(raw)
    assert event == decode_event(raw.encode()) == decode_event(TRANSFER) == decode_event(encode_event(event))
    assert event_type(event) == "call.transferred"
    assert event.customer == CUSTOMER


@pytest.mark.parametrize(
    ("raw", "field", "problem"),
    [
        (TRANSFER | {"type": "call.teleported"}, "type", "none of the values allowed"),
        (without("type"), "type", "missing"),
        (without("call"), "call", "missing"),
        (without("data"), "data", "missing"),
        (TRANSFER | {"colour": "red"}, "colour", "not known"),
        (TRANSFER | {"data": {"to": "tech", "why": "x"}}, "data.why", "not known"),
        (TRANSFER | {"data": {}}, "data.to", "missing"),
        (TRANSFER | {"data": {"to": 7}}, "data.to", "Expected `str`"),
        (TRANSFER | {"data": {"to": "+972 50-123-4567"}}, "data.to", "looks like a phone number"),
        (TRANSFER | {"customer": "+972501234567"}, "customer", "keyed hash"),
        (TRANSFER | {"customer": "h:972501234567"}, "customer", "keyed hash"),
        (TRANSFER | {"customer": CUSTOMER + "\n"}, "customer", "keyed hash"),
        (TRANSFER | {"at": "yesterday"}, "at", "Expected `float`"),
        (TRANSFER | {"at": 1732226400250.0}, "at", "<= 4102444800"),
        (TRANSFER | {"at": float("nan")}, "at", "Expected `float`"),
        (TRANSFER | {"id": ""}, "id", "length >= 1"),
    ],
)
def test_a_wrong_field_is_named(raw: dict[str, Any], field: str, problem: str) -> None:
    """The refusal gives the path of the field and what is wrong with it, without repeating a number in the clear."""
    with pytest.raises(EventError) as refused:
        decode_event(raw)
    assert refused.value.field == field
    assert problem in refused.value.problem
    assert "972" not in str(refused.value)


@pytest.mark.parametrize("raw", [b"", b"[", b"\xff\xfe", b"[]", b"3", b"null", b"[" * 10_000, b'{"type":'])
def test_what_is_no_object_is_refused(raw: bytes) -> None:
    """Broken JSON, other JSON and deep nesting are refused like a wrong field."""
    with pytest.raises(EventError):
        decode_event(raw)


def test_an_endless_event_is_refused_before_it_is_read() -> None:
    """An event has a greatest length."""
    with pytest.raises(EventError, match="at most 65536 bytes"):
        decode_event(b" " * (MAX_EVENT_BYTES + 1))


@given(st.binary(max_size=300) | st.text(max_size=300))
def test_arbitrary_input_raises_nothing_but_the_refusal(raw: bytes | str) -> None:
    """No bytes and no text make the decoder fail in any other way."""
    with pytest.raises(EventError):
        decode_event(raw)


TYPES = [str(kind.__struct_config__.tag) for kind in get_args(Event)]
objects = st.dictionaries(
    st.sampled_from(["id", "at", "type", "call", "customer", "queue", "agent", "data", "x"]),
    st.none()
    | st.floats()
    | st.text(max_size=20)
    | st.sampled_from(TYPES)
    | st.dictionaries(
        st.sampled_from(["to", "reason", "score", "ready", "promise"]), st.floats() | st.text(max_size=9)
    ),
)


@given(st.sampled_from(TYPES), objects)
def test_any_object_is_an_event_or_refused(type_: str, changes: dict[str, Any]) -> None:
    """An object near the vocabulary either survives the round trip or is refused, and nothing else happens."""
    with suppress(EventError):
        event = decode_event({"id": "1", "at": 1, "call": "c", "type": type_} | changes)
        assert decode_event(encode_event(event)) == event


def test_ids_of_our_own_events_follow_the_audio() -> None:
    """Call, type and media position make the id; nothing of the moment does."""
    assert event_id("c-1", "tension.window", 41) == "c-1:tension.window:41"


def test_events_cannot_be_changed() -> None:
    """An event is a fact."""
    with pytest.raises(AttributeError):
        CallHeld(id="e", at=1.0, call="c").at = 2.0  # type: ignore[misc]
