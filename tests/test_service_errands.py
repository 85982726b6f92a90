"""A procedure's step is carried out by the whole service as a real process: from a voice to another system and back."""

import json
from pathlib import Path

import msgspec
import pytest
from sqlalchemy import create_engine
from sqlalchemy.orm import Session
from websockets.asyncio.client import connect

from tests.conftest import StartService
from tests.eventually import eventually
from tests.notify.http_receiver import http_receiver
from tests.notify.made import SECRET, SECRET_ENV
from tests.test_service import LONG_S, has_alerted, send, without_stop
from voicerisk.clock import now_s
from voicerisk.notify.signature import verify
from voicerisk.risk.runs import Run, RunWhat
from voicerisk.simulate.call import SimulatedCall
from voicerisk.simulate.l16 import l16
from voicerisk.store.schema import RunRow

STEPS = '[{kind = "do", action = "log_in_reserve", auto = "always", text.en = "Call them in."}]'


def stored_run(url: str, alert_id: str) -> Run | None:
    """The alert's run as the store has it."""
    engine = create_engine(url)
    try:
        with Session(engine) as session:
            row = session.query(RunRow).filter_by(alert_id=alert_id).one_or_none()
            return None if row is None else msgspec.json.decode(row.payload, type=Run)
    finally:
        engine.dispose()


async def test_a_step_is_done_by_whoever_does_it_and_the_record_says_so(
    start_service: StartService, escalating: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A tense call's procedure calls in the reserve by itself: one signed message, and "done by workforce" on disk."""
    monkeypatch.setenv(SECRET_ENV, SECRET)
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    async with http_receiver() as workforce:
        worker = f'{{url = "{workforce.url}", secret_env = "{SECRET_ENV}", actions = ["log_in_reserve"]}}'
        service = await start_service(
            f"risk.procedures.barge_in.steps = {STEPS}",
            f"errands.workers.workforce = {worker}",
        )
        url = f"sqlite:///{service.data}/voicerisk.db"
        async with connect(service.gateway("/fork")) as gateway:
            await send(gateway, without_stop(l16(SimulatedCall(path=escalating, call_id="c"))))
            alert = await has_alerted(service, "c")
            (taken,) = await workforce.has(1)
            verify(taken.headers, taken.body, SECRET, now_s())
            assert json.loads(taken.body)["subject"] == alert["id"]

            def is_done() -> bool:
                run = stored_run(url, alert["id"])
                return run is not None and (RunWhat.DONE, "done by workforce") in [(e.what, e.note) for e in run.log]

            await eventually(is_done, LONG_S)
        assert SECRET not in service.log.read_text()
