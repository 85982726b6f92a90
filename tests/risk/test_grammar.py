"""The language of rules."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from voicerisk.events import Zone
from voicerisk.risk.conditions import (
    PLAIN_LABELS,
    AllOf,
    AnyOf,
    Condition,
    LabelIs,
    Not,
    Order,
    ValueIs,
    ZoneIs,
    written,
)
from voicerisk.risk.grammar import MAX_DEPTH, RESERVED, ConditionError, all_of, any_of, parse_condition

names = st.from_regex(r"[A-Za-z_][A-Za-z0-9_-]{0,8}", fullmatch=True)
gauges = names.filter(lambda name: name not in RESERVED)
labels = st.sampled_from(PLAIN_LABELS) | names.map(lambda name: f"label.{name}")
orders = st.sampled_from(Order)
leaves = st.one_of(
    st.builds(ZoneIs, gauge=gauges, zone=st.sampled_from(Zone), order=orders),
    st.builds(ValueIs, gauge=gauges, order=orders, number=st.floats(allow_nan=False, allow_infinity=False)),
    st.builds(LabelIs, label=labels, values=st.lists(st.text(max_size=8), min_size=1, max_size=3).map(tuple)),
)
conditions = st.recursive(
    leaves,
    lambda inner: st.one_of(
        st.builds(Not, part=inner),
        st.lists(inner, min_size=1, max_size=3).map(all_of),
        st.lists(inner, min_size=1, max_size=3).map(any_of),
    ),
    max_leaves=12,
)


@given(conditions)
def test_what_is_written_is_read_back_as_the_same(condition: Condition) -> None:
    """Every condition can be written down, and the text means that condition and no other."""
    assert parse_condition(written(condition)) == condition


@given(st.text(max_size=60) | st.lists(st.sampled_from([*"()<>.,'\"\\ 7", "and", "or", "not ", "in", "red", "g"])))
def test_garbage_is_refused_with_its_place(garbage: str | list[str]) -> None:
    """Any text is a condition, or is refused with a column inside it (or just behind it) and a cure; nothing else."""
    text = "".join(garbage)
    read = read_or_refused(text)
    if isinstance(read, ConditionError):
        assert 1 <= read.column <= len(text) + 1
        assert read.wrong
        assert read.mend
    else:
        assert parse_condition(written(read)) == read


def read_or_refused(text: str) -> Condition | ConditionError:
    """What becomes of the text."""
    try:
        return parse_condition(text)
    except ConditionError as error:
        return error


def test_the_whole_language_in_one_rule() -> None:
    """Zones, values, lists, brackets, not and quotes mean what they say; `and` binds closer than `or`."""
    text = """call_tension >= red and (wait_s >= amber or calls_today.value >= 3)
              and queue in ('billing', "tech") and not label.vip == 'no' or incident != 'x\\'y'"""
    red = ZoneIs(gauge="call_tension")
    wait = ZoneIs(gauge="wait_s", zone=Zone.AMBER)
    thrice = ValueIs(gauge="calls_today", order=Order.AT_LEAST, number=3.0)
    queues = LabelIs(label="queue", values=("billing", "tech"))
    vip = Not(part=LabelIs(label="label.vip", values=("no",)))
    other = Not(part=LabelIs(label="incident", values=("x'y",)))
    both = AllOf(parts=(red, AnyOf(parts=(wait, thrice)), queues, vip))
    assert parse_condition(text) == AnyOf(parts=(both, other))


@pytest.mark.parametrize(
    ("text", "column", "wrong", "mend"),
    [
        ("", 1, "the end is not a gauge", "wait_s >= red"),
        ("wait_s", 7, "the end is no comparison", ">="),
        ("wait_s >= orange", 11, "'orange' is not a zone", "green, amber and red"),
        ("wait_s >= redd", 11, "'redd' is not a zone", "Did you mean red?"),
        ("wait_s >= 30", 11, "'30' is not a zone", "wait_s.value"),
        ("wait_s.age > 3", 8, "no 'age'", "wait_s.value"),
        ("wait_s.value > red", 16, "'red' is not a number", "e.g. 3"),
        ("wait_s.value > 1e999", 16, "is not a number", "e.g. 3"),
        ("vip == 'yes'", 8, "vip is a gauge", "label.vip"),
        ("queue >= red", 7, "cannot follow the label queue", "in"),
        ("queue in 'a'", 10, "stands where '('", "brackets"),
        ("queue == billing", 10, "'billing' is not text", "quotes"),
        ("wait_s >= red wait_s >= red", 15, "not expected", "'and' or 'or'"),
        ("(wait_s >= red", 15, "the end stands where ')'", "Close"),
        ("queue == 'a", 10, "begins nothing", "Close the quotes"),
        ("wait_s >= red && load >= red", 15, "'&' begins nothing", "Take it out"),
        ("not", 4, "the end is not a gauge", "wait_s"),
        ("or >= red", 1, "'or' is not a gauge", "wait_s"),
        ("a >= red or " * 400 + "a >= red", 4001, "characters long", "4000"),
        ("not " * MAX_DEPTH + "a >= red", 4 * MAX_DEPTH + 1, "nested too deep", "40"),
    ],
)
def test_a_mistake_is_named_with_its_column_and_its_cure(text: str, column: int, wrong: str, mend: str) -> None:
    """The message says where, what, and what would be right."""
    with pytest.raises(ConditionError) as caught:
        parse_condition(text)
    assert caught.value.column == column
    assert wrong in caught.value.wrong
    assert mend in caught.value.mend
