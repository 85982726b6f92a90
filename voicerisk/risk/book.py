"""The book of alerts: their lives, and whom each of them rings for, when, and how often.

There is one line per rule and place, and never two open ones for the same. What an alert waits for is its own list of
deadlines: the next link of its rule's chain, the next reminder, the end of what keeps it quiet.
"""

from collections.abc import Callable, Iterable

import msgspec

from voicerisk.risk.actions import Action, AlertResolved, Notify, SilenceChanged, action_for
from voicerisk.risk.alerts import (
    MAX_HISTORY,
    Alert,
    AlertState,
    Cause,
    NotifyReason,
    acknowledged,
    assigned,
    crossed,
    happened,
    is_of_call,
    noted,
    reopened,
    resolved,
)
from voicerisk.risk.chain import next_link_s, next_ring_s, told_so_far
from voicerisk.risk.config import RiskConfig
from voicerisk.risk.desk.earliest import Earliest
from voicerisk.risk.groups import Groups, GroupsState
from voicerisk.risk.notices import Notices, OutageOf
from voicerisk.risk.opening import fingerprint_of, new_alert
from voicerisk.risk.place import Place
from voicerisk.risk.procedures import Procedure
from voicerisk.risk.rules import RuleConfig
from voicerisk.risk.shelf import Shelf
from voicerisk.risk.silences import Matcher, Silence, Silences

People = Callable[[Iterable[str], float], tuple[str, ...]]
"""The persons behind roles and names at a time, each once (`oncall.Roster.people`)."""


class BookState(msgspec.Struct, frozen=True, kw_only=True):
    """All that the book remembers."""

    alerts: tuple[Alert, ...] = ()
    silences: tuple[Silence, ...] = ()
    groups: GroupsState = {}


