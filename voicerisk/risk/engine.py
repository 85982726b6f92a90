"""The engine: events in, actions out. It reads no clock, keeps no thread and knows no database.

What an event causes is dated by the event (`at`, when it happened), so the same call gives the same alerts live and in
replay. `now` only says when the engine heard of it: for calls that fall silent, and for what people do.
"""

from collections.abc import Iterable

from voicerisk.events import CallAbandoned, CallEnded, CallStarted, Event, Reason, TensionWindow, Zone
from voicerisk.risk.actions import Action, ZoneCrossed
from voicerisk.risk.alerts import Alert, AlertState, Cause, NotifyReason
from voicerisk.risk.book import AlertBook
from voicerisk.risk.calls import CallState
from voicerisk.risk.conditions import gauges_in, holds
from voicerisk.risk.config import RiskConfig
from voicerisk.risk.gauges import LevelGauge, Reading
from voicerisk.risk.rules import RuleConfig, condition_of


class Engine:
    """Gauges, zones, rules and alerts of the whole floor."""

    def __init__(self, config: RiskConfig) -> None:
        self._config = config
        self._calls: dict[str, CallState] = {}
        self._book = AlertBook(config.reopen_within_s, config.max_alerts)
        self._rules_of: dict[str, list[str]] = {gauge: [] for gauge in config.gauges}
        for name, rule in config.rules.items():
            for gauge in gauges_in(condition_of(rule)) if rule.enabled else ():
                self._rules_of.setdefault(gauge, []).append(name)

    def handle(self, event: Event, now: float) -> list[Action]:
        """What follows from the event, which the engine hears of at `now` (epoch seconds)."""
        if event.call is None:
            return []
        if isinstance(event, CallStarted):
            ended = self._calls.get(event.call)
            if ended is not None and ended.ended_at_s is not None:
                self._forget(event.call)
        actions: list[Action] = []
        state = self._calls.get(event.call)
        if state is None:
            actions += self._make_room(now)
            state = self._calls[event.call] = CallState()
        if state.ended_at_s is not None:
            return actions
        state.seen_at_s = now
        state.learn(event)
        if isinstance(event, TensionWindow):
            actions += self._window(event, state)
        elif isinstance(event, CallEnded | CallAbandoned):
            state.ended_at_s = now
            actions += self._close(event.call, event.at, NotifyReason.CALL_ENDED)
        return actions

    def tick(self, now: float) -> list[Action]:
        """What follows from time alone: calls of which nothing is heard are over, calls long over are forgotten."""
        actions: list[Action] = []
        for call, state in list(self._calls.items()):
            if state.seen_at_s is None:
                state.seen_at_s = now
            if state.ended_at_s is not None:
                if now - state.ended_at_s >= self._config.keep_ended_s:
                    self._forget(call)
            elif now - state.seen_at_s >= self._config.lost_after_s:
                actions += self._close(call, now, NotifyReason.CALL_LOST)
                self._forget(call)
        return actions

    def acknowledge(self, alert_id: str, person: str, now: float, note: str = "") -> list[Action]:
        """The alert is this person's from `now` on; no action where it is already.

        Raises:
            UnknownAlertError: There is no such alert, or it was forgotten.
            AlertStateError: It is resolved.
        """
        return self._book.acknowledge(alert_id, person, now, note)

    def resolve(self, alert_id: str, person: str, now: float, note: str = "") -> list[Action]:
        """The alert is closed by this person; it opens again when its cause leaves and comes back.

        Raises:
            UnknownAlertError: There is no such alert, or it was forgotten.
            AlertStateError: It is resolved already.
        """
        actions = self._book.resolve(alert_id, NotifyReason.RESOLVED_BY_PERSON, now, person=person, note=note)
        alert = self._book.get(alert_id)
        if alert.call_id not in self._calls:
            self._book.drop(alert)
        return actions

    def restore(self, alerts: Iterable[Alert]) -> None:
        """Go on with stored alerts after a restart, before the first event. Their calls' needles start anew."""
        self._book.restore(alerts)
        for alert in self._book.alerts():
            if alert.call_id is not None and alert.call_id not in self._calls:
                state = self._calls[alert.call_id] = CallState()
                state.customer, state.queue, state.agent = alert.customer, alert.queue, alert.agent

    def alerts(self) -> tuple[Alert, ...]:
        """Every alert remembered, the oldest first."""
        return self._book.alerts()

    def alert(self, alert_id: str) -> Alert:
        """One alert. Raises UnknownAlertError."""
        return self._book.get(alert_id)

    def readings(self) -> list[Reading]:
        """Every needle as it stands; `Reading.stale` says whether it may be trusted."""
        gauges = (gauge for state in self._calls.values() for gauge in state.gauges.values())
        return [gauge.reading for gauge in gauges if gauge.reading is not None]

    def _window(self, event: TensionWindow, state: CallState) -> list[Action]:
        if event.data.at_s <= state.last_at_media_s:
            return []
        state.last_at_media_s = event.data.at_s
        actions: list[Action] = []
        for name, config in self._config.gauges.items():
            gauge = state.gauges.get(name)
            if gauge is None:
                gauge = state.gauges[name] = LevelGauge(name, config)
            previous, reading = gauge.step(event, state.queue)
            if reading.zone is not previous:
                actions.append(_crossing(previous, reading, state.queue))
            for rule_name in self._rules_of[name]:
                actions += self._apply(rule_name, self._config.rules[rule_name], event, state, reading)
        return actions

    def _apply(
        self, name: str, rule: RuleConfig, event: TensionWindow, state: CallState, reading: Reading
    ) -> list[Action]:
        """Open, renew or calm the alert of one rule for one call."""
        true = (not rule.queues or state.queue in rule.queues) and holds(condition_of(rule), state.reading, state.label)
        if true:
            if name in state.holding:
                return []
            state.holding.add(name)
            procedure = self._config.procedures.get(rule.procedure)
            cause = _cause(event, reading)
            return self._book.cross(name, rule, procedure, event.call, state, cause)
        state.holding.discard(name)
        if reading.zone is not Zone.GREEN or event.at - reading.since_s < rule.resolve_green_s:
            return []
        return self._close(event.call, event.at, NotifyReason.CALMED_DOWN, only_rule=name)

    def _close(self, call: str, at_s: float, what: NotifyReason, only_rule: str | None = None) -> list[Action]:
        actions: list[Action] = []
        for alert in self._book.of_call(call):
            if alert.state is AlertState.RESOLVED or only_rule not in (None, alert.rule):
                continue
            rule = self._config.rules.get(alert.rule)
            if what is NotifyReason.CALL_ENDED and rule is not None and not rule.resolve_at_end:
                continue
            actions += self._book.resolve(alert.id, what, at_s)
        return actions

    def _forget(self, call: str) -> None:
        del self._calls[call]
        self._book.forget_resolved(call)

    def _make_room(self, now: float) -> list[Action]:
        if len(self._calls) < self._config.max_calls:
            return []
        call = min(self._calls, key=lambda name: (self._calls[name].seen_at_s or now, name))
        actions = self._close(call, now, NotifyReason.CALL_LOST)
        self._forget(call)
        return actions


def _crossing(previous: Zone, reading: Reading, queue: str | None) -> ZoneCrossed:
    return ZoneCrossed(
        gauge=reading.gauge,
        key=reading.key,
        previous=previous,
        zone=reading.zone,
        value=reading.value,
        evidence=reading.evidence,
        at_s=reading.at_s,
        at_media_s=reading.at_media_s,
        queue=queue,
    )


def _cause(event: TensionWindow, reading: Reading) -> Cause:
    # A sender that gives no reasons still leaves the supervisor with the number that did it.
    bare = Reason(
        code="gauge", value=reading.value, text=f"{reading.gauge} at {reading.value:.2f}, in the {reading.zone} zone"
    )
    return Cause(
        gauge=reading.gauge,
        value=reading.value,
        at_s=event.at,
        at_media_s=event.data.at_s,
        reasons=event.data.reasons or (bare,),
    )
