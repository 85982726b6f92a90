"""Silences as a book of their own."""

import msgspec
import pytest

from tests.risk.test_alerts import fresh
from voicerisk.risk.silences import MAX_SILENCES, Matcher, Silence, SilenceError, Silences, labels_of

BILLING = (Matcher(label="queue", values=("billing",)),)


def test_a_matcher_holds_a_label_against_values() -> None:
    """One of them, or negated none; a label that is not there is empty text."""
    one = Matcher(label="queue", values=("billing", "tech"))
    assert one.matches({"queue": "tech"})
    assert not one.matches({"queue": "sales"})
    assert not one.matches({})
    none = msgspec.structs.replace(one, negated=True)
    assert none.matches({"queue": "sales"})
    assert none.matches({})
    assert not none.matches({"queue": "tech"})


def test_what_can_be_matched_is_what_is_known_of_an_alert() -> None:
    """Its rule, severity, owner, gauge and place, and the labels of its call."""
    alert = msgspec.structs.replace(fresh(), queue="billing", labels={"vip": "yes"})
    known = labels_of(alert)
    assert known.keys() == {"rule", "severity", "owner", "gauge", "call", "queue", "vip"}
    assert (known["severity"], known["call"], known["vip"]) == ("critical", "c-1", "yes")


def test_silences_begin_end_and_run_out() -> None:
    """In force from when it was made to just before its end; then it is given back once."""
    silences = Silences()
    made = silences.make(BILLING, 200.0, "dana", "a drill", 100.0)
    assert silences.hushing({"queue": "billing"}, 199.9) == made.id
    assert silences.hushing({"queue": "billing"}, 200.0) is None
    assert silences.hushing({"queue": "tech"}, 150.0) is None
    assert (silences.next_due_s(), silences.expire(199.9)) == (200.0, [])
    assert silences.expire(200.0) == [made]
    assert (silences.all(), silences.next_due_s()) == ((), None)


def test_who_ends_a_silence_is_kept() -> None:
    """The one given back says who and when."""
    silences = Silences()
    made = silences.make(BILLING, 200.0, "dana", "a drill", 100.0)
    ended = silences.end(made.id, "yoav", 150.0)
    assert (ended.person, ended.ended_by, ended.until_s) == ("dana", "yoav", 150.0)


def test_there_is_an_end_to_silences() -> None:
    """Nobody can fill the memory with them, and one that matches everything is refused."""
    silences = Silences()
    for n in range(MAX_SILENCES):
        silences.make(BILLING, 200.0 + n, "dana", "x", 100.0)
    with pytest.raises(SilenceError, match="end one first"):
        silences.make(BILLING, 900.0, "dana", "x", 100.0)
    with pytest.raises(SilenceError, match="needs something to match"):
        Silences().make((), 900.0, "dana", "x", 100.0)


def test_a_silence_survives_being_written_down() -> None:
    """To JSON and back it is the same, and so is the book."""
    silences = Silences()
    made = silences.make(BILLING, 200.0, "dana", "a drill", 100.0)
    assert msgspec.json.decode(msgspec.json.encode(made), type=Silence) == made
    restored = Silences()
    restored.restore(silences.all())
    assert restored.all() == silences.all()
