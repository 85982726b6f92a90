"""The fuzzing targets under hypothesis, within the suite's time; `make fuzz` gives them to a coverage-guided fuzzer."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.fuzz.targets import TARGETS, seeds


@pytest.mark.parametrize("target", TARGETS)
@settings(max_examples=150, deadline=None)
@given(data=st.data())
def test_any_bytes(target: str, data: st.DataObject) -> None:
    """What must always hold does, for bytes of any kind and for good input with a few bytes changed."""
    good = data.draw(st.sampled_from([b"", *seeds(target)]))
    changed = bytearray(good)
    for at, byte in data.draw(
        st.dictionaries(st.integers(0, max(len(good) - 1, 0)), st.integers(0, 255), max_size=4)
    ).items():
        changed[at : at + 1] = bytes([byte])
    TARGETS[target](bytes(changed) + data.draw(st.binary(max_size=120)))


@pytest.mark.parametrize("target", TARGETS)
def test_good_input(target: str) -> None:
    """The seeds are taken by their targets."""
    for seed in seeds(target):
        TARGETS[target](seed)
