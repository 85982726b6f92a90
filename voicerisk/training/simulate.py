"""Stereo telephone calls with known truth, stitched from labelled clips: a caller who loses patience at a known moment.

Left is the customer, right is the agent, another speaker who stays calm throughout. Between them: pauses, talk-over,
hold music and ringback on the agent's side, keys on the customer's, noise on both, then the telephone channel. The same
voices, plan and seed give the same samples. Used for the demo's calls, for tuning, and for judging whole calls with
voices never trained on.

What such a call is not: acted clips in random order carry no conversation, and the step from calm to angry is sharper
than real callers make it. It measures delay and false alarms of the chain, not how often real callers get angry.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final, Literal

import msgspec
import numpy as np
import numpy.typing as npt
import soundfile

from voicerisk.scoring.contract import RATE_HZ
from voicerisk.training import callsounds, channel
from voicerisk.training.corpora import read_audio
from voicerisk.training.corpora.clip import Audio, Clip, CorpusError, Emotion

Mood = Literal["calm", "lively", "tense"]
Reader = Callable[[Clip], Audio]

MOODS: Final[dict[Mood, frozenset[Emotion]]] = {
    "calm": frozenset({"neutral", "calm"}),
    "lively": frozenset({"happy", "surprised"}),
    "tense": frozenset({"angry", "tense"}),
}
"""Which emotions a customer's utterances of a mood are taken from; `lively` is loud but not upset."""

MIN_CLIPS: Final = 3
NOISE_S: Final = 16.0
"""Noise repeats after so long."""
MIN_CLIP_S: Final = 0.4
EDGE_DB: Final = 35.0
OPUS_COMPRESSION: Final = 0.93
"""About 24 kbit/s for each channel."""


@dataclass(frozen=True, slots=True)
class Voice:
    """One speaker's clips by mood."""

    speaker: str
    corpus: str
    language: str
    gender: str
    clips: dict[Mood, tuple[Clip, ...]] = field(repr=False)

    def has(self, *moods: Mood) -> bool:
        """Whether there are enough clips (three) of every one of these moods."""
        return all(len(self.clips.get(mood, ())) >= MIN_CLIPS for mood in moods)


class Plan(msgspec.Struct, frozen=True, kw_only=True):
    """What a call is to be like. Levels are active speech levels in dBFS."""

    duration_s: float = 60.0
    """The call ends with the first turn that passes this."""
    onset_s: float | None = None
    """From the customer's first turn after this the customer is tense; None: never."""
    mood: Mood = "calm"
    """The customer's mood before the onset."""
    talk_over: float = 0.1
    """Share of turns that begin before the other's end; three times that once the customer is tense."""
    tense_gain_db: float = 4.0
    """How much louder tense utterances are, for corpora that level their clips (EmoDB); others keep their own."""
    ringback_s: float = 0.0
    """Ringing on the agent's side before the agent picks up."""
    hold_at_s: float | None = None
    """From the agent's first turn after this, `hold_s` of music on the agent's side; None: never."""
    hold_s: float = 6.0
    keys: str = ""
    """Keys that the customer presses after the ringing."""
    customer_level_db: float = -24.0
    agent_level_db: float = -22.0
    noise: callsounds.NoiseKind | None = "pink"
    snr_db: float = 30.0
    """Noise on both channels, so many dB below each one's speech."""
    echo_db: float | None = None
    """Level of the agent's voice in the customer's channel relative to the agent's, after 60 ms; None: no echo."""
    law: channel.Law | None = "ulaw"
    loss: float = 0.0
    """Share of the customer's 20 ms packets that are lost."""


class Utterance(msgspec.Struct, frozen=True):
    """Who spoke from when to when, in seconds of the call, in what mood, and which clip that was."""

    role: Literal["customer", "agent"]
    start_s: float
    end_s: float
    label: Mood
    clip: str


class Truth(msgspec.Struct, frozen=True):
    """All that is known about a simulated call; `onset_s` is the start of the first tense utterance, None if none."""

    corpus: str
    customer: str
    agent: str
    language: str
    gender: str
    onset_s: float | None
    duration_s: float
    seed: int
    plan: Plan
    utterances: tuple[Utterance, ...]


@dataclass(frozen=True, slots=True)
class Call:
    """A simulated call: int16 samples of shape (n, 2) at 8 kHz, customer left, agent right; and its truth."""

    samples: npt.NDArray[np.int16] = field(repr=False)
    truth: Truth


