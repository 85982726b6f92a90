import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from voicerisk.recordings.gaps import MAX_GAPS, Gap, GapReason, Gaps, silenced


def test_keys_in_a_row_are_one_gap() -> None:
    """A card number's sixteen keys leave out one span, from a second before the first to five after the last."""
    gaps = Gaps(5.0)
    for n in range(16):
        gaps.key(20.0 + 0.5 * n)
    gaps.key(60.0)
    assert [(gap.start_s, gap.end_s, gap.reason) for gap in gaps.all] == [
        (19.0, 32.5, GapReason.KEYS),
        (59.0, 65.0, GapReason.KEYS),
    ]


def test_a_pause_lasts_until_it_is_ended() -> None:
    """A pause is open until somebody ends it; asking twice makes no second one."""
    gaps = Gaps(5.0)
    gaps.pause(3.0)
    gaps.pause(4.0)
    assert gaps.paused
    assert gaps.all == (Gap(start_s=3.0, end_s=None, reason=GapReason.PAUSE),)
    gaps.resume(9.0)
    assert not gaps.paused
    assert gaps.all == (Gap(start_s=3.0, end_s=9.0, reason=GapReason.PAUSE),)


def test_keys_without_end_cost_bounded_memory_and_no_secret() -> None:
    """After very many gaps the rest of the call is one gap: rather no sound than a card number."""
    gaps = Gaps(1.0)
    for n in range(2 * MAX_GAPS):
        gaps.key(100.0 * n + 1.0)
    assert len(gaps.all) == MAX_GAPS
    assert gaps.all[-1].end_s is None


@given(st.lists(st.tuples(st.floats(0, 3), st.floats(0, 1)), max_size=5), st.floats(0, 2))
def test_nothing_of_a_gap_is_left_and_nothing_else_is_lost(spans: list[tuple[float, float]], start_s: float) -> None:
    """Inside every gap there is silence, outside of all of them every sample is as it was."""
    samples = np.full((8000, 2), 7, np.int16)
    gaps = [Gap(start_s=a, end_s=a + length, reason=GapReason.PAUSE) for a, length in spans]
    kept = silenced(samples, start_s, gaps)
    at_s = start_s + np.arange(8000) / 8000
    inside = np.zeros(8000, bool)
    near = np.zeros(8000, bool)
    for gap in gaps:
        assert gap.end_s is not None
        inside |= (at_s >= gap.start_s + 1e-3) & (at_s < gap.end_s - 1e-3)
        near |= (at_s >= gap.start_s - 1e-3) & (at_s < gap.end_s + 1e-3)
    assert not kept[inside].any()
    assert (kept[~near] == 7).all()
    assert (samples == 7).all()
