"""The customer's card: what whoever answers should know before the first word, from memory alone."""

from collections.abc import Callable, Mapping

import msgspec

from voicerisk.events import Zone
from voicerisk.risk.desk import Desk, IncidentRecord, Outage, PromiseRecord
from voicerisk.risk.desk.asking import Asking, may_ask
from voicerisk.risk.desk.customers import LastAlert, LastFeedback
from voicerisk.risk.desk.settings import DeskSettings
from voicerisk.risk.gauges import GaugeConfig, GaugeKey, Reading
from voicerisk.risk.texts import Text

CALLS_TODAY = "calls_today"
"""The gauge that ships for it; a site that takes it out has no such figure on its cards."""


class CardNeedle(msgspec.Struct, frozen=True, kw_only=True):
    """One of the customer's gauges: what it shows, how bad that is, and how old (seconds)."""

    gauge: str
    title: Text
    value: float
    unit: str
    zone: Zone
    age_s: float


class CardTask(msgspec.Struct, frozen=True, kw_only=True):
    """Something that is still to be done for the customer; `due_at_s` in epoch seconds."""

    id: str
    title: Text
    owner: str
    person: str | None
    due_at_s: float | None
    overdue: bool


class CustomerCard(msgspec.Struct, frozen=True, kw_only=True):
    """What is known of one customer at `at_s` (epoch seconds); `customer` is the keyed hash.

    `calls_today` is None where that is not counted. `promises` are those not kept yet, the earliest due first, and
    `alerts` the last few, the latest first. `outage` is the known fault of the queue that the customer has reached.
    """

    customer: str
    at_s: float
    calls_today: int | None
    needles: tuple[CardNeedle, ...]
    promises: tuple[PromiseRecord, ...]
    feedback: LastFeedback | None
    alerts: tuple[LastAlert, ...]
    incidents: tuple[IncidentRecord, ...]
    tasks: tuple[CardTask, ...]
    asking: Asking
    outage: Outage | None


def customer_card(
    customer: str,
    now: float,
    *,
    desk: Desk,
    settings: DeskSettings,
    gauges: Mapping[str, GaugeConfig],
    reading_of: Callable[[str, str], Reading | None],
    queue: str | None = None,
) -> CustomerCard:
    """The card of this customer at `now`; one of whom nothing is known has an empty one.

    `reading_of` gives the needle of a gauge (first) for a key (second).
    """
    readings = {
        name: reading
        for name, gauge in gauges.items()
        if gauge.key is GaugeKey.CUSTOMER and (reading := reading_of(name, customer)) is not None
    }
    calls = readings.get(CALLS_TODAY)
    facts = desk.customer(customer)
    return CustomerCard(
        customer=customer,
        at_s=now,
        calls_today=(int(calls.value) if calls else 0) if CALLS_TODAY in gauges else None,
        needles=tuple(_needle(gauges[name], reading, now) for name, reading in readings.items()),
        promises=desk.promises(customer),
        feedback=facts.feedback,
        alerts=facts.alerts,
        incidents=desk.incidents(customer),
        tasks=tuple(
            CardTask(
                id=task.id,
                title=task.title,
                owner=task.owner,
                person=task.person,
                due_at_s=task.due_at_s,
                overdue=task.overdue,
            )
            for task in desk.tasks_of(customer)
        ),
        asking=may_ask(facts, settings, now),
        outage=desk.outage_covering(queue),
    )


def _needle(gauge: GaugeConfig, reading: Reading, now: float) -> CardNeedle:
    return CardNeedle(
        gauge=reading.gauge,
        title=gauge.title,
        value=reading.value,
        unit=gauge.unit,
        zone=reading.zone,
        age_s=reading.age_s(now),
    )
