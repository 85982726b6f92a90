"""The law of the level: what the model hears, held against this caller's own usual. Pure maths, in log-odds.

    level = probability( tone + own + min(voice_max, trust * (loudness + pitch) + talk_over) )

    tone       log-odds of the model's tension (pooled over the last 3 s of speech)
    own        own_share * trust * (ordinary caller's usual - this caller's usual), at most own_max either way:
               a voice that always sounds tense is forgiven a part of it, a calm one is taken at its word
    loudness   per dB above the caller's own level, beyond what is ordinary talk; likewise pitch, per semitone
    trust      learned / (learned + usual_weight_s): the own usual counts as far as it is known
    talk_over  per time of coming in over the agent in the last 30 s, after the first

With a given past the level never falls when tension, loudness, pitch or talk-over rises. Loudness, pitch and talk-over
together add at most `voice_max`, so that a calm tone stays out of red however loud the line.
"""

import msgspec

from voicerisk.tension.baseline import Usual, log_odds
from voicerisk.tension.settings import TensionSettings


class Present(msgspec.Struct, frozen=True, kw_only=True):
    """What is heard now: the model's tension 0..1, loudness dBFS and pitch (None: no voice), times of talk-over."""

    tension: float
    level_db: float | None = None
    pitch_st: float | None = None
    talk_overs: int = 0


class Weighed(msgspec.Struct, frozen=True, kw_only=True):
    """What each part adds, in log-odds; `total` is their sum within `voice_max`."""

    tone: float
    own: float
    loudness: float
    pitch: float
    talk_over: float
    total: float


def weigh(settings: TensionSettings, present: Present, usual: Usual) -> Weighed:
    """How tense the caller is now, and what makes it so."""
    tone = log_odds(present.tension)
    ordinary = log_odds(settings.usual_tension)
    weight = usual.learned_s + settings.usual_weight_s
    trust = usual.learned_s / weight if weight > 0.0 else 0.0
    apart = 0.0 if usual.tension_log_odds is None else trust * (ordinary - usual.tension_log_odds)
    own = min(max(settings.own_share * apart, -settings.own_max), settings.own_max)
    loudness = trust * settings.loudness_per_db * _above(present.level_db, usual.level_db, settings.loudness_free_db)
    pitch = trust * settings.pitch_per_st * _above(present.pitch_st, usual.pitch_st, settings.pitch_free_st)
    talk_over = settings.talk_over_per_time * max(0, present.talk_overs - 1)
    total = tone + own + min(settings.voice_max, loudness + pitch + talk_over)
    return Weighed(tone=tone, own=own, loudness=loudness, pitch=pitch, talk_over=talk_over, total=total)


def _above(now: float | None, usual: float | None, free: float) -> float:
    return 0.0 if now is None or usual is None else max(0.0, now - usual - free)
