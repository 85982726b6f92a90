"""Alert plays: a script with times, and what must be seen of the engine, and when.

A play is strict: every change of an alert has to be wanted by exactly one `want`, so an alert too many fails as surely
as one too few. Times are seconds from the start of the play; the engine ticks in between, once a second by default.
"""

from collections.abc import Callable, Iterable, Iterator
from typing import Any, NamedTuple

import msgspec

from tests.risk.shipped import CALL_TENSION, TENSE_CALL
from voicerisk.events import CallEnded, CallStarted, Event, Evidence, Reason, TensionWindow, Window, Zone, event_id
from voicerisk.risk.actions import Action, AlertAction, Notify
from voicerisk.risk.alerts import Alert, NotifyReason
from voicerisk.risk.config import RiskConfig
from voicerisk.risk.deeds import Acknowledge, Deed, Resolve
from voicerisk.risk.engine import Engine
from voicerisk.risk.gauges import OwnMeasure
from voicerisk.risk.procedures import Procedure, Step, StepKind

T0 = 1_732_226_400.0
"""When every play begins, epoch seconds."""

WINDOW_S = 0.48
LEVELS = {Zone.GREEN: 0.2, Zone.AMBER: 0.65, Zone.RED: 0.9}


class Between(NamedTuple):
    """A stretch of the play, both ends included."""

    start: float
    end: float


class Wanted(NamedTuple):
    """One change of an alert that must be seen; `to` None: whoever it rang for, or nobody."""

    what: NotifyReason
    place: str
    rule: str
    person: str | None
    to: tuple[str, ...] | None


READ_THE_REASONS = Step(kind=StepKind.SHOW, text={"en": "Read the reasons."})

Line = Callable[[Engine, float], Iterable[Action]]


def between(start: float, end: float) -> Between:
    """From `start` to `end`, both included."""
    return Between(start, end)


def alert(
    what: NotifyReason,
    place: str = "c-1",
    rule: str = "tense_call",
    person: str | None = None,
    to: tuple[str, ...] | None = None,
) -> Wanted:
    """This happens to the alert of this place: a call's id, a queue's name ..."""
    return Wanted(what, place, rule, person, to)


def started(call: str = "c-1", queue: str | None = "billing") -> Line:
    """The call begins."""
    return _event(lambda t: CallStarted(id=f"{call} started at {t}", at=T0 + t, call=call, queue=queue))


def ended(call: str = "c-1") -> Line:
    """The call ends."""
    return _event(lambda t: CallEnded(id=f"{call} ended at {t}", at=T0 + t, call=call))


def hears_of(kind: type[Event], *, late_s: float = 0.0, **fields: Any) -> Line:
    """An event of this kind arrives, so long after it happened."""
    return lambda engine, t: engine.handle(
        kind(id=f"{kind.__name__} at {t} {sorted(fields.items())}", at=T0 + t - late_s, **fields), T0 + t
    )


def measures(measure: OwnMeasure, value: float | None, key: str = "site") -> Line:
    """The service has measured this of itself."""
    return lambda engine, t: engine.observe(measure, key, value, T0 + t)


def delivers(event: Event) -> Line:
    """This very event arrives, whenever it happened."""
    return lambda engine, t: engine.handle(event, T0 + t)


def window(
    call: str, t: float, zone: Zone, level: float | None = None, queue: str | None = None, media_s: float | None = None
) -> TensionWindow:
    """One window event of the ear at second `t` of the play."""
    at_s = round(t if media_s is None else media_s, 2)
    level = LEVELS[zone] if level is None else level
    reasons = (Reason(code="tone", value=level, baseline=0.2, text=f"tone model: tension {level:.2f}"),)
    data = Window(
        start_s=max(0.0, at_s - 0.24),
        at_s=at_s,
        level=level,
        zone=zone,
        evidence=Evidence.HEARD,
        evidence_s=WINDOW_S,
        speech=0.9,
        quality=1.0,
        tension=level,
        reasons=() if zone is Zone.GREEN else reasons,
    )
    id_ = event_id(call, "tension.window", round(at_s / 0.24))
    return TensionWindow(id=id_, at=round(T0 + t, 3), call=call, queue=queue, data=data)


def acknowledges(person: str, place: str = "c-1") -> Line:
    """A person takes the place's latest alert."""
    return lambda engine, t: engine.do(Acknowledge(alert=latest(engine, place).id, person=person), T0 + t)


def resolves(person: str, place: str = "c-1", note: str = "") -> Line:
    """A person closes the place's latest alert."""
    return lambda engine, t: engine.do(Resolve(alert=latest(engine, place).id, person=person, note=note), T0 + t)


def does(deed: Deed) -> Line:
    """A person does this."""
    return lambda engine, t: engine.do(deed, T0 + t)


