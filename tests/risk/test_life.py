"""The life of alerts under any order of events, deeds, ticks and crashes."""

import msgspec
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from tests.plays.play import T0, one_rule, window
from tests.risk.shipped import TENSE_CALL
from voicerisk.events import CallEnded, CallStarted, Zone
from voicerisk.risk.actions import Action, AlertAction, AlertOpened, AlertResolved, Notify, SilenceChanged
from voicerisk.risk.alerts import NOTIFIES, OPENS, Alert, AlertState, AlertStateError, Hush, NotifyReason
from voicerisk.risk.deeds import Acknowledge, AddNote, Assign, EndSilence, MakeSilence, Resolve
from voicerisk.risk.engine import Engine
from voicerisk.risk.rules import Escalation, GroupBy
from voicerisk.risk.silences import Matcher, Silence, labels_of

calls = st.sampled_from(["c-1", "c-2"])
people = st.sampled_from(["dana", "yoav"])
CHAIN = (Escalation(after_s=20.0, to="next"), Escalation(after_s=50.0, to="boss"))
RULE = msgspec.structs.replace(TENSE_CALL, escalate=CHAIN, repeat_s=35.0, group_by=GroupBy.RULE, group_s=40.0)
CONFIG = one_rule(rules={"tense_call": RULE}, lost_after_s=120.0, keep_ended_s=60.0, reopen_within_s=90.0)
STATE_AFTER = {
    NotifyReason.OPENED: AlertState.OPEN,
    NotifyReason.REOPENED: AlertState.OPEN,
    NotifyReason.ACKNOWLEDGED: AlertState.ACKNOWLEDGED,
    NotifyReason.TAKEN_OVER: AlertState.ACKNOWLEDGED,
    NotifyReason.RESOLVED_BY_PERSON: AlertState.RESOLVED,
    NotifyReason.CALMED_DOWN: AlertState.RESOLVED,
    NotifyReason.CALL_ENDED: AlertState.RESOLVED,
    NotifyReason.CALL_LOST: AlertState.RESOLVED,
}
CROSSINGS = OPENS | {NotifyReason.CROSSED_AGAIN, NotifyReason.CROSSED_AGAIN_IN_HAND}


