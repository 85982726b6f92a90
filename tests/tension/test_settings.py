"""The knobs of the tension level."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from voicerisk.events import Zone
from voicerisk.tension import TensionSettings, tension_problems, with_suggestion
from voicerisk.tension.settings import DEFAULT_ZONES
from voicerisk.zones import Boundary, Zones, ZoneTracker


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


def test_the_models_suggestion_moves_red_and_amber_follows() -> None:
    """Red is what the author says; amber stays as far below it as it ships; the result is sound."""
    shipped = DEFAULT_ZONES
    suggested = with_suggestion(TensionSettings(), enter=0.9, leave=0.8, hold_s=5.0).boundaries
    assert suggested.red == Boundary(enter=0.9, leave=0.8, hold_s=5.0, leave_hold_s=5.0)
    assert shipped.amber.enter < suggested.amber.enter < 0.9
    edge = shipped.red
    same = with_suggestion(TensionSettings(), enter=edge.enter, leave=edge.leave, hold_s=edge.hold_s).boundaries
    assert same.amber == shipped.amber


def test_a_quick_suggestion_still_leaves_slowly() -> None:
    """A red that is soon entered has an amber just as soon, and takes as much calm speech to end as it ships with."""
    quick = with_suggestion(TensionSettings(), enter=0.5, leave=0.4, hold_s=0.96).boundaries
    assert quick.amber.hold_s == quick.red.hold_s == 0.96
    needle = ZoneTracker(quick)
    assert needle.step(0.6, 0.96) is Zone.RED
    assert needle.step(0.1, DEFAULT_ZONES.red.leave_hold_s - 0.24) is Zone.RED
    assert needle.step(0.1, 0.24) is not Zone.RED


@given(st.floats(0.05, 0.99), st.floats(0.0, 1.0), st.floats(0.0, 60.0))
def test_any_sound_suggestion_gives_sound_zones(enter: float, share: float, hold_s: float) -> None:
    """Wherever the author puts red, amber lies in order below it."""
    assert tension_problems(with_suggestion(TensionSettings(), enter=enter, leave=enter * share, hold_s=hold_s)) == []


def test_the_sites_own_zones_overrule_the_model() -> None:
    """What the site wrote stays."""
    site = TensionSettings(zones=DEFAULT_ZONES)
    assert with_suggestion(site, enter=0.3, leave=0.2, hold_s=1.0) == site
