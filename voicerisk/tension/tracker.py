"""One caller's tension over the call: level, zone and reasons, one block of 240 ms at a time.

The tracker counts blocks, never time. A block without evidence (no speech, lost audio, nothing scored, too little
speech in the model's window) changes neither level nor zone: the answer is then "I do not know", with the reason why,
not a guess.
"""

import math
from collections import deque
from typing import Final

import msgspec

from voicerisk.events import Evidence, Reason, Role, Zone
from voicerisk.scoring.contract import CHUNK_S, DECIMALS
from voicerisk.scoring.scores import ChunkScore
from voicerisk.tension.baseline import Baseline, Usual, log_odds, probability
from voicerisk.tension.law import Present, Weighed, weigh
from voicerisk.tension.reasons import MIXED_CHANNEL, reasons_of
from voicerisk.tension.settings import TensionSettings
from voicerisk.tension.talk import TalkStep, TalkTracker
from voicerisk.zones import ZoneTracker

_MOST_AT_ONCE_S: Final = 1.0
"""Unscored speech that the next score may vouch for, when an overloaded engine scores only some of the blocks."""


class Observation(msgspec.Struct, frozen=True, kw_only=True):
    """What is known of one block of 240 ms.

    `index` counts blocks from the start of the call, gaps included. `score` is the model's word on the customer's
    channel (None: not run, or failed). `agent_active` and `talk_over` are the shares of the block in which the agent,
    and both, spoke; None where there is no agent channel. `missing` is the share of the customer's audio that never
    came. `role` says whose voice was scored: customer, or mixed with the agent's on a single channel.
    """

    index: int
    score: ChunkScore | None = None
    agent_active: float | None = None
    talk_over: float | None = None
    missing: float = 0.0
    role: Role = Role.CUSTOMER


class TensionStep(msgspec.Struct, frozen=True, kw_only=True):
    """What the tracker makes of one block.

    `start_s` and `at_s` are the block's media seconds. `level` is 0..1 and, like `zone`, as it was before where
    `evidence` is not "heard". `evidence_s` is the speech judged since the last step that was `due`; `speech_s` all
    usable speech so far; `quality` the share of the last 3 s of audio that arrived. `reasons` are given from where
    amber leaves upwards. `due`: this step is to become a window event.
    """

    index: int
    start_s: float
    at_s: float
    level: float
    zone: Zone
    previous: Zone
    evidence: Evidence
    evidence_s: float
    speech_s: float
    quality: float
    usual: Usual
    reasons: tuple[Reason, ...]
    talk: TalkStep
    due: bool

    @property
    def crossed(self) -> bool:
        """Whether the zone changed with this block."""
        return self.zone is not self.previous


