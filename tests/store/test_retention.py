import msgspec
import pytest
from sqlalchemy.orm import Session

from tests.store.made import an_alert
from voicerisk.events import Zone
from voicerisk.risk.alerts import NotifyReason, resolved
from voicerisk.store import history, journal, queries, retention
from voicerisk.store.audit import read_audit
from voicerisk.store.records import CallRecord
from voicerisk.store.retention import RetentionSettings, purge

_NOW = 1_700_000_000.0
_DAY = 86_400.0


def test_each_class_goes_at_its_own_age(session: Session) -> None:
    """What is older than its class allows goes, with what hangs on it; what is younger stays; the audit log says so."""
    for days in (10, 100):
        at_s = _NOW - days * _DAY
        queries.write_call(session, CallRecord(id=f"c-{days}", gateway="l16", started_at_s=at_s))
        queries.write_curve(session, f"c-{days}", 0, b"abc")
        made = journal.Input(seq=days, id=f"e-{days}", type="call.queued", at_s=at_s, heard_at_s=at_s, payload="{}")
        journal.write_inputs(session, [made])
        sample = history.Sample(gauge="wait_s", key="billing", at_s=at_s, value=1.0, zone=Zone.GREEN)
        history.write_readings(session, [sample])
    assert purge(session, RetentionSettings(), _NOW) == {"calls": 1, "events": 1, "readings": 1}
    assert queries.read_call(session, "c-100") is None
    assert queries.read_curve(session, "c-100") == []
    assert queries.read_call(session, "c-10") is not None
    assert [one.seq for one in journal.read_inputs(session, 0)] == [10]
    [line] = read_audit(session, 10)
    assert (line.action, line.detail) == ("purge", "calls 1, events 1, readings 1")
    assert purge(session, RetentionSettings(), _NOW) == {}
    assert len(read_audit(session, 10)) == 1


def test_an_open_alert_never_goes(session: Session) -> None:
    """However old, an alert that nobody closed stays; once it is closed it goes, with its history."""
    alert = an_alert("c-1", _NOW - 1000 * _DAY)
    queries.write_alert(session, alert)
    assert purge(session, RetentionSettings(), _NOW) == {}
    queries.write_alert(session, resolved(alert, NotifyReason.RESOLVED_BY_PERSON, _NOW, person="Maya"))
    assert purge(session, RetentionSettings(), _NOW) == {"alerts": 1}
    assert queries.read_alert(session, alert.id) is None


def test_much_goes_in_small_parts(session: Session, monkeypatch: pytest.MonkeyPatch) -> None:
    """A purge takes a bounded part at a time, so that live writes are not held up, and in the end takes all."""
    monkeypatch.setattr(retention, "BATCH", 3)
    for n in range(7):
        journal.write_dead_letter(session, journal.DeadLetter(at_s=float(n), source="crm", reason="", payload=""))
    parts = []
    while gone := purge(session, msgspec.structs.replace(RetentionSettings(), dead_letters_days=1.0), _NOW):
        parts.append(gone["dead_letters"])
    assert parts == [3, 3, 1]
