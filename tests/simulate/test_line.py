"""What a bad line does to the times at which messages leave."""

import pytest

from voicerisk.simulate.line import Line, delayed

SENT = [(number / 50, number) for number in range(500)]


def test_a_good_line_changes_nothing() -> None:
    """Without jitter and stall every message leaves at its own time."""
    assert list(delayed(iter(SENT), Line(), 10.0, "c")) == SENT


@pytest.mark.parametrize("overtake", [False, True])
def test_jitter(overtake: bool) -> None:
    """Messages are late by the mean that was asked for, never early, leave in order of time, and none is lost."""
    late = list(delayed(iter(SENT), Line(jitter_s=0.05), 10.0, "c", overtake=overtake))
    assert [at_s for at_s, _ in late] == sorted(at_s for at_s, _ in late)
    assert sorted(number for _, number in late) == list(range(500))
    delays = [at_s - number / 50 for at_s, number in late]
    assert min(delays) >= 0.0
    assert max(delays) <= 0.25 + 1e-9
    in_order = [number for _, number in late] == list(range(500))
    assert in_order is not overtake
    if overtake:
        assert 0.04 < sum(delays) / 500 < 0.06


def test_a_stall() -> None:
    """In the middle nothing leaves for as long as was asked for, and then all of it at once."""
    late = list(delayed(iter(SENT), Line(stall_s=2.0), 10.0, "c"))
    times = [at_s for at_s, _ in late]
    assert not [at_s for at_s in times if 5.0 <= at_s < 7.0]
    assert times.count(7.0) == 101
    assert [number for _, number in late] == list(range(500))


def test_the_same_seed_gives_the_same_delays() -> None:
    """A line can be had again, and each call has delays of its own."""
    one, again, other = (list(delayed(iter(SENT), Line(jitter_s=0.05), 10.0, name)) for name in ("c-1", "c-1", "c-2"))
    assert one == again
    assert one != other
