"""The tension of one caller over a call."""

import math
from copy import deepcopy
from itertools import pairwise
from statistics import median
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.tension.voices import Voice, block, follow
from voicerisk.events import Evidence, Role, Zone
from voicerisk.tension import Observation, TensionSettings, TensionStep, TensionTracker
from voicerisk.zones import SEVERITY


def first(steps: list[TensionStep], zone: Zone) -> float:
    """Media seconds at which the zone was first entered; infinity where it never was."""
    return next((step.at_s for step in steps if step.zone is zone), math.inf)


@pytest.mark.parametrize("seed", range(20))
def test_open_anger_is_red_within_ten_seconds(seed: int) -> None:
    """A calm caller who breaks out (tone 0.9, 8 dB louder, 4 semitones up) is red within 10 s, pauses included."""
    voice = Voice(seed)
    steps = follow([*voice.says(40.0, 0.15), *voice.says(20.0, 0.9, louder_db=8.0, higher_st=4.0)])
    assert 40.0 < first(steps, Zone.RED) <= 50.0


@pytest.mark.parametrize("seed", range(20))
def test_a_calm_call_stays_green(seed: int) -> None:
    """Ten minutes of ordinary talk with its natural wobble never leave green."""
    assert {step.zone for step in follow(Voice(seed).says(600.0, 0.2))} == {Zone.GREEN}


@pytest.mark.parametrize("seed", range(20))
def test_a_loud_calm_person_does_not_alarm(seed: int) -> None:
    """Twenty dB louder than others, high, and always sounding half tense to the model: never red, soon green."""
    steps = follow(Voice(seed, level_db=-10.0, pitch_st=24.0).says(300.0, 0.55))
    assert Zone.RED not in {step.zone for step in steps}
    assert steps[-1].zone is Zone.GREEN


@pytest.mark.parametrize("seed", range(20))
def test_a_quiet_person_who_moves_is_seen(seed: int) -> None:
    """A tone of 0.62, nothing much in a loud person, is worse in a quiet one who grew by 8 dB and 4 semitones."""
    quiet, loud = Voice(seed, level_db=-45.0), Voice(seed, level_db=-37.0, pitch_st=20.0)
    moved = follow([*quiet.says(40.0, 0.08), *quiet.says(15.0, 0.62, louder_db=8.0, higher_st=4.0)])
    unmoved = follow([*loud.says(40.0, 0.55), *loud.says(15.0, 0.62)])
    assert SEVERITY[moved[-1].zone] > SEVERITY[unmoved[-1].zone]
    assert moved[-1].level > unmoved[-1].level + 0.2


def test_a_loud_voice_alone_is_never_red() -> None:
    """A calm tone stays out of red however loud and high it gets and however often it talks over the agent."""
    voice = Voice(3)
    calm = list(voice.says(40.0, 0.2))
    start = calm[-1].index + 1
    shout = [
        block(start + n, 0.2, level_db=-2.0, pitch_st=40.0, agent=1.0, talk_over=float(n % 3 == 0)) for n in range(200)
    ]
    assert Zone.RED not in {step.zone for step in follow([*calm, *shout])}


def test_who_is_furious_from_the_start_is_red() -> None:
    """Anger in the first seconds is not mistaken for the caller's own usual."""
    assert first(follow(Voice(5).says(20.0, 0.95)), Zone.RED) <= 8.0


def test_a_short_outburst_is_not_enough() -> None:
    """One second of anger in a calm call gives no red."""
    voice = Voice(7)
    steps = follow([*voice.says(30.0, 0.15), *voice.says(1.0, 0.95, louder_db=8.0), *voice.says(30.0, 0.15)])
    assert Zone.RED not in {step.zone for step in steps}


def test_calm_brings_the_zone_back() -> None:
    """After the outburst the zone returns to green within 15 s of calm talk."""
    voice = Voice(9)
    angry = [*voice.says(30.0, 0.15), *voice.says(15.0, 0.9, louder_db=8.0)]
    steps = follow([*angry, *voice.says(15.0, 0.15)])
    assert steps[len(angry) - 1].zone is Zone.RED
    assert steps[-1].zone is Zone.GREEN


