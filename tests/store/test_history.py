import msgspec
from sqlalchemy.orm import Session

from voicerisk.events import Zone
from voicerisk.store import history
from voicerisk.store.history import Crossed, ItemRecord, Mark, RunRecord, Sample, Verdict


def _crossed(at_s: float, gauge: str = "wait_s", key: str = "billing") -> Crossed:
    return Crossed(gauge=gauge, key=key, previous=Zone.AMBER, zone=Zone.RED, value=31.0, at_s=at_s, queue="billing")


def test_crossings_by_time_and_needle(session: Session) -> None:
    """Crossings come back equal, the oldest first, of one needle or of all."""
    rows = [_crossed(3.0), _crossed(1.0), _crossed(2.0, gauge="load"), _crossed(2.5, key="tech")]
    history.write_crossings(session, rows)
    assert [one.at_s for one in history.read_crossings(session, 0.0, 10.0)] == [1.0, 2.0, 2.5, 3.0]
    assert history.read_crossings(session, 1.5, 10.0, "wait_s", "billing") == [_crossed(3.0)]


def test_readings_replace_themselves(session: Session) -> None:
    """A needle has one reading at a time; the later word stands."""
    first = Sample(gauge="wait_s", key="billing", at_s=60.0, value=12.0, zone=Zone.GREEN)
    history.write_readings(session, [first, msgspec.structs.replace(first, at_s=120.0)])
    history.write_readings(session, [msgspec.structs.replace(first, value=15.0)])
    read = history.read_readings(session, "wait_s", "billing", 0.0, 1000.0)
    assert [(one.at_s, one.value) for one in read] == [(60.0, 15.0), (120.0, 12.0)]


def test_runs_of_an_alert(session: Session) -> None:
    """A run is kept as it stands now, and found by its alert."""
    run = RunRecord(id="r-1", procedure="barge_in", state="running", started_at_s=5.0, payload="{}", alert_id="al-1")
    history.write_run(session, run)
    history.write_run(session, msgspec.structs.replace(run, state="done"))
    history.write_run(session, msgspec.structs.replace(run, id="r-2", alert_id=None, started_at_s=6.0))
    assert [one.state for one in history.read_runs(session, alert_id="al-1")] == ["done"]
    assert [one.id for one in history.read_runs(session)] == ["r-2", "r-1"]


def test_open_items_of_a_customer(session: Session) -> None:
    """What is closed is no longer open, what is another kind or another's is left out."""
    item = ItemRecord(id="t-1", kind="task", state="open", owner="Maya", opened_at_s=1.0, payload="{}", customer="h:a")
    rows = [
        item,
        msgspec.structs.replace(item, id="t-2", state="closed", closed_at_s=9.0),
        msgspec.structs.replace(item, id="p-1", kind="promise", opened_at_s=2.0),
        msgspec.structs.replace(item, id="t-3", customer="h:b"),
    ]
    for row in rows:
        history.write_item(session, row)
    assert [one.id for one in history.read_items(session, customer="h:a", open_only=True)] == ["p-1", "t-1"]
    assert {one.id for one in history.read_items(session, ["task"])} == {"t-1", "t-2", "t-3"}


def test_marks_stay(session: Session) -> None:
    """A second thought is one more line, not a change of the first."""
    mark = Mark(at_s=1.0, person="Noa", verdict=Verdict.WRONG, call_id="c-1", alert_id="al-1", topic="billing letters")
    history.write_mark(session, mark)
    history.write_mark(session, msgspec.structs.replace(mark, at_s=2.0, verdict=Verdict.RIGHT))
    assert [one.verdict for one in history.read_marks(session, call_id="c-1")] == [Verdict.WRONG, Verdict.RIGHT]
    assert history.read_marks(session, 1.5) == [msgspec.structs.replace(mark, at_s=2.0, verdict=Verdict.RIGHT)]
