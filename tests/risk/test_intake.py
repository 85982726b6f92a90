"""The intake: each event once, and only while it counts."""

import msgspec
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.plays.play import window
from voicerisk.events import CallStarted, Zone
from voicerisk.risk.gauges import SiteSettings
from voicerisk.risk.intake import Intake, IntakeState, RefusalReason

T0 = 1_732_226_400.0
SITE = SiteSettings(lateness_s=100.0, ahead_s=10.0)


def started(id_: str, at_s: float) -> CallStarted:
    """An event of this id."""
    return CallStarted(id=id_, at=T0 + at_s, call="c")


def refused(intake: Intake, id_: str, at_s: float, heard_s: float, *, own: bool = False) -> RefusalReason | None:
    """Why the event is refused; None where it counts."""
    refusal = intake.admit(started(id_, at_s), T0 + heard_s, own=own)
    return refusal.reason if refusal else None


def test_an_event_counts_once() -> None:
    """The same id a second time is a repetition, whatever else the event says."""
    intake = Intake(SITE)
    assert refused(intake, "a", 0, 0) is None
    assert refused(intake, "a", 5, 6) is RefusalReason.DUPLICATE


def test_an_event_counts_while_it_is_not_too_late() -> None:
    """At the lateness it still counts, after it no more; the text says how late it was."""
    intake = Intake(SITE)
    assert refused(intake, "a", 0, 100) is None
    refusal = intake.admit(started("b", 0), T0 + 101)
    assert refusal is not None
    assert (refusal.reason, "101 s" in refusal.text) == (RefusalReason.TOO_LATE, True)


def test_an_event_of_the_future_is_refused() -> None:
    """A sender whose clock is a minute ahead is told so; a lead within the limit counts."""
    intake = Intake(SITE)
    assert refused(intake, "a", 10, 0) is None
    assert refused(intake, "b", 60, 0) is RefusalReason.IN_FUTURE


def test_what_the_record_gives_back_is_never_refused() -> None:
    """After a restart every event of the log counts again; a repetition from outside is refused still."""
    intake = Intake(SITE)
    for heard_s in (0, 5000):
        assert refused(intake, "a", 0, heard_s, own=True) is None
    assert refused(intake, "a", 4990, 5000) is RefusalReason.DUPLICATE


def test_windows_of_the_tension_are_not_remembered() -> None:
    """They are many, and ordered by their media second; the intake lets them pass and keeps no ids of them."""
    intake = Intake(SITE)
    for _ in range(2):
        assert intake.admit(window("c", 1.0, Zone.RED), T0) is None
    assert intake.snapshot().young == ()


@settings(max_examples=200, deadline=None)
@given(st.lists(st.tuples(st.integers(0, 5), st.floats(0, 60)), max_size=60))
def test_no_event_is_ever_counted_twice(told: list[tuple[int, float]]) -> None:
    """However repetitions are spread over time, each event counts at most once, also across a restart halfway."""
    intake, counted, now = Intake(SITE), [], 0.0
    for n, (who, wait_s) in enumerate(told):
        now += wait_s
        if n == len(told) // 2:
            state = msgspec.msgpack.decode(msgspec.msgpack.encode(intake.snapshot()), type=IntakeState)
            intake = Intake(SITE)
            intake.restore(state)
        if refused(intake, f"e-{who}", 20.0 * who, now) is None:
            counted.append(who)
    assert len(counted) == len(set(counted))


def test_ids_are_forgotten_when_they_no_longer_matter() -> None:
    """After ten thousand events, one a second, only those of the last two generations are remembered."""
    intake = Intake(SITE)
    for n in range(10_000):
        assert refused(intake, f"e-{n}", n, n) is None
    state = intake.snapshot()
    assert len(state.young) + len(state.old) <= 2 * 110 + 2
    assert intake.turned_early == 0


def test_a_flood_of_ids_is_bounded_and_counted() -> None:
    """More ids at once than there is room for: the oldest go, and that is known."""
    intake = Intake(SiteSettings(max_ids=100))
    for n in range(1000):
        refused(intake, f"e-{n}", 0, 0)
    state = intake.snapshot()
    assert len(state.young) + len(state.old) <= 100
    assert intake.turned_early > 0
