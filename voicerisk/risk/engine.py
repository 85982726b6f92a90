"""The engine: events, deeds and time in, actions out. It reads no clock, keeps no thread and knows no database.

What an event causes is dated by the event (`at`, when it happened), so the same call gives the same alerts live and in
replay; what time alone causes is dated by when it fell due, so the same input gives the same state however often
somebody ticks. `now` only says when the engine heard of it. An event heard of late counts where it belongs, but nobody
can have been told of it earlier than now.
"""

from collections.abc import Container, Iterable, Iterator
from math import inf
from typing import Final

from voicerisk.events import CallAbandoned, CallEnded, CallStarted, Event, TensionWindow, event_type
from voicerisk.risk.actions import Action, AlertResolved, EventRefused
from voicerisk.risk.alerts import Alert, AlertState, NotifyReason, is_of_call
from voicerisk.risk.book import AlertBook
from voicerisk.risk.calls import BEGINS, CallBook
from voicerisk.risk.config import RiskConfig
from voicerisk.risk.deeds import Deed
from voicerisk.risk.desk import Desk
from voicerisk.risk.doing import do
from voicerisk.risk.following import Following
from voicerisk.risk.gauges import GaugeBoard, GaugeKey, OwnMeasure, Reading
from voicerisk.risk.gauges.windows import zone_of
from voicerisk.risk.intake import Intake, RefusalReason
from voicerisk.risk.oncall import Roster
from voicerisk.risk.procedures import KNOWN_ACTIONS
from voicerisk.risk.silences import Silence
from voicerisk.risk.state import EngineState
from voicerisk.risk.watch import Watch, watched_values

PROMPT_S: Final = 5.0
"""An event heard within this time of when it happened is taken to be heard at once: so live and replay agree."""


_ENDS: Final = frozenset({CallEnded, CallAbandoned})


