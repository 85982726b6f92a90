import re

import msgspec
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy.orm import Session

from voicerisk.store import journal
from voicerisk.store.journal import DeadLetter, Input, Snapshot


def _input(seq: int, **changes: object) -> Input:
    made = Input(seq=seq, id=f"e-{seq}", type="call.queued", at_s=100.0 - seq, heard_at_s=1000.0 + seq, payload="{}")
    return msgspec.structs.replace(made, **changes)


def test_inputs_come_back_in_the_order_they_were_heard(session: Session) -> None:
    """Inputs are read by number, whatever time they happened at, from any number on."""
    journal.write_inputs(session, [_input(n) for n in (2, 1, 3)])
    assert [one.seq for one in journal.read_inputs(session, 0)] == [1, 2, 3]
    assert journal.read_inputs(session, 1, limit=1) == [_input(2)]
    assert journal.last_seq(session) == 3


def test_an_input_told_twice_is_kept_once(session: Session) -> None:
    """The same id again, in the same group or later, neither fails nor overwrites."""
    journal.write_inputs(session, [_input(1), _input(2, id="e-1")])
    journal.write_inputs(session, [_input(3, id="e-1", payload="other"), _input(4)])
    assert [(one.seq, one.payload) for one in journal.read_inputs(session, 0)] == [(1, "{}"), (4, "{}")]


def test_events_by_what_they_are_about(session: Session) -> None:
    """Events are found by time, type, call and customer, the oldest happening first."""
    rows = [
        _input(1, call_id="c-1", customer="h:a"),
        _input(2, call_id="c-2", type="call.started", customer="h:a"),
        _input(3),
    ]
    journal.write_inputs(session, rows)
    assert [one.seq for one in journal.read_events(session)] == [3, 2, 1]
    assert [one.seq for one in journal.read_events(session, customer="h:a")] == [2, 1]
    assert [one.seq for one in journal.read_events(session, types=["call.started"])] == [2]
    assert [one.seq for one in journal.read_events(session, from_s=97.5, to_s=99.0)] == [2]


def test_where_a_replay_of_a_time_begins(session: Session) -> None:
    """The number before the first input heard since then; the last number where nothing was heard since."""
    assert journal.first_seq_since(session, 0.0) == 0
    journal.write_inputs(session, [_input(n) for n in (1, 2, 3)])
    assert journal.first_seq_since(session, 1002.0) == 1
    assert journal.first_seq_since(session, 2000.0) == 3


def test_only_the_last_snapshots_are_kept(session: Session) -> None:
    """Of many snapshots two remain, and only those made with the asked configuration are given."""
    for n in range(1, 5):
        journal.write_snapshot(session, Snapshot(seq=n, at_s=float(n), rules="a" if n < 4 else "b", state=bytes([n])))
    assert [one.seq for one in journal.read_snapshots(session, "a")] == [3]
    assert [one.state for one in journal.read_snapshots(session, "b")] == [b"\x04"]


def test_refusals_are_kept_without_numbers(session: Session) -> None:
    """A dead letter keeps who, why and what, but nothing that could be a telephone number, and nothing endless."""
    payload = '{"customer": "+972 50-123-4567"}' + "x" * 9000
    journal.write_dead_letter(session, DeadLetter(at_s=1.0, source="crm", reason="no such type", payload=payload))
    [letter] = journal.read_dead_letters(session)
    assert (letter.source, letter.reason) == ("crm", "no such type")
    assert letter.payload.startswith('{"customer": "#"}')
    assert len(letter.payload) == journal.MAX_LETTER_CHARS


@given(st.text("0123456789+-() ", min_size=7, max_size=30))
def test_no_seven_digits_survive_the_mask(text: str) -> None:
    """However a number is written, fewer than seven of its digits in a row are left."""
    left = journal.masked(text)
    assert not re.search(r"\d(?:[ ().-]?\d){6}", left)
