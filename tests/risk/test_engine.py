"""The engine, where no play tells it."""

import msgspec
import pytest

from tests.plays.play import T0, one_rule, window
from tests.risk.shipped import TENSE_CALL
from tests.tension.voices import Voice
from voicerisk.events import AgentsReady, CallAbandoned, CallEnded, Ready, Zone, event_id
from voicerisk.risk.actions import Action, AlertOpened, AlertResolved, Notify
from voicerisk.risk.alerts import NotifyReason, UnknownAlertError
from voicerisk.risk.config import RiskConfig
from voicerisk.risk.deeds import Acknowledge
from voicerisk.risk.engine import Engine
from voicerisk.tension import CallFacts, TensionSettings, TensionTracker, tension_events


def test_an_event_without_a_call_moves_nothing_yet() -> None:
    """Events of the floor are accepted."""
    assert Engine(RiskConfig()).handle(AgentsReady(id="1", at=T0, queue="q", data=Ready(ready=3)), T0) == []


def test_an_abandoned_call_is_over() -> None:
    """A caller who gives up leaves no open alert behind."""
    engine = Engine(RiskConfig())
    engine.handle(window("c", 1.0, Zone.RED), T0 + 1.0)
    actions = engine.handle(CallAbandoned(id="2", at=T0 + 2.0, call="c"), T0 + 2.0)
    assert any(isinstance(action, AlertResolved) for action in actions)


def test_a_window_without_reasons_still_gives_the_number() -> None:
    """An alert is never without a reason, even when the sender gave none."""
    engine = Engine(RiskConfig())
    red = window("c", 1.0, Zone.RED, 0.91)
    bare = msgspec.structs.replace(red, data=msgspec.structs.replace(red.data, reasons=()))
    opened = next(a for a in engine.handle(bare, T0 + 1.0) if isinstance(a, AlertOpened))
    assert [reason.text for reason in opened.alert.reasons] == ["call_tension at 0.91, in the red zone"]


def test_a_refused_deed_loses_nothing_of_what_time_has_done() -> None:
    """What had fallen due when somebody asked for something impossible is told with whatever comes next."""
    engine = Engine(one_rule(rules={"tense_call": msgspec.structs.replace(TENSE_CALL, repeat_s=60.0)}))
    engine.handle(window("c", 1.0, Zone.RED), T0 + 1.0)
    with pytest.raises(UnknownAlertError):
        engine.do(Acknowledge(alert="al-nope", person="dana"), T0 + 100.0)
    (ring,) = [action for action in engine.tick(T0 + 100.0) if isinstance(action, Notify)]
    assert (ring.what, ring.at_s) == (NotifyReason.REPEATED, T0 + 61.0)


def test_memory_does_not_grow_with_the_calls_of_the_day() -> None:
    """After a thousand calls, each alerting and ended, nothing but the last few is remembered."""
    engine = Engine(RiskConfig(keep_ended_s=10.0))
    for n in range(1000):
        now = T0 + n
        engine.handle(window(f"c-{n}", float(n), Zone.RED), now)
        engine.handle(CallEnded(id=event_id(f"c-{n}", "call.ended", 0), at=now, call=f"c-{n}"), now)
        engine.tick(now)
    assert len(engine.alerts()) <= 11
    assert len(list(engine.readings(T0 + 1000.0))) <= 11


def play(seed: int, calls: int) -> list[Action]:
    """The actions for several callers at once, through tracker and engine, interleaved block by block."""
    engine = Engine(RiskConfig())
    actions: list[Action] = []
    voices = [Voice(seed + n) for n in range(calls)]
    callers = [
        (
            CallFacts(call=f"c-{n}", started_at=T0),
            TensionTracker(TensionSettings()),
            [*voice.says(30.0, 0.15), *voice.says(20.0, 0.9 if n == 0 else 0.2, louder_db=8.0 if n == 0 else 0.0)],
        )
        for n, voice in enumerate(voices)
    ]
    for i in range(len(callers[0][2])):
        for facts, tracker, blocks in callers:
            for event in tension_events(facts, ("anger", "neutral"), blocks[i], tracker.step(blocks[i])):
                actions += engine.handle(event, event.at)
    return actions


def test_an_angry_caller_alerts_alike_alone_and_among_others() -> None:
    """The log of the angry call is byte for byte the same alone and among ten calm ones, who do not alert."""
    alone, among = play(7, 1), play(7, 11)
    assert msgspec.json.encode(alone) == msgspec.json.encode(among)
    opened = [action.alert for action in alone if isinstance(action, AlertOpened)]
    assert [alert.call_id for alert in opened] == ["c-0"]
    assert opened[0].at_media_s is not None
    assert 30.0 < opened[0].at_media_s <= 40.0
    assert {"tone", "loudness"} <= {reason.code for reason in opened[0].reasons}
