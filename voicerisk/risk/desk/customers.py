"""What is remembered of a customer between contacts: the last feedback, the last alerts, when they were last asked."""

from typing import Any, Final

import msgspec

from voicerisk.events import CrmEvent, FeedbackReceived
from voicerisk.risk.alerts import Alert
from voicerisk.risk.texts import Text

SURVEY_SENT: Final = "survey.sent"
"""Subtype of a CRM event: the customer was asked for feedback."""

PREFERS: Final = "customer.prefers"
"""Subtype of a CRM event: in `fields.channel`, how the customer wants to be asked; "none": not at all."""

NEVER: Final = "none"
LAST_ALERTS: Final = 5


class LastFeedback(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The customer's latest score, from 0 to `best`, of which contact and when (epoch seconds)."""

    score: float
    best: float
    at_s: float
    call: str | None = None
    channel: str | None = None


class LastAlert(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """An alert about the customer, short enough for a card; `at_s` in epoch seconds."""

    id: str
    rule: str
    title: Text
    at_s: float
    call: str | None = None


class CustomerFacts(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What is known of one customer; `customer` is the keyed hash, `asked_at_s` epoch seconds."""

    customer: str
    feedback: LastFeedback | None = None
    alerts: tuple[LastAlert, ...] = ()
    asked_at_s: float | None = None
    prefers: str | None = None


class CustomerBookState(msgspec.Struct, kw_only=True):
    """What has to be remembered over a restart."""

    customers: list[CustomerFacts] = []


class CustomerBook:
    """The customers of whom there was news last; beyond the most, the one longest without news is forgotten."""

    def __init__(self, max_customers: int = 50_000) -> None:
        self._max_customers = max_customers
        self._facts: dict[str, CustomerFacts] = {}

    def of(self, customer: str) -> CustomerFacts:
        """What is known of this customer, be it nothing."""
        return self._facts.get(customer) or CustomerFacts(customer=customer)

    def feedback(self, event: FeedbackReceived) -> None:
        """The customer gave a score; an older one that comes late changes nothing."""
        if event.customer is None:
            return
        before, data = self.of(event.customer).feedback, event.data
        if before is None or before.at_s <= event.at:
            given = LastFeedback(score=data.score, best=data.best, at_s=event.at, call=event.call, channel=data.channel)
            self._learn(event.customer, feedback=given)

    def alerted(self, alert: Alert, at_s: float) -> None:
        """There is an alert about the customer."""
        if alert.customer is None:
            return
        others = (seen for seen in self.of(alert.customer).alerts if seen.id != alert.id)
        latest = LastAlert(id=alert.id, rule=alert.rule, title=alert.title, at_s=at_s, call=alert.call_id)
        self._learn(alert.customer, alerts=(latest, *others)[:LAST_ALERTS])

    def told(self, event: CrmEvent) -> None:
        """The CRM says that the customer was asked for feedback, or how they want to be asked."""
        if event.customer is None:
            return
        if event.data.subtype == SURVEY_SENT:
            asked_at_s = max(event.at, self.of(event.customer).asked_at_s or event.at)
            self._learn(event.customer, asked_at_s=asked_at_s)
        elif event.data.subtype == PREFERS:
            channel = event.data.fields.get("channel")
            self._learn(event.customer, prefers=channel if isinstance(channel, str) else None)

    def snapshot(self) -> CustomerBookState:
        """The book as it stands."""
        return CustomerBookState(customers=list(self._facts.values()))

    def restore(self, state: CustomerBookState) -> None:
        """Go on from a snapshot."""
        self._facts = {facts.customer: facts for facts in state.customers}

    def _learn(self, customer: str, **changes: Any) -> None:
        facts = msgspec.structs.replace(self.of(customer), **changes)
        # Put in anew, so that the order of the book is the order of the news.
        self._facts.pop(customer, None)
        self._facts[customer] = facts
        if len(self._facts) > self._max_customers:
            del self._facts[next(iter(self._facts))]
