"""What a rule may say."""

import msgspec
import pytest

from voicerisk.risk.conditions import ZoneIs
from voicerisk.risk.grammar import ConditionError, parse_condition
from voicerisk.risk.rules import RuleConfig, condition_of


def test_a_condition_is_text_or_a_table() -> None:
    """Both are read from plain data, and mean the same where they say the same."""
    text = msgspec.convert({"title": {}, "when": "wait_s >= red"}, RuleConfig)
    table = msgspec.convert({"title": {}, "when": {"gauge": "wait_s", "zone": "red"}}, RuleConfig)
    assert condition_of(text) == condition_of(table) == ZoneIs(gauge="wait_s")


def test_text_that_is_no_condition_is_refused_when_it_is_asked_for() -> None:
    """The rule itself can be read, so that the check can say where it is wrong."""
    rule = RuleConfig(title={}, when="wait_s >=")
    with pytest.raises(ConditionError, match="column 10"):
        condition_of(rule)
    assert condition_of(RuleConfig(title={}, when="(a >= red)")) == parse_condition("a >= red")
