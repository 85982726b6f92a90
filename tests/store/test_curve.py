from hypothesis import given
from hypothesis import strategies as st

from voicerisk.store.curve import pack, unpack


@given(st.lists(st.none() | st.floats(0, 1)))
def test_levels_come_back(levels: list[float | None]) -> None:
    """A curve comes back within half a step, one byte per level, with the unknown ones unknown."""
    packed = pack(levels)
    assert len(packed) == len(levels)
    for before, after in zip(levels, unpack(packed), strict=True):
        assert (before is None) == (after is None)
        if before is not None and after is not None:
            assert abs(before - after) <= 1 / 508 + 1e-9


def test_levels_outside_are_clipped() -> None:
    """A level below 0 or above 1 is kept as 0 or 1, never as "unknown"."""
    assert unpack(pack([-0.5, 1.5])) == [0.0, 1.0]
