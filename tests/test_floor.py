"""Tests of voicerisk.floor: how calls begin, go on after a broken connection, and end; time is an argument."""

from collections.abc import Sequence

import msgspec
import numpy as np
import pytest

from tests.test_call import says
from voicerisk.call import Call
from voicerisk.events import CallEnded, Role, event_type
from voicerisk.floor import CallSettings, Floor, FloorSettings
from voicerisk.gateways.codec import Audio, Channel, StreamEnded, StreamStarted
from voicerisk.risk.actions import Action, AlertOpened, AlertResolved
from voicerisk.risk.alerts import Alert, NotifyReason
from voicerisk.risk.config import RiskConfig
from voicerisk.scoring.contract import CHUNK_S

LOST = StreamEnded("connection lost", clean=False)
STOP = StreamEnded("stop")


def started(call_id: str = "c", role: Role = Role.CUSTOMER, **labels: str) -> StreamStarted:
    """What a gateway says first."""
    return StreamStarted(call_id, f"{call_id}-{role}", (Channel(role, 8000),), labels)


@pytest.fixture
def floor() -> Floor:
    """A floor on which a broken call waits for 10 s."""
    return Floor(FloorSettings(call=CallSettings(grace_s=10.0)), ("neutral", "angry"))


def talk(floor: Floor, call: Call, stream: str, seconds: float, tension: float, now: float) -> list[object]:
    """So much speech in that tone; what followed."""
    call.receive(stream, Audio(0, np.full(round(seconds * 8000), 1000, np.int16)))
    for chunk in call.take_chunks():
        call.scored(chunk.index, says(tension))
    outcome = floor.settle(call, now)
    return [*outcome.events, *outcome.actions]


def end_of(floor: Floor, call: Call, now: float) -> str:
    """The reason in the call's end, which must have come."""
    (ended,) = (event for event in floor.settle(call, now).events if isinstance(event, CallEnded))
    return ended.data.reason


def test_a_clean_end_ends_the_call_at_once(floor: Floor) -> None:
    """Said goodbye: the call is over with the gateway's reason and no longer on the floor."""
    call = floor.open_stream("s", started(), 100.0)
    floor.close_stream(call, "s", STOP, 105.0)
    assert end_of(floor, call, 105.0) == "stop"
    assert floor.calls == {}


def test_a_broken_call_goes_on_within_the_grace_time(floor: Floor) -> None:
    """A new connection with the same call id is the same call: same object, same clock, nothing has ended."""
    call = floor.open_stream("s", started(queue="billing"), 100.0)
    talk(floor, call, "s", 2.4, 0.1, 102.0)
    floor.close_stream(call, "s", LOST, 102.0)
    assert floor.tick(111.9)[0] == []
    again = floor.open_stream("t", started(), 111.9)
    assert again is call
    assert call.facts.queue == "billing"
    assert floor.tick(200.0)[0] == []
    talk(floor, call, "t", 2.4, 0.1, 201.0)
    assert call.media_s == 4.8
    floor.close_stream(call, "t", STOP, 202.0)
    assert end_of(floor, call, 202.0) == "stop"


def test_a_broken_call_ends_after_the_grace_time(floor: Floor) -> None:
    """Nobody came back: the call is over at the first tick after the grace time, once, as lost."""
    call = floor.open_stream("s", started(), 100.0)
    floor.close_stream(call, "s", LOST, 102.0)
    assert floor.tick(111.9)[0] == []
    assert floor.tick(112.0)[0] == [call]
    assert floor.tick(112.1)[0] == []
    assert end_of(floor, call, 112.1) == "connection lost"
    assert floor.calls == {}


def test_without_a_grace_time_a_broken_call_is_over() -> None:
    """With `grace_s` 0 there is nothing to wait for."""
    floor = Floor(FloorSettings(call=CallSettings(grace_s=0.0)), ("neutral", "angry"))
    call = floor.open_stream("s", started(), 100.0)
    floor.close_stream(call, "s", LOST, 101.0)
    assert end_of(floor, call, 101.0) == "connection lost"


def test_the_last_of_several_streams_decides(floor: Floor) -> None:
    """A leg that breaks or stops while the other goes on ends nothing; the last one's way to end is the call's."""
    call = floor.open_stream("s", started(), 100.0)
    assert floor.open_stream("t", started(role=Role.AGENT), 100.5) is call
    floor.close_stream(call, "s", LOST, 101.0)
    assert floor.tick(150.0)[0] == []
    floor.close_stream(call, "t", STOP, 151.0)
    assert end_of(floor, call, 151.0) == "stop"


