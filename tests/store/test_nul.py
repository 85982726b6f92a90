"""Names with a NUL character in them, which JSON allows and PostgreSQL does not."""

from sqlalchemy.orm import Session

from voicerisk.store import history, journal
from voicerisk.store.audit import read_chain, verify, write_audit
from voicerisk.store.history import Mark, Verdict
from voicerisk.store.records import AuditEntry


def test_what_somebody_sends_with_a_nul_is_kept(session: Session) -> None:
    """An event, a mark and a refusal with a NUL are written like any other, and found again."""
    event = journal.Input(
        seq=1, id="e\0-1", type="call.queued", at_s=1.0, heard_at_s=1.0, payload="{}", call_id="c\0", queue="bill\0ing"
    )
    journal.write_inputs(session, [event])
    journal.write_inputs(session, [event])
    history.write_mark(session, Mark(at_s=1.0, person="Maya", verdict=Verdict.RIGHT, call_id="c\0", note="a\0b"))
    journal.write_dead_letter(session, journal.DeadLetter(at_s=1.0, source="crm", reason="no", payload="x\0"))
    session.flush()
    assert [one.seq for one in journal.read_events(session, call_id="c\0")] == [1]
    assert len(history.read_marks(session, call_id="c\0")) == 1
    assert len(journal.read_dead_letters(session)) == 1


def test_an_audit_line_with_a_nul_verifies(session: Session) -> None:
    """The chain is taken over what the database holds, so the line is whole when it is read back."""
    for n in range(2):
        write_audit(session, AuditEntry(at_s=1.0, person="Maya", action="listen.start", call_id=f"c\0{n}", detail="\0"))
    verdict = verify(read_chain(session))
    assert (verdict.n_lines, verdict.broken) == (2, None)
