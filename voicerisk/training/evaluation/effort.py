"""How much an evaluation measures, and how it tells how far it is."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

Report = Callable[[str, int, int], None]
"""Gets the name of the stage, how much of it is done (0 when it begins), and how much there is."""


def counted(report: Report, stage: str, total: int) -> Callable[[int], None]:
    """Return what to call with how many more are done; reports at once that the stage begins."""
    done = 0

    def advance(n: int) -> None:
        nonlocal done
        done += n
        report(stage, done, total)

    advance(0)
    return advance


@dataclass(frozen=True, slots=True)
class Effort:
    """How much is measured; `QUICK` is a smoke run whose numbers mean little."""

    clips_per_label: int
    line_clips: int
    resamples: int
    escalating: int
    calm: int
    speech_calls: int
    sound_minutes: float
    cost_s: float
    baseline: bool


FULL: Final = Effort(
    clips_per_label=250,
    line_clips=1200,
    resamples=500,
    escalating=76,
    calm=180,
    speech_calls=30,
    sound_minutes=30.0,
    cost_s=3.0,
    baseline=True,
)
QUICK: Final = Effort(
    clips_per_label=8,
    line_clips=60,
    resamples=50,
    escalating=4,
    calm=6,
    speech_calls=3,
    sound_minutes=1.5,
    cost_s=0.2,
    baseline=False,
)
