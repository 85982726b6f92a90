"""The latest value."""

from typing import Any, Final

from tests.risk.gauges.makers import EVERY_KIND, T0, board, customer, event, shown

READY: Final[dict[str, Any]] = EVERY_KIND["ready"]


def test_the_latest_is_the_one_that_was_true_last() -> None:
    """A value that is heard late does not replace a newer one; of two of the same time the order does not matter."""
    for ids in (("a", "b"), ("b", "a")):
        played = board(ready=READY)
        for id_ in ids:
            told = event("agents.ready", T0 + 5, id_, {"ready": 1 if id_ == "a" else 2}, queue="q")
            played.handle(told, T0 + 6)
        played.handle(event("agents.ready", T0, "late", {"ready": 9}, queue="q"), T0 + 7)
        reading = played.reading("ready", "q")
        assert reading is not None
        assert (reading.value, reading.at_s) == (2, T0 + 5)


def test_a_value_that_has_left_its_window_is_no_longer_shown() -> None:
    """A bad score holds for its half hour; then the needle is green by time alone, and shows nothing."""
    played = board(last_score=EVERY_KIND["last_score"])
    moved = played.handle(event("feedback.received", T0, customer=customer(1), data={"score": 1}), T0)
    moved += played.advance(T0 + 1700)
    assert shown(moved, "last_score") == [(0, 1, "red")]
    (gone,) = played.advance(T0 + 1900)
    assert gone.reading.zone == "green"
    assert 1770 <= gone.reading.at_s - T0 <= 1800
    assert played.reading("last_score", customer(1)) is None


def test_a_value_that_is_not_renewed_is_stale() -> None:
    """Older than the gauge's `stale_s` it must not be trusted; a gauge without one is never stale."""
    for stale_s, stale in ((60.0, True), (None, False)):
        played = board(ready={**READY, "stale_s": stale_s})
        played.handle(event("agents.ready", T0, queue="q", data={"ready": 3}), T0)
        (reading,) = played.readings(T0 + 61)
        assert reading.stale(T0 + 61) is stale
        assert not reading.stale(T0 + 60)
        assert reading.age_s(T0 + 61) == 61


def test_what_the_service_measures_of_itself_is_a_value_until_there_is_none() -> None:
    """The scorer's lag moves its needle; when there is nothing to measure any more, it shows nothing."""
    lag: dict[str, Any] = {"kind": "last", "of": {"events": ["scorer.lag_s"]}, "unit": "s"}
    played = board(lag=lag)
    assert shown(played.observe("scorer.lag_s", "site", 2.5, T0), "lag") == [(0, 2.5, "green")]
    played.observe("scorer.lag_s", "site", None, T0 + 1)
    assert played.reading("lag", "site") is None
