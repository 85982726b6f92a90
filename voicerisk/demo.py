"""The demo: the real server, and six calls played into its real websocket in real time, as gateways would."""

import asyncio
import contextlib
import itertools
import json
import secrets
import shutil
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final

import msgspec
from rich.console import Console

from voicerisk import clock
from voicerisk.config import Config
from voicerisk.run import run_service
from voicerisk.scoring.model import Model
from voicerisk.service import Service
from voicerisk.settings import Problem, SettingsError
from voicerisk.simulate.call import SimulatedCall
from voicerisk.simulate.play import play
from voicerisk.simulate.protocols import SOURCES
from voicerisk.simulate.trickle import LENGTH_S, trickle
from voicerisk.store.writer import StoreError

CALLS_DIR: Final = Path(__file__).resolve().parent.parent / "streams" / "demo"
STAGGER_S: Final = 0.7
"""Calls do not all begin at the same moment."""

QUEUES: Final = ("Billing", "Orders", "Technical support")

NOTICE: Final = "Demo: made-up calls and customers"
"""Stands at the top of every page."""

PAUSE_S: Final = 8.0
"""Between one round of calls and the next, when the demo goes on until it is stopped."""

_out = Console(highlight=False)


class DemoCall(msgspec.Struct, frozen=True):
    """One of the demo's calls: its file, how it reaches the server, and whether its customer gets upset."""

    path: Path
    protocol: str
    way_in: str
    escalates: bool


def demo_calls(folder: Path = CALLS_DIR) -> list[DemoCall]:
    """The calls with their truth, half of them over each protocol. Raises `SettingsError` where there are none."""
    files = sorted(folder.glob("*.ogg"))
    if not files:
        mend = "Run the demo from a checkout of the project, where streams/demo/ is."
        raise SettingsError([Problem(str(folder), "the demo's calls are not there", mend)])
    ways = (("twilio", "/twilio"), ("l16", "/fork"))
    return [
        DemoCall(path, *ways[number % 2], json.loads(path.with_suffix(".json").read_text())["onset_s"] is not None)
        for number, path in enumerate(files)
    ]


def run_demo(config: Config, model: Model, *, headless: bool, seconds: float) -> int:
    """The exit code: without a console 0 if exactly the escalating calls alerted, else 1; with one, 0 when stopped.

    Works in a data folder of its own, emptied at the start. Raises `SettingsError` where the demo's calls are missing.
    """
    calls = demo_calls()
    data_dir = Path(config.data_dir) / "demo"
    shutil.rmtree(data_dir, ignore_errors=True)
    console = msgspec.structs.replace(config.console, enabled=not headless, notice=NOTICE)
    http = config.http if config.http.token else msgspec.structs.replace(config.http, default_person="demo supervisor")
    config = msgspec.structs.replace(
        config, data_dir=str(data_dir), store=None, drain_s=0.0, console=console, http=http
    )

    async def body(service: Service, stop: asyncio.Event) -> int:
        if headless:
            return await _headless(service, calls, seconds, stop)
        await _with_console(service, calls, stop)
        return 0

    return run_service(config, model, body)


async def _headless(service: Service, calls: Sequence[DemoCall], seconds: float, stop: asyncio.Event) -> int:
    round_ = _Round(service, calls)
    watching = asyncio.ensure_future(round_.watch())
    playing = asyncio.ensure_future(round_.play())
    with contextlib.suppress(TimeoutError):
        await asyncio.wait_for(stop.wait(), seconds)
    playing.cancel()
    watching.cancel()
    await asyncio.gather(playing, watching, return_exceptions=True)
    missed, false = round_.missed, round_.false
    for name in missed:
        _out.print(f"MISSED: {name} escalates and did not alert within {seconds:g} s")
    for name in false:
        _out.print(f"FALSE: {name} stays calm and alerted")
    if round_.error:
        _out.print(f"FAILED: {round_.error}")
    good = not (missed or false or round_.error)
    _out.print("The escalating calls alerted, the calm ones did not." if good else "The demo did not go as it must.")
    return 0 if good else 1


