"""Call control for the served console: its calls' switch is a program behind the signed webhook, run beside it."""

import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from fastapi import APIRouter

from tests.control.fakes.web import serving
from tests.control.fakes.webhook import SECRET, FakeProgram
from voicerisk.control.control import Control
from voicerisk.control.settings import ControlSettings
from voicerisk.control.switches import switches_for
from voicerisk.control.watch import LiveCall
from voicerisk.control.webhook import WebhookControl
from voicerisk.server.control_api import control_router
from voicerisk.server.live import LiveBoard
from voicerisk.store.store import Store


@asynccontextmanager
async def desk_control(board: LiveBoard, store: Store) -> AsyncIterator[tuple[APIRouter, FakeProgram]]:
    """The routes, and the program that does what supervisors ask. Only Maya Cohen's phone is known."""
    os.environ["DESK_HOOK_SECRET"] = SECRET
    program = FakeProgram()
    async with serving(program.web) as web:
        gateways = {"twilio": WebhookControl(url=f"{web.url}/hook", secret_env="DESK_HOOK_SECRET")}
        control = Control(
            ControlSettings(gateways=gateways, supervisors={"Maya Cohen": "PJSIP/2001"}), switches_for(gateways), store,
            calls=lambda: [LiveCall(view.id, view.gateway, view.labels) for view in board.calls()],
            happened=lambda event: None,
            changed=lambda session: board.feed.publish("control.changed", {"session": session}),
        )  # fmt: skip
        control.start()
        yield control_router(control), program
        await control.stop()
