"""What goes into the store and comes out of it, apart from the alerts themselves."""

from collections.abc import Mapping, Sequence

import msgspec

from voicerisk.events import Role


class CallRecord(msgspec.Struct, frozen=True, kw_only=True):
    """One line of the call index. `labels` must already be free of numbers that name a person."""

    id: str
    gateway: str
    started_at_s: float
    ended_at_s: float | None = None
    roles: Sequence[Role] = ()
    queue: str | None = None
    max_tension: float | None = None
    labels: Mapping[str, str] = {}


class AuditEntry(msgspec.Struct, frozen=True, kw_only=True):
    """One line of the audit log: `person` did `action` at `at_s`, to which call or alert, and what came of it."""

    at_s: float
    person: str
    action: str
    call_id: str | None = None
    alert_id: str | None = None
    result: str = "ok"
    detail: str = ""
