"""The day's contacts in figures: calls and waits, who called again, who was passed on, why they called."""

from bisect import bisect_right
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from statistics import fmean, median
from typing import Final

import msgspec

from voicerisk.review.calls import CallLine, Gathered
from voicerisk.review.spans import Span

LONG_WAIT_S: Final = 30.0
"""A wait above this is a long one."""

_MOST: Final = 10
"""Lines of a list of the worst."""

AGAIN: Final = 2
OFTEN: Final = 3
"""Calls of one customer in a day: called again, called again and again."""


class Waits(msgspec.Struct, frozen=True, kw_only=True):
    """Callers who waited: how many, how long in seconds (None where nobody did), and how many above 30 s."""

    n: int
    median_s: float | None
    p90_s: float | None
    longest_s: float | None
    above_30_s: int


class QueueDay(msgspec.Struct, frozen=True, kw_only=True):
    """One queue's day; `abandoned_share` is of its calls, `red` counts those in which the voice turned red."""

    queue: str
    calls: int
    abandoned: int
    abandoned_share: float
    red: int
    waits: Waits


class HourCount(msgspec.Struct, frozen=True, kw_only=True):
    """One hour by the site's clock."""

    hour: str
    calls: int
    abandoned: int
    red: int
    offhours: int


class Unhappy(msgspec.Struct, frozen=True, kw_only=True):
    """Calls in which the customer's voice turned red, customers behind them, and the share of the calls answered."""

    calls: int
    customers: int
    share: float


class Repeating(msgspec.Struct, frozen=True, kw_only=True):
    """One customer (a keyed hash) who called often, and what about."""

    customer: str
    calls: int
    reasons: Sequence[str]
    queues: Sequence[str]


class Repeats(msgspec.Struct, frozen=True, kw_only=True):
    """Customers who called twice or more, three times or more, and the share of the calls that were not their first."""

    customers: int
    again: int
    often: int
    share_of_calls: float
    most: Sequence[Repeating]


class IncidentContacts(msgspec.Struct, frozen=True, kw_only=True):
    """Incidents that were contacted about, how often, and those with two contacts or more, the most first."""

    incidents: int
    contacts: int
    mean: float
    most: Sequence["IncidentLine"]


class IncidentLine(msgspec.Struct, frozen=True, kw_only=True):
    """One incident that took several contacts."""

    incident: str
    queue: str
    contacts: int


class Transfers(msgspec.Struct, frozen=True, kw_only=True):
    """Callers passed on or told to ring elsewhere, for each answered call, calls passed on twice, and where to."""

    transfers: int
    redirected: int
    per_call: float
    calls_twice: int
    by: Sequence["TransferLine"]


class TransferLine(msgspec.Struct, frozen=True, kw_only=True):
    """So many went from a queue to a unit about a topic."""

    queue: str
    to: str
    topic: str
    transfers: int


class ReasonCount(msgspec.Struct, frozen=True, kw_only=True):
    """Why customers called."""

    reason: str
    calls: int
    red: int


class Contacts(msgspec.Struct, frozen=True, kw_only=True):
    """The contacts of a span. `calls` began in it; `answered` are those whose caller did not give up."""

    calls: int
    answered: int
    abandoned: int
    abandoned_share: float
    without_note: int
    """Calls that were passed on or not the customer's first, ended, and of which nothing was written down."""
    talk_mean_s: float | None
    unhappy: Unhappy
    waits: Waits
    queues: Sequence[QueueDay]
    hours: Sequence[HourCount]
    offhours: int
    repeats: Repeats
    reasons: Sequence[ReasonCount]
    incidents: IncidentContacts
    transfers: Transfers


def contacts_of(found: Gathered, span: Span) -> Contacts:
    """The figures of a gathered span."""
    begun = [line for line in found.calls.values() if line.begun]
    abandoned = sum(line.abandoned for line in begun)
    answered = len(begun) - abandoned
    red = [line for line in found.calls.values() if line.red]
    customers = {line.customer or line.id for line in red}
    by_customer = calls_by_customer(begun)
    talks = [t for line in begun if (t := talk_s(line)) is not None]
    return Contacts(
        calls=len(begun),
        answered=answered,
        abandoned=abandoned,
        abandoned_share=_share(abandoned, len(begun)),
        without_note=_without_note(begun, by_customer),
        talk_mean_s=fmean(talks) if talks else None,
        unhappy=Unhappy(calls=len(red), customers=len(customers), share=_share(len(red), answered)),
        waits=waits_of(begun),
        queues=_queues(begun),
        hours=_hours(found, begun, span),
        offhours=len(found.offhours_s),
        repeats=_repeats(by_customer),
        reasons=_reasons(begun),
        incidents=_incidents(found),
        transfers=_transfers(found, answered),
    )


def talk_s(line: CallLine) -> float | None:
    """How long the caller and an agent were on the line; None where it is not known."""
    if line.answered_s is None or line.ended_s is None:
        return None
    return max(0.0, line.ended_s - line.answered_s)


def calls_by_customer(lines: Iterable[CallLine]) -> Mapping[str, Sequence[CallLine]]:
    """The inbound calls of each known customer, in the order of their beginning."""
    found: dict[str, list[CallLine]] = {}
    for line in lines:
        if line.customer is not None and line.inbound:
            found.setdefault(line.customer, []).append(line)
    return {customer: sorted(calls, key=lambda line: line.first_s) for customer, calls in found.items()}


