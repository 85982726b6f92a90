"""The counters that hold peers to their limits, and the deadlines of a connection."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from voicerisk.server.ingest_deadlines import Deadlines, Due, Phase, Verdict
from voicerisk.server.limits import IngestLimits, Place, Places, TokenBucket


def test_a_burst_passes_and_then_the_rate_holds() -> None:
    """After a quiet time `burst` arrivals pass at once, then as many per second as the rate allows."""
    bucket = TokenBucket(rate_per_s=8.0, burst=5)
    assert [bucket.take(100.0) for _ in range(7)] == [True] * 5 + [False] * 2
    assert [bucket.take(100.125) for _ in range(2)] == [True, False]
    assert sum(bucket.take(1000.0) for _ in range(20)) == 5


@given(st.lists(st.floats(0.0, 0.5), min_size=1, max_size=200))
def test_no_pattern_of_arrivals_gets_more_than_its_due(pauses: list[float]) -> None:
    """However arrivals are spread, no more pass than the burst and the rate times the time."""
    bucket, now_s, passed = TokenBucket(rate_per_s=10.0, burst=3), 0.0, 0
    for pause in pauses:
        now_s += pause
        passed += bucket.take(now_s)
    assert passed <= 3 + 10.0 * sum(pauses[1:]) + 1e-6


@given(st.lists(st.tuples(st.sampled_from([b"", b"a", b"b"]), st.booleans()), max_size=100))
def test_places_are_counted_right_in_any_order(steps: list[tuple[bytes, bool]]) -> None:
    """Taking and giving back in any order, giving back twice included, never passes a limit and never leaks."""
    places = Places(max_calls=4, max_calls_per_token=2)
    held: list[tuple[bytes, Place]] = []
    for token, gives_back in steps:
        if gives_back and held:
            held[0][1].give_back()
            held.pop(0)[1].give_back()
        else:
            n_own = sum(key == token for key, _ in held)
            place = places.take(token)
            assert (place is None) == (len(held) == 4 or (token != b"" and n_own == 2))
            if place is not None:
                held.append((token, place))
        assert places.n_taken == len(held)
    for _, place in held:
        place.give_back()
    assert places.n_taken == 0
    assert places.take(b"a") is not None


LIMITS = IngestLimits(
    start_within_s=10, inactivity_s=60, no_message_s=600, ping_every_s=20, close_within_s=1, linger_s=5
)


@pytest.mark.parametrize(
    ("phase", "at_s", "due", "code"),
    [
        (Phase.STARTING, 9.9, None, 0),
        (Phase.STARTING, 10.0, Due.CLOSE, 1008),
        (Phase.STREAMING, 19.9, None, 0),
        (Phase.STREAMING, 20.0, Due.PING, 0),
        (Phase.STREAMING, 60.0, Due.CLOSE, 1001),
    ],
)
def test_what_is_due_when_nothing_comes(phase: Phase, at_s: float, due: Due | None, code: int) -> None:
    """A peer that says nothing has to start in time, is pinged, and is let go when it shows no life."""
    verdict = Deadlines(LIMITS, 100.0).look(100.0 + at_s, phase, 0, 0)
    assert (verdict.due if verdict else None) == due
    assert (verdict.code if verdict else 0) == code


@pytest.mark.parametrize(("phase", "wait_s", "due"), [(Phase.ENDED, 5.0, Due.CLOSE), (Phase.CLOSING, 1.0, Due.CUT)])
def test_an_ended_stream_lingers_and_a_closing_one_is_cut(phase: Phase, wait_s: float, due: Due) -> None:
    """After the end the peer has some time to close, after a close frame some time to answer, counted from then."""
    deadlines = Deadlines(LIMITS, 0.0)
    assert deadlines.look(30.0, phase, 1, 1) is None
    assert deadlines.look(30.0 + wait_s - 0.1, phase, 1, 1) is None
    verdict = deadlines.look(30.0 + wait_s, phase, 1, 1)
    assert isinstance(verdict, Verdict)
    assert verdict.due is due


def test_answers_to_pings_keep_a_silent_call_alive_but_not_for_ever() -> None:
    """A party on hold sends nothing but pongs: its stream stays, until the time for a forgotten stream is over."""
    deadlines = Deadlines(LIMITS, 0.0)
    closed_at_s = None
    for second in range(1, 1000):
        verdict = deadlines.look(float(second), Phase.STREAMING, 1, 100 + second // 20)
        if verdict is not None and verdict.due is Due.CLOSE:
            closed_at_s = second
            assert verdict.reason == "no message for 600 s"
            break
    assert closed_at_s == 601


def test_pings_can_be_switched_off() -> None:
    """Some gateways hang up on a ping: with 0 none is ever due."""
    deadlines = Deadlines(IngestLimits(ping_every_s=0), 0.0)
    assert all(deadlines.look(float(s), Phase.STREAMING, s, s) is None for s in range(1000))