class TensionTracker:
    """Follows one caller. `step` once for each block, in order."""

    def __init__(self, settings: TensionSettings) -> None:
        self._settings = settings
        recent = max(1, round(settings.window_s / CHUNK_S))
        self._levels: deque[float] = deque(maxlen=recent)
        self._pitches: deque[float] = deque(maxlen=recent)
        self._missing: deque[float] = deque(maxlen=recent)
        self._baseline = Baseline()
        self._talk = TalkTracker(settings.talk_over_window_s, settings.silence_s)
        self._zones = ZoneTracker(settings.boundaries)
        self._index = -1
        self._level = 0.0
        self._smoothed: float | None = None
        self._unscored_s = 0.0
        self._evidence_s = 0.0
        self._speech_s = 0.0
        self._reasons: tuple[Reason, ...] = ()

    def step(self, observation: Observation) -> TensionStep:
        """What this block makes of the call. Raises ValueError where blocks do not come in order."""
        if observation.index <= self._index:
            raise ValueError(f"block {observation.index} after block {self._index}: blocks come in order, each once")
        self._index = observation.index
        settings = self._settings
        score = observation.score
        speaks = score is not None and score.speech >= settings.min_speech
        talk = self._talk_step(observation, speaks=speaks)
        self._missing.append(min(max(observation.missing, 0.0), 1.0))
        quality = round(1.0 - sum(self._missing) / len(self._missing), DECIMALS)
        usable = speaks and observation.missing <= settings.max_missing
        if usable and score is not None:
            self._speech_s = round(self._speech_s + CHUNK_S, 6)
            self._hear_voice(score, observation.role)
        previous = self._zones.zone
        evidence = self._evidence(observation, usable=usable, quality=quality)
        if evidence is Evidence.HEARD and score is not None and score.window is not None:
            self._judge(score, score.window.tension, observation.role, talk.talk_overs)
        elif usable:
            self._unscored_s = min(self._unscored_s + CHUNK_S, _MOST_AT_ONCE_S)
        zone = self._zones.zone
        due = zone is not previous or (observation.index + 1) % settings.window_every == 0
        result = TensionStep(
            index=observation.index,
            start_s=round(observation.index * CHUNK_S, 2),
            at_s=round((observation.index + 1) * CHUNK_S, 2),
            level=self._level,
            zone=zone,
            previous=previous,
            evidence=evidence,
            evidence_s=round(self._evidence_s, 2),
            speech_s=self._speech_s,
            quality=quality,
            usual=self._baseline.usual(),
            reasons=self._reasons,
            talk=talk,
            due=due,
        )
        if due:
            self._evidence_s = 0.0
        return result

    def _talk_step(self, observation: Observation, *, speaks: bool) -> TalkStep:
        if observation.agent_active is None:
            return TalkStep()
        return self._talk.step(
            observation.index,
            customer=speaks,
            agent=observation.agent_active >= self._settings.min_speech,
            talk_over=observation.talk_over or 0.0,
            missing=observation.missing > self._settings.max_missing,
        )

    def _hear_voice(self, score: ChunkScore, role: Role) -> None:
        # On a mixed channel the louder of the two may be the agent: his voice must not be measured as the caller's.
        if role is not Role.CUSTOMER or score.voiced < self._settings.min_voiced:
            return
        if math.isfinite(score.level_db) and math.isfinite(score.pitch_st):
            self._levels.append(score.level_db)
            self._pitches.append(score.pitch_st)

    def _evidence(self, observation: Observation, *, usable: bool, quality: float) -> Evidence:
        settings = self._settings
        score = observation.score
        if observation.missing > settings.max_missing or quality < settings.min_quality:
            return Evidence.GAPS
        if score is None:
            return Evidence.NOT_SCORED
        if not usable:
            return Evidence.NO_SPEECH
        if score.window is None or not math.isfinite(score.window.tension):
            return Evidence.NOT_SCORED
        if score.window.speech_s < settings.min_speech_s:
            return Evidence.TOO_LITTLE_SPEECH
        return Evidence.HEARD

    def _judge(self, score: ChunkScore, tension: float, role: Role, talk_overs: int) -> None:
        """Move level, zone and reasons by one block of evidence, then learn from it."""
        settings = self._settings
        evidence_s = CHUNK_S + self._unscored_s
        self._unscored_s = 0.0
        self._evidence_s += evidence_s
        own = role is Role.CUSTOMER
        present = Present(
            tension=tension,
            level_db=_median(self._levels) if own else None,
            pitch_st=_median(self._pitches) if own else None,
            talk_overs=talk_overs,
        )
        usual = self._baseline.usual()
        weighed = weigh(settings, present, usual)
        self._level = round(probability(self._smooth(weighed.total, evidence_s)), DECIMALS)
        zone = self._zones.step(self._level, evidence_s)
        self._reasons = self._why(present, usual, weighed, zone, role)
        if own:
            self._learn(score, tension, evidence_s, zone)

    def _smooth(self, total: float, evidence_s: float) -> float:
        if self._smoothed is None or self._settings.smoothing_s <= 0.0:
            self._smoothed = total
        else:
            self._smoothed += (1.0 - math.exp(-evidence_s / self._settings.smoothing_s)) * (total - self._smoothed)
        return self._smoothed

    def _why(self, present: Present, usual: Usual, weighed: Weighed, zone: Zone, role: Role) -> tuple[Reason, ...]:
        if zone is Zone.GREEN and self._level < self._settings.boundaries.amber.leave:
            return ()
        reasons = reasons_of(self._settings, present, usual, weighed)
        return (*reasons, MIXED_CHANNEL) if role is Role.MIXED else reasons

    def _learn(self, score: ChunkScore, tension: float, evidence_s: float, zone: Zone) -> None:
        """The first seconds are learned as they come, later only what is calm: anger never becomes the usual."""
        calm = zone is Zone.GREEN and self._level < self._settings.boundaries.amber.enter
        if not calm and self._baseline.learned_s >= self._settings.learn_first_s:
            return
        self._baseline.learn_tension(log_odds(tension), evidence_s)
        if score.voiced >= self._settings.min_voiced and self._levels:
            self._baseline.learn_voice(score.level_db, score.pitch_st)


def _median(values: deque[float]) -> float | None:
    """The (upper) median of a handful of values: one of them, so that a reason names what was really measured."""
    return sorted(values)[len(values) // 2] if values else None