def waits_of(lines: Iterable[CallLine]) -> Waits:
    """The waits of those who waited, whether they were answered or gave up."""
    waits = sorted(line.wait_s for line in lines if line.wait_s is not None)
    if not waits:
        return Waits(n=0, median_s=None, p90_s=None, longest_s=None, above_30_s=0)
    p90_s = waits[min(len(waits) - 1, int(0.9 * len(waits)))]
    above = sum(wait_s > LONG_WAIT_S for wait_s in waits)
    return Waits(n=len(waits), median_s=median(waits), p90_s=p90_s, longest_s=waits[-1], above_30_s=above)


def _queues(begun: Sequence[CallLine]) -> Sequence[QueueDay]:
    of: dict[str, list[CallLine]] = {}
    for line in begun:
        of.setdefault(line.queue or "", []).append(line)
    days = []
    for queue, lines in sorted(of.items(), key=lambda pair: (-len(pair[1]), pair[0])):
        abandoned = sum(line.abandoned for line in lines)
        share, red = _share(abandoned, len(lines)), sum(line.red for line in lines)
        waits = waits_of(lines)
        days.append(
            QueueDay(queue=queue, calls=len(lines), abandoned=abandoned, abandoned_share=share, red=red, waits=waits)
        )
    return days


def _hours(found: Gathered, begun: Sequence[CallLine], span: Span) -> Sequence[HourCount]:
    """By the hour of the clock; in a span of several days each hour adds them up."""
    hours = span.hours()
    one_day = len(span.dates) == 1
    keys = [hour.from_s if one_day else float(hour.label) for hour in hours]
    counts = {key: [0, 0, 0, 0] for key in keys}
    begins = [hour.from_s for hour in hours]

    def add(at_s: float, which: int) -> None:
        counts[keys[bisect_right(begins, at_s) - 1]][which] += 1

    for line in begun:
        add(line.first_s, 0)
        if line.abandoned:
            add(line.first_s, 1)
        if line.red:
            add(line.first_s, 2)
    for at_s in found.offhours_s:
        add(at_s, 3)
    labels = {key: hour.label for key, hour in zip(keys, hours, strict=True)}
    return [
        HourCount(hour=labels[key], calls=n[0], abandoned=n[1], red=n[2], offhours=n[3])
        for key, n in (counts.items() if one_day else sorted(counts.items()))
    ]


def _repeats(by_customer: Mapping[str, Sequence[CallLine]]) -> Repeats:
    total = sum(len(calls) for calls in by_customer.values())
    often = [pair for pair in by_customer.items() if len(pair[1]) >= OFTEN]
    most = sorted(often, key=lambda pair: (-len(pair[1]), pair[0]))[:_MOST]
    return Repeats(
        customers=len(by_customer),
        again=sum(len(calls) >= AGAIN for calls in by_customer.values()),
        often=len(often),
        share_of_calls=_share(total - len(by_customer), total),
        most=[
            Repeating(
                customer=customer,
                calls=len(calls),
                reasons=list(dict.fromkeys(line.reason for line in calls if line.reason)),
                queues=list(dict.fromkeys(line.queue for line in calls if line.queue)),
            )
            for customer, calls in most
        ],
    )


def _reasons(begun: Sequence[CallLine]) -> Sequence[ReasonCount]:
    calls = Counter(line.reason for line in begun if line.reason)
    red = Counter(line.reason for line in begun if line.reason and line.red)
    ordered = sorted(calls.items(), key=lambda pair: (-pair[1], pair[0]))
    return [ReasonCount(reason=reason, calls=n, red=red[reason]) for reason, n in ordered]


def _incidents(found: Gathered) -> IncidentContacts:
    several = [pair for pair in found.contacts.items() if pair[1] >= AGAIN]
    most = sorted(several, key=lambda pair: (-pair[1], pair[0]))[:_MOST]
    contacts = sum(found.contacts.values())
    lines = [IncidentLine(incident=id_, queue=found.incident_queue.get(id_, ""), contacts=n) for id_, n in most]
    mean = _share(contacts, len(found.contacts))
    return IncidentContacts(incidents=len(found.contacts), contacts=contacts, mean=mean, most=lines)


def _transfers(found: Gathered, answered: int) -> Transfers:
    by = Counter((one.queue, one.to, one.topic) for one in found.passed)
    ordered = sorted(by.items(), key=lambda pair: (-pair[1], pair[0]))
    return Transfers(
        transfers=len(found.passed),
        redirected=sum(one.redirected for one in found.passed),
        per_call=_share(len(found.passed), answered),
        calls_twice=sum(line.transfers >= AGAIN for line in found.calls.values()),
        by=[TransferLine(queue=queue, to=to, topic=topic, transfers=n) for (queue, to, topic), n in ordered],
    )


def _without_note(begun: Iterable[CallLine], by_customer: Mapping[str, Sequence[CallLine]]) -> int:
    later = {line.id for calls in by_customer.values() for line in calls[1:]}
    talked = (line for line in begun if line.answered_s is not None and line.ended_s is not None)
    return sum(not line.noted and (line.transfers > 0 or line.id in later) for line in talked)


def _share(part: int, whole: int) -> float:
    return part / whole if whole else 0.0