def latest(engine: Engine, place: str = "c-1") -> Alert:
    """The latest alert of a call, queue, customer ..."""
    return [alert for alert in engine.alerts() if alert.key == place][-1]


def one_rule(**changes: Any) -> RiskConfig:
    """Only the rule for tense calls, with a procedure that rings for nobody; with these changes."""
    alone = RiskConfig(
        gauges={"call_tension": CALL_TENSION},
        rules={"tense_call": TENSE_CALL},
        procedures={"barge_in": Procedure(title={"en": "Join"}, steps=(READ_THE_REASONS,))},
    )
    return msgspec.structs.replace(alone, **changes)


def library(*rules: str, **changes: Any) -> RiskConfig:
    """What ships, with only these rules in action, and these changes."""
    shipped = RiskConfig()
    chosen = {name: shipped.rules[name] for name in rules}
    return msgspec.structs.replace(shipped, rules=chosen, **changes)


class Moment:
    """A second of the play, to write lines at."""

    def __init__(self, play: "Play", t: float) -> None:
        self._play, self._t = play, t

    def push(self, *lines: Line) -> None:
        """These happen now, in this order."""
        self._play.lines += [(self._t, line) for line in lines]

    def hears(self, zone: Zone, for_s: float, call: str = "c-1", level: float | None = None) -> None:
        """From now on, for so long, the ear reports this zone (two windows a second)."""
        for n in range(round(for_s / WINDOW_S)):
            self._play.lines.append((self._t + n * WINDOW_S, _event(lambda t: window(call, t, zone, level))))

    def restarts(self) -> None:
        """The process dies and comes back with what the store has: every alert that was not resolved."""
        self._play.lines.append((self._t, self._play.restart))


class Play:
    """One script and its engine."""

    def __init__(self, config: RiskConfig | None = None, tick_s: float = 1.0) -> None:
        self._tick_s = tick_s
        self._config = config or one_rule()
        self.engine = Engine(self._config)
        self.lines: list[tuple[float, Line]] = []
        self.seen: list[tuple[float, Action]] = []
        self._wants: list[tuple[Between, Wanted]] = []

    def at(self, t: float) -> Moment:
        """Second `t` of the play."""
        return Moment(self, t)

    def want(self, when: Between, wanted: Wanted) -> None:
        """This must be seen once within that time."""
        self._wants.append((when, wanted))

    def restart(self, engine: Engine, t: float) -> Iterable[Action]:
        """A new engine from the stored alerts."""
        stored = [alert for alert in engine.alerts() if alert.state != "resolved"]
        self.engine = Engine(self._config)
        self.engine.adopt(reversed(stored), T0 + t)
        return ()

    def run(self, until: float) -> None:
        """Play up to second `until`; fails where something wanted is not seen, or something seen is not wanted."""
        n_ticks = int(until / self._tick_s)
        ticks: list[tuple[float, Line]] = [
            (n * self._tick_s, lambda engine, t: engine.tick(T0 + t)) for n in range(n_ticks + 1)
        ]
        for t, line in sorted([*self.lines, *ticks], key=lambda entry: entry[0]):
            self.seen += [(t, action) for action in line(self.engine, t)]
        self._every_ring_is_written_down()
        unwanted = [
            f"{t:.2f} s: {action.what} {action.alert.rule} {action.alert.key} -> {action.alert.history[-1].to}"
            for t, action in self.alert_changes()
            if not self._claim(t, action)
        ]
        assert not unwanted, f"seen but not wanted: {unwanted}"
        assert not self._wants, f"wanted but not seen: {self._wants}"

    def alert_changes(self) -> Iterator[tuple[float, AlertAction]]:
        """What was seen of alerts."""
        for t, action in self.seen:
            if isinstance(action, AlertAction):
                yield t, action

    def rings(self) -> list[tuple[float, str, tuple[str, ...]]]:
        """When (seconds of the play) which rule rang for whom."""
        return [(t, action.alert.rule, action.to) for t, action in self.seen if isinstance(action, Notify)]

    def _every_ring_is_written_down(self) -> None:
        """Whoever is notified stands in the alert's history, and a step that says "notify" does notify."""
        said = [
            (action.alert.id, action.what, action.alert.history[-1].to)
            for _, action in self.alert_changes()
            if action.alert.history[-1].notify
        ]
        rung = [(action.alert.id, action.what, action.to) for _, action in self.seen if isinstance(action, Notify)]
        assert said == rung

    def _claim(self, t: float, action: AlertAction) -> bool:
        step = action.alert.history[-1]
        assert action.what is step.what
        for n, (when, wanted) in enumerate(self._wants):
            shown = Wanted(action.what, action.alert.key, action.alert.rule, step.person, wanted.to and step.to)
            if wanted == shown and when.start <= t <= when.end:
                del self._wants[n]
                return True
        return False


def _event(make: Callable[[float], Event]) -> Line:
    return lambda engine, t: engine.handle(make(t), T0 + t)
