"""An event, or an observation, as the gauges see it: what happened, when, and whose it is.

Later events of a call need not repeat its queue, customer or agent: what the call has said before is filled in.
"""

from typing import Any, Final, get_args

import msgspec

from voicerisk.events import Event

_TYPES: Final = {kind: str(kind.__struct_config__.tag) for kind in get_args(Event)}

MAX_CALLS: Final = 100_000
"""Calls whose labels are remembered; beyond it those of the call longest unheard of are given up."""


class Fact(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """One thing that happened at `at_s` (epoch seconds). `key` and `value` are set for observations only."""

    type: str
    at_s: float
    id: str = ""
    call: str | None = None
    customer: str | None = None
    queue: str | None = None
    agent: str | None = None
    incident: str | None = None
    data: Any = None
    key: str | None = None
    value: float | None = None


class Labels(msgspec.Struct, kw_only=True, gc=False):
    """What is known of a call; `at_s` is the time of the latest event that said so."""

    at_s: float
    customer: str | None = None
    queue: str | None = None
    agent: str | None = None
    incident: str | None = None


class Whereabouts:
    """The labels of the calls."""

    __slots__ = ("calls",)

    def __init__(self) -> None:
        self.calls: dict[str, Labels] = {}

    def fact(self, event: Event) -> Fact:
        """The event with what its call has said before."""
        incident: str | None = getattr(event.data, "incident", None)
        customer, queue, agent = event.customer, event.queue, event.agent
        if event.call is not None:
            known = self.calls.get(event.call)
            if known is None:
                if len(self.calls) >= MAX_CALLS:
                    del self.calls[next(iter(self.calls))]
                self.calls[event.call] = Labels(
                    at_s=event.at, customer=customer, queue=queue, agent=agent, incident=incident
                )
            else:
                _learn(known, event, incident)
                customer, queue = customer or known.customer, queue or known.queue
                agent, incident = agent or known.agent, incident or known.incident
        return Fact(
            type=_TYPES[type(event)],
            at_s=event.at,
            id=event.id,
            call=event.call,
            customer=customer,
            queue=queue,
            agent=agent,
            incident=incident,
            data=event.data,
        )


def _learn(known: Labels, event: Event, incident: str | None) -> None:
    if event.at >= known.at_s:
        known.at_s = event.at
        known.customer, known.queue = event.customer or known.customer, event.queue or known.queue
        known.agent, known.incident = event.agent or known.agent, incident or known.incident
    else:
        # A late event may add what is missing, but what came after it is newer.
        known.customer, known.queue = known.customer or event.customer, known.queue or event.queue
        known.agent, known.incident = known.agent or event.agent, known.incident or incident
