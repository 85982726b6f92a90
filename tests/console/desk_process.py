"""The console in a process of its own, moved by JSON lines on stdin.

Run as `python -m tests.console.desk_process FOLDER`; it prints {"port": ...} once it serves, and one line of answer for
each line it is given: {"do": "call", ...} calls that method of the floor. A process of its own, because the page
library is one of a kind per process.
"""

import asyncio
import json
import sys
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Any

import msgspec

from tests.console.desk_control import desk_control
from tests.control.fakes.web import Trouble
from tests.server.floor import Floor
from voicerisk.console.pages import attach
from voicerisk.logs import set_up_logs
from voicerisk.notify.api import notify_router
from voicerisk.notify.assembly import NotifyPart
from voicerisk.notify.settings import NotifySettings, WebPushReceiver
from voicerisk.server.http import HttpServer, create_app
from voicerisk.server.http_settings import HttpSettings
from voicerisk.server.live import LiveBoard
from voicerisk.server.views import Vitals
from voicerisk.store.settings import StoreSettings
from voicerisk.store.store import Store


def say(what: Any) -> None:
    """One line of JSON to whoever started this."""
    sys.stdout.write(msgspec.json.encode(what).decode() + "\n")
    sys.stdout.flush()


async def main(folder: Path) -> None:
    """Serves until stdin ends."""
    set_up_logs("error", "text")  # stdout is for answers
    async with AsyncExitStack() as stack:
        await _serve(folder, stack)


async def _serve(folder: Path, stack: AsyncExitStack) -> None:
    store = Store.open(StoreSettings(url=f"sqlite:///{folder}/desk.db", answer_within_s=5.0))
    board = LiveBoard()
    floor = Floor(board, store)
    board.show_more(lambda: {"gauges": []})  # this floor has no engine, and says so
    settings = HttpSettings(port=int(sys.argv[2]) if len(sys.argv) > 2 else 0)
    routes, program = await stack.enter_async_context(desk_control(board, store))
    key = b"for tests only, never served"
    app = create_app(board, store, floor, settings, session_key=key, more=[routes])
    phones = WebPushReceiver(contact="mailto:it@example.com", services=("127.0.0.1",))
    notify = NotifyPart(NotifySettings(receivers={"phones": phones}), store, {}, folder)
    app.include_router(notify_router(notify))
    attach(app, floor)
    server = HttpServer(app, settings)
    say({"port": await server.start()})
    tasks: set[asyncio.Task[Any]] = set()
    loop = asyncio.get_running_loop()
    while line := await loop.run_in_executor(None, sys.stdin.readline):
        order = json.loads(line)
        what, background = order.pop("do"), order.pop("background", False)
        if what == "clear":
            for task in tasks:
                task.cancel()
            tasks.clear()
            result: Any = floor.clear()
        elif what == "switch_trouble":
            program.trouble = Trouble(order["trouble"]) if order["trouble"] else None
            result = None
        elif what == "vitals":
            result = board.vitals_changed(Vitals(**order))
        elif background:
            tasks.add(asyncio.create_task(getattr(floor, what)(**order)))
            result = None
        else:
            result = getattr(floor, what)(**order)
            result = await result if asyncio.iscoroutine(result) else result
        say(result)
    for task in tasks:
        task.cancel()
    await server.stop()
    await store.close()


if __name__ == "__main__":
    asyncio.run(main(Path(sys.argv[1])))