class AlertBook:
    """All alerts that the engine remembers, and the silences. Times are epoch seconds."""

    def __init__(self, config: RiskConfig, people: People, outage_of: OutageOf) -> None:
        self._config = config
        self._rules = config.rules
        self._people = people
        self._shelf = Shelf()
        self._silences = Silences()
        self._groups = Groups()
        self._notices = Notices(config.rules, self._shelf, self._silences, self._groups, outage_of)
        self._due = Earliest()

    # What is in it

    def alerts(self) -> tuple[Alert, ...]:
        """Every alert remembered, the oldest first."""
        return self._shelf.alerts()

    def get(self, id_: str) -> Alert:
        """The alert of this id. Raises UnknownAlertError."""
        return self._shelf.get(id_)

    def of_call(self, call: str) -> list[Alert]:
        """The call's alerts, the oldest first."""
        return self._shelf.of_call(call)

    def unresolved(self, fingerprint: str) -> Alert | None:
        """The alert of this rule and place that waits to be closed, if there is one."""
        alert = self._shelf.latest(fingerprint)
        return None if alert is None or alert.state is AlertState.RESOLVED else alert

    def silences(self) -> tuple[Silence, ...]:
        """The silences in force, the oldest first."""
        return self._silences.all()

    # What happens to alerts

    def cross(
        self, name: str, rule: RuleConfig, procedure: Procedure | None, place: Place, cause: Cause, heard_s: float
    ) -> list[Action]:
        """The rule has become true in this place: open its alert, or say on the one there is that it came back."""
        before = self._shelf.latest(fingerprint_of(name, place))
        if before is not None and before.state is not AlertState.RESOLVED:
            alert, what = crossed(before, cause)
            return self._changed(alert, what)
        if before is not None and self._reopens(before, cause.at_s):
            return self._ring(reopened(before, cause), NotifyReason.REOPENED, heard_s)
        alert = new_alert(name, rule, procedure, place, cause)
        return [*self._ring(alert, NotifyReason.OPENED, heard_s), *self._make_room(heard_s)]

    def acknowledge(self, id_: str, person: str, at_s: float, note: str) -> list[Action]:
        """Put the alert in a person's hand. Raises UnknownAlertError, AlertStateError."""
        changed = acknowledged(self.get(id_), person, at_s, note)
        return [] if changed is None else self._changed(*changed)

    def assign(self, id_: str, person: str, to: str, at_s: float, note: str) -> list[Action]:
        """Ask `to` to take the alert; while it is open, their time begins now. Raises as `acknowledge` does."""
        people = self._people((to,), at_s)
        alert = assigned(self.get(id_), person, to, people, at_s, note)
        return [*self._changed(alert, NotifyReason.ASSIGNED), *_notify(alert, NotifyReason.ASSIGNED, people, at_s)]

    def note(self, id_: str, person: str, at_s: float, note: str) -> list[Action]:
        """Write a line into the alert's history. Raises UnknownAlertError, AlertStateError (no room)."""
        return self._changed(noted(self.get(id_), person, at_s, note), NotifyReason.NOTED)

    def resolve(
        self, id_: str, what: NotifyReason, at_s: float, *, person: str | None = None, note: str = ""
    ) -> list[Action]:
        """Close the alert. Raises UnknownAlertError, AlertStateError."""
        alert = resolved(self.get(id_), what, at_s, person=person, note=note)
        self._put(alert)
        return [AlertResolved(alert=alert, what=what), *self.wake(alert.id, at_s)]

    def tell(self, id_: str, what: NotifyReason, names: Iterable[str], at_s: float, note: str = "") -> list[Action]:
        """Notify these roles or persons of the alert on behalf of its procedure, unless it is kept quiet.

        Whoever was told of it at this very time is not told again. Raises UnknownAlertError.
        """
        alert = self.get(id_)
        if alert.state is AlertState.RESOLVED:
            return []
        just = {person for step in alert.history if step.notify and step.at_s == at_s for person in step.to}
        people = tuple(person for person in self._people(names, at_s) if person not in just)
        if not people:
            return []
        if alert.state is AlertState.OPEN and (quiet := self._notices.quiet(alert, at_s)) is not None:
            alert = happened(alert, what, at_s, {}, note=note, hushed=quiet.hush, by=quiet.by)
            return self._changed(alert, what)
        changes = {"rang_at_s": at_s} if alert.waits_since_s is not None else {}
        alert = happened(alert, what, at_s, changes, note=note, to=people)
        return [*self._changed(alert, what), *_notify(alert, what, people, at_s)]

    # Silences, and all else that keeps alerts quiet

    def silence(
        self, matchers: tuple[Matcher, ...], until_s: float, person: str, why: str, at_s: float
    ) -> list[Action]:
        """Keep alerts that match quiet from now on. Raises SilenceError."""
        silence = self._silences.make(matchers, until_s, person, why, at_s)
        return [SilenceChanged(silence=silence, at_s=at_s, over=False)]

    def unsilence(self, id_: str, person: str, at_s: float) -> list[Action]:
        """End the silence; what is still open rings. Raises UnknownSilenceError."""
        silence = self._silences.end(id_, person, at_s)
        return [SilenceChanged(silence=silence, at_s=at_s, over=True), *self.wake(silence.id, at_s)]

    def wake(self, by: str, at_s: float) -> list[Action]:
        """What kept alerts quiet under this id is over: each rings now, unless something else keeps it quiet."""
        return [action for alert in self._shelf.kept_quiet_by(by) for action in self._wake(alert, at_s)]

    # Time

    def next_due_s(self) -> float | None:
        """When the next alert rings again, escalates or is forgotten, or the next silence ends."""
        times = (self._due.first_s(), self._silences.next_due_s())
        return min((at_s for at_s in times if at_s is not None), default=None)

    def advance(self, due_s: float, at_s: float) -> list[Action]:
        """What has fallen due by `due_s`; what it causes is dated `at_s`."""
        actions: list[Action] = []
        for silence in self._silences.expire(due_s):
            actions += [SilenceChanged(silence=silence, at_s=at_s, over=True), *self.wake(silence.id, at_s)]
        due = [(since_s, self.get(id_)) for since_s, id_ in self._due.due(due_s)]
        for _, alert in sorted(due, key=lambda entry: (entry[0], entry[1].opened_at_s, entry[1].id)):
            actions += self._fall_due(alert, at_s)
        return actions

    # Memory

    def forget_resolved(self, call: str) -> bool:
        """Let go of the call's closed alerts; open ones stay until somebody closes them. Whether there were any."""
        closed = [alert for alert in self.of_call(call) if alert.state is AlertState.RESOLVED and is_of_call(alert)]
        for alert in closed:
            self.drop(alert)
        return bool(closed)

    def drop(self, alert: Alert) -> None:
        """Remember the alert no longer."""
        self._shelf.drop(alert)
        self._due.drop(alert.id)

    def adopt(self, alerts: Iterable[Alert], now: float) -> None:
        """Take in stored alerts, in whatever order they come; those that were quiet are asked anew, from `now` on."""
        for alert in sorted(alerts, key=lambda alert: (alert.opened_at_s, alert.id)):
            self._put(alert)
            if alert.hushed is not None:
                self._due.put(alert.id, now)

    def snapshot(self) -> BookState:
        """Everything as it stands."""
        return BookState(alerts=self.alerts(), silences=self.silences(), groups=self._groups.snapshot())

    def restore(self, state: BookState) -> None:
        """Go on from a snapshot."""
        self._silences.restore(state.silences)
        self._groups.restore(state.groups)
        for alert in state.alerts:
            self._put(alert)

    # Within

    def _reopens(self, alert: Alert, at_s: float) -> bool:
        """Whether the cause opens this alert again; long after, or once its history is full, it opens a new one."""
        return at_s - alert.since_s <= self._config.reopen_within_s and len(alert.history) < MAX_HISTORY

    def _changed(self, alert: Alert, what: NotifyReason) -> list[Action]:
        self._put(alert)
        return [action_for(alert, what)]

    def _put(self, alert: Alert) -> None:
        self._shelf.put(alert)
        self._groups.follow(alert)
        due_s = self._due_of(alert)
        if due_s is None:
            self._due.drop(alert.id)
        else:
            self._due.put(alert.id, due_s)

    def _ring(self, alert: Alert, what: NotifyReason, at_s: float, names: Iterable[str] | None = None) -> list[Action]:
        """Notify these (absent: all whom it has rung for so far), or write down why not."""
        quiet = self._notices.quiet(alert, at_s)
        if quiet is not None:
            hush = {"hushed": quiet.hush, "hushed_by": quiet.by, "rang_at_s": None, "waits_since_s": None}
            hush["incident"] = alert.incident or quiet.incident
            return self._changed(happened(alert, what, at_s, hush, hushed=quiet.hush, by=quiet.by), what)
        people = self._people(told_so_far(alert, self._rules.get(alert.rule)) if names is None else names, at_s)
        waits_since_s = at_s if alert.waits_since_s is None else alert.waits_since_s
        changes = {"hushed": None, "hushed_by": "", "rang_at_s": at_s, "waits_since_s": waits_since_s}
        alert = happened(alert, what, at_s, changes, to=people)
        return [*self._changed(alert, what), *_notify(alert, what, people, at_s)]

    def _wake(self, alert: Alert, at_s: float) -> list[Action]:
        quiet = self._notices.quiet(alert, at_s)
        if quiet is None:
            return self._ring(alert, NotifyReason.HUSH_OVER, at_s)
        return self._ring(alert, NotifyReason.HELD_BACK, at_s)

    def _fall_due(self, alert: Alert, at_s: float) -> list[Action]:
        rule = self._rules.get(alert.rule)
        if alert.state is AlertState.RESOLVED:
            self.drop(alert)
            return []
        if rule is None or alert.hushed is not None:
            return self._wake(alert, at_s)
        if self._notices.quiet(alert, at_s) is not None:
            return self._ring(alert, NotifyReason.HELD_BACK, at_s)
        if (link_s := next_link_s(alert, rule)) is not None and link_s <= at_s:
            link = rule.escalate[alert.level]
            alert = msgspec.structs.replace(alert, level=alert.level + 1)
            return self._ring(alert, NotifyReason.ESCALATED, at_s, (link.to,))
        return self._ring(alert, NotifyReason.REPEATED, at_s)

    def _due_of(self, alert: Alert) -> float | None:
        """When time alone has something to do with the alert; None: never as it stands."""
        if alert.state is AlertState.RESOLVED:
            return alert.since_s + self._config.keep_resolved_s
        if (rule := self._rules.get(alert.rule)) is None:
            return None
        if alert.hushed is not None:
            return self._groups.quiet_until_s(alert, rule.group_s) if alert.hushed_by == alert.group else None
        return next_ring_s(alert, rule)

    def _make_room(self, at_s: float) -> list[Action]:
        alert = self._shelf.surplus(self._config.max_alerts)
        if alert is None:
            return []
        told = [] if alert.state is AlertState.RESOLVED else self.resolve(alert.id, NotifyReason.TOO_MANY, at_s)
        self.drop(self.get(alert.id))
        return told


def _notify(alert: Alert, what: NotifyReason, to: tuple[str, ...], at_s: float) -> list[Action]:
    # A procedure may escalate before the rule's own chain has begun: that is a level higher all the same.
    level = max(1, alert.level) if what is NotifyReason.ESCALATED else alert.level
    return [Notify(alert=alert, what=what, to=to, level=level, at_s=at_s)] if to else []
