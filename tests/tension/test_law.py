"""The law of the level."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from voicerisk.tension import TensionSettings
from voicerisk.tension.baseline import Usual, log_odds
from voicerisk.tension.law import Present, weigh

SETTINGS = TensionSettings()

presents = st.builds(
    Present,
    tension=st.floats(0.0, 1.0),
    level_db=st.none() | st.floats(-90.0, 0.0),
    pitch_st=st.none() | st.floats(0.0, 48.0),
    talk_overs=st.integers(0, 50),
)
usuals = st.builds(
    Usual,
    learned_s=st.floats(0.0, 3600.0),
    level_db=st.none() | st.floats(-90.0, 0.0),
    pitch_st=st.none() | st.floats(0.0, 48.0),
    tension_log_odds=st.none() | st.floats(-7.0, 7.0),
)


@given(presents, usuals, st.floats(0.0, 1.0), st.floats(0.0, 60.0), st.floats(0.0, 30.0), st.integers(0, 20))
def test_more_of_anything_never_weighs_less(
    present: Present, usual: Usual, tenser: float, louder: float, higher: float, more: int
) -> None:
    """With a given past, more tension, loudness, pitch and talk-over never give a lower total."""
    worse = Present(
        tension=min(1.0, present.tension + tenser),
        level_db=None if present.level_db is None else present.level_db + louder,
        pitch_st=None if present.pitch_st is None else present.pitch_st + higher,
        talk_overs=present.talk_overs + more,
    )
    assert weigh(SETTINGS, worse, usual).total >= weigh(SETTINGS, present, usual).total


@given(presents, usuals)
def test_total_is_the_tone_within_its_bounds(present: Present, usual: Usual) -> None:
    """Whatever the voice does, it moves the model's own word by at most own_max down, own_max + voice_max up."""
    moved = weigh(SETTINGS, present, usual).total - log_odds(present.tension)
    assert -SETTINGS.own_max - 1e-9 <= moved <= SETTINGS.own_max + SETTINGS.voice_max + 1e-9


def test_an_unknown_caller_is_taken_at_the_models_word() -> None:
    """Before anything was learned the total is the model's log-odds and nothing else."""
    present = Present(tension=0.7, level_db=-5.0, pitch_st=40.0)
    assert weigh(SETTINGS, present, Usual()).total == pytest.approx(log_odds(0.7))


def test_ordinary_liveliness_adds_nothing() -> None:
    """Three dB and two semitones above the own usual are ordinary talk."""
    usual = Usual(learned_s=60.0, level_db=-30.0, pitch_st=12.0, tension_log_odds=log_odds(0.2))
    weighed = weigh(SETTINGS, Present(tension=0.2, level_db=-27.0, pitch_st=14.0, talk_overs=1), usual)
    assert (weighed.loudness, weighed.pitch, weighed.talk_over) == (0.0, 0.0, 0.0)


def test_the_own_usual_counts_as_far_as_it_is_known() -> None:
    """The same caller who always sounds half tense is forgiven more the longer he has been heard."""
    totals = [
        weigh(SETTINGS, Present(tension=0.6), Usual(learned_s=heard, tension_log_odds=log_odds(0.6))).total
        for heard in (0.0, 2.0, 10.0, 60.0)
    ]
    assert totals == sorted(totals, reverse=True)
    assert totals[0] - totals[-1] > 0.5