async def _with_console(service: Service, calls: Sequence[DemoCall], stop: asyncio.Event) -> None:
    http = service.config.http
    host = f"[{http.host}]" if ":" in http.host else http.host
    _out.print(f"\n[bold]Console: http://{host}:{service.http_port}/[/bold]\n")
    _out.print(f"{len(calls)} calls are being played; the first alert comes within a minute. Ctrl-C stops.\n")
    _out.print("A made-up centre's waits, promises and repeat callers are told beside them (ids: demo-...).\n")
    telling = asyncio.ensure_future(_tell(service))
    stopped = asyncio.ensure_future(stop.wait())
    while not stop.is_set():
        round_ = _Round(service, calls)
        watching = asyncio.ensure_future(round_.watch())
        playing = asyncio.ensure_future(round_.play())
        await asyncio.wait((playing, stopped), return_when=asyncio.FIRST_COMPLETED)
        playing.cancel()
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(stop.wait(), PAUSE_S)
        watching.cancel()
        await asyncio.gather(playing, watching, return_exceptions=True)
        if round_.error:
            _out.print(f"A call could not be played: {round_.error}")
    stopped.cancel()
    telling.cancel()


async def _tell(service: Service) -> None:
    """Tells what a switch and a CRM would tell, so that the needles move; told to the engine, as events by HTTP are."""
    for seed in itertools.count(1):
        began_s = clock.now_s()
        for event in trickle(seed, QUEUES, began_s):
            await asyncio.sleep(max(0.0, event.at - clock.now_s()))
            # It counts at once; a disk that is busy for a moment is none of the demo's business.
            with contextlib.suppress(StoreError):
                await service.office.tell([event])
        await asyncio.sleep(max(0.0, began_s + LENGTH_S - clock.now_s()))


class _Round:
    """Every call once; call ids carry the round's own mark, so that no round's call is taken for another's."""

    def __init__(self, service: Service, calls: Sequence[DemoCall]) -> None:
        self._service = service
        mark = secrets.token_hex(2)
        self._calls = {f"{call.path.stem}-{mark}": call for call in calls}
        self._alerted: set[str] = set()
        self.error = ""

    @property
    def missed(self) -> list[str]:
        """Escalating calls that have not alerted."""
        return [call_id for call_id, call in self._calls.items() if call.escalates and call_id not in self._alerted]

    @property
    def false(self) -> list[str]:
        """Calm calls that have alerted."""
        return [call_id for call_id in self._alerted if not self._calls[call_id].escalates]

    async def play(self) -> None:
        """Plays the calls into the server's own port, each at the pace of a real call."""
        await asyncio.gather(*(self._play(number, call_id) for number, call_id in enumerate(self._calls)))

    async def watch(self) -> None:
        """Prints each alert as the feed tells of it, which is when a screen would show it."""
        subscription = self._service.board.feed.subscribe()
        try:
            while True:
                event = json.loads(await subscription.next())
                if event["type"] == "alert.opened" and event["alert"]["call"] in self._calls:
                    self._tell(event["alert"])
        finally:
            self._service.board.feed.unsubscribe(subscription)

    async def _play(self, number: int, call_id: str) -> None:
        call = self._calls[call_id]
        await asyncio.sleep(number * STAGGER_S)
        url = f"ws://127.0.0.1:{self._service.gates.ingest.port}{call.way_in}"
        labels = {"queue": QUEUES[number % len(QUEUES)]}
        messages = SOURCES[call.protocol](SimulatedCall(path=call.path, call_id=call_id, labels=labels))
        try:
            await play(url, messages)
        except Exception as error:  # whatever hinders one call is told at the end and must not end the others
            self.error = f"{call_id}: {error}"

    def _tell(self, alert: dict[str, Any]) -> None:
        self._alerted.add(alert["call"])
        reasons = "; ".join(reason["text"] for reason in alert["reasons"])
        _out.print(f"ALERT {alert['call']} at {alert['at_s']:.1f} s: {reasons}", soft_wrap=True)