def test_a_call_id_that_comes_again_gets_a_number(floor: Floor) -> None:
    """A later call under a used id is a call of its own, and the numbers go on counting."""
    for name in ("c", "c#2", "c#3"):
        call = floor.open_stream("s", started(), 100.0)
        assert call.facts.call == name
        assert list(floor.calls) == [name]
        floor.close_stream(call, "s", STOP, 101.0)
        floor.settle(call, 101.0)


def test_a_numbered_call_goes_on_as_well(floor: Floor) -> None:
    """The second call under an id that breaks is continued under its number."""
    first = floor.open_stream("s", started(), 100.0)
    floor.close_stream(first, "s", STOP, 101.0)
    floor.settle(first, 101.0)
    second = floor.open_stream("s", started(), 102.0)
    floor.close_stream(second, "s", LOST, 103.0)
    assert floor.open_stream("t", started(), 104.0) is second


def test_a_call_that_still_waits_for_scores_is_not_continued(floor: Floor) -> None:
    """After a clean end a new stream of that id is a new call, although the old one's last score is not in yet."""
    call = floor.open_stream("s", started(), 100.0)
    call.receive("s", Audio(0, np.zeros(4000, np.int16)))
    (*chunks,) = call.take_chunks()
    floor.close_stream(call, "s", STOP, 101.0)
    chunks += call.take_chunks()
    again = floor.open_stream("t", started(), 101.1)
    assert again.facts.call == "c#2"
    for chunk in chunks:
        call.scored(chunk.index, says(0.1))
    assert end_of(floor, call, 101.2) == "stop"
    assert list(floor.calls) == ["c#2"]


def test_ids_are_not_remembered_without_bound() -> None:
    """No more used ids are remembered than calls; the oldest is forgotten."""
    floor = Floor(FloorSettings(risk=RiskConfig(max_calls=50)), ("neutral", "angry"))
    for number in range(500):
        call = floor.open_stream("s", started(f"c{number}"), float(number))
        floor.close_stream(call, "s", STOP, number + 0.5)
        floor.settle(call, number + 0.5)
    assert len(floor._used) == 50


def test_the_last_partial_block_is_scored(floor: Floor) -> None:
    """A call of 7.3 s is judged to its end: 31 chunks, and the end at the 31st block's edge."""
    call = floor.open_stream("s", started(), 100.0)
    call.receive("s", Audio(0, np.full(round(7.3 * 8000), 1000, np.int16)))
    floor.close_stream(call, "s", STOP, 107.3)
    chunks = call.take_chunks()
    assert len(chunks) == 31
    for chunk in chunks:
        call.scored(chunk.index, says(0.1))
    ended = floor.settle(call, 107.3).events[-1]
    assert (event_type(ended), ended.at) == ("call.ended", 107.44)


def alarm(floor: Floor, call: Call, stream: str, now: float) -> Alert:
    """The customer is calm, then is not: the alert that follows."""
    happened = talk(floor, call, stream, 9.6, 0.05, now) + talk(floor, call, stream, 9.6, 0.98, now + 10.0)
    (opened,) = (action for action in happened if isinstance(action, AlertOpened))
    return opened.alert


def ended_alerts(actions: Sequence[Action]) -> list[Alert]:
    """The alerts that were closed."""
    return [action.alert for action in actions if isinstance(action, AlertResolved)]


def test_an_alert_is_resolved_with_its_call(floor: Floor) -> None:
    """A tense call raises one alert; when the call ends, so does the alert."""
    call = floor.open_stream("s", started(), 100.0)
    alert = alarm(floor, call, "s", 100.0)
    floor.close_stream(call, "s", STOP, 120.0)
    (resolved,) = ended_alerts(floor.settle(call, 120.0).actions)
    assert resolved.id == alert.id


def test_how_late_the_sound_is_scored_changes_nothing() -> None:
    """Nobody takes the alert, the voice turns red again, the call ends: the steps and their times are the same."""
    histories = []
    for late_s in (0.0, 0.2, 0.7):
        floor = Floor(FloorSettings(), ("neutral", "angry"))
        call = floor.open_stream("s", started(), 100.0)
        for n in range(round(60.0 / CHUNK_S)):
            level = 0.98 if 10.0 < n * CHUNK_S < 20.0 or n * CHUNK_S > 31.0 else 0.05
            talk(floor, call, "s", CHUNK_S, level, 100.0 + (n + 1) * CHUNK_S + late_s)
        floor.close_stream(call, "s", STOP, 160.0 + late_s)
        floor.settle(call, 160.0 + late_s)
        histories.append([alert.history for alert in floor.engine.alerts()])
    assert histories[0] == histories[1] == histories[2]
    assert {step.what for step in histories[0][0]} > {NotifyReason.OPENED, NotifyReason.ESCALATED}


