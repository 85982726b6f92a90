"""Outage mode: a known fault that is switched on, for a queue or the whole site, and hushes its symptoms."""

from hashlib import blake2b

import msgspec


class Outage(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A known fault that is on; `queue` None: everywhere. `person` None: another system said so, at `since_s` (epoch).

    `incident` is what its alerts group under: the sender's own number, or else the outage's id.
    """

    id: str
    since_s: float
    queue: str | None = None
    person: str | None = None
    why: str = ""
    incident: str = ""


class OutageChanged(msgspec.Struct, frozen=True, kw_only=True, tag="outage_changed"):
    """A known fault was switched on or (`over`) off, by `person` or another system."""

    outage: Outage
    over: bool
    at_s: float
    person: str | None = None


class OutageBookState(msgspec.Struct, kw_only=True):
    """What has to be remembered over a restart."""

    outages: list[Outage] = []


class OutageBook:
    """The faults that are on: at most one for each queue and one for the site."""

    def __init__(self) -> None:
        self._outages: dict[str | None, Outage] = {}

    def on(self) -> tuple[Outage, ...]:
        """Every fault that is on, the oldest first."""
        return tuple(self._outages.values())

    def covering(self, queue: str | None) -> Outage | None:
        """The fault that explains what happens in this queue: its own, or else the site's."""
        return self._outages.get(queue) or self._outages.get(None)

    def switch_on(
        self, queue: str | None, at_s: float, *, person: str | None = None, why: str = "", incident: str = ""
    ) -> list[OutageChanged]:
        """A fault is known from now on; nothing happens where it is known already."""
        if queue in self._outages:
            return []
        id_ = "out-" + blake2b(f"{queue or ''}|{at_s:.3f}".encode(), digest_size=8).hexdigest()
        outage = Outage(id=id_, since_s=at_s, queue=queue, person=person, why=why, incident=incident or id_)
        self._outages[queue] = outage
        return [OutageChanged(outage=outage, over=False, at_s=at_s, person=person)]

    def switch_off(self, queue: str | None, at_s: float, *, person: str | None = None) -> list[OutageChanged]:
        """The fault is over; nothing happens where there is none."""
        if (outage := self._outages.pop(queue, None)) is None:
            return []
        return [OutageChanged(outage=outage, over=True, at_s=at_s, person=person)]

    def snapshot(self) -> OutageBookState:
        """The book as it stands."""
        return OutageBookState(outages=list(self._outages.values()))

    def restore(self, state: OutageBookState) -> None:
        """Go on from a snapshot."""
        self._outages = {outage.queue: outage for outage in state.outages}
