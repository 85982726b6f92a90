"""The engine: events, deeds and time in, actions out. It reads no clock, keeps no thread and knows no database.

What an event causes is dated by the event (`at`, when it happened), so the same call gives the same alerts live and in
replay; what time alone causes is dated by when it fell due, so the same input gives the same state however often
somebody ticks. `now` only says when the engine heard of it. An event heard of late counts where it belongs, but nobody
can have been told of it earlier than now.
"""

from collections.abc import Iterable, Iterator
from typing import Final

from voicerisk.events import CallAbandoned, CallEnded, CallStarted, Event, TensionWindow, event_type
from voicerisk.risk.actions import Action, AlertAction, AlertOpened, AlertResolved, EventRefused
from voicerisk.risk.alerts import Alert, AlertState, Hush, NotifyReason, is_of_call
from voicerisk.risk.book import AlertBook, BookLimits
from voicerisk.risk.calls import BEGINS, CallBook
from voicerisk.risk.causes import cause_of, crossing_of, where
from voicerisk.risk.config import RiskConfig
from voicerisk.risk.deeds import Deed
from voicerisk.risk.desk import Desk, DeskAction, Observed, OutageChanged
from voicerisk.risk.doing import do
from voicerisk.risk.gauges import GaugeBoard, GaugeKey, Moved, OwnMeasure, Reading
from voicerisk.risk.gauges.windows import zone_of
from voicerisk.risk.intake import Intake
from voicerisk.risk.oncall import Roster
from voicerisk.risk.procedures import KNOWN_ACTIONS, StepKind
from voicerisk.risk.runs import StepDue
from voicerisk.risk.silences import Silence
from voicerisk.risk.state import EngineState
from voicerisk.risk.unowned import Unowned
from voicerisk.risk.watch import SITE, Came, Watch, watched_values

PROMPT_S: Final = 5.0
"""An event heard within this time of when it happened is taken to be heard at once: so live and replay agree."""

_PROCEDURE_WAITS: Final = frozenset({Hush.SILENCED, Hush.INHIBITED, Hush.OUTAGE})
"""An alert that is quiet for one of these is nobody's work yet; in a group each alert still has its own."""


