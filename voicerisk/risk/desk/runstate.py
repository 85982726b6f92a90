"""What the book of runs says, and what it remembers over a restart."""

from typing import Final

import msgspec

from voicerisk.risk.brakes import BrakesState
from voicerisk.risk.runs import Run, RunChanged, StepDue
from voicerisk.risk.tasks import TaskChanged, TaskOpened

RunAction = RunChanged | StepDue | TaskOpened | TaskChanged

MAX_ENDED: Final = 2_000
"""Runs remembered after their alerts, so that a late word on an action still finds its step."""


class RunBookState(msgspec.Struct, kw_only=True):
    """What has to be remembered over a restart."""

    runs: list[Run] = []
    ended: list[Run] = []
    brakes: BrakesState = msgspec.field(default_factory=BrakesState)
