"""Notifications and SIGKILL: a process of its own, killed where it hurts, and another that goes on."""

import asyncio
import os
import signal
import sys
import textwrap
from pathlib import Path

import msgspec
import pytest

from tests.eventually import eventually
from tests.notify.http_receiver import HttpReceiver
from tests.notify.made import SECRET
from voicerisk.clock import now_s
from voicerisk.notify.signature import verify

LONG_S = 60.0

_CHILD = textwrap.dedent("""
    import asyncio, sys
    from pathlib import Path
    from tests.notify.made import SECRET, SECRET_ENV, a_webhook, settings_for
    from tests.store.made import an_alert
    from voicerisk.clock import now_s
    from voicerisk.notify.assembly import NotifyPart
    from voicerisk.risk.actions import AlertOpened, Notify
    from voicerisk.risk.alerts import NotifyReason
    from voicerisk.store.settings import StoreSettings
    from voicerisk.store.store import Store

    def opened_and_told(alert):
        what, to = NotifyReason.OPENED, (alert.owner,)
        told = Notify(alert=alert, what=what, to=to, level=0, at_s=alert.opened_at_s)
        return [AlertOpened(alert=alert, what=what), told]

    async def main(folder, url, call):
        store = Store.open(StoreSettings(url=f"sqlite:///{folder}/x.db", answer_within_s=5.0))
        part = NotifyPart(settings_for({"crm": a_webhook(url)}), store, {SECRET_ENV: SECRET}, Path(folder))
        await part.start(await store.open_alerts())
        if call:
            alert = an_alert(call, now_s())
            saving = asyncio.create_task(store.save_alert(alert))
            for action in opened_and_told(alert):
                part.notifications.act(action)
            await saving
            print("shown", flush=True)
        await asyncio.sleep(600)

    asyncio.run(main(*sys.argv[1:]))
""")


async def start(folder: Path, url: str, call: str = "") -> asyncio.subprocess.Process:
    """A process that notifies; with a call, an alert of it opens at once."""
    environ = {**os.environ, "NO_PROXY": "127.0.0.1"}
    command = (sys.executable, "-c", _CHILD, str(folder), url, call)
    return await asyncio.create_subprocess_exec(*command, stdout=asyncio.subprocess.PIPE, env=environ)


async def kill(process: asyncio.subprocess.Process) -> None:
    """Kills it in the very next instruction, wherever that is."""
    process.send_signal(signal.SIGKILL)
    assert await asyncio.wait_for(process.wait(), LONG_S) == -signal.SIGKILL


def keys_in(receiver: HttpReceiver) -> set[str]:
    """The idempotency keys that came, each with a right signature."""
    return {verify(taken.headers, taken.body, SECRET, now_s()) for taken in receiver.taken}


@pytest.mark.parametrize("moment", ["shown", "trying"])
async def test_killed_between_alert_and_delivery(tmp_path: Path, receiver: HttpReceiver, moment: str) -> None:
    """An alert that was shown, or that is being told, when the process is killed is told by the next, as the same.

    Killed just after it was shown, or while the receiver has the message in hand and has not yet answered.
    """
    receiver.let_go.clear()
    first = await start(tmp_path, receiver.url, "c-1")
    assert first.stdout is not None
    try:
        await asyncio.wait_for(first.stdout.readline(), LONG_S)
        if moment == "trying":
            await eventually(lambda: receiver.taken, LONG_S)
    finally:
        await kill(first)
    before = keys_in(receiver)
    receiver.let_go.set()
    n_before = len(receiver.taken)
    second = await start(tmp_path, receiver.url)
    try:
        await eventually(lambda: len(receiver.taken) > n_before, LONG_S)
        (key,) = keys_in(receiver)
        assert before in (set(), {key})
        assert msgspec.json.decode(receiver.taken[-1].body)["data"]["call"] == "c-1"
    finally:
        await kill(second)
