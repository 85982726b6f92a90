"""Why the level is where it is: numbers against this caller's own usual, in plain words."""

from typing import Final

from voicerisk.events import Reason
from voicerisk.tension.baseline import Usual
from voicerisk.tension.law import Present, Weighed
from voicerisk.tension.settings import TensionSettings

_WORTH_SAYING: Final = 0.1
"""Log-odds that a cause must add to be named; less moves the level by under 3 in 100."""

MIXED_CHANNEL: Final = Reason(
    code="mixed_channel",
    value=1.0,
    text="one channel for caller and agent: this is whoever is heard on it",
)
"""Stands with every judgement of a channel on which the agent is heard too."""


def reasons_of(settings: TensionSettings, present: Present, usual: Usual, weighed: Weighed) -> tuple[Reason, ...]:
    """The causes in the order of their weight; the model's own word is always among them."""
    causes = [(weighed.tone + weighed.own, _tone(present.tension, usual.tension if usual.solid else None))]
    if weighed.loudness >= _WORTH_SAYING and present.level_db is not None and usual.level_db is not None:
        causes.append((weighed.loudness, _loudness(present.level_db, usual.level_db)))
    if weighed.pitch >= _WORTH_SAYING and present.pitch_st is not None and usual.pitch_st is not None:
        causes.append((weighed.pitch, _pitch(present.pitch_st, usual.pitch_st)))
    if weighed.talk_over >= _WORTH_SAYING:
        causes.append((weighed.talk_over, _talk_over(present.talk_overs, settings.talk_over_window_s)))
    return tuple(reason for _, reason in sorted(causes, key=lambda cause: -cause[0]))


def _tone(tension: float, usual: float | None) -> Reason:
    compared = "this caller's usual is not known yet" if usual is None else f"usual for this caller {usual:.2f}"
    return Reason(
        code="tone",
        value=tension,
        baseline=usual,
        unit="probability",
        text=f"tone model: tension {tension:.2f} ({compared})",
    )


def _loudness(now_db: float, usual_db: float) -> Reason:
    return Reason(
        code="loudness",
        value=round(now_db, 1),
        baseline=usual_db,
        unit="dBFS",
        text=f"voice {now_db - usual_db:.0f} dB louder than this caller's own level",
    )


def _pitch(now_st: float, usual_st: float) -> Reason:
    return Reason(
        code="pitch",
        value=round(now_st, 2),
        baseline=usual_st,
        unit="semitones above 55 Hz",
        text=f"pitch up {now_st - usual_st:.1f} semitones on this caller's own",
    )


def _talk_over(times: int, window_s: float) -> Reason:
    return Reason(
        code="talk_over",
        value=float(times),
        unit=f"times in {window_s:g} s",
        text=f"talked over the agent {times} times in the last {window_s:g} s",
    )
