"""What is said of why."""

from tests.plays.play import window
from voicerisk.events import CallStarted, Zone
from voicerisk.risk.causes import cause_of, crossing_of, where
from voicerisk.risk.gauges import GaugeKey, Moved, Reading
from voicerisk.risk.place import Place, place_of
from voicerisk.risk.watch import Came

CALL = Place(key=GaugeKey.CALL, name="c-1", call="c-1", queue="billing")


def reading(gauge: str, zone: Zone, value: float, unit: str = "", at_media_s: float | None = None) -> Reading:
    """A needle of second 50."""
    return Reading(
        gauge=gauge, key="k", value=value, zone=zone, at_s=50.0, since_s=40.0, unit=unit, at_media_s=at_media_s
    )


TENSION = reading("call_tension", Zone.RED, 0.9, at_media_s=12.0)
WAIT = reading("wait_s", Zone.AMBER, 22.0, "s")
LOAD = reading("load", Zone.GREEN, 0.25)


def came(by: Reading, *readings: Reading) -> Came:
    """A rule over these needles has come true."""
    return Came(rule="r", place=CALL, reading=by, readings=readings, at_s=50.0)


def test_the_voice_gives_its_own_reasons_and_every_other_needle_its_number() -> None:
    """What is green is no reason; the media second is that of the voice, whichever needle came last."""
    cause = cause_of(came(WAIT, TENSION, WAIT, LOAD), window("c-1", 12.0, Zone.RED))
    assert [reason.text for reason in cause.reasons] == [
        "tone model: tension 0.90",
        "wait_s at 22 s, in the amber zone",
    ]
    assert (cause.gauge, cause.value, cause.at_s, cause.at_media_s) == ("wait_s", 22.0, 50.0, 12.0)


def test_there_is_always_a_reason() -> None:
    """Also where the number alone did it, and no needle is amber or red."""
    cause = cause_of(came(LOAD, LOAD), None)
    assert [(reason.value, reason.text) for reason in cause.reasons] == [(0.25, "load at 0.25, in the green zone")]


def test_a_customers_alert_says_in_which_call_it_came_up() -> None:
    """And in which queue; a queue's alert is no call's."""
    event = CallStarted(id="1", at=1.0, call="c-9", queue="billing", agent="a-1")
    place = where(place_of(GaugeKey.CUSTOMER, "h:1"), event)
    assert (place.customer, place.call, place.queue, place.agent) == ("h:1", "c-9", "billing", "a-1")
    assert where(place_of(GaugeKey.QUEUE, "tech"), event) == place_of(GaugeKey.QUEUE, "tech")
    assert where(CALL, event) == CALL


def test_a_crossing_says_from_where_to_where() -> None:
    """With the queue, where the needle has one."""
    crossing = crossing_of(Moved(reading=WAIT, previous=Zone.GREEN), "billing")
    assert (crossing.previous, crossing.zone, crossing.value, crossing.queue) == (
        Zone.GREEN,
        Zone.AMBER,
        22.0,
        "billing",
    )