ANGRY: dict[str, Any] = {"tension": 0.93, "level_db": -20.0, "pitch_st": 21.0}
UNHEARD: list[tuple[dict[str, Any], Evidence]] = [
    ({"missing": 0.8}, Evidence.GAPS),
    ({"speech": 0.1}, Evidence.NO_SPEECH),
    ({"heads": False}, Evidence.NOT_SCORED),
    ({"tension": math.nan}, Evidence.NOT_SCORED),
    ({"window_s": 0.5}, Evidence.TOO_LITTLE_SPEECH),
]


@pytest.mark.parametrize(("flaw", "evidence"), UNHEARD)
def test_what_was_not_heard_is_not_guessed(flaw: dict[str, Any], evidence: Evidence) -> None:
    """Twenty seconds of anger with gaps, without speech, scores or enough speech hold level and zone, and say why."""
    calm = list(Voice(1).says(10.0, 0.15))
    start = calm[-1].index + 1
    steps = follow([*calm, *(block(start + n, **(ANGRY | flaw)) for n in range(80))])
    before, after = steps[start - 1], steps[start:]
    assert {step.zone for step in after} == {Zone.GREEN}
    assert {step.level for step in after} == {before.level}
    assert {step.evidence for step in after} == {evidence}


def test_a_failed_score_holds_too() -> None:
    """A block without any score (the model failed) changes nothing and is named not scored."""
    steps = follow([*Voice(1).says(5.0, 0.3), Observation(index=500, agent_active=0.0, talk_over=0.0)])
    assert steps[-1].level == steps[-2].level
    assert steps[-1].evidence is Evidence.NOT_SCORED


def test_an_overloaded_scorer_costs_no_hold_time() -> None:
    """Where the heads run on every second block only, the speech in between counts: red comes as soon."""
    every = follow(block(n, 0.93) for n in range(60))
    second = follow(block(n, 0.93, heads=n % 2 == 1) for n in range(60))
    assert abs(first(second, Zone.RED) - first(every, Zone.RED)) <= 0.48


def test_the_agents_voice_in_a_mixed_channel_is_not_measured() -> None:
    """On a mixed channel no usual is learned, neither loudness nor pitch is a reason, and the reasons say why."""
    calm = [block(n, 0.2, role=Role.MIXED) for n in range(100)]
    loud = [block(100 + n, 0.95, level_db=-5.0, pitch_st=30.0, role=Role.MIXED) for n in range(40)]
    last = follow([*calm, *loud])[-1]
    assert last.zone is Zone.RED
    assert last.usual.learned_s == 0.0
    assert [reason.code for reason in last.reasons] == ["tone", "mixed_channel"]


OUTBURST: dict[str, Any] = {"level_db": -23.0, "pitch_st": 19.5}


def outburst() -> tuple[list[Observation], list[Observation]]:
    """Forty calm seconds, then ten in which the tone is merely lively and the voice does the rest."""
    calm = [block(n, 0.12 + 0.02 * (n % 3), level_db=-30.0 + n % 4, pitch_st=15.0 + 0.5 * (n % 3)) for n in range(160)]
    cut = [
        block(160 + n, 0.7, agent=1.0, talk_over=float(n % 12 == 1), speech=float(n % 12 != 0), **OUTBURST)
        for n in range(42)
    ]
    return calm, cut


def test_each_reason_is_a_number_recomputed_from_the_cut() -> None:
    """Tone, loudness, pitch and talk-over of the card are those of the audio, worked out anew without the tracker."""
    calm, cut = outburst()
    last = follow([*calm, *cut])[-1]
    assert last.zone is Zone.RED
    told = {reason.code: reason for reason in last.reasons}
    scores = [observation.score for observation in calm if observation.score]
    assert told["tone"].value == 0.7
    assert told["tone"].baseline == pytest.approx(median(s.window.tension for s in scores if s.window), abs=0.02)
    assert told["loudness"].value == OUTBURST["level_db"]
    assert told["loudness"].baseline == pytest.approx(median(s.level_db for s in scores), abs=0.5)
    assert told["pitch"].value == OUTBURST["pitch_st"]
    assert told["pitch"].baseline == pytest.approx(median(s.pitch_st for s in scores), abs=0.25)
    silent_before = [o for p, o in pairwise(cut) if o.talk_over and p.score and p.score.speech < 0.5]
    assert told["talk_over"].value == len(silent_before) == 4


