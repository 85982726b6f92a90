"""The engine depends on its inputs alone: not on when somebody looks at the clock, and not on crashes."""

import msgspec
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.plays.play import window
from tests.risk.days import T0, Input, days
from voicerisk.events import TensionWindow, Zone
from voicerisk.risk.actions import Action
from voicerisk.risk.alerts import AlertState
from voicerisk.risk.config import RiskConfig
from voicerisk.risk.deeds import Acknowledge
from voicerisk.risk.engine import Engine
from voicerisk.risk.state import EngineState

CONFIG = RiskConfig(lost_after_s=600.0, keep_ended_s=60.0, reopen_within_s=300.0)


def restarted(engine: Engine) -> Engine:
    """Another engine that goes on from what was written down."""
    written = msgspec.msgpack.encode(engine.snapshot())
    fresh = Engine(CONFIG)
    fresh.restore(msgspec.msgpack.decode(written, type=EngineState))
    return fresh


def play(day: list[tuple[float, Input]], ticks_s: float | None, crashes: frozenset[int]) -> tuple[list[Action], Engine]:
    """What the engine asks for over the day, with these ticks in between and a crash after these inputs."""
    engine = Engine(CONFIG)
    actions: list[Action] = []
    now = T0
    for n, (pause_s, told) in enumerate(day):
        until = now + pause_s
        while ticks_s is not None and now + ticks_s < until:
            now += ticks_s
            actions += engine.tick(now)
        now = until
        actions += told(engine, now, n)
        if n in crashes:
            engine = restarted(engine)
    actions += engine.tick(now + 3600.0)
    return actions, engine


@settings(max_examples=60, deadline=None)
@given(days, st.sampled_from((0.7, 5.0, 50.0)))
def test_ticks_change_nothing(day: list[tuple[float, Input]], ticks_s: float) -> None:
    """Looking at the clock often, seldom or never gives the same actions in the same order, and the same state."""
    (seldom, one), (often, other) = play(day, None, frozenset()), play(day, ticks_s, frozenset())
    assert msgspec.json.encode(seldom) == msgspec.json.encode(often)
    assert msgspec.json.encode(one.snapshot().book) == msgspec.json.encode(other.snapshot().book)


@settings(max_examples=60, deadline=None)
@given(days, st.frozensets(st.integers(0, 40), max_size=5))
def test_a_crash_changes_nothing(day: list[tuple[float, Input]], crashes: frozenset[int]) -> None:
    """An engine that is written down and read back at any moments asks for the same, and stands the same at the end."""
    (steady, one), (shaken, other) = play(day, 20.0, frozenset()), play(day, 20.0, crashes)
    assert msgspec.json.encode(steady) == msgspec.json.encode(shaken)
    assert msgspec.json.encode(one.snapshot(), order="deterministic") == msgspec.json.encode(
        other.snapshot(), order="deterministic"
    )


heard = st.lists(
    st.tuples(st.sampled_from((0.24, 0.48, 7.0, 40.0)), st.sampled_from(("c-1", "c-2")), st.sampled_from(Zone)),
    min_size=1,
    max_size=60,
)
"""Windows of the ear: how long after the one before, of which call, in which zone."""


@settings(max_examples=60, deadline=None)
@given(heard, st.sets(st.integers(0, 59)))
def test_windows_that_changed_nothing_need_not_be_remembered(
    windows: list[tuple[float, str, Zone]], taken: set[int]
) -> None:
    """The few that moved something, and what people did, give the same alerts and procedures after a crash."""
    first, second = Engine(CONFIG), Engine(CONFIG)
    record: list[tuple[TensionWindow | Acknowledge, float]] = []
    t = 0.0
    for n, (pause_s, call, zone) in enumerate(windows):
        t = round(t + pause_s, 2)
        one = window(call, t, zone, queue="billing")
        if first.handle(one, T0 + t, own=True):
            record.append((one, first.now_s))
        open_ = [alert.id for alert in first.alerts() if alert.state is AlertState.OPEN]
        if n in taken and open_:
            deed = Acknowledge(alert=open_[0], person="dana")
            first.do(deed, T0 + t)
            record.append((deed, first.now_s))
    for told, at_s in record:
        if isinstance(told, Acknowledge):
            second.do(told, at_s)
        else:
            second.handle(told, at_s, own=True)
    for engine in (first, second):
        engine.tick(T0 + t + 30.0)
    assert second.alerts() == first.alerts()
    assert second.desk.runs() == first.desk.runs()