class AlertLife(RuleBasedStateMachine):
    """Two calls, two people, one engine, and a store that keeps what the engine said."""

    def __init__(self) -> None:
        super().__init__()
        self.now = 0.0
        self.engine = Engine(CONFIG)
        self.stored: dict[str, Alert] = {}
        self.silences: dict[str, Silence] = {}

    def follow(self, actions: list[Action]) -> None:
        """Keep what the shell would store; check each action against what was there."""
        last: AlertAction | None = None
        for action in actions:
            if isinstance(action, SilenceChanged):
                self.keep(action)
            elif isinstance(action, Notify):
                assert last is not None
                assert last.alert == action.alert
                self.may_ring(action)
            elif isinstance(action, AlertAction):
                last = action
                self.one_more_step(action)
                self.stored[action.alert.id] = action.alert

    def keep(self, changed: SilenceChanged) -> None:
        """Silences come and go."""
        if changed.over:
            del self.silences[changed.silence.id]
        else:
            self.silences[changed.silence.id] = changed.silence

    def one_more_step(self, action: AlertAction) -> None:
        """The alert is what it was, and one step of history."""
        before = self.stored.get(action.alert.id)
        steps = before.history if before else ()
        step = action.alert.history[-1]
        assert action.alert.history[:-1] == steps
        assert step.what is action.what
        assert isinstance(action, AlertOpened) == (action.what in OPENS)
        assert isinstance(action, AlertResolved) == (STATE_AFTER.get(action.what) is AlertState.RESOLVED)
        assert step.notify == (action.what in NOTIFIES and step.hushed is None) == bool(step.to)

    def may_ring(self, ring: Notify) -> None:
        """Nobody is told of what a silence matches, or of what is in hand, unless a person asks them to."""
        if ring.what is NotifyReason.ASSIGNED:
            assert ring.alert.state is not AlertState.RESOLVED
            return
        assert ring.alert.state is AlertState.OPEN
        labels = labels_of(ring.alert)
        for silence in self.silences.values():
            assert not all(matcher.matches(labels) for matcher in silence.matchers)

    @rule(call=calls, zone=st.sampled_from(list(Zone)), n=st.integers(1, 80))
    def hears(self, call: str, zone: Zone, n: int) -> None:
        """The ear reports a zone for a while."""
        for _ in range(n):
            self.now += 0.48
            self.follow(self.engine.handle(window(call, self.now, zone), T0 + self.now))

    @rule(call=calls)
    def starts(self, call: str) -> None:
        """The call starts (again)."""
        event = CallStarted(id=f"{call} starts {self.now}", at=T0 + self.now, call=call)
        self.follow(self.engine.handle(event, T0 + self.now, own=True))

    @rule(call=calls)
    def ends(self, call: str) -> None:
        """The call ends; nothing of it may stay open."""
        event = CallEnded(id=f"{call} ends {self.now}", at=T0 + self.now, call=call)
        self.follow(self.engine.handle(event, T0 + self.now, own=True))
        assert all(alert.state is AlertState.RESOLVED for alert in self.engine.alerts() if alert.call_id == call)

    @rule(seconds=st.floats(0.0, 150.0))
    def waits(self, seconds: float) -> None:
        """Time passes without a word."""
        self.now += seconds
        self.follow(self.engine.tick(T0 + self.now))

    @rule(person=people, data=st.data(), kind=st.sampled_from([Acknowledge, Resolve, Assign, AddNote]))
    def does(self, person: str, data: st.DataObject, kind: type[Acknowledge | Resolve | Assign | AddNote]) -> None:
        """A person does something to one of the alerts; only a closed one refuses, and even that takes a note."""
        if not self.engine.alerts():
            return
        alert = data.draw(st.sampled_from(self.engine.alerts()))
        more = {Assign: {"to": "noa"}, AddNote: {"note": "seen"}}.get(kind, {})
        try:
            self.follow(self.engine.do(kind(alert=alert.id, person=person, **more), T0 + self.now))
        except AlertStateError:
            assert alert.state is AlertState.RESOLVED
            assert kind is not AddNote
        else:
            assert alert.state is not AlertState.RESOLVED or kind is AddNote

    @rule(person=people, call=calls, seconds=st.floats(1.0, 100.0))
    def silences_one(self, person: str, call: str, seconds: float) -> None:
        """A person keeps a call quiet."""
        matchers = (Matcher(label="call", values=(call,)),)
        until_s = T0 + self.now + seconds
        self.follow(
            self.engine.do(MakeSilence(person=person, matchers=matchers, until_s=until_s, why="x"), T0 + self.now)
        )

    @rule(person=people)
    def ends_a_silence(self, person: str) -> None:
        """A person lets it ring again."""
        if self.silences:
            first = min(self.silences)
            self.follow(self.engine.do(EndSilence(person=person, silence=first), T0 + self.now))

    @rule()
    def crashes(self) -> None:
        """A new engine goes on with the alerts that were stored; silences are lost, and ring again."""
        waiting = [alert for alert in self.stored.values() if alert.state is not AlertState.RESOLVED]
        self.engine = Engine(CONFIG)
        self.silences.clear()
        self.engine.adopt(waiting, T0 + self.now)
        self.follow(self.engine.tick(T0 + self.now))

    @invariant()
    def never_two_open_for_the_same(self) -> None:
        """One rule and one call have at most one alert that is not resolved."""
        prints = [alert.fingerprint for alert in self.stored.values() if alert.state is not AlertState.RESOLVED]
        assert len(prints) == len(set(prints))

    @invariant()
    def history_tells_the_state(self) -> None:
        """State, count and owner can be worked out from the history alone; times never run backwards."""
        for alert in self.stored.values():
            states = [STATE_AFTER[step.what] for step in alert.history if step.what in STATE_AFTER]
            assert alert.state is states[-1]
            assert alert.count == sum(step.what in CROSSINGS for step in alert.history)
            assert (alert.acknowledged_by is not None) >= (alert.state is AlertState.ACKNOWLEDGED)
            times = [step.at_s for step in alert.history]
            assert times == sorted(times)

    @invariant()
    def an_open_alert_rings_or_says_why_not(self) -> None:
        """Somebody is waited for, or something is named that keeps it quiet; of others, nobody is waited for."""
        for alert in self.stored.values():
            waits = alert.waits_since_s is not None
            assert (waits != (alert.hushed is not None)) if alert.state is AlertState.OPEN else not waits
            assert (alert.rang_at_s is not None) == waits
            assert (alert.hushed is not None) == bool(alert.hushed_by)
            assert alert.hushed is not Hush.SILENCED or alert.hushed_by in self.silences

    @invariant()
    def nobody_in_the_chain_is_passed_over(self) -> None:
        """Whoever should have been told by now has been, unless it was held back since."""
        for alert in self.engine.alerts():
            if alert.waits_since_s is not None:
                waited_s = T0 + self.now - alert.waits_since_s
                assert alert.level >= sum(link.after_s <= waited_s for link in CHAIN)

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
