"""What the book of runs says, and what it remembers over a restart."""

from collections.abc import Iterable, Iterator
from typing import Final

import msgspec

from voicerisk.risk.brakes import BrakesState
from voicerisk.risk.procedures import Procedure
from voicerisk.risk.runs import Run, RunChanged, StepDue
from voicerisk.risk.tasks import TaskChanged, TaskOpened

RunAction = RunChanged | StepDue | TaskOpened | TaskChanged

MAX_ENDED: Final = 2_000
"""Runs remembered after their alerts, so that a late word on an action still finds its step."""


_NO_STEPS: Final = Procedure(title={}, steps=())


class RunBookState(msgspec.Struct, kw_only=True):
    """What has to be remembered over a restart.

    A procedure is long and many runs have the same: it is written once in `procedures`, and each run stands with its
    place there and without it. Made by `packed`, read by `unpacked`.
    """

    procedures: list[Procedure] = []
    runs: list[tuple[int, Run]] = []
    ended: list[tuple[int, Run]] = []
    brakes: BrakesState = msgspec.field(default_factory=BrakesState)


def packed(runs: Iterable[Run], ended: Iterable[Run], brakes: BrakesState) -> RunBookState:
    """The state of a book with these runs."""
    state = RunBookState(brakes=brakes)
    # Mostly it is the very same object; after a restart it may be an equal one.
    places: dict[int, int] = {}
    written: dict[bytes, int] = {}
    for book, those in ((state.runs, runs), (state.ended, ended)):
        for run in those:
            if (place := places.get(id(run.procedure))) is None:
                place = written.setdefault(msgspec.msgpack.encode(run.procedure), len(state.procedures))
                places[id(run.procedure)] = place
                if place == len(state.procedures):
                    state.procedures.append(run.procedure)
            book.append((place, msgspec.structs.replace(run, procedure=_NO_STEPS)))
    return state


def unpacked(state: RunBookState, runs: Iterable[tuple[int, Run]]) -> Iterator[Run]:
    """These runs of the state, each with its procedure again."""
    for place, run in runs:
        yield msgspec.structs.replace(run, procedure=state.procedures[place])