class Engine:
    """Gauges, rules, alerts and procedures of the whole site. The configuration must be free of `risk_problems`."""

    def __init__(self, config: RiskConfig) -> None:
        self._config = config
        gauges = {name: gauge for name, gauge in config.gauges.items() if gauge.enabled}
        self._roster = Roster(config.duty, zone_of(config.site))
        self._intake = Intake(config.site)
        self._board = GaugeBoard(gauges, config.site, watched_values(config.rules))
        self._calls = CallBook(config)
        self.desk = Desk(config.procedures, {**KNOWN_ACTIONS, **config.actions}, config.brakes, config.desk)
        self._book = AlertBook(config, self._roster.people, self.desk.outage_covering)
        self._watch = Watch(config.rules, gauges, self._calls, self._board.reading, self._book.unresolved)
        self._following = Following(config, self._board, self._calls, self.desk, self._book, self._watch)
        self._now_s = 0.0
        # Nothing falls due before this, unless something is told to the engine.
        self._idle_until_s = 0.0
        self._work_s = inf
        self._owed: list[Action] = []

    # What comes in

    def handle(self, event: Event, now: float, *, own: bool = False) -> list[Action]:
        """What follows from the event, which the engine hears of at `now` (epoch seconds).

        `own` events are the service's, or come from its record: they are never refused (see `Intake.admit`).
        """
        actions = self.tick(now)
        if (refusal := self._intake.admit(event, self._now_s, own=own)) is not None:
            refused = EventRefused(
                event_id=event.id,
                event_type=event_type(event),
                reason=refusal.text,
                at_s=self._now_s,
                known=refusal.reason is RefusalReason.DUPLICATE,
            )
            return [*actions, refused]
        self._following.heard_s = 0.0 if self._now_s - event.at <= PROMPT_S else self._now_s
        actions += self._event(event)
        actions += self._pass_time()
        self._following.heard_s = 0.0
        return actions

    def do(self, deed: Deed, now: float) -> list[Action]:
        """What follows from what a person does.

        Raises:
            UnknownAlertError, UnknownSilenceError, UnknownRunError, UnknownTaskError, UnknownIncidentError: There is
                no such thing, or it was forgotten.
            AlertStateError, RunStateError, TaskStateError, SilenceError: It is not in a state for that.
        """
        actions = self.tick(now)
        try:
            told = do(deed, self._book, self.desk, self._now_s)
        except Exception:
            # What time alone has done until now was done all the same, and is told with whatever comes next.
            self._owed = actions
            raise
        actions += self._following.follow(told)
        self._forget_strays(actions)
        self._idle_until_s = 0.0
        self._following.touched = True
        return actions + self._following.note_unowned(self._now_s)

    def observe(self, measure: OwnMeasure, key: str, value: float | None, now: float) -> list[Action]:
        """What follows from something that the service has measured of itself; None: nothing to measure any more."""
        actions = self.tick(now)
        actions += self._following.moved(self._board.observe(measure, key, value, self._now_s))
        self._idle_until_s = 0.0
        return actions + self._following.note_unowned(self._now_s)

    def tick(self, now: float) -> list[Action]:
        """What follows from time alone, in the order in which it fell due. A clock that was set back stands still."""
        self._now_s = max(self._now_s, now)
        if self._now_s < self._idle_until_s and not self._owed:
            return []
        owed, self._owed = self._owed, []
        return [*owed, *self._following.note_unowned(self._now_s), *self._pass_time()]

    # What there is

    @property
    def now_s(self) -> float:
        """How far the engine's time has come: when it heard the last thing it was told (epoch seconds)."""
        return self._now_s

    def knows(self, event_id: str) -> bool:
        """Whether an event of this id was counted and is remembered."""
        return self._intake.knows(event_id)

    def alerts(self) -> tuple[Alert, ...]:
        """Every alert remembered, the oldest first."""
        return self._book.alerts()

    def alert(self, alert_id: str) -> Alert:
        """One alert. Raises UnknownAlertError."""
        return self._book.get(alert_id)

    def silences(self) -> tuple[Silence, ...]:
        """The silences in force, the oldest first."""
        return self._book.silences()

    def reading(self, gauge: str, key: str, now: float) -> Reading | None:
        """One needle as it stands at `now`; None where it has shown nothing."""
        return self._board.reading(gauge, key, now)

    def readings(self, now: float, gauges: Container[str] | None = None) -> Iterator[Reading]:
        """Every needle of these gauges (None: of all) as it stands at `now`; see `Reading.stale`."""
        return self._board.readings(now, gauges)

    def red_shares(self, now: float) -> dict[str, float]:
        """For each gauge the share of its needles' time that was red."""
        return {gauge: times.red_share for gauge, times in self._board.time_in_zones(now).items()}

    def on_duty(self, role: str, at_s: float) -> tuple[str, ...]:
        """The persons on duty for the role."""
        return self._roster.on_duty(role, at_s)

    # Restart

    def snapshot(self) -> EngineState:
        """All that is needed to go on as if nothing had happened; to be encoded at once."""
        return EngineState(
            now_s=self._now_s,
            calls=self._calls.snapshot(),
            watch=self._watch.snapshot(),
            book=self._book.snapshot(),
            board=self._board.snapshot(),
            desk=self.desk.snapshot(),
            intake=self._intake.snapshot(),
        )

    def restore(self, state: EngineState) -> None:
        """Go on from a snapshot, before anything else is heard."""
        self._now_s = state.now_s
        self._idle_until_s = 0.0
        self._calls.restore(state.calls)
        self._board.restore(state.board)
        self.desk.restore(state.desk)
        self._book.restore(state.book)
        self._watch.restore(state.watch)
        self._intake.restore(state.intake)
        self._following.restore(self._book.alerts())
        self._watch.look_again(self._book.alerts())

    def adopt(self, alerts: Iterable[Alert], now: float) -> None:
        """Go on with stored alerts where there is no snapshot. Their calls are taken to be on, from `now`."""
        self._now_s = max(self._now_s, now)
        self._idle_until_s = 0.0
        self._book.adopt(alerts, self._now_s)
        self._following.adopt(self._book.alerts())
        self._watch.look_again(self._book.alerts())
        for alert in self._book.alerts():
            if is_of_call(alert):
                self._calls.adopt(alert, self._now_s)

    # Within: events

    def _event(self, event: Event) -> list[Action]:
        following, call, kind = self._following, event.call, type(event)
        actions: list[Action] = []
        changed = on = False
        if call is not None:
            if kind is CallStarted and self._calls.is_over(call):
                self._forget(call)
            if isinstance(event, TensionWindow) and not self._calls.is_news(call, event.data.at_s):
                return actions
            on = self._calls.is_on(call)
            if on or (kind in BEGINS and not self._calls.is_over(call)):
                if not on:
                    actions += self._make_room()
                changed = self._calls.hear(call, event, self._now_s)
        if moved := self._board.handle(event, self._now_s):
            actions += following.moved(moved, event)
        if call is not None and changed:
            actions += following.came(self._watch.call_changed(call, event.at), event)
        if told := self.desk.handle(event):
            actions += following.follow(told)
        if call is not None and on and kind in _ENDS:
            self._calls.end(call, self._now_s)
            actions += self._close(call, max(event.at, following.heard_s), NotifyReason.CALL_ENDED)
        return actions + following.note_unowned(max(event.at, following.heard_s))

    # Within: time

    def _pass_time(self) -> list[Action]:
        """Does what has fallen due, one time after another; whose time it is, is asked anew after each."""
        actions: list[Action] = []
        following = self._following
        while True:
            needle_s, calm_s, call_s = self._board.next_due_s(), self._watch.next_due_s(), self._calls.next_due_s()
            work_s = self._next_work_s()
            due_s = min(inf if needle_s is None else needle_s, inf if calm_s is None else calm_s, call_s, work_s)
            if due_s > self._now_s:
                self._idle_until_s = due_s
                return actions
            at_s = max(due_s, following.heard_s)
            if needle_s == due_s:
                actions += following.moved(self._board.advance(due_s))
            if calm_s == due_s:
                actions += self._calm_down(due_s, at_s)
            if work_s == due_s:
                following.touched = True
                actions += following.follow(self.desk.advance(due_s))
                actions += following.follow(self._book.advance(due_s, at_s))
            if call_s == due_s:
                while (call := self._calls.due(due_s)) is not None:
                    actions += self._lose(call, at_s) if self._calls.is_on(call) else self._forget(call)
            actions += following.note_unowned(at_s)

    def _next_work_s(self) -> float:
        """When the next deadline of an alert, a procedure or a task passes. Few inputs change that; those say so."""
        if self._following.touched:
            self._following.touched = False
            times = (self.desk.next_due_s(), self._book.next_due_s())
            self._work_s = min((due_s for due_s in times if due_s is not None), default=inf)
        return self._work_s

    def _calm_down(self, due_s: float, at_s: float) -> list[Action]:
        actions: list[Action] = []
        for fingerprint in self._watch.advance(due_s):
            if (alert := self._book.unresolved(fingerprint)) is not None:
                actions += self._following.follow(self._book.resolve(alert.id, NotifyReason.CALMED_DOWN, at_s))
        return actions

    # Within: calls

    def _close(self, call: str, at_s: float, what: NotifyReason) -> list[Action]:
        """The call is over, and with it every alert of its that does not outlive it."""
        actions: list[Action] = []
        self._watch.forget_call(call)
        for alert in self._book.of_call(call):
            rule = self._config.rules.get(alert.rule)
            stays = what is NotifyReason.CALL_ENDED and rule is not None and not rule.resolve_at_end
            if alert.state is not AlertState.RESOLVED and is_of_call(alert) and not stays:
                actions += self._following.follow(self._book.resolve(alert.id, what, at_s))
        return actions

    def _lose(self, call: str, at_s: float) -> list[Action]:
        actions = self._close(call, at_s, NotifyReason.CALL_LOST)
        actions += self._following.moved(self._board.forget(GaugeKey.CALL, call, at_s))
        return actions + self._forget(call)

    def _forget(self, call: str) -> list[Action]:
        self._calls.forget(call)
        if self._book.forget_resolved(call):
            self._following.touched = True
        return []

    def _make_room(self) -> list[Action]:
        surplus = self._calls.surplus()
        if surplus is None:
            return []
        return self._lose(surplus, self._now_s) if self._calls.is_on(surplus) else self._forget(surplus)

    def _forget_strays(self, actions: Iterable[Action]) -> None:
        """An alert that outlived its call is forgotten once it is closed."""
        closed = [action.alert for action in actions if isinstance(action, AlertResolved)]
        for alert in closed:
            if is_of_call(alert) and self._calls.get(alert.key) is None:
                self._book.drop(alert)