def voices(clips: Iterable[Clip]) -> list[Voice]:
    """Return one voice for each known speaker who has a few calm clips long enough to use, sorted by name."""
    found: dict[str, dict[Mood, list[Clip]]] = {}
    for clip in clips:
        mood = next((mood for mood, emotions in MOODS.items() if clip.emotion in emotions), None)
        if mood is not None and clip.has_known_speaker and clip.duration_s >= MIN_CLIP_S:
            found.setdefault(clip.speaker, {}).setdefault(mood, []).append(clip)
    result: list[Voice] = []
    for speaker, by_mood in sorted(found.items()):
        first = next(iter(by_mood.values()))[0]
        clips_of = {mood: tuple(some) for mood, some in by_mood.items()}
        voice = Voice(speaker, first.corpus, first.language, first.gender, clips_of)
        if voice.has("calm"):
            result.append(voice)
    return result


def simulate(customer: Voice, agent: Voice, plan: Plan, seed: int, *, read: Reader = read_audio) -> Call:
    """Return one call between two voices.

    Raises `CorpusError` where a voice lacks the clips that the plan needs, or both are the same speaker.
    """
    needed: tuple[Mood, ...] = (plan.mood, "tense") if plan.onset_s is not None else (plan.mood,)
    if not customer.has(*needed):
        raise CorpusError(f"{customer.speaker}: fewer than {MIN_CLIPS} clips in one of {', '.join(needed)}")
    if not agent.has("calm") or agent.speaker == customer.speaker:
        raise CorpusError(f"{agent.speaker}: cannot be the agent of {customer.speaker}")
    return _Stage(customer, agent, plan, seed, read).play()


