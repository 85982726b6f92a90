from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from voicerisk.customers import CustomerKey, name_customer
from voicerisk.server.told import MAX_EVENTS, Told, ToldError, read_told

_KEY = CustomerKey("k1", bytes(range(32)))


def _name(raw: str) -> str:
    return name_customer(raw, (_KEY,), "IL").name


def _told(said: Any) -> Told:
    return read_told(msgspec.json.encode(said), lambda told: told if told.startswith("h:") else _name(told))


def _queued(n: int = 1, **more: object) -> dict[str, object]:
    return {"id": f"e-{n}", "at": 1000.0 + n, "type": "call.queued", "call": f"c-{n}", "queue": "billing", **more}


@pytest.mark.parametrize("wrap", [lambda e: e[0], lambda e: e, lambda e: {"events": e}])
def test_one_event_or_many(wrap: Any) -> None:
    """An event alone, a list, and a list under `events` are the same."""
    told = _told(wrap([_queued()]))
    assert [event.id for event in told.events] == ["e-1"]
    assert told.refused == []


def test_a_number_becomes_a_name_at_the_door() -> None:
    """A customer given by number gets the keyed hash, whichever way it is written; a name stays as it is."""
    events = [_queued(1, customer="050-1234567"), _queued(2, customer="+972501234567")]
    told = _told([*events, _queued(3, customer=_name("+972501234567"))])
    assert {event.customer for event in told.events} == {_name("0501234567")}


def test_the_good_are_taken_and_the_bad_are_named() -> None:
    """In a list each event stands for itself: what is wrong is told by place, id, field and reason."""
    told = _told([_queued(1), {**_queued(2), "type": "call.exploded"}, 7, {**_queued(3), "colour": "red"}, _queued(4)])
    assert [event.id for event in told.events] == ["e-1", "e-4"]
    assert [(one.index, one.id, one.field) for one in told.refused] == [
        (1, "e-2", "type"),
        (2, None, ""),
        (3, "e-3", "colour"),
    ]
    assert len(told.letters) == 3


def test_what_is_refused_shows_no_number() -> None:
    """Neither the answer nor the dead letter of a refused event holds a telephone number."""
    told = _told({**_queued(), "id": "+972501234567", "number": "+972 50 123 4567", "+972501234567": 1})
    assert told.events == []
    assert "1234567" not in str(told)
    assert "123 4567" not in str(told)


@pytest.mark.parametrize(
    ("body", "said"),
    [
        (b"", "not JSON"),
        (b"{", "not JSON"),
        (b"[" * 100_000, "not JSON"),
        (b"[" + b"1," * MAX_EVENTS + b"1]", "at most 1000"),
    ],
)
def test_what_cannot_be_read_at_all(body: bytes, said: str) -> None:
    """A body that is no JSON, or too many events, is refused as a whole."""
    with pytest.raises(ToldError, match=said):
        read_told(body, _name)


_PLAIN = st.none() | st.booleans() | st.integers() | st.text(max_size=20)
_NAMES = st.text(max_size=8) | st.sampled_from(["id", "at", "type", "customer", "events"])


@given(st.recursive(_PLAIN, lambda part: st.lists(part, max_size=4) | st.dictionaries(_NAMES, part, max_size=4)))
def test_any_json_is_taken_or_refused(said: Any) -> None:
    """Whatever JSON comes, each piece is an event or a refusal, and never an error of ours."""
    told = _told(said)
    assert len(told.refused) == len(told.letters)
