"""Tension steps as events."""

import pytest

from tests.tension.voices import Voice, block
from voicerisk.events import TensionWindow, TensionZone, Zone, decode_event, encode_event, event_type
from voicerisk.tension import CallFacts, Observation, TensionSettings, TensionTracker, tension_events

FACTS = CallFacts(call="c-81", started_at=1_732_226_400.25, customer="h:" + "9f" * 16, queue="billing", agent="a-7")


def events_of(observations: list[Observation]) -> list[bytes]:
    """The events of a call, as JSON."""
    tracker = TensionTracker(TensionSettings())
    return [
        encode_event(event)
        for observation in observations
        for event in tension_events(FACTS, ("anger", "neutral"), observation, tracker.step(observation))
    ]


def call() -> list[Observation]:
    """Calm, an outburst over the agent, then a long silence."""
    voice = Voice(4)
    spoken = [*voice.says(20.0, 0.15), *voice.says(10.0, 0.95, louder_db=9.0)]
    start = spoken[-1].index + 1
    over = [block(start, agent=1.0, speech=0.0), block(start + 1, agent=1.0, talk_over=0.9), block(start + 2)]
    return [*spoken, *over, *(block(start + 3 + n, speech=0.0) for n in range(60))]


def test_the_same_observations_give_the_same_bytes() -> None:
    """Played twice, the same call gives byte-identical events."""
    assert events_of(call()) == events_of(call())


def test_every_event_is_a_valid_one_of_the_vocabulary() -> None:
    """What the ear says can be read back by the very decoder that guards the API, and ids never repeat."""
    lines = events_of(call())
    events = [decode_event(line) for line in lines]
    assert [encode_event(event) for event in events] == lines
    assert {event_type(event) for event in events} == {"tension.window", "tension.zone", "talk.overlap", "talk.silence"}
    assert len({event.id for event in events}) == len(events)
    assert {(event.call, event.customer, event.queue, event.agent) for event in events} == {
        (FACTS.call, FACTS.customer, FACTS.queue, FACTS.agent)
    }


def test_events_are_dated_by_the_media_clock() -> None:
    """`at` is the start of the call plus the media second, whenever the audio arrived."""
    window = next(event for line in events_of(call()) if isinstance(event := decode_event(line), TensionWindow))
    assert window.id == "c-81:tension.window:1"
    assert (window.data.start_s, window.data.at_s) == (0.24, 0.48)
    assert window.at == pytest.approx(FACTS.started_at + 0.48)
    assert window.data.emotion.keys() == {"anger", "neutral"}


def test_a_crossing_comes_with_a_window_that_says_the_same() -> None:
    """The window before a zone event carries the new zone and the reasons, so that either is enough to act on."""
    events = [decode_event(line) for line in events_of(call())]
    crossings = [(events[n - 1], event) for n, event in enumerate(events) if isinstance(event, TensionZone)]
    assert [event.data.zone for _, event in crossings] == [Zone.AMBER, Zone.RED]
    for window, event in crossings:
        assert isinstance(window, TensionWindow)
        assert (window.data.zone, window.data.reasons, window.at) == (event.data.zone, event.data.reasons, event.at)
        assert event.data.reasons
