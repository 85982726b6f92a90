"""Gauges and events in few words, and a board of every kind of gauge for the properties that hold for all of them."""

from collections.abc import Iterable
from typing import Any, Final

import msgspec
from hypothesis import strategies as st

from voicerisk.events import Event, decode_event
from voicerisk.risk.gauges import GaugeBoard, GaugeConfig, Moved, SiteSettings
from voicerisk.zones import Boundary, Zones

T0: Final = 1_732_219_200.0
"""21 November 2024, 22:00 in Jerusalem: two hours before midnight."""

SITE: Final = SiteSettings(timezone="Asia/Jerusalem", week_starts="sunday")
WAIT_ENDS: Final = ("call.answered", "call.abandoned", "call.ended")
MOVES: Final = ("call.transferred", "call.redirected")


def customer(n: int) -> str:
    """The keyed hash of customer `n`."""
    return f"h:{n:016x}"


def zones(amber: float, red: float, hold_s: float = 0.0, leave_hold_s: float = 0.0) -> Zones:
    """Zones that are left where they are entered."""
    return Zones(
        amber=Boundary(enter=amber, leave=amber, hold_s=hold_s, leave_hold_s=leave_hold_s),
        red=Boundary(enter=red, leave=red, hold_s=hold_s, leave_hold_s=leave_hold_s),
    )


def gauge(**keys: Any) -> GaugeConfig:
    """A gauge as it would be read from TOML."""
    plain = msgspec.to_builtins(keys)
    return msgspec.convert({"title": {"en": "a gauge"}, **plain}, GaugeConfig)


def event(type_: str, at_s: float, id_: str = "", data: dict[str, Any] | None = None, **labels: str | None) -> Event:
    """An event as it would come in; without an id of its own its content is its id."""
    told = {key: value for key, value in labels.items() if value is not None}
    id_ = id_ or f"{type_} {at_s} {sorted(told.items())} {data}"
    return decode_event({"type": type_, "id": id_, "at": at_s, "data": data or {}, **told})


def board(site: SiteSettings = SITE, watch: dict[str, tuple[float, ...]] | None = None, **gauges: Any) -> GaugeBoard:
    """A board of these gauges, each a dict of its keys."""
    return GaugeBoard({name: gauge(**keys) for name, keys in gauges.items()}, site, watch)


def shown(moved: Iterable[Moved], gauge: str) -> list[tuple[float, float, str]]:
    """When, value and zone of each move of this gauge; times in seconds from `T0`."""
    return [
        (round(m.reading.at_s - T0, 3), m.reading.value, m.reading.zone.value)
        for m in moved
        if m.reading.gauge == gauge
    ]


EVERY_KIND: Final[dict[str, dict[str, Any]]] = {
    "wait_s": {
        "kind": "max_age",
        "key": "queue",
        "opens": {"events": ["call.queued"]},
        "closes": {"events": WAIT_ENDS},
        "zones": zones(20, 30),
        "queues": {"tech": zones(40, 60, hold_s=5)},
    },
    "waiting": {
        "kind": "count",
        "key": "queue",
        "opens": {"events": ["call.queued"]},
        "closes": {"events": WAIT_ENDS},
    },
    "ready": {"kind": "last", "key": "queue", "of": {"events": ["agents.ready"], "field": "ready"}},
    "load": {
        "kind": "level",
        "key": "queue",
        "formula": {"kind": "quotient", "of": "waiting", "by": "ready"},
        "zones": zones(1, 1.5, hold_s=20, leave_hold_s=10),
    },
    "strain": {"kind": "level", "formula": {"kind": "strain", "gauges": ["wait_s", "load"]}, "zones": zones(1, 2)},
    "calls_today": {
        "kind": "count",
        "key": "customer",
        "of": {"events": ["call.started"]},
        "window": "local_day",
        "zones": zones(2, 3),
    },
    "callers": {"kind": "count", "of": {"events": ["call.started"]}, "per": "customer", "window": "15m"},
    "transfers": {"kind": "count", "key": "call", "of": {"events": MOVES}, "zones": zones(1, 2)},
    "moves_per_call": {
        "kind": "mean",
        "key": "queue",
        "of": {"events": MOVES},
        "among": {"events": ["call.answered"]},
        "per": "call",
        "window": "10m",
    },
    "gave_up": {
        "kind": "ratio",
        "key": "queue",
        "of": {"events": ["call.abandoned"]},
        "among": {"events": ["call.queued"]},
        "window": "10m",
        "zones": zones(0.3, 0.6, hold_s=30),
    },
    "score": {"kind": "mean", "of": {"events": ["feedback.received"], "field": "score_of_5"}, "window": "2h"},
    "last_score": {
        "kind": "last",
        "key": "customer",
        "of": {"events": ["feedback.received"], "field": "score_of_5"},
        "window": "30m",
        "worse": "low",
        "zones": zones(3, 2),
    },
    "no_note": {
        "kind": "ratio",
        "key": "queue",
        "among": {"events": ["call.ended"]},
        "lacking": {"events": ["call.note_written"]},
        "grace_s": 60,
        "window": "local_hour",
        "zones": zones(0.1, 0.5),
    },
    "due": {
        "kind": "max_age",
        "key": "customer",
        "opens": {"events": ["promise.made"]},
        "closes": {"events": ["promise.kept"]},
        "item": "promise",
        "due": "due_at",
        "zones": zones(-900, 0),
    },
    "unowned": {"kind": "max_age", "of": {"events": ["open.unowned"]}, "zones": zones(300, 900)},
    "reason": {"kind": "spike", "key": "reason", "of": {"events": ["call.reason"]}, "zones": zones(2, 3)},
}


@st.composite
def happenings(draw: st.DrawFn, most: int = 25) -> list[Event]:
    """Events of a small floor in the order of their time, a few minutes to an hour in all.

    A call ends once, and is not begun again after that.
    """
    at_s, events, over = T0, [], set()
    for n in range(draw(st.integers(2, most))):
        at_s = round(at_s + draw(st.sampled_from((0.0, 0.5, 3.0, 21.0, 60.0, 200.0))), 3)
        type_ = draw(st.sampled_from(sorted(_DATA)))
        call, queue = draw(st.sampled_from("abcd")), draw(st.sampled_from(("billing", "tech")))
        if type_ in ("call.started", "call.abandoned", "call.ended"):
            if call in over:
                continue
            over.update(call if type_ != "call.started" else "")
        data = {key: draw(values) for key, values in _DATA[type_].items()}
        if type_ == "promise.made":
            data["due_at"] = at_s + data["due_at"]
        labels = {"call": call, "customer": customer(ord(call) % 3), "queue": queue}
        events.append(event(type_, at_s, f"e-{n}", data, **labels))
    return events or [event("call.offhours", at_s, "e")]


_DATA: Final[dict[str, dict[str, st.SearchStrategy[Any]]]] = {
    "call.started": {},
    "call.queued": {},
    "call.answered": {},
    "call.transferred": {"to": st.just("tech")},
    "call.abandoned": {},
    "call.ended": {},
    "call.note_written": {},
    "call.reason": {"reason": st.sampled_from(("bill", "fault"))},
    "agents.ready": {"ready": st.integers(0, 3)},
    "feedback.received": {"score": st.integers(0, 5)},
    "promise.made": {"promise": st.sampled_from("pq"), "due_at": st.sampled_from((60.0, 1000.0))},
    "promise.kept": {"promise": st.sampled_from("pq")},
}
