"""What a step has done outside, and how the step learns of it."""

import json
from collections.abc import AsyncIterator

import pytest

from tests.errands.made import ENVIRON, SECRET, Desk, a_due, workers
from tests.notify.http_receiver import HttpReceiver, http_receiver
from voicerisk import clock
from voicerisk.control.modes import Mode
from voicerisk.control.orders import Order
from voicerisk.control.problems import Problem, SwitchError
from voicerisk.control.session import Session, begun
from voicerisk.errands.errands import Errands
from voicerisk.errands.settings import ErrandSettings
from voicerisk.notify.signature import verify
from voicerisk.risk.runs import StepDue


@pytest.fixture(autouse=True)
def _no_proxy(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NO_PROXY", "127.0.0.1,localhost")


@pytest.fixture
async def receiver() -> AsyncIterator[HttpReceiver]:
    """Somebody else's HTTP server."""
    async with http_receiver() as running:
        yield running


class Switch:
    """Brings people onto calls, or says why not."""

    def __init__(self, error: SwitchError | None = None) -> None:
        self.orders: list[tuple[Mode, Order]] = []
        self._error = error

    async def enter(self, mode: Mode, order: Order) -> Session:
        """Notes who is to go where."""
        self.orders.append((mode, order))
        if self._error is not None:
            raise self._error
        return begun("place", order.call_id, "gateway", order.person, mode, clock.now_s(), order.alert_id)


async def outcome(settings: ErrandSettings, due: StepDue, switch: Switch | None = None) -> tuple[bool, str]:
    """How the errand of this step went."""
    desk = Desk()
    errands = Errands(settings, ENVIRON, (switch or Switch()).enter, desk.report)
    errands.act(due)
    report = await desk.hears()
    await errands.stop()
    assert (report.run, report.step) == (due.run.id, due.step)
    return report.ok, report.text


async def test_the_worker_is_told_what_to_do_for_whom_and_by_when(receiver: HttpReceiver) -> None:
    """One signed CloudEvent with the action, the alert, the call and the limit; a 2xx means done."""
    due = a_due(limit_s=120.0)
    assert await outcome(workers(receiver.url), due) == (True, "done by wfm")
    (taken,) = receiver.taken
    event = json.loads(taken.body)
    assert verify(taken.headers, taken.body, SECRET, clock.now_s()) == event["id"]
    assert taken.headers["content-type"] == "application/cloudevents+json"
    assert (event["type"], event["subject"]) == ("voicerisk.procedure.step", "al-1")
    wanted = {"action": "log_in_reserve", "person": "dana", "call": "c-1", "queue": "billing", "step": 0}
    assert wanted.items() <= event["data"].items()
    assert event["data"]["customer"].startswith("h:")


async def test_a_worker_in_trouble_is_asked_again_with_the_same_id(receiver: HttpReceiver) -> None:
    """Two failures, then done: three tries of one errand."""
    receiver.answers.extend([(503, {}, b""), (500, {}, b"")])
    assert await outcome(workers(receiver.url), a_due()) == (True, "done by wfm")
    assert len({taken.headers["webhook-id"] for taken in receiver.taken}) == 1
    assert len(receiver.taken) == 3


async def test_a_refusal_is_final(receiver: HttpReceiver) -> None:
    """A 422 speaks of this errand: it is not tried again, and the step learns what was said."""
    receiver.answers.append((422, {}, b""))
    ok, text = await outcome(workers(receiver.url), a_due())
    assert (ok, len(receiver.taken)) == (False, 1)
    assert "answered 422" in text


async def test_an_errand_ends_with_its_step(receiver: HttpReceiver) -> None:
    """A worker that never answers is given up at the step's limit."""
    receiver.let_go.clear()
    ok, text = await outcome(workers(receiver.url), a_due(limit_s=0.3))
    assert not ok
    assert text == "wfm: no answer, after 1 tries"


async def test_what_nobody_does_is_said_at_once() -> None:
    """Without a worker for it the step fails, and its log says what is missing."""
    ok, text = await outcome(ErrandSettings(), a_due("announce_wait"))
    assert not ok
    assert "nobody does 'announce_wait' here" in text


async def test_too_many_errands_at_once_fail_at_once(receiver: HttpReceiver) -> None:
    """The second of a service that runs one at a time is reported as failed while the first still waits."""
    receiver.let_go.clear()
    desk = Desk()
    errands = Errands(workers(receiver.url, max_at_once=1), ENVIRON, Switch().enter, desk.report)
    errands.act(a_due())
    errands.act(a_due())
    assert "1 errands are under way already" in (await desk.hears()).text
    receiver.let_go.set()
    assert (await desk.hears()).ok
    await errands.stop()


@pytest.mark.parametrize("action", ["listen", "whisper", "barge", "take_over"])
async def test_who_has_the_step_done_is_brought_onto_the_call(action: str) -> None:
    """By the switch itself, in that person's name and for that alert."""
    switch = Switch()
    ok, _ = await outcome(ErrandSettings(), a_due(action), switch)
    assert ok
    ((mode, order),) = switch.orders
    assert (mode, order.call_id, order.person, order.alert_id) == (Mode(action), "c-1", "dana", "al-1")


async def test_what_the_switch_says_is_what_the_step_says() -> None:
    """Its own words, where it would not."""
    switch = Switch(SwitchError(Problem.NOT_ANSWERED, "Your phone was not picked up."))
    assert await outcome(ErrandSettings(), a_due("listen"), switch) == (False, "Your phone was not picked up.")


async def test_nobody_is_put_on_a_call_where_nobody_has_the_alert() -> None:
    """A step that runs by itself needs the person who has the alert in hand."""
    switch = Switch()
    ok, text = await outcome(ErrandSettings(), a_due("listen", person=None), switch)
    assert (ok, switch.orders) == (False, [])
    assert "nobody has the alert in hand" in text


async def test_questions_and_other_actions_are_no_errands() -> None:
    """What only asks for a yes, and everything that is no `do` step, sets nobody off."""
    desk = Desk()
    errands = Errands(ErrandSettings(), ENVIRON, Switch().enter, desk.report)
    due = a_due()
    errands.act(StepDue(run=due.run, step=0, definition=due.definition, at_s=due.at_s, asks=True))
    await errands.stop()
    assert desk.reports.empty()
