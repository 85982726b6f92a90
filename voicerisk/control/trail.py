"""The lines that supervisors' actions leave in the audit log: before the switch is asked, and for what came of it."""

import structlog

from voicerisk import clock
from voicerisk.control import metrics
from voicerisk.control.problems import SwitchError
from voicerisk.control.session import Session
from voicerisk.store.records import AuditEntry
from voicerisk.store.store import Store

_log = structlog.get_logger(__name__)


class Trail:
    """Writes them. No line holds a telephone number: of the supervisor's phone only the person's name is kept."""

    def __init__(self, store: Store) -> None:
        self._store = store

    async def asked(self, session: Session, action: str, *, must: bool = True) -> None:
        """Returns once it is on the disk that the person asks for `action`.

        Raises `StoreError` where it cannot be logged, unless it need not be (`must` is False): then it is tried again.
        """
        entry = _entry(session, action, "asked", session.gateway)
        await (self._store.audit(entry) if must else self._store.audit_soon(entry))

    async def outcome(
        self, session: Session, action: str, error: SwitchError | None, took_s: float, words: str = ""
    ) -> None:
        """Counts and writes what came of it: "ok", or the problem."""
        result = "ok" if error is None else error.problem.value
        metrics.actions.labels(session.gateway, action, result).inc()
        metrics.action_seconds.observe(took_s)
        _log.info("control", action=action, call=session.call_id, gateway=session.gateway, result=result)
        said = words if error is None else error.words
        detail = f"{session.gateway}: {said}" if said else session.gateway
        await self._store.audit_soon(_entry(session, action, result, detail))

    async def ended(self, session: Session, words: str) -> None:
        """The supervisor's leg has ended without having been asked to."""
        await self._store.audit_soon(_entry(session, "ended", "ok", words))


def _entry(session: Session, action: str, result: str, detail: str) -> AuditEntry:
    return AuditEntry(
        at_s=clock.now_s(),
        person=session.person,
        action=f"control.{action}",
        call_id=session.call_id,
        alert_id=session.alert_id,
        result=result,
        detail=detail,
    )
