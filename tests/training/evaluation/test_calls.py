"""Simulated calls through the real chain."""

from pathlib import Path

import msgspec
import numpy as np
import pytest

from tests.training.made import made_clips
from voicerisk.floor import FloorSettings
from voicerisk.scoring.model import Model
from voicerisk.training.callsounds import dtmf
from voicerisk.training.evaluation.call_tables import alerts_at
from voicerisk.training.evaluation.calls import (
    Spec,
    degraded,
    no_speech,
    run_calls,
    run_sounds,
    shipped_settings,
    specs,
    with_every_window,
)
from voicerisk.training.simulate import Plan, simulate, voices

LOUDER = Plan(duration_s=24, onset_s=10, tense_gain_db=22, customer_level_db=-32, noise=None, talk_over=0.0)


def pair(root: Path, plan: Plan, n: int = 1) -> list[Spec]:
    """Calls between the first two made-up speakers."""
    first, second, *_ = voices(made_clips(root))
    return [Spec(first, second, plan, seed) for seed in range(n)]


def test_a_caller_who_gets_loud_is_alerted_and_a_quiet_one_is_not(loudness: Model, corpora_root: Path) -> None:
    """With the model that hears loudness, the chain alerts within 10 s of the onset, and never where there is none."""
    calm = msgspec.structs.replace(LOUDER, onset_s=None)
    wanted = pair(corpora_root, LOUDER) + pair(corpora_root, calm)
    tense, quiet = run_calls(loudness.folder, shipped_settings(loudness.folder), wanted)
    assert tense.onset_s is not None
    assert len(tense.alerts_s) == 1
    assert 0 < tense.alerts_s[0] - tense.onset_s < 10
    assert tense.calm == ()
    assert quiet.alerts_s == ()
    assert quiet.calm == ((0.0, quiet.duration_s),)


def test_levels_tell_the_same_alerts_as_the_chain(loudness: Model, corpora_root: Path) -> None:
    """Alerts worked out from the windows' levels are those that the chain raised, so that tuning on levels is exact."""
    settings = with_every_window(shipped_settings(loudness.folder))
    for outcome in run_calls(loudness.folder, settings, pair(corpora_root, LOUDER, n=4)):
        assert alerts_at(outcome.windows, settings.tension.boundaries) == pytest.approx(outcome.alerts_s)
        assert outcome.alerts_s


def test_workers_change_nothing(loudness: Model, corpora_root: Path) -> None:
    """Calls run in other processes give the same outcomes as in this one."""
    wanted = pair(corpora_root, msgspec.structs.replace(LOUDER, duration_s=8, onset_s=3), n=2)
    alone = run_calls(loudness.folder, FloorSettings(), wanted)
    done: list[int] = []
    assert run_calls(loudness.folder, FloorSettings(), wanted, workers=2, advance=done.append) == alone
    assert sum(done) == 2


def test_specs_use_every_speaker_alike_and_nobody_twice(corpora_root: Path) -> None:
    """Customers take turns, no one is their own agent, half the calls escalate, and the seed fixes them all."""
    people = voices(made_clips(corpora_root))
    wanted = specs(people, escalating=8, calm=8, seed=1)
    assert [spec.customer.speaker for spec in wanted] == [voice.speaker for voice in people] * 4
    assert all(spec.customer.speaker != spec.agent.speaker for spec in wanted)
    assert sum(spec.plan.onset_s is not None for spec in wanted) == 8
    assert {spec.plan.mood for spec in wanted if spec.plan.onset_s is None} == {"calm", "lively"}
    assert [spec.plan for spec in specs(people, escalating=8, calm=8, seed=1)] == [spec.plan for spec in wanted]


def test_a_degraded_call_is_the_same_call_on_a_bad_line(corpora_root: Path) -> None:
    """Who says what and when stays the same to the millisecond; the line is quieter, noisier and loses packets."""
    for spec in specs(voices(made_clips(corpora_root)), escalating=2, calm=2, seed=1):
        worse = degraded(spec)
        before, after = (simulate(one.customer, one.agent, one.plan, one.seed) for one in (spec, worse))
        assert after.truth.utterances == before.truth.utterances
        assert (worse.plan.customer_level_db, worse.plan.snr_db, worse.plan.loss) == (-34.0, 8.0, 0.03)
        assert (spec.plan.loss, spec.plan.snr_db > 8.0) == (0.0, True)
        assert not np.array_equal(after.samples[:, 0], before.samples[:, 0])


def test_sounds_are_heard_on_the_customers_side(loudness: Model) -> None:
    """A model that hears loudness alone is alarmed by loud keys: the test of sounds can fail."""
    keys = np.resize(3 * dtmf("5", on_s=0.2, off_s=0.0), 80000)
    loud, still = run_sounds(loudness.folder, FloorSettings(), {"keys": keys, "nothing": np.zeros(80000, np.float32)})
    assert (loud.name, len(loud.alerts_s)) == ("keys", 1)
    assert (still.alerts_s, still.windows[-1].level) == ((), 0.0)


def test_what_is_no_speech_lasts_as_long_as_asked() -> None:
    """Music fills half of the minutes; ringing, keys and noise the other half."""
    minutes = {name: len(audio) / 8000 / 60 for name, audio in no_speech(3.0).items()}
    assert sum(minutes.values()) == pytest.approx(3.0, rel=0.01)
    assert minutes["hold music"] == pytest.approx(1.5, rel=0.01)
