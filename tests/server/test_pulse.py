"""Since when nothing was heard."""

from types import SimpleNamespace
from typing import Any

from voicerisk.server.pulse import Pulse


def call(name: str, media_s: float, *, held: bool = False) -> Any:
    """A live call as far as the pulse looks at it."""
    return SimpleNamespace(facts=SimpleNamespace(call=name), media_s=media_s, held=held)


def test_silence_counts_from_the_last_sound_of_any_call() -> None:
    """One call that goes on is enough; when all stand still, the age grows, and any sound ends it."""
    pulse = Pulse()
    assert pulse.age_s([call("a", 1.0), call("b", 1.0)], 100.0) == 0.0
    assert pulse.age_s([call("a", 1.0), call("b", 2.0)], 101.0) == 0.0
    assert pulse.age_s([call("a", 1.0), call("b", 2.0)], 161.0) == 60.0
    assert pulse.age_s([call("a", 1.5), call("b", 2.0)], 162.0) == 0.0


def test_where_no_call_should_sound_there_is_nothing_to_measure() -> None:
    """No calls, or calls on hold only; a new call begins the count."""
    pulse = Pulse()
    assert pulse.age_s([], 100.0) is None
    assert pulse.age_s([call("a", 5.0, held=True)], 200.0) is None
    assert pulse.age_s([call("a", 5.0)], 300.0) == 0.0
