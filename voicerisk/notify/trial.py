"""One test message to one receiver, without the outbox and without a second try."""

import asyncio
from collections.abc import Mapping
from pathlib import Path
from typing import Final

import msgspec

from voicerisk import clock
from voicerisk.notify.assembly import NotifyPart
from voicerisk.notify.notice import TEST, Delivery, Notice
from voicerisk.notify.outcome import Delivered, GiveUp, Outcome, TryAgain
from voicerisk.notify.settings import NotifySettings
from voicerisk.risk.alerts import Alert
from voicerisk.risk.rules import Severity
from voicerisk.store import outbox
from voicerisk.store.settings import StoreSettings
from voicerisk.store.store import Store
from voicerisk.store.writer import StoreError

TITLE: Final = {"en": "voicerisk can reach you here", "he": "המערכת יכולה להגיע אליך כאן"}


class TrialError(Exception):
    """No message could be tried; the text says why."""


class TrialResult(msgspec.Struct, frozen=True):
    """What came of one message."""

    taken: bool
    text: str


async def try_receiver(
    name: str, settings: NotifySettings, store_settings: StoreSettings, environ: Mapping[str, str], data_dir: Path
) -> list[TrialResult]:
    """What came of a test message to this receiver: one result for each of its addresses (with Web Push, each browser).

    Raises:
        TrialError: There is no such receiver, nobody to send to, or the store that knows the browsers cannot be opened.
    """
    if name not in settings.receivers:
        known = ", ".join(settings.receivers) or "none; add [notify.receivers.NAME]"
        raise TrialError(f"there is no receiver {name!r}. Receivers here: {known}")
    try:
        store = await asyncio.to_thread(Store.open, store_settings)
        part = NotifyPart(settings, store, environ, data_dir)
    except (StoreError, OSError) as error:
        raise TrialError(str(error)) from None
    try:
        for phone in await store.read(outbox.subscriptions):
            part.phones.add(phone)
        sender = part.senders[name]
        notice = _notice(clock.now_s(), name)
        targets = sender.targets(notice)
        if not targets:
            raise TrialError(
                f"{name}: nobody has switched notifications on yet. Open the console on the phone and press "
                "'Notify this device'"
            )
        results = []
        for target in targets:
            delivery = Delivery(receiver=name, target=target, notice=notice)
            try:
                async with asyncio.timeout(settings.timeout_s):
                    outcome = await sender.send(delivery)
            except TimeoutError:
                outcome = TryAgain(f"no answer within {settings.timeout_s:g} s")
            results.append(_result(name, target, outcome))
        return results
    except StoreError as error:
        raise TrialError(str(error)) from None
    finally:
        await part.stop()
        await store.close()


def _notice(now_s: float, name: str) -> Notice:
    alert = Alert(
        id=f"test-{int(now_s)}",
        fingerprint="test",
        rule="test",
        title=TITLE,
        severity=Severity.INFO,
        owner="",
        opened_at_s=now_s,
        since_s=now_s,
    )
    return Notice(alert=alert, what=TEST, to=(name,), at_s=now_s)


def _result(name: str, target: str, outcome: Outcome) -> TrialResult:
    who = f"{name} ({target})" if target else name
    match outcome:
        case Delivered():
            return TrialResult(True, f"{who} has taken the message" + (f"; {outcome.note}" if outcome.note else ""))
        case TryAgain():
            return TrialResult(False, f"{who} has not taken the message: {outcome.why}. The service would try again.")
        case GiveUp():
            return TrialResult(False, f"{who} refuses the message: {outcome.why}. Trying again would not help.")
