"""Stitched calls and their truth."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import soundfile
from hypothesis import given, settings
from hypothesis import strategies as st

from voicerisk.training.corpora import Clip, CorpusError
from voicerisk.training.corpora.clip import Audio, Emotion
from voicerisk.training.simulate import Call, Plan, Truth, Voice, read_truth, simulate, voices, write_call

FIXTURES = Path(__file__).parents[1] / "fixtures"
DEMO = Path(__file__).parents[2] / "streams" / "demo"

EMOTIONS: tuple[Emotion, ...] = ("neutral", "angry", "happy")


def clips_of(speaker: str, n: int = 4) -> list[Clip]:
    """A few clips of each mood of one made-up speaker."""
    return [
        Clip(
            corpus="made",
            path=Path(f"/made/{speaker}-{emotion}-{i}.wav"),
            speaker=speaker,
            gender="f",
            emotion=emotion,
            label_raw="",
            intensity="",
            language="xx",
            sentence="",
            duration_s=1.0,
            licence_class="open",
        )
        for emotion in EMOTIONS
        for i in range(n)
    ]


def read(clip: Clip) -> Audio:
    """Tell the speakers apart by pitch: anna buzzes at 500 Hz, ben at 800 Hz; from 1.0 to 1.6 s long."""
    pitch_hz = {"anna": 500.0, "ben": 800.0}[clip.speaker]
    n = 8000 + 1600 * int(clip.path.stem[-1])
    return (0.2 * np.sign(np.sin(2 * np.pi * pitch_hz * np.arange(n) / 8000))).astype(np.float32)


@pytest.fixture
def pair() -> tuple[Voice, Voice]:
    """Two made-up voices, anna and ben."""
    anna, ben = voices(clips_of("ben") + clips_of("anna"))
    return anna, ben


@pytest.fixture
def make(pair: tuple[Voice, Voice]) -> Callable[..., Call]:
    """Simulate a call between anna, the customer, and ben."""
    return lambda plan, seed=0: simulate(*pair, plan, seed, read=read)


def energy(call: Call, side: int, start_s: float, end_s: float, pitch_hz: float) -> float:
    """How much of a pitch there is in a stretch of one channel."""
    part = call.samples[round(start_s * 8000) : round(end_s * 8000), side] / 32768
    return float(np.abs(np.mean(part * np.exp(2j * np.pi * pitch_hz * np.arange(len(part)) / 8000))))


def test_same_seed_same_samples(make: Callable[..., Call]) -> None:
    """The same plan and seed give the same samples and truth; another seed gives another call."""
    plan = Plan(duration_s=20, onset_s=8, loss=0.03, hold_at_s=4, echo_db=-30)
    first, again, other = make(plan), make(plan), make(plan, seed=1)
    assert np.array_equal(first.samples, again.samples)
    assert first.truth == again.truth
    assert first.truth.utterances != other.truth.utterances


def test_truth_is_where_the_voices_are(make: Callable[..., Call]) -> None:
    """Every utterance of the truth is heard on its own channel at its time, and not on the other."""
    call = make(Plan(duration_s=30, onset_s=12, noise=None, talk_over=0.0))
    assert len(call.truth.utterances) > 10
    for said in call.truth.utterances:
        side, pitch_hz = (0, 500.0) if said.role == "customer" else (1, 800.0)
        assert energy(call, side, said.start_s, said.end_s, pitch_hz) > 0.01
        assert energy(call, 1 - side, said.start_s, said.end_s, pitch_hz) < 0.0001


def test_echo_brings_the_agent_into_the_customers_channel(make: Callable[..., Call]) -> None:
    """With echo, the agent's voice is heard on the customer's side as many decibels lower as was asked for."""
    call = make(Plan(duration_s=10, noise=None, talk_over=0.0, echo_db=-20.0))
    said = next(u for u in call.truth.utterances if u.role == "agent")
    own, echo = (energy(call, side, said.start_s + 0.06, said.end_s, 800.0) for side in (1, 0))
    assert 20 * np.log10(own / echo) == pytest.approx(20, abs=1)


@settings(max_examples=25, deadline=None)
@given(
    seed=st.integers(0, 10_000),
    onset_s=st.one_of(st.none(), st.floats(2, 20)),
    talk_over=st.floats(0, 1),
    hold_at_s=st.one_of(st.none(), st.floats(0, 20)),
    mood=st.sampled_from(["calm", "lively"]),
)
def test_the_onset_parts_calm_from_tense(
    seed: int, onset_s: float | None, talk_over: float, hold_at_s: float | None, mood: str
) -> None:
    """No customer utterance is tense before the onset, none is calm after it, and the agent is calm throughout."""
    anna, ben = voices(clips_of("ben") + clips_of("anna"))
    plan = Plan(duration_s=25, onset_s=onset_s, talk_over=talk_over, hold_at_s=hold_at_s, mood=mood, noise=None)  # type: ignore[arg-type]
    call = simulate(anna, ben, plan, seed, read=read)
    truth = call.truth
    assert all(u.label == "calm" for u in truth.utterances if u.role == "agent")
    customer = [u for u in truth.utterances if u.role == "customer"]
    assert (truth.onset_s is None) == (not any(u.label == "tense" for u in customer))
    for said in customer:
        assert (said.label == "tense") == (truth.onset_s is not None and said.start_s >= truth.onset_s)
    if truth.onset_s is not None and onset_s is not None:
        assert truth.onset_s >= onset_s
    assert all(0 <= u.start_s < u.end_s <= truth.duration_s for u in truth.utterances)
    assert call.samples.shape == (pytest.approx(truth.duration_s * 8000, abs=8), 2)


def test_voices_need_clips_and_two_people(pair: tuple[Voice, Voice]) -> None:
    """A voice without tense clips cannot escalate, and nobody talks to themselves."""
    anna, ben = pair
    mute = replace(anna, clips={"calm": anna.clips["calm"]})
    with pytest.raises(CorpusError, match="anna: fewer than 3 clips"):
        simulate(mute, ben, Plan(onset_s=5), 0, read=read)
    with pytest.raises(CorpusError, match="cannot be the agent"):
        simulate(anna, anna, Plan(), 0, read=read)


def test_unknown_speakers_give_no_voice() -> None:
    """Clips of unknown speakers, and speakers with hardly any calm clips, make no voice."""
    unknown = [replace(clip, flags=frozenset({"unknown_speaker"})) for clip in clips_of("anna")]
    assert voices(unknown + clips_of("ben", n=2)) == []


@pytest.mark.parametrize("suffix", [".wav", ".flac", ".ogg"])
def test_written_call_reads_back(make: Callable[..., Call], tmp_path: Path, suffix: str) -> None:
    """A written call has its truth beside it, and its sound again: exactly, or nearly so for Opus."""
    call = make(Plan(duration_s=10, onset_s=5))
    file = tmp_path / f"call{suffix}"
    write_call(call, file)
    samples, rate_hz = soundfile.read(file, dtype="int16")
    assert (rate_hz, samples.shape) == (8000, call.samples.shape)
    assert np.array_equal(samples, call.samples) == (suffix != ".ogg")
    assert np.corrcoef(samples[:, 0], call.samples[:, 0])[0, 1] > 0.95
    assert read_truth(file.with_suffix(".json")) == call.truth


def test_other_json_is_no_truth(tmp_path: Path) -> None:
    """A file that is not a truth is refused by name."""
    (tmp_path / "call.json").write_text('{"corpus": 1}', encoding="utf-8")
    with pytest.raises(CorpusError, match=r"call\.json"):
        read_truth(tmp_path / "call.json")


def shipped() -> list[Path]:
    """The calls that the project carries."""
    return [FIXTURES / "call.json", *sorted(DEMO.glob("*.json"))]


@pytest.mark.parametrize("file", shipped(), ids=lambda file: file.stem)
def test_shipped_calls_are_what_they_say(file: Path) -> None:
    """Each call of the project has its sound, stereo at 8 kHz and as long as its truth, with voices where it says."""
    truth: Truth = read_truth(file)
    sound = next(path for path in (file.with_suffix(".ogg"), file.with_suffix(".flac")) if path.is_file())
    samples, rate_hz = soundfile.read(sound)
    assert rate_hz == 8000
    assert samples.shape[1] == 2
    assert len(samples) / rate_hz == pytest.approx(truth.duration_s, abs=0.01)
    quiet = np.ones(len(samples), dtype=bool)
    spoken = np.zeros(len(samples), dtype=bool)
    for said in truth.utterances:
        if said.role == "customer":
            spoken[round(said.start_s * 8000) : round(said.end_s * 8000)] = True
        quiet[round((said.start_s - 0.1) * 8000) : round((said.end_s + 0.2) * 8000)] = False
    quiet[: round(truth.utterances[0].start_s * 8000)] = False  # ringing and keys
    assert np.mean(samples[spoken, 0] ** 2) > 8 * np.mean(samples[quiet, 0] ** 2)
    assert truth.onset_s is None or file.stem.startswith(("escalates", "call"))


def test_demo_has_both_kinds() -> None:
    """The demo has at least two calls that escalate within half a minute and three that never do, in under 3 MB."""
    onsets = [read_truth(file).onset_s for file in DEMO.glob("*.json")]
    assert sum(onset is not None and onset < 30 for onset in onsets) >= 2
    assert sum(onset is None for onset in onsets) >= 3
    assert sum(file.stat().st_size for file in DEMO.iterdir()) < 3_000_000
