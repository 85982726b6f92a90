"""From the model's scores of one caller to a tension level, a zone, and reasons in plain words."""

from voicerisk.tension.emit import CallFacts, event_fields, tension_events
from voicerisk.tension.settings import TensionSettings, tension_problems, with_suggestion
from voicerisk.tension.tracker import Observation, TensionStep, TensionTracker

__all__ = [
    "CallFacts",
    "Observation",
    "TensionSettings",
    "TensionStep",
    "TensionTracker",
    "event_fields",
    "tension_events",
    "tension_problems",
    "with_suggestion",
]
