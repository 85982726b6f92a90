"""Which alert explains which."""

from typing import Any

import msgspec
import pytest

from tests.risk.test_alerts import fresh
from voicerisk.risk.alerts import Alert
from voicerisk.risk.inhibition import inhibition_problems, inhibitors, related
from voicerisk.risk.rules import RuleConfig

RULE = RuleConfig(title={"en": "x"}, when="g >= red")


def about(**place: str) -> Alert:
    """An alert about this place and nothing else."""
    nowhere: dict[str, Any] = {"call_id": None, "customer": None, "queue": None, "incident": None}
    return msgspec.structs.replace(fresh(), **(nowhere | place))


def rules(**changed: dict[str, Any]) -> dict[str, RuleConfig]:
    """Rules by their names, each with these changes."""
    return {name: msgspec.structs.replace(RULE, **changes) for name, changes in changed.items()}


@pytest.mark.parametrize(
    ("cause", "symptom", "explains"),
    [
        ({}, {"queue": "billing"}, True),
        ({"queue": "billing"}, {"queue": "billing", "call_id": "c-1"}, True),
        ({"queue": "billing"}, {"queue": "tech", "call_id": "c-1"}, False),
        ({"queue": "billing"}, {"customer": "h:1"}, False),
        ({"queue": "billing"}, {}, False),
        ({"call_id": "c-1", "queue": "billing"}, {"call_id": "c-2", "queue": "billing"}, False),
        ({"incident": "i-1"}, {"incident": "i-1", "queue": "tech"}, True),
    ],
)
def test_a_cause_explains_what_is_of_its_place(cause: dict[str, str], symptom: dict[str, str], explains: bool) -> None:
    """The whole site explains everything; else both must share a place, and differ in none that both name."""
    assert related(about(**cause), about(**symptom)) is explains


def test_it_may_be_written_from_either_side() -> None:
    """`inhibits` of the cause and `inhibited_by` of the symptom say the same."""
    written = rules(cause={"inhibits": ("a",)}, a={}, b={"inhibited_by": ("cause", "outage")})
    assert inhibitors(written) == {"a": {"cause"}, "b": {"cause", "outage"}}


def test_unknown_names_and_circles_are_problems() -> None:
    """A rule that is not there, and rules that hush one another at whatever remove, are named."""
    assert list(inhibition_problems(rules(a={"inhibits": ("b",)}, b={"inhibited_by": ("outage",)}))) == []
    (problem,) = inhibition_problems(rules(a={"inhibits": ("nope",)}))
    assert (problem.where, "'nope'" in problem.wrong) == ("rules.a.inhibits", True)
    circle = rules(a={"inhibits": ("b",)}, b={"inhibits": ("c",)}, c={"inhibits": ("a",)}, d={"inhibited_by": ("a",)})
    assert [problem.where for problem in inhibition_problems(circle)] == ["rules.a", "rules.b", "rules.c"]
