"""Stored tension curves as tension windows again, so that other zones can be tried on them.

A window says a level, the ear's own zone, and how much speech it judged. Of these the curve has the level; the zone is
known from the crossings, which are stored; and speech was judged wherever the level moved, because it stands still
otherwise. A level that is held at its very top or bottom while somebody speaks is so taken for silence.
"""

from bisect import bisect_right
from collections.abc import Iterator, Mapping, Sequence
from heapq import heappop, heappush
from typing import Final

from sqlalchemy.orm import Session

from voicerisk.events import Evidence, TensionWindow, TensionZone, Window, Zone, event_id
from voicerisk.store import curve, past, queries
from voicerisk.store.records import CallRecord

STEP_S: Final = 0.48
"""Between two levels of a curve."""

_BLOCKS: Final = 2
"""Blocks of audio between two levels."""


class CurveWindows:
    """The windows of every call whose curve is stored; `calls` are the ids of these calls."""

    def __init__(
        self, session: Session, calls: Sequence[CallRecord], zones: Mapping[str, Sequence[TensionZone]]
    ) -> None:
        self._session = session
        self._calls = calls
        self._zones = zones
        self.calls = frozenset(call.id for call in calls)

    def events(self) -> Iterator[tuple[float, int, TensionWindow]]:
        """Every window with when it was heard, in that order; -1 puts it before what was stored for that moment."""
        live: list[tuple[float, str, TensionWindow]] = []
        coming: dict[str, Iterator[TensionWindow]] = {}

        def go_on(call_id: str) -> None:
            if (window := next(coming[call_id], None)) is None:
                del coming[call_id]
            else:
                heappush(live, (window.at, call_id, window))

        # A call's curve is read when its time comes: in memory are no more of them than there were calls on.
        for call in [*self._calls, None]:
            while live and (call is None or live[0][0] < call.started_at_s):
                at_s, call_id, window = heappop(live)
                yield at_s, -1, window
                go_on(call_id)
            if call is not None:
                levels = read_levels(self._session, call.id)
                coming[call.id] = windows_of(call, levels, self._zones.get(call.id, ()))
                go_on(call.id)


def windows_from_curves(session: Session, from_s: float, to_s: float) -> tuple[CurveWindows, int]:
    """The windows of the calls that were on in the span and have a curve, and how many calls those are."""
    known = past.calls_with_curves(session, from_s, to_s)
    zones: dict[str, list[TensionZone]] = {}
    for event in past.stream_events(session, from_s, to_s, {"tension.zone"}):
        if isinstance(event, TensionZone) and event.call in known:
            zones.setdefault(event.call, []).append(event)
    calls = [call for call in (queries.read_call(session, id_) for id_ in sorted(known)) if call is not None]
    calls.sort(key=lambda call: (call.started_at_s, call.id))
    return CurveWindows(session, calls, zones), len(calls)


def read_levels(session: Session, call_id: str) -> Sequence[float | None]:
    """The levels of a call, one every `STEP_S`; None where none is known."""
    levels: list[float | None] = []
    for first_hop, packed in queries.read_curve(session, call_id):
        levels += [None] * (first_hop - len(levels))
        levels += curve.unpack(packed)
    return levels


def windows_of(
    call: CallRecord, levels: Sequence[float | None], zones: Sequence[TensionZone]
) -> Iterator[TensionWindow]:
    """The windows of one call, from its levels and from its crossings in order of time."""
    crossed_s = [event.data.at_s for event in zones]
    before: float | None = None
    for n, level in enumerate(levels, start=1):
        if level is None:
            continue
        at_s = round(n * STEP_S, 2)
        passed = bisect_right(crossed_s, at_s)
        zone = zones[passed - 1].data.zone if passed else Zone.GREEN
        heard = before is None or level != before
        before = level
        yield TensionWindow(
            id=event_id(call.id, "tension.window", n * _BLOCKS),
            at=round(call.started_at_s + at_s, 3),
            call=call.id,
            queue=call.queue,
            data=Window(
                start_s=round(at_s - STEP_S, 2),
                at_s=at_s,
                level=round(level, 4),
                zone=zone,
                evidence=Evidence.HEARD if heard else Evidence.NO_SPEECH,
                evidence_s=STEP_S if heard else 0.0,
                speech=1.0 if heard else 0.0,
                quality=1.0,
                reasons=zones[passed - 1].data.reasons if passed and zones[passed - 1].data.at_s == at_s else (),
            ),
        )