class _Stage:
    """One call while it is being put together."""

    def __init__(self, customer: Voice, agent: Voice, plan: Plan, seed: int, read: Reader) -> None:
        self.customer, self.agent, self.plan, self.seed, self.read = customer, agent, plan, seed, read
        self.random = np.random.default_rng(seed)
        self.decks: dict[tuple[str, Mood], list[Clip]] = {}
        self.placed: list[tuple[int, int, Audio]] = []
        self.said: list[Utterance] = []
        self.silent_from_s = {"customer": 0.0, "agent": 0.0}
        self.gain_db = plan.customer_level_db - self._natural_level_db()

    def play(self) -> Call:
        plan, random = self.plan, self.random
        now_s = self._opening()
        is_held = plan.hold_at_s is None
        while True:
            now_s = self._turn("agent", now_s, "calm", 1 + int(random.random() < 0.3))
            if not is_held and plan.hold_at_s is not None and now_s >= plan.hold_at_s:
                is_held = True
                self._place(1, now_s + 0.3, callsounds.hold_music(plan.hold_s, random) * np.float32(0.2))
                now_s = self._turn("agent", now_s + plan.hold_s + 0.6, "calm", 1)
            if now_s >= plan.duration_s:
                break
            start_s = now_s + self._pause_s(now_s)
            mood: Mood = "tense" if plan.onset_s is not None and start_s >= plan.onset_s else plan.mood
            now_s = self._turn("customer", start_s, mood, int(random.integers(2, 5 if mood == "tense" else 4)))
            if now_s >= plan.duration_s:
                break
            now_s += self._pause_s(now_s)
        return Call(self._render(), self._truth())

    def _opening(self) -> float:
        plan = self.plan
        if plan.ringback_s:
            self._place(1, 0.0, callsounds.ringback(plan.ringback_s))
        now_s = plan.ringback_s
        if plan.keys:
            keys = callsounds.dtmf(plan.keys)
            self._place(0, now_s + 0.3, keys)
            now_s += 0.3 + len(keys) / RATE_HZ
        return now_s + 0.6

    def _pause_s(self, now_s: float) -> float:
        """Time to the next turn: now and then negative, which is talk-over."""
        is_tense = self.plan.onset_s is not None and now_s >= self.plan.onset_s
        share = min(1.0, self.plan.talk_over * (3 if is_tense else 1))
        if self.said and self.random.random() < share:
            return -float(self.random.uniform(0.3, 0.9))
        return float(self.random.uniform(0.3, 1.2))

    def _turn(self, role: Literal["customer", "agent"], start_s: float, mood: Mood, n: int) -> float:
        """Speak n utterances in a row and return when the last ends. A turn that the onset falls into changes mood."""
        now_s = max(start_s, self.silent_from_s[role])  # nobody talks over themselves
        for index in range(n):
            now_s += float(self.random.uniform(0.2, 0.7)) if index else 0.0
            if role == "customer" and self.plan.onset_s is not None and now_s >= self.plan.onset_s:
                mood = "tense"
            voice = self.customer if role == "customer" else self.agent
            clip = self._next(voice, mood)
            audio = self._leveled(role, mood, _trimmed(self.read(clip)))
            self._place(0 if role == "customer" else 1, now_s, audio)
            end_s = now_s + len(audio) / RATE_HZ
            self.said.append(Utterance(role, round(now_s, 3), round(end_s, 3), mood, clip.id))
            now_s = end_s
        self.silent_from_s[role] = now_s + 0.1
        return now_s

    def _next(self, voice: Voice, mood: Mood) -> Clip:
        deck = self.decks.setdefault((voice.speaker, mood), [])
        if not deck:
            deck += [voice.clips[mood][i] for i in self.random.permutation(len(voice.clips[mood]))]
        return deck.pop()

    def _natural_level_db(self) -> float:
        return float(np.median([channel.speech_level_db(self.read(clip)) for clip in self.customer.clips["calm"][:10]]))

    def _leveled(self, role: Literal["customer", "agent"], mood: Mood, audio: Audio) -> Audio:
        if role == "agent":
            return channel.at_level(audio, self.plan.agent_level_db)
        if self.customer.corpus == "emodb":
            extra_db = self.plan.tense_gain_db if mood != "calm" else 0.0
            return channel.at_level(audio, self.plan.customer_level_db + extra_db + float(self.random.normal(0, 1)))
        return channel.amplified(audio, self.gain_db)

    def _place(self, side: int, at_s: float, audio: Audio) -> None:
        self.placed.append((round(at_s * RATE_HZ), side, audio))

    def _render(self) -> npt.NDArray[np.int16]:
        plan = self.plan
        n = max(start + len(audio) for start, _, audio in self.placed) + RATE_HZ
        dry = np.zeros((2, int(n)), dtype=np.float32)
        for start, side, audio in self.placed:
            dry[side, start : start + len(audio)] += audio
        if plan.echo_db is not None:
            delay = round(0.06 * RATE_HZ)
            dry[0, delay:] += np.float32(10 ** (plan.echo_db / 20)) * dry[1, :-delay]
        sides: list[Audio] = []
        for voice in dry:
            line = channel.telephone_band(voice)
            if plan.noise is not None:
                hiss = channel.telephone_band(callsounds.noise(plan.noise, NOISE_S, self.random))
                line = channel.with_noise(line, hiss, plan.snr_db)
            sides.append(channel.g711(line, plan.law) if plan.law else line)
        if plan.loss:
            sides[0] = channel.with_loss(sides[0], plan.loss, self.random)
        return np.clip(np.rint(np.stack(sides, axis=1) * 32768), -32768, 32767).astype(np.int16)

    def _truth(self) -> Truth:
        said = tuple(sorted(self.said, key=lambda utterance: utterance.start_s))
        tense = [u.start_s for u in said if u.label == "tense"]
        length = max(start + len(audio) for start, _, audio in self.placed) + RATE_HZ
        return Truth(
            corpus=self.customer.corpus,
            customer=self.customer.speaker,
            agent=self.agent.speaker,
            language=self.customer.language,
            gender=self.customer.gender,
            onset_s=tense[0] if tense else None,
            duration_s=round(length / RATE_HZ, 3),
            seed=self.seed,
            plan=self.plan,
            utterances=said,
        )


def _trimmed(audio: Audio) -> Audio:
    """The clip from the first to the last frame within 35 dB of its loudest, so that utterance times are true."""
    levels = channel.frame_levels_db(audio)
    loud = np.flatnonzero(levels > levels.max() - EDGE_DB) if levels.size else np.zeros(0, dtype=np.intp)
    if not loud.size:
        return audio
    return audio[max(0, int(loud[0]) - 2) * channel.FRAME : (int(loud[-1]) + 3) * channel.FRAME]


def write_call(call: Call, file: Path) -> None:
    """Write the samples to `file` (.wav, .flac, or .ogg for Opus) and the truth as JSON beside it."""
    if file.suffix == ".ogg":
        soundfile.write(file, call.samples, RATE_HZ, format="OGG", subtype="OPUS", compression_level=OPUS_COMPRESSION)
    else:
        soundfile.write(file, call.samples, RATE_HZ, subtype="PCM_16")
    file.with_suffix(".json").write_bytes(msgspec.json.format(msgspec.json.encode(call.truth), indent=1) + b"\n")


def read_truth(file: Path) -> Truth:
    """Return the truth of a call from its JSON file. Raises `CorpusError` naming the file where it is none."""
    try:
        return msgspec.json.decode(file.read_bytes(), type=Truth)
    except (OSError, msgspec.DecodeError) as error:
        raise CorpusError(f"{file}: not the truth of a simulated call: {error}") from error
