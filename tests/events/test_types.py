"""The 24 event types."""

from typing import get_args

from voicerisk.events import CallOffhours, Event, FeedbackReceived, TalkOverlap, decode_event

VOCABULARY = """
call.started call.queued call.answered call.held call.resumed call.transferred call.redirected call.ended
call.abandoned call.note_written call.reason call.offhours tension.window tension.zone talk.overlap talk.silence
promise.made promise.kept incident.opened incident.contact incident.closed feedback.received crm.event agents.ready
"""


def test_the_vocabulary_is_complete() -> None:
    """Exactly the 24 types of the requirements exist."""
    assert sorted(str(kind.__struct_config__.tag) for kind in get_args(Event)) == sorted(VOCABULARY.split())
    assert len(get_args(Event)) == 24


def test_class_names_follow_the_types() -> None:
    """`call.note_written` is `CallNoteWritten`, and so for all."""
    for kind in get_args(Event):
        words = str(kind.__struct_config__.tag).replace(".", "_").split("_")
        assert kind.__name__ == "".join(word.capitalize() for word in words)


def test_only_events_of_a_call_need_one() -> None:
    """Calls, tension and talk name their call; feedback, promises and the floor need not."""
    needs = {
        str(kind.__struct_config__.tag)
        for kind in get_args(Event)
        if "call"
        not in {
            f for f, d in zip(kind.__struct_fields__[::-1], kind.__struct_defaults__[::-1], strict=False) if d is None
        }
    }
    assert needs == {t for t in VOCABULARY.split() if t.split(".")[0] in ("call", "tension", "talk")} - {
        "call.offhours"
    }


def test_examples_are_typed() -> None:
    """The type decides the class and the type of its data."""
    off = decode_event('{"type": "call.offhours", "id": "1", "at": 5}')
    assert isinstance(off, CallOffhours)
    feedback = decode_event({"type": "feedback.received", "id": "1", "at": 5, "data": {"score": 2}})
    assert isinstance(feedback, FeedbackReceived)
    assert (feedback.data.score, feedback.data.best) == (2.0, 5.0)
    overlap = {"start_s": 1.2, "at_s": 1.68, "by": "customer"}
    assert isinstance(
        decode_event({"type": "talk.overlap", "id": "1", "at": 5, "call": "c", "data": overlap}), TalkOverlap
    )
