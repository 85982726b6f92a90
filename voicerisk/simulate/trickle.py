"""A made-up centre as it goes, a few minutes long: callers in queues, agents ready, promises. The same seed, the same.

Written so that a handful of needles has a story to tell: one queue runs out of agents and recovers, one customer rings
three times, one promise is not kept, one mark is bad, one problem takes three contacts.
"""

from collections.abc import Iterator
from hashlib import blake2b
from typing import Any, Final

from voicerisk.events import Event, decode_event
from voicerisk.simulate.chance import Chance

LENGTH_S: Final = 300.0
"""How long one telling is; the next begins with another seed."""

_EVERY_S: Final = 3.0
_SHORT: Final = (22.0, 100.0)
"""While this lasts, the last of the queues has nobody ready."""
_PATIENCE_S: Final = 38.0

_Told = Iterator[tuple[float, dict[str, Any]]]


def trickle(seed: int, queues: tuple[str, ...], from_s: float) -> list[Event]:
    """The events of one telling that begins at `from_s` (epoch seconds), by time; each id begins with "demo-"."""
    told = [*_calls(seed, queues), *_staff(queues), *_stories(seed, queues, from_s)]
    return [
        decode_event({"id": f"demo-{seed}-{number}", "at": round(from_s + after_s, 3), **event})
        for number, (after_s, event) in enumerate(sorted(told, key=lambda one: one[0]))
    ]


def _calls(seed: int, queues: tuple[str, ...]) -> _Told:
    chance = Chance(seed)
    at_s, number = 0.0, 0
    while at_s < LENGTH_S:
        queue = chance.one_of(queues)
        short = queue == queues[-1] and _SHORT[0] <= at_s + 4.0 < _SHORT[1]
        wait_s = _SHORT[1] - at_s + chance.between(0.5, 6.0) if short else chance.between(1.0, 9.0)
        about = {"call": f"demo-{seed}-call-{number}", "customer": _customer(f"{seed} {number}"), "queue": queue}
        yield at_s, {"type": "call.started", **about}
        yield at_s + 0.1, {"type": "call.queued", **about}
        if wait_s > _PATIENCE_S and chance.happens(0.3):
            yield at_s + _PATIENCE_S, {"type": "call.abandoned", **about}
        else:
            end_s = at_s + wait_s + chance.between(40.0, 90.0)
            yield at_s + wait_s, {"type": "call.answered", **about}
            yield end_s, {"type": "call.ended", **about, "data": {"reason": "hung up"}}
            yield end_s + 1.0, {"type": "call.note_written", **about}
        at_s += _EVERY_S * chance.between(0.5, 1.5)
        number += 1


def _staff(queues: tuple[str, ...]) -> _Told:
    for number, queue in enumerate(queues):
        yield 0.0, {"type": "agents.ready", "queue": queue, "data": {"ready": 4 - number % 3}}
    for after_s, ready in ((_SHORT[0], 0), (_SHORT[1], 3)):
        yield after_s, {"type": "agents.ready", "queue": queues[-1], "data": {"ready": ready}}


def _stories(seed: int, queues: tuple[str, ...], from_s: float) -> _Told:
    again, promised, unhappy = (_customer(name) for name in ("again", "promised", "unhappy"))
    for number, after_s in enumerate((6.0, 26.0, 52.0)):
        about = {"call": f"demo-{seed}-again-{number}", "customer": again, "queue": queues[0]}
        yield after_s, {"type": "call.started", **about}
        yield after_s + 12.0, {"type": "call.ended", **about, "data": {"reason": "hung up"}}
    for name, customer, due_s, what in (
        ("refund", promised, 70.0, "Call back about the refund"),
        ("parcel", unhappy, 1500.0, "Say when the parcel comes"),
        ("router", again, 9000.0, "The technician calls before the visit"),
    ):
        promise = {"promise": f"demo-{seed}-{name}", "what": what, "due_at": round(from_s + due_s, 3)}
        yield 2.0, {"type": "promise.made", "customer": customer, "queue": queues[0], "data": promise}
    mark = {"score": 2.0, "best": 5.0, "channel": "sms"}
    yield 40.0, {"type": "feedback.received", "customer": unhappy, "queue": queues[1], "data": mark}
    for after_s in (10.0, 80.0, 120.0):
        contact = {"type": "incident.contact", "data": {"incident": "demo-INC-204"}}
        yield after_s, {**contact, "customer": again, "queue": queues[0]}


def _customer(name: str) -> str:
    return f"h:demo:{blake2b(name.encode(), digest_size=16).hexdigest()}"
