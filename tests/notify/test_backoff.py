"""Tests of voicerisk.notify.backoff."""

from hypothesis import given
from hypothesis import strategies as st

from voicerisk.notify.backoff import SPREAD, pause_s


def test_pauses_double_up_to_the_longest() -> None:
    """One second, two, four ... and never more than the longest."""
    assert [pause_s(tries, 1.0, 10.0, 0.0) for tries in range(1, 7)] == [1, 2, 4, 8, 10, 10]


@given(tries=st.integers(1, 10_000), dice=st.floats(0.0, 1.0))
def test_a_pause_is_shortened_a_little_at_most(tries: int, dice: float) -> None:
    """Chance takes away a fifth at the most, also after ten thousand tries."""
    whole = pause_s(tries, 1.0, 300.0, 0.0)
    assert whole * (1 - SPREAD) * 0.999 <= pause_s(tries, 1.0, 300.0, dice) <= whole
