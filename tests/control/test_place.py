"""From what a gateway told to the switch's own names; and what may be shown of what a switch said."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from voicerisk.control.place import Legs, LegTemplates, Place, legs_of, wanted
from voicerisk.control.problems import Problem, SwitchError, quoted
from voicerisk.control.units import unit


def test_legs_from_labels() -> None:
    """A template takes labels by name; `{call}` is the gateway's own id, without the number of a repeated one."""
    labels = {"agent_leg": "PJSIP/2001-0001", "site": "b", "empty": ""}
    templates = LegTemplates(call="{site}-{call}", customer="{missing}{call}")
    assert legs_of(templates, "c-7#2", labels) == Legs(call="b-c-7", agent="PJSIP/2001-0001", customer="")
    assert legs_of(LegTemplates(agent="{empty}"), "c", labels).agent == ""
    assert legs_of(LegTemplates(agent="x" * 300), "c", labels).agent == ""


def test_what_is_not_known_is_said() -> None:
    """A leg that the gateway did not tell is refused with what has to be done about it."""
    with pytest.raises(SwitchError, match="did not tell the agent's leg") as error:
        wanted("", "agent's leg")
    assert error.value.problem is Problem.NOT_POSSIBLE


def test_an_endpoint_is_not_shown() -> None:
    """The text of a place, as a log or a traceback has it, holds no telephone number."""
    place = Place(key="k", call_id="c", supervisor="Dana", endpoint="+4915550100123", legs=Legs())
    assert "4915550100123" not in repr(place)


@settings(max_examples=100, deadline=None)
@given(before=st.text(max_size=30), number=st.from_regex(r"\+?[1-9][0-9]{7,14}", fullmatch=True))
def test_numbers_of_a_switch_are_taken_out(before: str, number: str) -> None:
    """Whatever a switch says, what is shown of it is one short line without a telephone number."""
    shown = quoted(f"{before} the number {number} is unknown")
    assert number not in shown
    assert shown.isprintable()
    assert len(shown) <= 160


@pytest.mark.parametrize(
    ("extension", "expected"),
    [("support", "support"), ("2001", "2001"), ("+49 30 123456", "outside"), (None, "outside"), ("", "outside")],
)
def test_units(extension: str | None, expected: str) -> None:
    """Where somebody was passed on to is kept as a unit's name, never as a number."""
    assert unit(extension) == expected