def test_a_failed_call_ends_with_its_alert(floor: Floor) -> None:
    """A call that cannot be scored any further leaves the floor, and its alert is closed with it."""
    call = floor.open_stream("s", started(), 100.0)
    alarm(floor, call, "s", 100.0)
    call.fail("not scored: broken")
    outcome = floor.settle(call, 121.0)
    assert isinstance(outcome.events[-1], CallEnded)
    assert len(ended_alerts(outcome.actions)) == 1
    assert floor.calls == {}


def test_restored_alerts_wait_for_their_calls(floor: Floor) -> None:
    """After a restart an alert stays open for the grace time; then its call is over, and the alert with it."""
    before = Floor(FloorSettings(), ("neutral", "angry"))
    alert = alarm(before, before.open_stream("s", started(), 100.0), "s", 100.0)
    floor.restore([alert], 500.0)
    assert not ended_alerts(floor.tick(509.9)[1].actions)
    (resolved,) = ended_alerts(floor.tick(510.0)[1].actions)
    assert resolved.history[-1].what is NotifyReason.CALL_ENDED
    assert floor.tick(600.0)[1].actions == []


def test_a_call_that_comes_back_after_a_restart_keeps_its_alert(floor: Floor) -> None:
    """The new stream of the same call id takes the alert over: it is neither closed nor raised a second time."""
    before = Floor(FloorSettings(), ("neutral", "angry"))
    alert = alarm(before, before.open_stream("s", started(), 100.0), "s", 100.0)
    floor.restore([alert], 500.0)
    call = floor.open_stream("t", started(), 505.0)
    assert call.facts.call == "c"
    assert not ended_alerts(floor.tick(520.0)[1].actions)
    happened = talk(floor, call, "t", 9.6, 0.05, 521.0) + talk(floor, call, "t", 9.6, 0.98, 531.0)
    assert not [action for action in happened if isinstance(action, AlertOpened)]
    assert [known.id for known in floor.engine.alerts()] == [alert.id]


def test_everything_can_be_ended_at_once(floor: Floor) -> None:
    """At the end of a recording or of the server every call ends with the reason given, the broken ones too."""
    calls = [floor.open_stream(name, started(name), 100.0) for name in ("a", "b")]
    floor.close_stream(calls[0], "a", LOST, 101.0)
    assert floor.finish_all("the server is stopping") == calls
    assert [end_of(floor, call, 102.0) for call in calls] == ["the server is stopping"] * 2
    assert floor.tick(500.0)[0] == []
    floor.close_stream(calls[1], "b", STOP, 103.0)
    assert floor.calls == {}


def test_channels_that_cannot_be_are_refused(floor: Floor) -> None:
    """Two channels of one role: the stream is refused, and no call is left behind that nobody would end."""
    twice = msgspec.structs.replace(started(), channels=(Channel(Role.CUSTOMER, 8000),) * 2)
    with pytest.raises(ValueError, match="same role"):
        floor.open_stream("s", twice, 100.0)
    assert floor.calls == {}
    assert floor.open_stream("s", started(), 101.0).facts.call == "c"


def test_only_a_hashed_customer_is_kept(floor: Floor) -> None:
    """A keyed hash names the customer; a telephone number in its place is not kept."""
    hashed = "h:" + "0" * 32
    assert floor.open_stream("s", started("a", customer=hashed), 1.0).facts.customer == hashed
    assert floor.open_stream("t", started("b", customer="+972501234567"), 1.0).facts.customer is None


@pytest.mark.parametrize("label", ["optOut", "opt_out"])
def test_a_stream_that_says_so_is_not_scored(floor: Floor, label: str) -> None:
    """A caller who opted out at the gateway gives no chunk for the model, from the first sample on."""
    call = floor.open_stream("s", started(**{label: "True"}), 1000.0)
    call.receive("s", Audio(0, np.full(8000, 1000, np.int16)))
    assert call.opted_out
    assert call.media_s > 0.9
    assert call.take_chunks() == []


def test_a_gateway_that_numbers_its_calls_itself_meets_nobody_elses(floor: Floor) -> None:
    """The second call of "c" is "c#2" here; a gateway's own "c#2" is another call, under another name."""
    first = floor.open_stream("s1", started("c"), 1000.0)
    floor.close_stream(first, "s1", STOP, 1001.0)
    floor.settle(first, 1001.0)
    second = floor.open_stream("s2", started("c"), 1002.0)
    other = floor.open_stream("s3", started("c#2"), 1003.0)
    assert second.facts.call == "c#2"
    assert other is not second
    assert other.facts.call not in ("c", "c#2")
    assert floor.open_stream("s4", started("c#2"), 1004.0) is other
    assert floor.open_stream("s5", started("c"), 1005.0) is second
