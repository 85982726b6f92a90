"""The knobs of the tension level."""

import pytest

from voicerisk.tension import TensionSettings, tension_problems
from voicerisk.tension.settings import DEFAULT_ZONES
from voicerisk.zones import Boundary, Zones


def red(enter: float, leave: float) -> TensionSettings:
    """Settings with this red zone."""
    return TensionSettings(zones=Zones(amber=DEFAULT_ZONES.amber, red=Boundary(enter=enter, leave=leave)))


def test_shipped_settings_are_sound() -> None:
    """The defaults have no problems."""
    assert tension_problems(TensionSettings()) == []


@pytest.mark.parametrize(
    ("settings", "where"),
    [
        (TensionSettings(usual_tension=1.0), "usual_tension"),
        (TensionSettings(own_share=1.5), "own_share"),
        (TensionSettings(voice_max=-1.0), "voice_max"),
        (TensionSettings(voice_max=float("nan")), "voice_max"),
        (TensionSettings(window_s=0.0), "window_s"),
        (TensionSettings(window_every=0), "window_every"),
        (
            red(enter=1.2, leave=0.6),
            "zones.red.enter",
        ),
        (
            red(enter=0.8, leave=0.9),
            "zones.red.leave",
        ),
    ],
)
def test_each_bad_setting_is_named_at_its_key(settings: TensionSettings, where: str) -> None:
    """One bad value gives one problem, at its key, with what would be right."""
    problems = tension_problems(settings)
    assert [problem.where for problem in problems] == [where]
    assert problems[0].mend
