"""What is to be said, to whom, and the key by which a repetition of it is known. Pure."""

from hashlib import blake2b
from typing import Final

import msgspec

from voicerisk.risk.alerts import Alert

TEST: Final = "test"
"""What `voicerisk notify-test` sends: it has happened to no alert."""


class Notice(msgspec.Struct, frozen=True, kw_only=True):
    """One thing that happened to an alert, as everyone it concerns is told of it.

    `what` is the named reason of the alert's history, `to` the roles, persons or receivers that it is meant for (none:
    it rings for nobody and is told to who follows), `at_s` when it happened (epoch seconds).
    """

    alert: Alert
    what: str
    to: tuple[str, ...]
    at_s: float


class Delivery(msgspec.Struct, frozen=True, kw_only=True):
    """A notice on its way to one receiver. `target` is one of the receiver's several addresses, "" where it has one."""

    receiver: str
    notice: Notice
    target: str = ""

    @property
    def key(self) -> str:
        """The idempotency key: the same for the same happening and receiver, also after a crash or a restart."""
        notice = self.notice
        parts = (notice.alert.id, notice.what, *notice.to, f"{notice.at_s:.3f}", self.receiver, self.target)
        return "nt-" + blake2b("\x1f".join(parts).encode(), digest_size=12).hexdigest()


def latest_of(alert: Alert) -> Notice:
    """The notice of the alert's latest step, for those who follow it."""
    step = alert.history[-1] if alert.history else None
    if step is None:
        return Notice(alert=alert, what=str(alert.state), to=(), at_s=alert.since_s)
    return Notice(alert=alert, what=str(step.what), to=(), at_s=step.at_s)


def last_call(alert: Alert) -> Notice | None:
    """The notice of the last time that somebody was to be told of the alert; None where nobody ever was.

    A step that names nobody is for the alert's owner.
    """
    told = [step for step in alert.history if step.notify]
    if not told:
        return None
    return Notice(alert=alert, what=str(told[-1].what), to=told[-1].to or (alert.owner,), at_s=told[-1].at_s)
