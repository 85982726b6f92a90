"""What the engine remembers of each call: whose it is and where, so that needles of queues and customers join it."""

from collections.abc import Mapping
from math import inf
from operator import attrgetter
from typing import Final

import msgspec

from voicerisk.events import (
    CallAnswered,
    CallHeld,
    CallQueued,
    CallReason,
    CallRedirected,
    CallResumed,
    CallStarted,
    CallTransferred,
    CrmEvent,
    Event,
    IncidentContact,
    IncidentOpened,
    TalkOverlap,
    TalkSilence,
    TensionWindow,
    TensionZone,
)
from voicerisk.risk.alerts import Alert
from voicerisk.risk.config import RiskConfig
from voicerisk.risk.gauges import GaugeKey
from voicerisk.risk.place import Place

MAX_LABELS: Final = 32
"""Labels kept of one call; what comes beyond that is not."""

MAX_LABEL_VALUE: Final = 200


class CallState(msgspec.Struct, kw_only=True):
    """One call. Times are when the engine heard, epoch seconds; `ended_at_s` None: it is on.

    `last_at_media_s` is the media second of the last window: an earlier one is a repetition, or late.
    """

    seen_at_s: float
    ended_at_s: float | None = None
    customer: str | None = None
    queue: str | None = None
    incident: str | None = None
    agent: str | None = None
    group: str | None = None
    reason: str | None = None
    labels: dict[str, str] = {}
    last_at_media_s: float = -1.0

    def place(self, call: str) -> Place:
        """The call as the place of an alert."""
        return Place(
            key=GaugeKey.CALL,
            name=call,
            call=call,
            customer=self.customer,
            queue=self.queue,
            incident=self.incident,
            agent=self.agent,
            group=self.group,
            reason=self.reason,
            labels=self.labels,
        )


BEGINS: Final = frozenset(
    {
        CallStarted,
        CallQueued,
        CallAnswered,
        CallHeld,
        CallResumed,
        CallTransferred,
        CallRedirected,
        CallReason,
        TensionWindow,
        TensionZone,
        TalkOverlap,
        TalkSilence,
    }
)
"""Events that tell that a call is on. Others may be about one that was over long ago: feedback, a note, a promise."""

LINKS: Final = (GaugeKey.CUSTOMER, GaugeKey.QUEUE, GaugeKey.INCIDENT, GaugeKey.REASON, GaugeKey.GROUP)
"""What calls are found by: the fields of `CallState` of the same names."""

_NO_LINKS: Final = (None,) * len(LINKS)
_links_of: Final = attrgetter(*(key.value for key in LINKS))