@pytest.mark.parametrize("cause", ["tone", "loudness", "pitch", "talk_over"])
def test_remove_the_cause_and_the_reason_goes_and_the_level_falls(cause: str) -> None:
    """With one cause taken out of the cut its reason is gone (or at the usual) and the level is lower."""
    calm, cut = outburst()
    before = follow([*calm, *cut])[-1]

    def without(observation: Observation) -> Observation:
        score = observation.score
        assert score is not None
        assert score.window is not None
        if cause == "talk_over":
            return msgspec.structs.replace(observation, talk_over=0.0)
        if cause == "tone":
            window = msgspec.structs.replace(score.window, tension=0.14)
            return msgspec.structs.replace(observation, score=msgspec.structs.replace(score, window=window))
        usual = {"loudness": {"level_db": -28.0}, "pitch": {"pitch_st": 15.5}}[cause]
        return msgspec.structs.replace(observation, score=msgspec.structs.replace(score, **usual))

    after = follow([*calm, *map(without, cut)])[-1]
    assert after.level < before.level
    assert cause not in {reason.code for reason in after.reasons}


def test_remove_all_causes_and_the_alarm_goes_away() -> None:
    """Without the tone there is no red; the calm part alone is green."""
    calm, cut = outburst()
    quiet = [block(o.index, 0.14, level_db=-28.0, pitch_st=15.5) for o in cut]
    assert {step.zone for step in follow([*calm, *quiet])} == {Zone.GREEN}


moments = st.fixed_dictionaries(
    {
        "tension": st.floats(0.0, 1.0),
        "level_db": st.floats(-60.0, 0.0),
        "pitch_st": st.floats(0.0, 40.0),
        "speech": st.floats(0.0, 1.0),
        "voiced": st.floats(0.0, 1.0),
        "missing": st.sampled_from([0.0, 0.0, 0.0, 0.4, 1.0]),
        "talk_over": st.sampled_from([0.0, 0.0, 1.0]),
        "agent": st.sampled_from([0.0, 1.0]),
        "window_s": st.sampled_from([0.5, 3.0]),
    }
)


@given(st.lists(moments, max_size=60), moments, st.floats(0.0, 1.0), st.floats(0.0, 20.0), st.floats(0.0, 10.0))
def test_with_the_same_past_more_is_never_less(
    past: list[dict[str, float]], now: dict[str, float], tenser: float, louder: float, higher: float
) -> None:
    """After any past, a tenser, louder and higher block gives no lower level and no milder zone."""
    tracker = TensionTracker(TensionSettings())
    for n, moment in enumerate(past):
        tracker.step(block(n, **moment))  # type: ignore[arg-type]
    worse = now | {
        "tension": min(1.0, now["tension"] + tenser),
        "level_db": now["level_db"] + louder,
        "pitch_st": now["pitch_st"] + higher,
    }
    a = deepcopy(tracker).step(block(len(past), **now))  # type: ignore[arg-type]
    b = tracker.step(block(len(past), **worse))  # type: ignore[arg-type]
    assert b.level >= a.level
    assert SEVERITY[b.zone] >= SEVERITY[a.zone]


@given(st.lists(moments, max_size=60))
def test_level_stays_within_bounds_with_four_decimals(past: list[dict[str, float]]) -> None:
    """Whatever comes, the level is 0..1 with at most four decimals and quality 0..1."""
    for step in follow(block(n, **moment) for n, moment in enumerate(past)):  # type: ignore[arg-type]
        assert 0.0 <= step.level <= 1.0
        assert step.level == round(step.level, 4)
        assert 0.0 <= step.quality <= 1.0


def test_blocks_out_of_order_are_refused() -> None:
    """A block that comes twice or late is an error of the caller, not a silent wrong level."""
    tracker = TensionTracker(TensionSettings())
    tracker.step(block(3))
    with pytest.raises(ValueError, match="block 3 after block 3"):
        tracker.step(block(3))


def test_steps_come_due_every_second_block_and_at_each_crossing() -> None:
    """A window is due about twice a second, and at once when the zone changes; its evidence adds up to all of it."""
    steps = follow(block(n, 0.95) for n in range(40))
    due = [step for step in steps if step.due]
    assert all(step.due for step in steps if step.crossed)
    assert all(step.due == (step.crossed or step.index % 2 == 1) for step in steps)
    assert sum(step.evidence_s for step in due) == pytest.approx(40 * 0.24)
