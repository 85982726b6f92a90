"""What is to be said, to whom, and the key by which a repetition of it is known. Pure."""

from hashlib import blake2b
from typing import Final

import msgspec

from voicerisk.risk.alerts import Alert

TEST: Final = "test"
"""What `voicerisk notify-test` sends: it has happened to no alert."""


class Notice(msgspec.Struct, frozen=True, kw_only=True):
    """One thing that happened to an alert, as everyone it concerns is told of it.

    `what` is the named reason of the alert's history, `to` the role or person it is meant for ("" for nobody in
    particular), `at_s` when it happened (epoch seconds).
    """

    alert: Alert
    what: str
    to: str
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
        parts = (notice.alert.id, notice.what, notice.to, f"{notice.at_s:.3f}", self.receiver, self.target)
        return "nt-" + blake2b("\x1f".join(parts).encode(), digest_size=12).hexdigest()


def notice_of(alert: Alert, what: str, to: str) -> Notice:
    """The notice of the alert's latest step."""
    at_s = alert.history[-1].at_s if alert.history else alert.since_s
    return Notice(alert=alert, what=what, to=to, at_s=at_s)
