"""Reasons in plain words with numbers."""

from voicerisk.tension import TensionSettings
from voicerisk.tension.baseline import Usual, log_odds
from voicerisk.tension.law import Present, weigh
from voicerisk.tension.reasons import reasons_of

USUAL = Usual(learned_s=40.0, level_db=-30.0, pitch_st=14.0, tension_log_odds=log_odds(0.21))


def texts(present: Present, usual: Usual = USUAL) -> list[str]:
    """The reasons in words."""
    settings = TensionSettings()
    return [reason.text for reason in reasons_of(settings, present, usual, weigh(settings, present, usual))]


def test_reasons_say_what_moved_and_by_how_much() -> None:
    """Each cause is one sentence with this caller's own numbers, the heaviest first."""
    assert texts(Present(tension=0.87, level_db=-22.0, pitch_st=18.2, talk_overs=4)) == [
        "tone model: tension 0.87 (usual for this caller 0.21)",
        "talked over the agent 4 times in the last 30 s",
        "voice 8 dB louder than this caller's own level",
        "pitch up 4.2 semitones on this caller's own",
    ]


def test_what_did_not_move_is_not_a_reason() -> None:
    """A voice at its own level and pitch is no reason."""
    assert texts(Present(tension=0.9, level_db=-29.0, pitch_st=14.5, talk_overs=1)) == [
        "tone model: tension 0.90 (usual for this caller 0.21)"
    ]


def test_an_unknown_usual_is_called_unknown() -> None:
    """In the first seconds the model's word stands alone and says so."""
    assert texts(Present(tension=0.9, level_db=-9.0), Usual(learned_s=1.0, level_db=-9.0, tension_log_odds=2.0)) == [
        "tone model: tension 0.90 (this caller's usual is not known yet)"
    ]