class CallBook:
    """Calls that are on, the one longest unheard of first, and calls lately over, the one longest over first."""

    def __init__(self, config: RiskConfig) -> None:
        self._group_of = {agent: group for group, agents in config.site.groups.items() for agent in agents}
        self._keep_ended_s = config.keep_ended_s
        self._lost_after_s = config.lost_after_s
        self._max_calls = config.max_calls
        self._live: dict[str, CallState] = {}
        self._ended: dict[str, CallState] = {}
        self._linked: dict[tuple[GaugeKey, str], dict[str, None]] = {}
        # Hearing of a call only moves its time on, so this is counted anew when calls come and go, or it is reached.
        self._due_s = inf

    def get(self, call: str) -> CallState | None:
        """What is known of the call."""
        return self._live.get(call) or self._ended.get(call)

    def is_on(self, call: str) -> bool:
        """Whether the call is known, and not over."""
        return call in self._live

    def is_over(self, call: str) -> bool:
        """Whether the call is known to be over."""
        return call in self._ended

    def is_news(self, call: str, at_media_s: float) -> bool:
        """Whether sound up to this media second is new: of no call that is over, and neither repeated nor late."""
        state = self._live.get(call)
        return call not in self._ended and (state is None or at_media_s > state.last_at_media_s)

    def live(self) -> tuple[str, ...]:
        """The calls that are on."""
        return tuple(self._live)

    def linked(self, key: GaugeKey, name: str) -> tuple[str, ...]:
        """The calls that are on and have to do with this queue, customer ..."""
        return tuple(self._linked.get((key, name), ()))

    def hear(self, call: str, event: Event, now: float) -> bool:
        """Take over who and where from an event of a call that is on; whether that changed anything.

        What the event does not say stays. A call not known before is on from now on.
        """
        state = self._live.pop(call, None)
        known = state is not None
        if state is None:
            state = CallState(seen_at_s=now)
            self._due_s = min(self._due_s, now + self._lost_after_s)
        state.seen_at_s = now
        self._live[call] = state
        before = _links_of(state)
        labelled = self._learn(state, event)
        after = _links_of(state)
        if after != before:
            self._relink(call, before, after)
        return known and (labelled or after != before)

    def adopt(self, alert: Alert, now: float) -> None:
        """Take the call of a stored alert to be on; nothing happens where it is known."""
        call = alert.call_id
        if call is None or call in self._live or call in self._ended:
            return
        state = self._live[call] = CallState(seen_at_s=now, labels=dict(alert.labels))
        state.customer, state.queue, state.incident, state.agent = (
            alert.customer,
            alert.queue,
            alert.incident,
            alert.agent,
        )
        self._relink(call, _NO_LINKS, _links_of(state))
        self._count_anew()

    def end(self, call: str, now: float) -> None:
        """The call is over; it is remembered a little longer, for what comes late."""
        state = self._live.pop(call)
        state.ended_at_s = state.seen_at_s = now
        self._ended[call] = state
        self._unlink_all(call, state)
        self._due_s = min(self._due_s, now + self._keep_ended_s)

    def forget(self, call: str) -> None:
        """Remember the call no longer."""
        if (state := self._live.pop(call, None)) is not None:
            self._unlink_all(call, state)
        self._ended.pop(call, None)
        self._count_anew()

    def surplus(self) -> str | None:
        """A call to give up before another is taken in; None while there is room."""
        if len(self._live) + len(self._ended) < self._max_calls:
            return None
        return next(iter(self._ended), None) or next(iter(self._live), None)

    def next_due_s(self) -> float:
        """When the next call is lost or forgotten, or may be: no call is due before this. Infinite: there is none."""
        return self._due_s

    def due(self, at_s: float) -> str | None:
        """A call that is lost or has been over for long enough at `at_s`; None: there is none (any more)."""
        for calls, after_s in ((self._live, self._lost_after_s), (self._ended, self._keep_ended_s)):
            call, state = next(iter(calls.items()), (None, None))
            if state is not None and state.seen_at_s + after_s <= at_s:
                return call
        self._count_anew()
        return None

    def snapshot(self) -> dict[str, CallState]:
        """Every call, in the order in which they are held; shares nothing with the book."""
        return {
            call: msgspec.structs.replace(state, labels=dict(state.labels))
            for call, state in (*self._ended.items(), *self._live.items())
        }

    def restore(self, calls: Mapping[str, CallState]) -> None:
        """Go on with these calls; of those that are on, the next sound counts wherever its clock begins."""
        for call, known in calls.items():
            state = msgspec.structs.replace(known, labels=dict(known.labels), last_at_media_s=-1.0)
            if state.ended_at_s is not None:
                self._ended[call] = state
                continue
            self._live[call] = state
            self._relink(call, _NO_LINKS, _links_of(state))
        self._count_anew()

    def _count_anew(self) -> None:
        lost_s = next((state.seen_at_s + self._lost_after_s for state in self._live.values()), inf)
        over_s = next((state.seen_at_s + self._keep_ended_s for state in self._ended.values()), inf)
        self._due_s = min(lost_s, over_s)

    def _learn(self, state: CallState, event: Event) -> bool:
        state.customer = event.customer or state.customer
        state.queue = event.queue or state.queue
        if event.agent is not None:
            state.agent, state.group = event.agent, self._group_of.get(event.agent)
        match event:
            case CallReason():
                state.reason = event.data.reason
            case IncidentContact() | IncidentOpened():
                state.incident = event.data.incident
            case TensionWindow():
                state.last_at_media_s = event.data.at_s
            case CallStarted():
                # A call that is taken up again, after a restart of ours, counts its media seconds anew.
                state.last_at_media_s = -1.0
                return _label(state, "direction", event.data.direction)
            case CrmEvent():
                told = [_label(state, name, _written(value)) for name, value in event.data.fields.items()]
                return any(told)
            case _:
                pass
        return False

    def _relink(self, call: str, before: tuple[str | None, ...], after: tuple[str | None, ...]) -> None:
        for key, old, new in zip(LINKS, before, after, strict=True):
            if old != new:
                self._unlink(key, old, call)
                self._link(key, new, call)

    def _link(self, key: GaugeKey, name: str | None, call: str) -> None:
        if name is not None:
            self._linked.setdefault((key, name), {})[call] = None

    def _unlink(self, key: GaugeKey, name: str | None, call: str) -> None:
        if name is not None and (calls := self._linked.get((key, name))) is not None:
            calls.pop(call, None)
            if not calls:
                del self._linked[key, name]

    def _unlink_all(self, call: str, state: CallState) -> None:
        for key, name in zip(LINKS, _links_of(state), strict=True):
            self._unlink(key, name, call)


def _label(state: CallState, name: str, value: str) -> bool:
    if state.labels.get(name) == value or (name not in state.labels and len(state.labels) >= MAX_LABELS):
        return False
    state.labels[name] = value[:MAX_LABEL_VALUE]
    return True


def _written(value: str | float | bool | None) -> str:
    """A field of the CRM's as text, as a rule would write it: true, 3, "gold"; nothing is ""."""
    match value:
        case None:
            return ""
        case bool():
            return "true" if value else "false"
        case float() | int():
            return f"{value:g}"
        case _:
            return value
