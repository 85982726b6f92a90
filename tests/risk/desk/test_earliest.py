"""The earliest of many times."""

from hypothesis import given
from hypothesis import strategies as st

from voicerisk.risk.desk.earliest import Earliest

NAMES = st.sampled_from("abcdef")
DEEDS = st.lists(st.tuples(NAMES, st.none() | st.integers(0, 9).map(float)), max_size=60)


@given(DEEDS)
def test_it_always_knows_the_earliest(deeds: list[tuple[str, float | None]]) -> None:
    """After any puts, moves and drops: the earliest is the least of what is there, and all come out in order."""
    times, plain = Earliest(), dict[str, float]()
    for name, at_s in deeds:
        if at_s is None:
            times.drop(name)
            plain.pop(name, None)
        else:
            times.put(name, at_s)
            plain[name] = at_s
        assert times.first_s() == min(plain.values(), default=None)
    assert list(times.due(4.0)) == sorted((at_s, name) for name, at_s in plain.items() if at_s <= 4.0)
    assert len(times) == sum(at_s > 4.0 for at_s in plain.values())


def test_what_is_put_in_while_it_is_emptied_comes_out_too() -> None:
    """A deadline that leads to another deadline within the same time is followed by it."""
    times = Earliest()
    times.put("a", 1.0)
    seen = []
    for at_s, name in times.due(3.0):
        seen.append(name)
        if at_s < 5.0:
            times.put(name + "a", at_s + 1.0)
    assert seen == ["a", "aa", "aaa"]
    assert "aaaa" in times


def test_moving_one_name_for_ever_takes_no_more_room() -> None:
    """A hundred thousand moves of one deadline leave a heap of a few entries."""
    times = Earliest()
    for number in range(100_000):
        times.put("a", float(number))
    assert len(times._heap) <= 18
    assert times.first_s() == 99_999.0
