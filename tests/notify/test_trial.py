"""Tests of voicerisk.notify.trial."""

from collections.abc import Mapping
from pathlib import Path

import pytest

from tests.notify.http_receiver import HttpReceiver
from tests.notify.made import SECRET, SECRET_ENV, a_webhook, settings_for
from voicerisk.clock import now_s
from voicerisk.notify.settings import Receiver, WebPushReceiver
from voicerisk.notify.signature import verify
from voicerisk.notify.trial import TrialError, TrialResult, try_receiver
from voicerisk.store.settings import StoreSettings

ENVIRON: Mapping[str, str] = {SECRET_ENV: SECRET}


async def tried(folder: Path, name: str, receiver: Receiver, timeout_s: float = 5.0) -> list[TrialResult]:
    """What comes of a test message to a receiver that is called `r`."""
    settings = settings_for({"r": receiver}, timeout_s=timeout_s)
    return await try_receiver(name, settings, StoreSettings(url=f"sqlite:///{folder}/x.db"), ENVIRON, folder)


async def test_taken_is_said(tmp_path: Path, receiver: HttpReceiver) -> None:
    """A receiver that takes it is said to have taken it; what it got is signed, and says that it is a test."""
    webhook = a_webhook(receiver.url, format="cloudevents")
    assert await tried(tmp_path, "r", webhook) == [TrialResult(True, "r has taken the message")]
    (taken,) = receiver.taken
    verify(taken.headers, taken.body, SECRET, now_s())
    assert b'"type":"voicerisk.test"' in taken.body


@pytest.mark.parametrize(
    ("status", "said"), [(500, "The service would try again."), (422, "Trying again would not help.")]
)
async def test_not_taken_is_said_with_its_reason(
    tmp_path: Path, receiver: HttpReceiver, status: int, said: str
) -> None:
    """A refusal is said with its code and with what it means; it is tried once."""
    receiver.answers.append((status, {}, b""))
    (result,) = await tried(tmp_path, "r", a_webhook(receiver.url))
    assert not result.taken
    assert str(status) in result.text
    assert result.text.endswith(said)
    assert len(receiver.taken) == 1


async def test_no_answer_is_said(tmp_path: Path, receiver: HttpReceiver) -> None:
    """A receiver that does not answer is not waited for longer than one try may take."""
    receiver.let_go.clear()
    (result,) = await tried(tmp_path, "r", a_webhook(receiver.url), timeout_s=0.2)
    assert not result.taken
    assert "no answer" in result.text


async def test_nobody_to_send_to_is_said(tmp_path: Path) -> None:
    """An unknown name lists the known ones; Web Push without a phone says how to switch one on."""
    with pytest.raises(TrialError, match="Receivers here: r"):
        await tried(tmp_path, "x", a_webhook())
    with pytest.raises(TrialError, match="nobody has switched notifications on yet"):
        await tried(tmp_path, "r", WebPushReceiver(contact="mailto:it@example.com"))
