"""Runs the errands: each `do` step that is due goes to whoever does it, and the step learns how it went.

An errand is tried until its step's limit. It is not kept over a restart: the step then runs into its limit, which is
the truth, because nobody knows whether it was done; a person may have it done again.
"""

import asyncio
import random
from collections.abc import Awaitable, Callable, Mapping
from typing import Final

import httpx
import structlog

from voicerisk import clock
from voicerisk.control.modes import Mode
from voicerisk.control.orders import NotConfirmedError, Order, UnknownCallError
from voicerisk.control.problems import SwitchError
from voicerisk.control.session import NotNowError, Session
from voicerisk.errands.message import CONTENT_TYPE, errand_body, errand_id
from voicerisk.errands.settings import ErrandSettings, WorkerSettings
from voicerisk.notify.backoff import pause_s
from voicerisk.notify.http_post import judge, post
from voicerisk.notify.outcome import Delivered, GiveUp
from voicerisk.notify.signature import signed_headers
from voicerisk.risk.actions import Action
from voicerisk.risk.deeds import ReportStep
from voicerisk.risk.desk.steps import DO_LIMIT_S
from voicerisk.risk.procedures import IN_THE_CALL, StepKind
from voicerisk.risk.runs import StepDue
from voicerisk.store.writer import StoreError

LONGEST_PAUSE_S: Final = 30.0

Report = Callable[[ReportStep], Awaitable[object]]
Enter = Callable[[Mode, Order], Awaitable[Session]]

_log = structlog.get_logger(__name__)


class Failed(Exception):
    """The errand was not done; the text says why, without addresses and secrets."""


class Errands:
    """Whoever does things, and what is under way. One event loop's thread.

    The settings must have been found good (`errand_problems`), with the same environment.
    """

    def __init__(self, settings: ErrandSettings, environ: Mapping[str, str], enter: Enter, report: Report) -> None:
        """`enter` brings a supervisor onto a call, `report` takes the word on how a step went."""
        self._settings = settings
        self._enter = enter
        self._report = report
        self._workers = {
            action: (name, worker, environ.get(worker.secret_env, ""))
            for name, worker in settings.workers.items()
            for action in worker.actions
        }
        # Without workers nothing is ever sent, and the certificates need not be read.
        self._client = httpx.AsyncClient(timeout=settings.timeout_s) if settings.workers else None
        self._under_way: set[asyncio.Task[None]] = set()

    def act(self, action: Action) -> None:
        """Sets off for every `do` step that is due; all other actions are not errands."""
        if isinstance(action, StepDue) and action.definition.kind is StepKind.DO and not action.asks:
            work = self._busy if len(self._under_way) >= self._settings.max_at_once else self._do
            task = asyncio.get_running_loop().create_task(self._run(action, work))
            self._under_way.add(task)
            task.add_done_callback(self._under_way.discard)

    async def stop(self) -> None:
        """Ends; what is under way is not waited for."""
        tasks = list(self._under_way)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        if self._client is not None:
            await self._client.aclose()

    async def _run(self, due: StepDue, work: Callable[[StepDue], Awaitable[str]]) -> None:
        try:
            text, ok = await work(due), True
        except Failed as error:
            text, ok = str(error), False
        except Exception:
            _log.exception("errand failed", action=due.definition.action, run=due.run.id)
            text, ok = "it went wrong inside voicerisk; the log says how", False
        try:
            await self._report(ReportStep(run=due.run.id, step=due.step, ok=ok, text=text))
        except (LookupError, ValueError) as error:
            # The run was forgotten, or a person has said meanwhile how it went.
            _log.info("errand reported to nobody", run=due.run.id, why=str(error))

    async def _busy(self, due: StepDue) -> str:
        raise Failed(f"{self._settings.max_at_once} errands are under way already")

    async def _do(self, due: StepDue) -> str:
        """What was done, in a few words. Raises Failed."""
        action = due.definition.action
        if action in IN_THE_CALL:
            return await self._enter_call(due, Mode(action))
        if (worker := self._workers.get(action)) is None:
            raise Failed(f"nobody does {action!r} here: name who does in [errands.workers]")
        return await self._send(due, *worker)

    async def _enter_call(self, due: StepDue, mode: Mode) -> str:
        """Brings onto the call who had the step done, or, where it runs by itself, who has the alert in hand."""
        person, call = due.person or due.run.person, due.run.call_id
        if call is None:
            raise Failed("this alert has no call to be on")
        if person is None:
            raise Failed("nobody has the alert in hand, so there is nobody to put on the call")
        order = Order(call_id=call, person=person, alert_id=due.run.alert_id, confirmed=True)
        try:
            session = await self._enter(mode, order)
        except SwitchError as error:
            raise Failed(error.words) from None
        except (UnknownCallError, NotConfirmedError, NotNowError, StoreError) as error:
            raise Failed(str(error)) from None
        return session.words or f"{person}: {mode.value}"

    async def _send(self, due: StepDue, name: str, worker: WorkerSettings, secret: str) -> str:
        """Tries until the step's limit; its answer is the worker's word that it is done."""
        assert self._client is not None
        limit_s = due.definition.limit_s or DO_LIMIT_S
        body, id_ = errand_body(due, due.at_s + limit_s), errand_id(due)
        tries, why = 0, "no answer"
        try:
            async with asyncio.timeout(max(0.0, due.at_s + limit_s - clock.now_s())):
                while True:
                    headers = signed_headers(id_, clock.now_s(), body, secret) | {"content-type": CONTENT_TYPE}
                    outcome = judge(await post(self._client, worker.url, headers=headers, body=body), worker.url)
                    if isinstance(outcome, Delivered):
                        return f"done by {name}"
                    why, tries = outcome.why, tries + 1
                    if isinstance(outcome, GiveUp):
                        raise Failed(f"{name}: {why}")
                    pause = pause_s(tries, self._settings.first_retry_s, LONGEST_PAUSE_S, random.random())
                    await asyncio.sleep(max(pause, outcome.after_s or 0.0))
        except TimeoutError:
            raise Failed(f"{name}: {why}, after {max(tries, 1)} tries") from None
