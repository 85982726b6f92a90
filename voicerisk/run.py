"""Runs the service until a signal says stop."""

import asyncio
import signal
import sys
from collections.abc import Awaitable, Callable

import structlog
import uvloop

from voicerisk.config import Config
from voicerisk.scoring.model import Model
from voicerisk.service import Service
from voicerisk.store.store import Store
from voicerisk.store.writer import StoreError

_log = structlog.get_logger(__name__)

Body = Callable[[Service, asyncio.Event], Awaitable[int]]
"""What happens while the service runs; the event is set when a signal comes. Gives the exit code."""


def run_service(config: Config, model: Model, body: Body | None = None) -> int:
    """The exit code: 0 after a graceful stop, 1 when it could not start. Without a body it runs until a signal."""
    return uvloop.run(_run(config, model, body or _until_signal))


async def _until_signal(_service: Service, stop: asyncio.Event) -> int:
    await stop.wait()
    return 0


async def _run(config: Config, model: Model, body: Body) -> int:
    stop, hurry = asyncio.Event(), asyncio.Event()

    def on_signal() -> None:
        (hurry if stop.is_set() else stop).set()

    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, on_signal)
    try:
        service = Service(config, model, Store.open(config.store_settings))
        # Some send it to every daemon: without certificates of our own it must do nothing rather than end the process.
        loop.add_signal_handler(signal.SIGHUP, service.reload)
        await service.start()
    except (OSError, StoreError) as error:
        sys.stderr.write(f"voicerisk cannot start: {error}\n")
        return 1
    code = await body(service, stop)
    _log.info("stopping", drain_s=config.drain_s, calls=service.n_streams)
    drained = asyncio.ensure_future(service.stop(config.drain_s))
    hurried = asyncio.ensure_future(hurry.wait())
    await asyncio.wait((drained, hurried), return_when=asyncio.FIRST_COMPLETED)
    if not drained.done():
        await service.hurry()
    await drained
    hurried.cancel()
    return code
