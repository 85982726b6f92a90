"""Steps that are due, and a desk that hears how they went."""

import asyncio
from typing import Any

from tests.risk.desk.made import alert, desk, do, run_in
from voicerisk import clock
from voicerisk.errands.settings import ErrandSettings, WorkerSettings
from voicerisk.risk.deeds import ReportStep
from voicerisk.risk.runs import StepDue

SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
SECRET_ENV = "VOICERISK_TEST_SECRET"
ENVIRON = {SECRET_ENV: SECRET}


def a_due(action: str = "log_in_reserve", *, person: str | None = "dana", **more: Any) -> StepDue:
    """A step that a person has just had done."""
    board, now = desk(do(action, **more)), clock.now_s()
    run = run_in(board.alert_opened(alert(), "p", now))
    actions = board.run_step(run.id, 0, person or "", now)
    due = next(action for action in actions if isinstance(action, StepDue))
    return StepDue(run=due.run, step=0, definition=due.definition, at_s=now, person=person)


def workers(url: str, *actions: str, **more: Any) -> ErrandSettings:
    """One system that does these, tried again within hundredths of a second."""
    worker = WorkerSettings(url=url, secret_env=SECRET_ENV, actions=actions or ("log_in_reserve",))
    return ErrandSettings(workers={"wfm": worker}, **{"first_retry_s": 0.02, "timeout_s": 5.0, **more})


class Desk:
    """Hears the reports."""

    def __init__(self) -> None:
        self.reports: asyncio.Queue[ReportStep] = asyncio.Queue()

    async def report(self, report: ReportStep) -> None:
        """Keeps it."""
        await self.reports.put(report)

    async def hears(self) -> ReportStep:
        """The next report."""
        async with asyncio.timeout(10.0):
            return await self.reports.get()
