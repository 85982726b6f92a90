"""What follows from what: needles that move make causes, causes alerts, alerts move procedures, and procedures ring."""

from collections import deque
from collections.abc import Iterable
from typing import Final

from voicerisk.events import Event
from voicerisk.risk.actions import Action, AlertAction, AlertOpened, AlertResolved, Notify
from voicerisk.risk.alerts import Alert, Hush, NotifyReason
from voicerisk.risk.book import AlertBook
from voicerisk.risk.calls import CallBook
from voicerisk.risk.causes import cause_of, crossing_of, where
from voicerisk.risk.config import RiskConfig
from voicerisk.risk.desk import Desk, DeskAction, Observed, OutageChanged
from voicerisk.risk.gauges import GaugeBoard, GaugeKey, Moved, OwnMeasure, Reading
from voicerisk.risk.procedures import StepKind
from voicerisk.risk.runs import StepDue
from voicerisk.risk.tasks import TaskChanged, TaskOpened
from voicerisk.risk.texts import FALLBACK, in_language
from voicerisk.risk.unowned import Unowned
from voicerisk.risk.watch import SITE, Came, Watch

_PROCEDURE_WAITS: Final = frozenset({Hush.SILENCED, Hush.INHIBITED, Hush.OUTAGE})
"""An alert that is quiet for one of these is nobody's work yet; in a group each alert still has its own."""


class Following:
    """Carries what one part of the engine says to the parts that it concerns, and gives all of it in order.

    `heard_s`: while an event heard of late is followed, what follows from it is dated no earlier than this. `touched`:
    alerts, procedures or tasks have changed since somebody last looked.
    """

    def __init__(
        self, config: RiskConfig, board: GaugeBoard, calls: CallBook, desk: Desk, book: AlertBook, watch: Watch
    ) -> None:
        self._config = config
        self._board = board
        self._calls = calls
        self._desk = desk
        self._book = book
        self._watch = watch
        self._unowned = Unowned(config.rules, config.gauges)
        self._unowned_since_s: float | None = None
        self._looks_for_owners = True
        self.touched = True
        self.heard_s = 0.0

    def moved(self, moves: Iterable[Moved], event: Event | None = None) -> list[Action]:
        """What follows from needles that moved; `event` is what moved them."""
        actions: list[Action] = []
        for moved in moves:
            if moved.crossed:
                actions.append(crossing_of(moved, self._queue_of(moved.reading)))
            actions += self.came(self._watch.moved(moved), event)
        return actions

    def came(self, causes: Iterable[Came], event: Event | None) -> list[Action]:
        """What follows from rules that have become true."""
        actions: list[Action] = []
        for came in causes:
            rule = self._config.rules[came.rule]
            procedure = self._config.procedures.get(rule.procedure)
            heard_s = max(came.at_s, self.heard_s)
            place = where(came.place, event)
            opened = self._book.cross(came.rule, rule, procedure, place, cause_of(came, event), heard_s)
            actions += self.follow(opened)
        return actions

    def follow(self, told: Iterable[Action | DeskAction]) -> list[Action]:
        """The actions, each with what follows from it elsewhere: alerts move procedures, procedures ring."""
        actions: list[Action] = []
        waiting = deque(told)
        if waiting:
            self.touched = True
        while waiting:
            action = waiting.popleft()
            if isinstance(action, Observed):
                moves = self._board.observe(action.measure, action.key, action.value, action.at_s)
                actions += self.moved(moves)
                continue
            actions.append(action)
            if isinstance(action, AlertAction):
                if waiting and isinstance(ring := waiting[0], Notify):
                    # It belongs to this change of the alert; what follows may change it further.
                    actions.append(ring)
                    waiting.popleft()
                self._unowned.follow(action.alert)
                self._looks_for_owners = True
                actions += self.follow(self._on_desk(action))
            elif isinstance(action, StepDue):
                actions += self._step(action)
            elif isinstance(action, TaskOpened | TaskChanged):
                self._looks_for_owners = True
            elif isinstance(action, OutageChanged) and action.over:
                actions += self.follow(self._book.wake(action.outage.id, action.at_s))
        return actions

    def _on_desk(self, action: AlertAction) -> list[DeskAction]:
        """What the change of an alert means for its procedure."""
        alert, at_s = action.alert, action.alert.history[-1].at_s
        if isinstance(action, AlertResolved):
            return self._desk.alert_resolved(alert, at_s)
        in_hand = action.what in (NotifyReason.ACKNOWLEDGED, NotifyReason.TAKEN_OVER)
        begins = isinstance(action, AlertOpened) or action.what is NotifyReason.HUSH_OVER or in_hand
        told: list[DeskAction] = []
        if begins and alert.hushed not in _PROCEDURE_WAITS:
            rule = self._config.rules.get(alert.rule)
            told += self._desk.alert_opened(alert, rule.procedure if rule else "", at_s)
        return told + self._desk.alert_acknowledged(alert, at_s) if in_hand else told

    def _step(self, due: StepDue) -> list[Action]:
        """Whom a step of a procedure rings for; what it does is the shell's."""
        alert = self._book.get(due.run.alert_id)
        note = in_language(due.definition.text, FALLBACK)
        if due.asks:
            names: tuple[str, ...] = (alert.acknowledged_by or alert.assigned_to or alert.owner,)
        elif due.definition.kind in (StepKind.NOTIFY, StepKind.ESCALATE):
            names = (due.definition.to,)
        else:
            return []
        escalates = due.definition.kind is StepKind.ESCALATE
        what = NotifyReason.ESCALATED if escalates else NotifyReason.PROCEDURE_STEP
        return self.follow(self._book.tell(alert.id, what, names, due.at_s, note))

    def note_unowned(self, at_s: float) -> list[Action]:
        """Moves the needle of what nobody has taken, if that has changed."""
        if not self._looks_for_owners:
            return []
        self._looks_for_owners = False
        since_s = self._oldest_unowned_s()
        if since_s == self._unowned_since_s:
            return []
        self._unowned_since_s = since_s
        return self.moved(self._board.observe(OwnMeasure.OPEN_UNOWNED, SITE, since_s, at_s))

    def _oldest_unowned_s(self) -> float | None:
        times = (self._unowned.since_s(), self._desk.unowned_since_s())
        return min((at_s for at_s in times if at_s is not None), default=None)

    def _queue_of(self, reading: Reading) -> str | None:
        key = self._config.gauges[reading.gauge].key
        if key is GaugeKey.CALL and (state := self._calls.get(reading.key)) is not None:
            return state.queue
        return reading.key if key is GaugeKey.QUEUE else None

    def adopt(self, alerts: Iterable[Alert]) -> None:
        """Take in alerts that were there before, of which the needles do not know."""
        self._looks_for_owners = self.touched = True
        for alert in alerts:
            self._unowned.follow(alert)

    def restore(self, alerts: Iterable[Alert]) -> None:
        """Take in the alerts of a snapshot, of which the needles know."""
        self.adopt(alerts)
        self._unowned_since_s = self._oldest_unowned_s()
