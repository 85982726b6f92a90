"""The life of alerts under any order of events, deeds, ticks and crashes."""

import msgspec
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from tests.plays.play import T0, one_rule, window
from voicerisk.events import CallEnded, CallStarted, Zone, event_id
from voicerisk.risk.actions import Action, AlertAction, AlertOpened, AlertResolved, ZoneCrossed
from voicerisk.risk.alerts import NOTIFIES, OPENS, Alert, AlertState, AlertStateError, NotifyReason
from voicerisk.risk.deeds import Acknowledge, Resolve
from voicerisk.risk.engine import Engine

calls = st.sampled_from(["c-1", "c-2"])
people = st.sampled_from(["dana", "yoav"])
CONFIG = one_rule(lost_after_s=120.0, keep_ended_s=60.0, reopen_within_s=90.0)
STATE_AFTER = {
    NotifyReason.OPENED: AlertState.OPEN,
    NotifyReason.REOPENED: AlertState.OPEN,
    NotifyReason.CROSSED_AGAIN: AlertState.OPEN,
    NotifyReason.CROSSED_AGAIN_IN_HAND: AlertState.ACKNOWLEDGED,
    NotifyReason.ACKNOWLEDGED: AlertState.ACKNOWLEDGED,
    NotifyReason.TAKEN_OVER: AlertState.ACKNOWLEDGED,
}
CROSSINGS = {
    NotifyReason.OPENED,
    NotifyReason.REOPENED,
    NotifyReason.CROSSED_AGAIN,
    NotifyReason.CROSSED_AGAIN_IN_HAND,
}


class AlertLife(RuleBasedStateMachine):
    """Two calls, two people, one engine, and a store that keeps what the engine said."""

    def __init__(self) -> None:
        super().__init__()
        self.now = 0.0
        self.engine = Engine(CONFIG)
        self.stored: dict[str, Alert] = {}
        self.zones = {"c-1": Zone.GREEN, "c-2": Zone.GREEN}

    def follow(self, actions: list[Action]) -> None:
        """Keep what the shell would store; check each action against what was there."""
        for action in actions:
            if isinstance(action, ZoneCrossed):
                assert action.previous is not action.zone
            if not isinstance(action, AlertAction):
                continue
            before = self.stored.get(action.alert.id)
            steps = before.history if before else ()
            assert action.alert.history[:-1] == steps, "each action is exactly one more step"
            assert isinstance(action, AlertOpened) == (action.what in OPENS)
            assert action.alert.history[-1].notify == (action.what in NOTIFIES)
            assert isinstance(action, AlertResolved) == (action.alert.state is AlertState.RESOLVED)
            self.stored[action.alert.id] = action.alert

    @rule(call=calls, zone=st.sampled_from(list(Zone)), n=st.integers(1, 80))
    def hears(self, call: str, zone: Zone, n: int) -> None:
        """The ear reports a zone for a while."""
        for _ in range(n):
            self.now += 0.48
            self.follow(self.engine.handle(window(call, self.now, zone), T0 + self.now))

    @rule(call=calls)
    def starts(self, call: str) -> None:
        """The call starts (again)."""
        event = CallStarted(id=event_id(call, "call.started", 0), at=T0 + self.now, call=call)
        self.follow(self.engine.handle(event, T0 + self.now))

    @rule(call=calls)
    def ends(self, call: str) -> None:
        """The call ends; nothing of it may stay open."""
        event = CallEnded(id=event_id(call, "call.ended", 0), at=T0 + self.now, call=call)
        self.follow(self.engine.handle(event, T0 + self.now))
        assert all(alert.state is AlertState.RESOLVED for alert in self.engine.alerts() if alert.call_id == call)

    @rule(seconds=st.floats(0.0, 150.0))
    def waits(self, seconds: float) -> None:
        """Time passes without a word."""
        self.now += seconds
        self.follow(self.engine.tick(T0 + self.now))

    @rule(person=people, data=st.data(), close=st.booleans())
    def does(self, person: str, data: st.DataObject, close: bool) -> None:
        """A person takes or closes one of the alerts; only a closed one refuses."""
        if not self.engine.alerts():
            return
        alert = data.draw(st.sampled_from(self.engine.alerts()))
        kind = Resolve if close else Acknowledge
        try:
            self.follow(self.engine.do(kind(alert=alert.id, person=person), T0 + self.now))
        except AlertStateError:
            assert alert.state is AlertState.RESOLVED
        else:
            assert alert.state is not AlertState.RESOLVED

    @rule()
    def crashes(self) -> None:
        """A new engine goes on with what was stored."""
        self.engine = Engine(CONFIG)
        waiting = [alert for alert in self.stored.values() if alert.state is not AlertState.RESOLVED]
        self.engine.adopt(waiting, T0 + self.now)

    @invariant()
    def never_two_open_for_the_same(self) -> None:
        """One rule and one call have at most one alert that is not resolved."""
        prints = [alert.fingerprint for alert in self.stored.values() if alert.state is not AlertState.RESOLVED]
        assert len(prints) == len(set(prints))

    @invariant()
    def history_tells_the_state(self) -> None:
        """State, count and owner can be worked out from the history alone; times never run backwards."""
        for alert in self.stored.values():
            assert alert.state is STATE_AFTER.get(alert.history[-1].what, AlertState.RESOLVED)
            assert alert.count == sum(step.what in CROSSINGS for step in alert.history)
            assert (alert.acknowledged_by is not None) >= (alert.state is AlertState.ACKNOWLEDGED)
            times = [step.at_s for step in alert.history]
            assert times == sorted(times)

    @invariant()
    def engine_and_store_agree(self) -> None:
        """What the engine remembers is what it told the store, and survives being written down."""
        for alert in self.engine.alerts():
            assert self.stored[alert.id] == alert
            assert msgspec.json.decode(msgspec.json.encode(alert), type=Alert) == alert

    @invariant()
    def what_is_open_is_remembered(self) -> None:
        """No alert that waits for a person is ever forgotten."""
        known = {alert.id for alert in self.engine.alerts()}
        assert {alert.id for alert in self.stored.values() if alert.state is not AlertState.RESOLVED} <= known


TestAlertLife = AlertLife.TestCase
TestAlertLife.settings = settings(max_examples=60, stateful_step_count=30, deadline=None)
