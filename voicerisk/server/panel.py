"""The pilot's panel in the feed: the needles everybody looks at, procedures at work, known faults, work to be done."""

from collections.abc import Callable, Mapping
from typing import Any, Final

import msgspec

from voicerisk.risk.actions import Action, SilenceChanged
from voicerisk.risk.config import RiskConfig
from voicerisk.risk.desk import IncidentChanged, OutageChanged, PromiseChanged
from voicerisk.risk.engine import Engine
from voicerisk.risk.procedures import KNOWN_ACTIONS
from voicerisk.risk.runs import RunChanged
from voicerisk.risk.tasks import TaskChanged, TaskOpened
from voicerisk.server.feed import Feed
from voicerisk.server.needles import drawn, gauge_views
from voicerisk.server.views import GaugeView

MAX_NEEDLES: Final = 300
"""Needles on the panel, the worst first; a site of many queues reads the rest where it wants them (`/gauges`)."""

MAX_RUNS: Final = 300
"""Procedures at work that a new screen is given, the latest; those of older alerts it asks for (`/procedures/runs`)."""

_WORK: Final = TaskOpened | TaskChanged | PromiseChanged | IncidentChanged


class Panel:
    """Tells the feed what moved: procedures at once, everything else at most once for each `tick`."""

    def __init__(self, engine: Engine, config: RiskConfig, feed: Feed, clock: Callable[[], float]) -> None:
        self._engine = engine
        self._gauges = config.gauges
        self._names = {name: _Name(one.title, one.key, one.kind, one.unit) for name, one in config.gauges.items()}
        self._actions = {**KNOWN_ACTIONS, **config.actions}
        self._drawn = drawn(config)
        self._feed = feed
        self._clock = clock
        self._told: dict[tuple[str, str], GaugeView] = {}
        self._work_moved = False
        self._quiet_moved = False

    def picture(self) -> Mapping[str, Any]:
        """Everything of the panel, as the feed's snapshot has it."""
        return {
            "gauges": self._views(self._clock()),
            "gauge_names": self._names,
            "actions": self._actions,
            "runs": self._engine.desk.runs()[-MAX_RUNS:],
            **self._quiet(),
            "work": self._work(),
        }

    def act(self, action: Action) -> None:
        """Something followed in the engine."""
        if isinstance(action, RunChanged):
            self._feed.publish("run.changed", {"run": action.run})
        elif isinstance(action, _WORK):
            self._work_moved = True
        elif isinstance(action, SilenceChanged | OutageChanged):
            self._quiet_moved = True

    def tick(self) -> None:
        """Tells what has moved since the last time."""
        views = {(view.gauge, view.key): view for view in self._views(self._clock())}
        changed = [view for place, view in views.items() if not _same(self._told.get(place), view)]
        gone = [place for place in self._told if place not in views]
        self._told = views
        if changed or gone:
            self._feed.publish("gauges", {"gauges": changed, "gone": gone})
        if self._work_moved:
            self._feed.publish("work", {"work": self._work()})
        if self._quiet_moved:
            self._feed.publish("quiet", self._quiet())
        self._work_moved = self._quiet_moved = False

    def _views(self, now: float) -> list[GaugeView]:
        return gauge_views(self._engine.readings(now, self._drawn), self._gauges, now)[:MAX_NEEDLES]

    def _quiet(self) -> dict[str, Any]:
        return {"outages": self._engine.desk.outages(), "silences": self._engine.silences()}

    def _work(self) -> dict[str, int]:
        tasks = self._engine.desk.tasks()
        return {
            "tasks": len(tasks),
            "overdue": sum(task.overdue for task in tasks),
            "unowned": sum(task.person is None for task in tasks),
        }


class _Name(msgspec.Struct, frozen=True):
    """What a gauge is called, what there is one needle for each of, how it is made, and what it counts."""

    title: Mapping[str, str]
    per: str
    kind: str
    unit: str


def _same(told: GaugeView | None, view: GaugeView) -> bool:
    return told is not None and msgspec.structs.replace(told, age_s=view.age_s) == view
