"""The needles."""

import msgspec

from tests.plays.play import T0, window
from tests.risk.shipped import CALL_TENSION
from voicerisk.events import Zone, decode_event
from voicerisk.risk.gauges import GaugeBoard, LevelGauge, SiteSettings
from voicerisk.zones import Boundary, Zones

STRICT = Zones(amber=Boundary(enter=0.1, leave=0.05), red=Boundary(enter=0.2, leave=0.15))
LAX = Zones(amber=Boundary(enter=0.9, leave=0.1), red=Boundary(enter=0.95, leave=0.1))


def test_without_zones_of_its_own_the_gauge_takes_the_ears_word() -> None:
    """One truth: the zone that came with the window is the gauge's."""
    gauge = LevelGauge("call_tension", CALL_TENSION)
    assert [gauge.step(window("c", t, zone), None)[1].zone for t, zone in ((1, Zone.RED), (2, Zone.AMBER))] == [
        Zone.RED,
        Zone.AMBER,
    ]


def test_a_reading_says_value_zone_and_since_when() -> None:
    """`since_s` stays while the zone stays; the value and its time are the latest."""
    gauge = LevelGauge("call_tension", CALL_TENSION)
    gauge.step(window("c", 1.0, Zone.AMBER), None)
    previous, reading = gauge.step(window("c", 2.0, Zone.AMBER, 0.66), None)
    assert previous is Zone.AMBER
    assert (reading.value, reading.at_s, reading.since_s, reading.at_media_s) == (0.66, T0 + 2.0, T0 + 1.0, 2.0)


def test_an_old_reading_is_stale() -> None:
    """A value older than the gauge's stale_s must not be trusted."""
    _, reading = LevelGauge("call_tension", CALL_TENSION).step(window("c", 1.0, Zone.GREEN), None)
    assert not reading.stale(T0 + 6.0)
    assert reading.stale(T0 + 6.1)


def test_a_call_that_moves_to_another_queue_is_held_against_its_zones() -> None:
    """The needle keeps where it stands and leaves by the new queue's rules."""
    config = msgspec.structs.replace(CALL_TENSION, zones=LAX, queues={"strict": STRICT})
    gauge = LevelGauge("call_tension", config)
    zones = [
        gauge.step(window("c", t, Zone.GREEN, level), queue)[1].zone
        for t, level, queue in ((1, 0.3, None), (2, 0.3, "strict"), (3, 0.3, None), (4, 0.05, None))
    ]
    assert zones == [Zone.GREEN, Zone.RED, Zone.RED, Zone.GREEN]


def test_a_call_that_is_taken_up_again_is_heard_from_its_new_beginning() -> None:
    """After a restart a call's media seconds begin anew: its needle follows at once, not from where it stood before."""
    board = GaugeBoard({"call_tension": CALL_TENSION}, SiteSettings())
    started = {"id": "c:call.started:0", "type": "call.started", "call": "c"}
    board.handle(decode_event({**started, "at": T0}), T0)
    board.handle(window("c", 20.0, Zone.RED), T0 + 20.0)
    assert board.handle(window("c", 1.0, Zone.GREEN), T0 + 21.0) == []
    board.handle(decode_event({**started, "at": T0 + 30.0}), T0 + 30.0)
    again = msgspec.structs.replace(window("c", 1.0, Zone.GREEN), at=T0 + 31.0)
    (moved,) = board.handle(again, T0 + 31.0)
    assert (moved.previous, moved.reading.zone) == (Zone.RED, Zone.GREEN)
