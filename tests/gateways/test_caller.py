"""Whose call it is: found among what a peer tells, never kept in the clear."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from voicerisk.gateways.codec import StreamStarted
from voicerisk.gateways.fields import read_caller, read_labels


@pytest.mark.parametrize(
    ("told", "caller"),
    [
        ({"from": "+972501234567", "to": "+97231234567"}, "+972501234567"),
        ({"from": "+97231234567", "to": "+972501234567", "direction": "outbound-api"}, "+972501234567"),
        ({"ani": "tel:+972501234567", "dnis": "tel:+97231234567"}, "tel:+972501234567"),
        ({"caller_id": "0501234567"}, "0501234567"),
        ({"callerNumber": 972501234567}, "972501234567"),
        ({"customerNumber": "0501234567", "from": "+97231234567"}, "0501234567"),
        ({"from": "anonymous"}, None),
        ({"from": "+972 50" + "1" * 400}, None),
        ({"from": None, "queue": "billing"}, None),
        ({}, None),
    ],
)
def test_the_customer_is_who_called_or_was_called(told: dict[str, Any], caller: str | None) -> None:
    """Of a call that comes in the customer is who rings, of one that goes out who is rung; a hidden number is none."""
    assert read_caller(told) == caller


@given(st.dictionaries(st.sampled_from(["from", "to", "ani", "direction", "x"]), st.none() | st.integers() | st.text()))
def test_whatever_is_told_the_label_never_holds_it(told: dict[str, Any]) -> None:
    """Any value is taken as a number or not; none under such a name becomes a label."""
    read_caller(told)
    assert not set(read_labels(told)) & {"from", "to", "ani"}


def test_a_start_does_not_show_the_number() -> None:
    """Printing what a peer told shows neither the number nor the token."""
    shown = repr(StreamStarted("c-1", "s-1", (), token="hunter2hunter2", caller="+972501234567"))
    assert "972501234567" not in shown
    assert "hunter2" not in shown
