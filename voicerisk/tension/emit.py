"""Tension steps as events of the vocabulary. The same audio gives the same events, byte for byte."""

from typing import Any

import msgspec

from voicerisk.events import (
    Crossing,
    Event,
    Overlap,
    Silence,
    TalkOverlap,
    TalkSilence,
    TensionWindow,
    TensionZone,
    Window,
    event_id,
)
from voicerisk.scoring.contract import CHUNK_S
from voicerisk.tension.tracker import Observation, TensionStep


class CallFacts(msgspec.Struct, frozen=True, kw_only=True):
    """Whose call it is. `started_at` (epoch seconds) is where media second 0 lies; `customer` is the keyed hash."""

    call: str
    started_at: float
    customer: str | None = None
    queue: str | None = None
    agent: str | None = None


def tension_events(
    facts: CallFacts, emotions: tuple[str, ...], observation: Observation, step: TensionStep
) -> list[Event]:
    """The events of one block, in the order in which they are to be handled; mostly none or one window.

    `emotions` are the labels of the model's posteriors, in their order.
    """
    events: list[Event] = []
    if step.talk.overlap:
        start, end, by = step.talk.overlap
        overlap = Overlap(start_s=_seconds(start), at_s=_seconds(end), by=by)
        events.append(TalkOverlap(**event_fields(facts, "talk.overlap", step.index, step.at_s), data=overlap))
    if step.talk.silence:
        start, end = step.talk.silence
        silence = Silence(start_s=_seconds(start), at_s=_seconds(end))
        events.append(TalkSilence(**event_fields(facts, "talk.silence", step.index, step.at_s), data=silence))
    if step.due:
        window = _window(emotions, observation, step)
        events.append(TensionWindow(**event_fields(facts, "tension.window", step.index, step.at_s), data=window))
    if step.crossed:
        crossing = Crossing(
            at_s=step.at_s, level=step.level, zone=step.zone, previous=step.previous, reasons=step.reasons
        )
        events.append(TensionZone(**event_fields(facts, "tension.zone", step.index, step.at_s), data=crossing))
    return events


def _window(emotions: tuple[str, ...], observation: Observation, step: TensionStep) -> Window:
    score = observation.score
    heard = score.window if score is not None and score.window is not None and score.window.speech_s > 0.0 else None
    return Window(
        start_s=step.start_s,
        at_s=step.at_s,
        level=step.level,
        zone=step.zone,
        evidence=step.evidence,
        evidence_s=step.evidence_s,
        speech=score.speech if score is not None else 0.0,
        quality=step.quality,
        tension=heard.tension if heard else None,
        stress=heard.stress if heard else None,
        arousal=heard.arousal if heard else None,
        valence=heard.valence if heard else None,
        emotion=dict(zip(emotions, heard.emotion, strict=True)) if heard else {},
        reasons=step.reasons,
    )


def event_fields(facts: CallFacts, type_: str, index: int, at_s: float) -> dict[str, Any]:
    """What every event of a call carries; `index` is its block and makes the id, `at_s` its media second."""
    return {
        "id": event_id(facts.call, type_, index),
        "at": round(facts.started_at + at_s, 3),
        "call": facts.call,
        "customer": facts.customer,
        "queue": facts.queue,
        "agent": facts.agent,
    }


def _seconds(blocks: int) -> float:
    return round(blocks * CHUNK_S, 2)
