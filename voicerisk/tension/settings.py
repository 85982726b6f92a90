"""The knobs of the tension level. Few on purpose: `voicerisk tune` searches them."""

import msgspec

from voicerisk.settings import Problem
from voicerisk.tension.baseline import log_odds, probability
from voicerisk.zones import Boundary, Zones, zone_problems

DEFAULT_ZONES = Zones(
    amber=Boundary(enter=0.55, leave=0.45, hold_s=1.92, leave_hold_s=2.88),
    red=Boundary(enter=0.65, leave=0.5, hold_s=2.4, leave_hold_s=3.6),
)
"""For calibrated, hence cautious, probabilities. Provisional: `voicerisk tune` finds what a site needs."""


class TensionSettings(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """How tension is judged. Seconds are media seconds, weights are log-odds (0.7 doubles the odds).

    Attributes:
        zones: Where amber and red begin and end on the level, 0..1; holds in seconds of judged speech. Absent: what the
            model's folder suggests, or else what ships.
        window_s: Speech over which present loudness and pitch are taken (median), like the model's own window.
        min_speech_s: Speech that the model's window must hold before the caller is judged at all.
        smoothing_s: Time constant that the log-odds are smoothed with, in judged speech; 0 = not at all.
        usual_tension: The model's tension of an ordinary calm caller: what a caller is held against at first.
        usual_weight_s: Seconds of the caller's own calm speech that count as much as `usual_tension` does.
        learn_first_s: The caller's first speech is learned as his own usual, calm or not; after that only calm speech.
        own_share: How much of the difference between this caller's usual and `usual_tension` is forgiven, 0..1.
        own_max: The most that this moves the level either way, log-odds: who is furious from the start is not excused.
        loudness_per_db: What each dB above the caller's own level adds, beyond `loudness_free_db`.
        loudness_free_db: Louder by this much is ordinary talk.
        pitch_per_st: What each semitone above the caller's own pitch adds, beyond `pitch_free_st`.
        pitch_free_st: Higher by this much is ordinary talk.
        talk_over_per_time: What each time of talking over the agent adds, after the first in `talk_over_window_s`.
        talk_over_window_s: How far back talk-over is counted.
        voice_max: The most that loudness, pitch and talk-over add together, so that a loud voice alone is no alarm.
        min_speech: Probability of speech from which a block counts as speech.
        min_voiced: Voiced share from which a block's loudness and pitch count.
        max_missing: Share of a block that may have been lost for it to count.
        min_quality: Share of the last `window_s` of audio that must have arrived.
        silence_s: Nobody speaking for so long is an event.
        window_every: A window event is made every so many blocks of 240 ms (and when the zone changes).
    """

    zones: Zones | None = None
    window_s: float = 3.0
    min_speech_s: float = 1.0
    smoothing_s: float = 0.72
    usual_tension: float = 0.2
    usual_weight_s: float = 4.0
    learn_first_s: float = 6.0
    own_share: float = 0.5
    own_max: float = 1.0
    loudness_per_db: float = 0.1
    loudness_free_db: float = 3.0
    pitch_per_st: float = 0.15
    pitch_free_st: float = 2.0
    talk_over_per_time: float = 0.2
    talk_over_window_s: float = 30.0
    voice_max: float = 1.2
    min_speech: float = 0.5
    min_voiced: float = 0.3
    max_missing: float = 0.5
    min_quality: float = 0.7
    silence_s: float = 10.0
    window_every: int = 2

    @property
    def boundaries(self) -> Zones:
        """The zones that hold: the site's, or else those that ship."""
        return self.zones or DEFAULT_ZONES


def with_suggestion(settings: TensionSettings, *, enter: float, leave: float, hold_s: float) -> TensionSettings:
    """The settings with the model author's word on red, unless the site has zones of its own.

    Red leaves after as much calm speech as it ships with, or `hold_s` if that is more: a quick hold alerts sooner, and
    must not let one outburst with a lull alert twice. Amber enters and leaves as far below as it ships, in log-odds,
    and is held no longer than red, so that it comes first.
    """
    if settings.zones is not None:
        return settings
    shipped = DEFAULT_ZONES
    lower = log_odds(enter) - log_odds(shipped.red.enter)
    amber = Boundary(
        enter=round(probability(log_odds(shipped.amber.enter) + lower), 4),
        leave=round(probability(log_odds(shipped.amber.leave) + lower), 4),
        hold_s=min(hold_s, shipped.amber.hold_s),
        leave_hold_s=shipped.amber.leave_hold_s,
    )
    leave_hold_s = max(hold_s, shipped.red.leave_hold_s)
    red = Boundary(enter=enter, leave=leave, hold_s=hold_s, leave_hold_s=leave_hold_s)
    return msgspec.structs.replace(settings, zones=Zones(amber=amber, red=red))


_SHARES = ("own_share", "min_speech", "min_voiced", "max_missing", "min_quality")
_NOT_NEGATIVE = (
    "min_speech_s",
    "smoothing_s",
    "usual_weight_s",
    "learn_first_s",
    "own_max",
    "loudness_per_db",
    "loudness_free_db",
    "pitch_per_st",
    "pitch_free_st",
    "talk_over_per_time",
    "voice_max",
)


def tension_problems(settings: TensionSettings) -> list[Problem]:
    """What is wrong with the settings, each at its key; empty when they make sense."""
    problems = [
        Problem(f"zones.{problem.where}", problem.wrong, problem.mend) for problem in zone_problems(settings.boundaries)
    ]

    def demand(name: str, value: float, *, good: bool, mend: str) -> None:
        if not good:
            problems.append(Problem(name, f"is {value:g}", mend))

    for name, edge in (("amber", settings.boundaries.amber), ("red", settings.boundaries.red)):
        demand(f"zones.{name}.enter", edge.enter, good=0.0 < edge.enter <= 1.0, mend="The level runs from 0 to 1.")
    for name in _SHARES:
        value = getattr(settings, name)
        demand(name, value, good=0.0 <= value <= 1.0, mend="A share lies between 0 and 1.")
    for name in _NOT_NEGATIVE:
        value = getattr(settings, name)
        demand(name, value, good=0.0 <= value < float("inf"), mend="It must be 0 or more.")
    for name, most in (("window_s", 30.0), ("talk_over_window_s", 600.0), ("silence_s", 600.0)):
        value = getattr(settings, name)
        demand(name, value, good=0.24 <= value <= most, mend=f"Between 0.24 and {most:g} seconds makes sense.")
    usual = settings.usual_tension
    demand("usual_tension", usual, good=0.0 < usual < 1.0, mend="It lies between 0 and 1, neither included.")
    every = settings.window_every
    demand("window_every", every, good=1 <= every <= 4, mend="1 to 4 blocks (0.24 to 0.96 s) makes sense.")
    return problems
