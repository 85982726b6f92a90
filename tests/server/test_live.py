import asyncio
import json
from typing import Any

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from tests.store.made import an_alert
from voicerisk.events import Evidence, Role, Window, Zone
from voicerisk.risk.alerts import NotifyReason, resolved
from voicerisk.server.feed import Subscription
from voicerisk.server.live import LiveBoard
from voicerisk.server.views import CURVE_POINTS, Vitals


def _window(at_s: float, level: float, evidence: Evidence = Evidence.HEARD) -> Window:
    return Window(
        start_s=max(0.0, at_s - 3),
        at_s=at_s,
        level=level,
        zone=Zone.GREEN,
        evidence=evidence,
        evidence_s=0.24,
        speech=1.0,
        quality=1.0,
    )


def _board(*call_ids: str) -> LiveBoard:
    board = LiveBoard()
    for call_id in call_ids:
        board.call_started(call_id, gateway="l16", roles=(Role.CUSTOMER,), started_at_s=100.0, queue="Billing")
    return board


async def _events(client: Subscription) -> list[dict[str, Any]]:
    """Everything that waits for the client now."""
    events = []
    while True:
        try:
            events.append(json.loads(await asyncio.wait_for(client.next(), 0.02)))
        except TimeoutError:
            return events


async def test_changes_are_gathered() -> None:
    """Many scores of many calls become one event at the next flush, with what each call is now; then silence."""
    board = _board("a", "b", "c")
    client = board.feed.subscribe()
    await _events(client)
    for step in range(20):
        board.call_updated("a", _window(0.24 * step, 0.5))
        board.call_updated("b", _window(0.24 * step, 0.01 * step), talk_over_s=1.5, held=True)
    board.flush()
    board.flush()
    (event,) = await _events(client)
    assert event["type"] == "call.updated"
    assert {call["id"]: call["level"] for call in event["calls"]} == {"a": 0.5, "b": 0.19}
    assert event["calls"][1]["talk_over_s"] == 1.5
    assert event["calls"][1]["held"] is True


async def test_alerts_do_not_wait() -> None:
    """An alert is told at once, opened first and then updated; resolved, it leaves the board."""
    board = _board("a")
    client = board.feed.subscribe()
    await _events(client)
    alert = an_alert("a")
    board.alert_changed(alert, durable=False)
    board.alert_durable(alert.id)
    board.alert_changed(resolved(alert, NotifyReason.CALL_ENDED, alert.opened_at_s + 9))
    events = await _events(client)
    assert [event["type"] for event in events] == ["alert.opened", "alert.updated", "alert.updated"]
    assert [event["alert"]["durable"] for event in events] == [False, True, True]
    assert events[-1]["alert"]["state"] == "resolved"
    assert board.alerts() == []
    assert board.alert(alert.id) is None


async def test_alert_says_who_and_why() -> None:
    """What is told of an alert holds the call, the reasons with their numbers, and the procedure in both languages."""
    board = _board("a")
    board.alert_changed(an_alert("a"))
    (view,) = json.loads(board.feed.snapshot())["alerts"]
    assert (view["call"], view["queue"], view["customer"]) == ("a", "Billing", "h:0123456789abcdef")
    assert view["reasons"][0]["value"] == 9.0
    assert set(view["procedure"]["steps"][0]["text"]) == {"en", "he"}


async def test_calls_come_and_go() -> None:
    """A call appears and disappears at once; unknown calls change nothing."""
    board = LiveBoard()
    client = board.feed.subscribe()
    await _events(client)
    board.call_started("a", gateway="l16", roles=(Role.CUSTOMER, Role.AGENT), started_at_s=1.0, labels={"agent": "Noa"})
    board.call_updated("nobody", _window(1.0, 0.5))
    board.audio_block("nobody", None, None)
    board.call_ended("nobody")
    board.call_ended("a", "hung up")
    started, ended = await _events(client)
    assert started["type"] == "call.started"
    assert started["call"]["roles"] == ["customer", "agent"]
    assert (ended["type"], ended["call_id"], ended["reason"]) == ("call.ended", "a", "hung up")
    assert board.calls() == []


def test_second_stream_goes_on() -> None:
    """A call that comes back in a second stream keeps its beginning and its curve."""
    board = _board("a")
    board.call_updated("a", _window(3.0, 0.5))
    board.call_started("a", gateway="l16", roles=(Role.CUSTOMER,), started_at_s=160.0)
    view = board.call("a")
    assert view is not None
    assert view.started_at_s == 100.0
    assert view.curve == [50]
    assert view.curve_end_s == 3


def test_tensest_first() -> None:
    """Live calls are listed by tension; those of which nothing is known yet come last."""
    board = _board("calm", "new", "tense")
    board.call_updated("calm", _window(5.0, 0.1))
    board.call_updated("new", _window(1.0, 0.99, Evidence.TOO_LITTLE_SPEECH))
    board.call_updated("tense", _window(5.0, 0.9))
    assert [(view.id, view.level) for view in board.calls()] == [("tense", 0.9), ("calm", 0.1), ("new", None)]


async def test_numbers_of_array_libraries_are_numbers() -> None:
    """A level that comes as a numpy number breaks nothing."""
    board = _board("a")
    client = board.feed.subscribe()
    await _events(client)
    board.call_updated("a", _window(1.0, np.float64(0.25)), talk_over_s=np.float32(0.5))  # type: ignore[arg-type]
    board.flush()
    (event,) = await _events(client)
    assert event["calls"][0]["level"] == 0.25
    assert json.loads(board.feed.snapshot())["calls"][0]["level"] == 0.25


async def test_vitals_are_told() -> None:
    """That tone alerts are off is told at once, and stands in the picture of who comes later."""
    board = LiveBoard()
    client = board.feed.subscribe()
    await _events(client)
    board.vitals_changed(Vitals(tone_ok=False, tone_problem="the model failed"))
    (event,) = await _events(client)
    assert event["status"]["tone_ok"] is False
    assert json.loads(board.feed.snapshot())["status"]["tone_problem"] == "the model failed"


def _merge(curve: dict[int, int | None], points: list[int | None], end_s: int) -> None:
    for offset, point in enumerate(points):
        curve[end_s - len(points) + 1 + offset] = point


@given(
    st.lists(st.tuples(st.floats(0.05, 5.0), st.floats(0, 1), st.booleans(), st.booleans()), min_size=1, max_size=300)
)
def test_client_can_rebuild_the_curve(steps: list[tuple[float, float, bool, bool]]) -> None:
    """Whatever the pace of scores and flushes, who puts the points where they belong has the board's own curve."""

    async def play() -> None:
        board = _board("a")
        client = board.feed.subscribe()
        json.loads(await client.next())
        curve: dict[int, int | None] = {}
        at_s = 0.0
        for ahead_s, level, is_known, flush in steps:
            at_s += ahead_s
            board.call_updated("a", _window(at_s, level, Evidence.HEARD if is_known else Evidence.TOO_LITTLE_SPEECH))
            if flush:
                board.flush()
                (call,) = json.loads(await client.next())["calls"]
                _merge(curve, call["points"], call["curve_end_s"])
        board.flush()
        if not steps[-1][3]:
            (call,) = json.loads(await client.next())["calls"]
            _merge(curve, call["points"], call["curve_end_s"])
        view = board.call("a")
        assert view is not None
        assert len(view.curve) <= CURVE_POINTS
        first_s = view.curve_end_s - len(view.curve) + 1
        assert [curve.get(first_s + n) for n in range(len(view.curve))] == view.curve

    asyncio.run(play())
