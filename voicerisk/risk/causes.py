"""Why: what a crossing and an alert say of the needles that made them."""

import msgspec

from voicerisk.events import Event, Reason, TensionWindow, Zone
from voicerisk.risk.actions import ZoneCrossed
from voicerisk.risk.alerts import Cause
from voicerisk.risk.gauges import GaugeKey, Moved, Reading
from voicerisk.risk.place import Place
from voicerisk.risk.watch import Came


def crossing_of(moved: Moved, queue: str | None) -> ZoneCrossed:
    """What is told of a needle that went from one zone into another."""
    reading = moved.reading
    return ZoneCrossed(
        gauge=reading.gauge,
        key=reading.key,
        previous=moved.previous,
        zone=reading.zone,
        value=reading.value,
        evidence=reading.evidence,
        at_s=reading.at_s,
        at_media_s=reading.at_media_s,
        queue=queue,
    )


def cause_of(came: Came, event: Event | None) -> Cause:
    """Why the rule has become true: what was heard in the voice, and every needle of the rule that is not green."""
    heard: tuple[Reason, ...] = ()
    shown = [reading for reading in came.readings if reading.zone is not Zone.GREEN] or [came.reading]
    if isinstance(event, TensionWindow) and event.data.reasons:
        heard = event.data.reasons
        shown = [reading for reading in shown if reading.at_media_s is None]
    media_s = (reading.at_media_s for reading in (came.reading, *came.readings))
    return Cause(
        gauge=came.reading.gauge,
        value=came.reading.value,
        at_s=came.at_s,
        at_media_s=next((at_s for at_s in media_s if at_s is not None), None),
        reasons=(*heard, *map(_shown, shown)),
    )


def where(place: Place, event: Event | None) -> Place:
    """The place with what the event says of it: in which call and queue a customer's or an incident's alert came up."""
    if event is None or place.key not in (GaugeKey.CUSTOMER, GaugeKey.INCIDENT):
        return place
    return msgspec.structs.replace(
        place,
        call=event.call,
        customer=place.customer or event.customer,
        queue=event.queue,
        agent=event.agent,
    )


def _shown(reading: Reading) -> Reason:
    value = f"{reading.value:.2f}".rstrip("0").rstrip(".")
    said = f"{value} {reading.unit}".rstrip()
    text = f"{reading.gauge} at {said}, in the {reading.zone} zone"
    return Reason(code="gauge", value=reading.value, unit=reading.unit, text=text)
