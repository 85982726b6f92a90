"""Incidents: one problem of a customer, how many contacts it has cost, and the one person it belongs to."""

from enum import StrEnum

import msgspec

from voicerisk.events import IncidentClosed, IncidentContact, IncidentOpened


class IncidentWhat(StrEnum):
    """What happened to an incident."""

    OPENED = "opened"
    CONTACT = "contact"
    ASSIGNED = "assigned"
    CLOSED = "closed"
    TOO_MANY = "too_many"
    """More open incidents than are remembered; the one opened first was given up."""


class IncidentRecord(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One incident; times in epoch seconds. `person` is who answers for it, None while nobody was named."""

    id: str
    opened_at_s: float
    last_at_s: float
    contacts: int = 0
    person: str | None = None
    customer: str | None = None
    queue: str | None = None


class IncidentChanged(msgspec.Struct, frozen=True, kw_only=True, tag="incident_changed"):
    """An incident was opened, contacted about, given to somebody, or closed."""

    incident: IncidentRecord
    what: IncidentWhat
    at_s: float


class UnknownIncidentError(LookupError):
    """There is no open incident of that id."""


class IncidentBookState(msgspec.Struct, kw_only=True):
    """What has to be remembered over a restart."""

    incidents: list[IncidentRecord] = []


class IncidentBook:
    """Every open incident, the one opened first at the head."""

    def __init__(self, max_open: int = 50_000) -> None:
        self._max_open = max_open
        self._incidents: dict[str, IncidentRecord] = {}
        self._of_customer: dict[str, dict[str, None]] = {}

    def get(self, id_: str) -> IncidentRecord | None:
        """The open incident of this id."""
        return self._incidents.get(id_)

    def open(self) -> tuple[IncidentRecord, ...]:
        """Every open incident."""
        return tuple(self._incidents.values())

    def of_customer(self, customer: str) -> tuple[IncidentRecord, ...]:
        """This customer's open incidents, in the order in which they were heard of."""
        return tuple(self._incidents[id_] for id_ in self._of_customer.get(customer, ()))

    def handle(self, event: IncidentOpened | IncidentContact | IncidentClosed) -> list[IncidentChanged]:
        """What the event does; a contact about an incident that was never opened opens it."""
        id_, before = event.data.incident, self._incidents.get(event.data.incident)
        if isinstance(event, IncidentClosed):
            if before is None:
                return []
            self._forget(before)
            closed = msgspec.structs.replace(before, last_at_s=max(before.last_at_s, event.at))
            return [IncidentChanged(incident=closed, what=IncidentWhat.CLOSED, at_s=event.at)]
        counts = isinstance(event, IncidentContact)
        if before is not None and not counts:
            return []
        incident = before or IncidentRecord(id=id_, opened_at_s=event.at, last_at_s=event.at)
        incident = msgspec.structs.replace(
            incident,
            contacts=incident.contacts + counts,
            last_at_s=max(incident.last_at_s, event.at),
            customer=event.customer or incident.customer,
            queue=event.queue or incident.queue,
        )
        told = self._make_room(event.at) if before is None else []
        self._put(incident)
        what = IncidentWhat.CONTACT if counts else IncidentWhat.OPENED
        return [*told, IncidentChanged(incident=incident, what=what, at_s=event.at)]

    def assign(self, id_: str, person: str, at_s: float) -> list[IncidentChanged]:
        """Name the one person who answers for the incident. Raises UnknownIncidentError."""
        if (incident := self._incidents.get(id_)) is None:
            raise UnknownIncidentError(f"there is no open incident {id_[:100]!r} here")
        if incident.person == person:
            return []
        incident = msgspec.structs.replace(incident, person=person)
        self._put(incident)
        return [IncidentChanged(incident=incident, what=IncidentWhat.ASSIGNED, at_s=at_s)]

    def snapshot(self) -> IncidentBookState:
        """The book as it stands."""
        return IncidentBookState(incidents=list(self._incidents.values()))

    def restore(self, state: IncidentBookState) -> None:
        """Go on from a snapshot."""
        for incident in state.incidents:
            self._put(incident)

    def _make_room(self, at_s: float) -> list[IncidentChanged]:
        if len(self._incidents) < self._max_open:
            return []
        oldest = next(iter(self._incidents.values()))
        self._forget(oldest)
        return [IncidentChanged(incident=oldest, what=IncidentWhat.TOO_MANY, at_s=at_s)]

    def _put(self, incident: IncidentRecord) -> None:
        before = self._incidents.get(incident.id)
        if before is not None and before.customer not in (None, incident.customer):
            self._unlink(before)
        self._incidents[incident.id] = incident
        if incident.customer is not None:
            self._of_customer.setdefault(incident.customer, {})[incident.id] = None

    def _forget(self, incident: IncidentRecord) -> None:
        del self._incidents[incident.id]
        self._unlink(incident)

    def _unlink(self, incident: IncidentRecord) -> None:
        if (mine := self._of_customer.get(incident.customer or "")) is not None:
            mine.pop(incident.id, None)
            if not mine:
                del self._of_customer[incident.customer or ""]