class Engine:
    """Gauges, rules, alerts and procedures of the whole site. The configuration must be free of `risk_problems`."""

    def __init__(self, config: RiskConfig) -> None:
        self._config = config
        gauges = {name: gauge for name, gauge in config.gauges.items() if gauge.enabled}
        self._roster = Roster(config.duty, zone_of(config.site))
        self._intake = Intake(config.site)
        self._board = GaugeBoard(gauges, config.site, watched_values(config.rules))
        self._calls = CallBook(
            config.site.groups,
            keep_ended_s=config.keep_ended_s,
            lost_after_s=config.lost_after_s,
            max_calls=config.max_calls,
        )
        self.desk = Desk(config.procedures, {**KNOWN_ACTIONS, **config.actions}, config.brakes, config.desk)
        limits = BookLimits(
            reopen_within_s=config.reopen_within_s,
            keep_resolved_s=max(config.reopen_within_s, config.keep_ended_s),
            max_alerts=config.max_alerts,
        )
        self._book = AlertBook(config.rules, limits, self._roster.people, self.desk.outage_covering)
        self._watch = Watch(config.rules, gauges, self._calls, self._board.reading, self._waits)
        self._unowned = Unowned(config.rules, gauges)
        self._unowned_since_s: float | None = None
        self._now_s = 0.0
        # What follows from an event heard of late is dated no earlier than this.
        self._heard_s = 0.0

    # What comes in

    def handle(self, event: Event, now: float, *, own: bool = False) -> list[Action]:
        """What follows from the event, which the engine hears of at `now` (epoch seconds).

        `own` events are the service's, or come from its record: they are never refused (see `Intake.admit`).
        """
        actions = self.tick(now)
        if (refusal := self._intake.admit(event, self._now_s, own=own)) is not None:
            refused = EventRefused(
                event_id=event.id, event_type=event_type(event), reason=refusal.text, at_s=self._now_s
            )
            return [*actions, refused]
        self._heard_s = 0.0 if self._now_s - event.at <= PROMPT_S else self._now_s
        actions += self._event(event)
        actions += self._pass_time()
        self._heard_s = 0.0
        return actions

    def do(self, deed: Deed, now: float) -> list[Action]:
        """What follows from what a person does.

        Raises:
            UnknownAlertError, UnknownSilenceError, UnknownRunError, UnknownTaskError, UnknownIncidentError: There is
                no such thing, or it was forgotten.
            AlertStateError, RunStateError, TaskStateError, SilenceError: It is not in a state for that.
        """
        actions = self.tick(now)
        actions += self._follow(do(deed, self._book, self.desk, self._now_s))
        self._forget_strays(actions)
        return actions + self._note_unowned(self._now_s)

    def observe(self, measure: OwnMeasure, key: str, value: float | None, now: float) -> list[Action]:
        """What follows from something that the service has measured of itself; None: nothing to measure any more."""
        actions = self.tick(now)
        actions += self._moved(self._board.observe(measure, key, value, self._now_s))
        return actions + self._note_unowned(self._now_s)

    def tick(self, now: float) -> list[Action]:
        """What follows from time alone, in the order in which it fell due. A clock that was set back stands still."""
        self._now_s = max(self._now_s, now)
        return self._pass_time()

    # What there is

    def alerts(self) -> tuple[Alert, ...]:
        """Every alert remembered, the oldest first."""
        return self._book.alerts()

    def alert(self, alert_id: str) -> Alert:
        """One alert. Raises UnknownAlertError."""
        return self._book.get(alert_id)

    def silences(self) -> tuple[Silence, ...]:
        """The silences in force, the oldest first."""
        return self._book.silences()

    def readings(self, now: float) -> Iterator[Reading]:
        """Every needle as it stands at `now`; `Reading.stale` says whether it may be trusted."""
        return self._board.readings(now)

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
        self._calls.restore(state.calls)
        self._board.restore(state.board)
        self.desk.restore(state.desk)
        self._book.restore(state.book)
        self._watch.restore(state.watch)
        self._intake.restore(state.intake)
        for alert in self._book.alerts():
            self._unowned.follow(alert)
        self._unowned_since_s = self._oldest_unowned_s()

    def adopt(self, alerts: Iterable[Alert], now: float) -> None:
        """Go on with stored alerts where there is no snapshot. Their calls are taken to be on, from `now`."""
        self._now_s = max(self._now_s, now)
        self._book.adopt(alerts, self._now_s)
        for alert in self._book.alerts():
            self._unowned.follow(alert)
            if is_of_call(alert):
                self._calls.adopt(alert, self._now_s)

    # Within: events

    def _event(self, event: Event) -> list[Action]:
        actions: list[Action] = []
        changed = False
        call = event.call
        if call is not None:
            if isinstance(event, CallStarted) and self._calls.is_over(call):
                self._forget(call)
            if isinstance(event, TensionWindow) and not self._calls.is_news(call, event.data.at_s):
                return actions
            if self._calls.is_on(call) or (isinstance(event, BEGINS) and not self._calls.is_over(call)):
                actions += self._make_room(call)
                changed = self._calls.hear(call, event, self._now_s)
        actions += self._moved(self._board.handle(event, self._now_s), event)
        if call is not None and changed:
            actions += self._came(self._watch.call_changed(call, event.at), event)
        actions += self._follow(self.desk.handle(event))
        if call is not None and isinstance(event, CallEnded | CallAbandoned) and self._calls.is_on(call):
            self._calls.end(call, self._now_s)
            actions += self._close(call, max(event.at, self._heard_s), NotifyReason.CALL_ENDED)
        return actions + self._note_unowned(max(event.at, self._heard_s))

    def _moved(self, moves: Iterable[Moved], event: Event | None = None) -> list[Action]:
        actions: list[Action] = []
        for moved in moves:
            if moved.crossed:
                actions.append(crossing_of(moved, self._queue_of(moved.reading)))
            actions += self._came(self._watch.moved(moved), event)
        return actions

    def _came(self, causes: Iterable[Came], event: Event | None) -> list[Action]:
        actions: list[Action] = []
        for came in causes:
            rule = self._config.rules[came.rule]
            procedure = self._config.procedures.get(rule.procedure)
            heard_s = max(came.at_s, self._heard_s)
            place = where(came.place, event)
            opened = self._book.cross(came.rule, rule, procedure, place, cause_of(came, event), heard_s)
            actions += self._follow(opened)
        return actions

    def _follow(self, told: Iterable[Action | DeskAction]) -> list[Action]:
        """The actions, each with what follows from it elsewhere: alerts move procedures, procedures ring."""
        actions: list[Action] = []
        for action in told:
            if isinstance(action, Observed):
                moves = self._board.observe(action.measure, action.key, action.value, action.at_s)
                actions += self._moved(moves)
                continue
            actions.append(action)
            if isinstance(action, AlertAction):
                self._unowned.follow(action.alert)
                actions += self._follow(self._on_desk(action))
            elif isinstance(action, StepDue):
                actions += self._step(action)
            elif isinstance(action, OutageChanged) and action.over:
                actions += self._follow(self._book.wake(action.outage.id, action.at_s))
        return actions

    def _on_desk(self, action: AlertAction) -> list[DeskAction]:
        """What the change of an alert means for its procedure."""
        alert, at_s = action.alert, action.alert.history[-1].at_s
        if isinstance(action, AlertResolved):
            return self.desk.alert_resolved(alert, at_s)
        in_hand = action.what in (NotifyReason.ACKNOWLEDGED, NotifyReason.TAKEN_OVER)
        begins = isinstance(action, AlertOpened) or action.what is NotifyReason.HUSH_OVER or in_hand
        told: list[DeskAction] = []
        if begins and alert.hushed not in _PROCEDURE_WAITS:
            rule = self._config.rules.get(alert.rule)
            told += self.desk.alert_opened(alert, rule.procedure if rule else "", at_s)
        return told + self.desk.alert_acknowledged(alert, at_s) if in_hand else told

    def _step(self, due: StepDue) -> list[Action]:
        """Whom a step of a procedure rings for; what it does is the shell's."""
        alert = self._book.get(due.run.alert_id)
        note = due.definition.text.get("en", "")
        if due.asks:
            names: tuple[str, ...] = (alert.acknowledged_by or alert.assigned_to or alert.owner,)
        elif due.definition.kind in (StepKind.NOTIFY, StepKind.ESCALATE):
            names = (due.definition.to,)
        else:
            return []
        escalates = due.definition.kind is StepKind.ESCALATE
        what = NotifyReason.ESCALATED if escalates else NotifyReason.PROCEDURE_STEP
        return self._follow(self._book.tell(alert.id, what, names, due.at_s, note))

    # Within: time

    def _pass_time(self) -> list[Action]:
        actions: list[Action] = []
        while (due_s := self._next_due_s()) is not None and due_s <= self._now_s:
            at_s = max(due_s, self._heard_s)
            actions += self._moved(self._board.advance(due_s))
            actions += self._follow(self.desk.advance(due_s))
            for fingerprint in self._watch.advance(due_s):
                if (alert := self._book.unresolved(fingerprint)) is not None:
                    actions += self._follow(self._book.resolve(alert.id, NotifyReason.CALMED_DOWN, at_s))
            actions += self._follow(self._book.advance(due_s, at_s))
            while (call := self._calls.due(due_s)) is not None:
                actions += self._lose(call, at_s) if self._calls.is_on(call) else self._forget(call)
            actions += self._note_unowned(at_s)
        return actions

    def _next_due_s(self) -> float | None:
        parts = (self._board, self.desk, self._watch, self._book, self._calls)
        times = (part.next_due_s() for part in parts)
        return min((at_s for at_s in times if at_s is not None), default=None)

    def _note_unowned(self, at_s: float) -> list[Action]:
        since_s = self._oldest_unowned_s()
        if since_s == self._unowned_since_s:
            return []
        self._unowned_since_s = since_s
        return self._moved(self._board.observe(OwnMeasure.OPEN_UNOWNED, SITE, since_s, at_s))

    def _oldest_unowned_s(self) -> float | None:
        times = (self._unowned.since_s(), self.desk.unowned_since_s())
        return min((at_s for at_s in times if at_s is not None), default=None)

    # Within: calls

    def _close(self, call: str, at_s: float, what: NotifyReason) -> list[Action]:
        """The call is over, and with it every alert of its that does not outlive it."""
        actions: list[Action] = []
        self._watch.forget_call(call)
        for alert in self._book.of_call(call):
            rule = self._config.rules.get(alert.rule)
            stays = what is NotifyReason.CALL_ENDED and rule is not None and not rule.resolve_at_end
            if alert.state is not AlertState.RESOLVED and is_of_call(alert) and not stays:
                actions += self._follow(self._book.resolve(alert.id, what, at_s))
        return actions

    def _lose(self, call: str, at_s: float) -> list[Action]:
        actions = self._close(call, at_s, NotifyReason.CALL_LOST)
        actions += self._moved(self._board.forget(GaugeKey.CALL, call, at_s))
        return actions + self._forget(call)

    def _forget(self, call: str) -> list[Action]:
        self._calls.forget(call)
        self._book.forget_resolved(call)
        return []

    def _make_room(self, call: str) -> list[Action]:
        surplus = None if self._calls.is_on(call) else self._calls.surplus()
        if surplus is None:
            return []
        return self._lose(surplus, self._now_s) if self._calls.is_on(surplus) else self._forget(surplus)

    def _forget_strays(self, actions: Iterable[Action]) -> None:
        """An alert that outlived its call is forgotten once it is closed."""
        closed = [action.alert for action in actions if isinstance(action, AlertResolved)]
        for alert in closed:
            if is_of_call(alert) and self._calls.get(alert.key) is None:
                self._book.drop(alert)

    def _queue_of(self, reading: Reading) -> str | None:
        key = self._config.gauges[reading.gauge].key
        if key is GaugeKey.CALL and (state := self._calls.get(reading.key)) is not None:
            return state.queue
        return reading.key if key is GaugeKey.QUEUE else None

    def _waits(self, fingerprint: str) -> bool:
        return self._book.unresolved(fingerprint) is not None
