from hypothesis import given
from hypothesis import strategies as st

from voicerisk.review.picks import Candidate, Why, pick


def calm(n: int, **more: object) -> Candidate:
    """A call in which nothing happened."""
    return Candidate(call=f"c-{n}", queue="tech", started_at_s=float(n), **more)  # type: ignore[arg-type]


def test_the_worst_come_first_and_a_share_by_chance() -> None:
    """Alerted before passed on before first-time calm ones; a fifth of the picks are calm."""
    calls = [calm(n) for n in range(50)]
    calls += [
        calm(60, alerted=True, red=True, max_tension=0.9),
        calm(61, transfers=2),
        calm(62, nth=3),
        calm(63, red=True),
    ]
    chosen = pick(calls, 5, 0.2, "s")
    assert chosen[0].call == "c-60"
    assert {one.call for one in chosen[:4]} == {"c-60", "c-61", "c-62", "c-63"}
    assert chosen[4].why == (Why.BY_CHANCE,)
    assert [one.value for one in chosen[:4]] == sorted((one.value for one in chosen[:4]), reverse=True)


def test_chance_is_the_same_for_the_same_seed_only() -> None:
    """Who asks twice gets the same calls, in whatever order they are told; another day's seed gives others."""
    calls = [calm(n) for n in range(200)]
    first = [one.call for one in pick(calls, 10, 1.0, "2024-11-21")]
    assert [one.call for one in pick(list(reversed(calls)), 10, 1.0, "2024-11-21")] == first
    assert [one.call for one in pick(calls, 10, 1.0, "2024-11-22")] != first


def test_a_queue_that_nobody_has_reviewed_is_not_forgotten() -> None:
    """Its best call is taken even where many others are worth more, and says why."""
    calls = [calm(n, alerted=True, red=True) for n in range(30)]
    calls.append(Candidate(call="lonely", queue="sales", started_at_s=1.0, uncovered=True))
    chosen = {one.call: one for one in pick(calls, 5, 0.0, "s")}
    assert chosen["lonely"].why == (Why.UNCOVERED,)


@given(
    st.lists(st.tuples(st.booleans(), st.booleans(), st.integers(1, 5), st.integers(0, 4)), max_size=40),
    st.integers(0, 20),
    st.floats(0.0, 1.0),
)
def test_never_too_many_never_twice(made: list[tuple[bool, bool, int, int]], n: int, share: float) -> None:
    """As many as were asked for, or all there are; each once."""
    calls = [calm(k, alerted=a, uncovered=u, nth=nth, transfers=t) for k, (a, u, nth, t) in enumerate(made)]
    chosen = [one.call for one in pick(calls, n, share, "s")]
    assert len(chosen) == len(set(chosen)) == min(n, len(calls))
