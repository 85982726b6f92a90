"""The picture of now: live calls, open alerts and the service's vitals, for the console, the feed and the listeners."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from voicerisk.clock import now_s
from voicerisk.events import Evidence, Reason, Role, Window, Zone
from voicerisk.risk.alerts import Alert, AlertState
from voicerisk.server import metrics
from voicerisk.server.feed import Feed
from voicerisk.server.listen import Ears, Listener, Samples
from voicerisk.server.recent import Recent
from voicerisk.server.views import CURVE_POINTS, CURVE_STEP_S, AlertView, CallUpdate, CallView, Vitals, alert_view


class _Live:
    """One call on the board and what of it the feed has not been told yet."""

    __slots__ = ("changed", "ears", "new_from_s", "told_reasons", "view")

    def __init__(self, view: CallView) -> None:
        self.view = view
        self.ears = Ears()
        self.changed = False
        self.new_from_s = 0
        self.told_reasons: Sequence[Reason] = ()


class LiveBoard:
    """What is going on now. The runtime tells it, everything that shows reads it; all in one event loop's thread.

    Alerts and the start and end of calls go out at once. Changes of tension are gathered per call until `flush`, which
    the HTTP side calls a few times a second: 300 calls cost a screen two messages a second, not 1,250. `recent` holds
    the sound of a moment ago, from a call's start here to its end.
    """

    def __init__(self) -> None:
        self._calls: dict[str, _Live] = {}
        self._alerts: dict[str, tuple[Alert, bool]] = {}
        self.vitals = Vitals()
        self.feed = Feed(self.picture)
        self.recent = Recent()
        self._more: Callable[[], Mapping[str, Any]] = dict

    # What the runtime tells

    def call_started(
        self,
        call_id: str,
        *,
        gateway: str,
        roles: Sequence[Role],
        started_at_s: float,
        queue: str | None = None,
        labels: Mapping[str, str] | None = None,
        opted_out: bool = False,
    ) -> None:
        """A call is on. `labels` must be free of numbers in the clear. A known call id (a second stream) goes on."""
        live = self._calls.get(call_id)
        if live is None:
            view = CallView(id=call_id, gateway=gateway, roles=tuple(roles), started_at_s=started_at_s)
            live = self._calls[call_id] = _Live(view)
        view = live.view
        view.gateway, view.roles, view.queue, view.labels = gateway, tuple(roles), queue, dict(labels or {})
        metrics.live_calls.set(len(self._calls))
        if opted_out or view.opted_out:
            self._silence(live)
        else:
            self.recent.begin(call_id)
        self.feed.publish("call.started", {"call": view})

    def call_opted_out(self, call_id: str) -> None:
        """The customer does not want to be judged: what was shown of them goes, and so does the sound kept."""
        live = self._calls.get(call_id)
        if live is not None and not live.view.opted_out:
            self._silence(live)
            self.feed.publish("call.started", {"call": live.view})

    def call_updated(self, call_id: str, window: Window, *, talk_over_s: float = 0.0, held: bool = False) -> None:
        """The call stands like this at `window.at_s` of its own time. Once per scored chunk; unknown ids pass.

        `talk_over_s` is how long both spoke at once of late; `held` says that no audio comes because of a hold.
        """
        live = self._calls.get(call_id)
        if live is None:
            return
        view = live.view
        self._mark(live)
        view.media_s, view.held, view.talk_over_s = window.at_s, held, talk_over_s
        if view.opted_out:
            return
        view.quality = window.quality
        level = None if window.evidence is Evidence.TOO_LITTLE_SPEECH else window.level
        view.level, view.zone, view.evidence, view.reasons = level, window.zone, window.evidence, window.reasons
        _extend(view, window.at_s, level)

    def call_ended(self, call_id: str, reason: str = "") -> None:
        """The call is over: it leaves the board, and its listeners hear the end."""
        live = self._calls.pop(call_id, None)
        if live is None:
            return
        live.ears.end()
        self.recent.end(call_id)
        metrics.live_calls.set(len(self._calls))
        self.feed.publish("call.ended", {"call_id": call_id, "reason": reason})

    def alert_changed(self, alert: Alert, *, durable: bool = True) -> None:
        """An alert is new or has changed; `durable` is what `Store.save_alert` answered. A resolved one leaves."""
        kind = "alert.opened" if alert.id not in self._alerts else "alert.updated"
        if alert.state is AlertState.RESOLVED:
            self._alerts.pop(alert.id, None)
            self.recent.drop_cause(alert.id)
            kind = "alert.updated"
        else:
            self._alerts[alert.id] = (alert, durable)
        metrics.alerts_open.set(len(self._alerts))
        self.feed.publish(kind, {"alert": self._alert_view(alert, durable)})

    def alert_durable(self, alert_id: str) -> None:
        """An alert that was shown while the store could not take it has now been saved (`Store.on_durable`)."""
        if (known := self._alerts.get(alert_id)) is not None:
            self.alert_changed(known[0], durable=True)

    def vitals_changed(self, vitals: Vitals) -> None:
        """How the service fares now; about once a second, and at once when tone alerts stop or come back."""
        self.vitals = vitals
        self.feed.publish("status", {"status": vitals})

    def audio_block(self, call_id: str, customer: Samples | None, agent: Samples | None) -> None:
        """The next piece of the call's sound, int16 at 8 kHz, shape (n,) each; for listeners only, never kept."""
        live = self._calls.get(call_id)
        if live is not None:
            live.ears.hear(customer, agent)

    # What the HTTP side asks

    def flush(self) -> None:
        """Tells the feed, in one event, everything that moved in calls since the last flush."""
        updates = [_update(live) for live in self._calls.values() if live.changed]
        if updates:
            self.feed.publish("call.updated", {"calls": updates})

    def beat(self) -> None:
        """Says "status" even if nothing changed, so that a silent feed is known to be a broken one."""
        self.feed.publish("status", {"status": self.vitals})

    def picture(self) -> Mapping[str, Any]:
        """Everything at once, as the feed's snapshot has it."""
        return {
            "now_s": now_s(),
            "calls": self.calls(),
            "alerts": self.alerts(),
            "status": self.vitals,
            "curve_step_s": CURVE_STEP_S,
            **self._more(),
        }

    def show_more(self, picture: Callable[[], Mapping[str, Any]]) -> None:
        """From now on the picture has this in it too."""
        self._more = picture

    def calls(self) -> list[CallView]:
        """The live calls, the tensest first."""
        views = [live.view for live in self._calls.values()]
        return sorted(views, key=lambda view: -1.0 if view.level is None else view.level, reverse=True)

    def call(self, call_id: str) -> CallView | None:
        """One live call."""
        live = self._calls.get(call_id)
        return None if live is None else live.view

    def alerts(self) -> list[AlertView]:
        """The alerts that are not resolved, newest first."""
        newest = sorted(self._alerts.values(), key=lambda known: known[0].opened_at_s, reverse=True)
        return [self._alert_view(alert, durable) for alert, durable in newest]

    def alert(self, alert_id: str) -> AlertView | None:
        """One unresolved alert."""
        known = self._alerts.get(alert_id)
        return None if known is None else self._alert_view(*known)

    def listen(self, call_id: str, person: str) -> tuple[Listener, Callable[[], None]] | None:
        """A listener on a live call and what to call when it goes; None if there is no such call."""
        live = self._calls.get(call_id)
        if live is None:
            return None
        listener = live.ears.add(person)
        self._listeners_changed(live)

        def leave() -> None:
            live.ears.remove(listener)
            self._listeners_changed(live)

        return listener, leave

    def _alert_view(self, alert: Alert, durable: bool) -> AlertView:
        return alert_view(alert, durable=durable, sound_s=self.recent.cause_s(alert.id))

    def _silence(self, live: _Live) -> None:
        view = live.view
        view.opted_out, view.level, view.zone, view.evidence = True, None, Zone.GREEN, Evidence.NOT_SCORED
        view.reasons, view.curve, view.curve_end_s = (), [], 0
        self.recent.forget(view.id)

    def _listeners_changed(self, live: _Live) -> None:
        live.view.listeners = live.ears.people
        self._mark(live)

    @staticmethod
    def _mark(live: _Live) -> None:
        """Notes that the feed has to be told, and from which point of the curve on."""
        if not live.changed:
            live.changed = True
            live.new_from_s = live.view.curve_end_s


def _extend(view: CallView, media_s: float, level: float | None) -> None:
    """Puts the level into its second of the curve; seconds without a level in between are not known."""
    second = int(media_s / CURVE_STEP_S)
    point = None if level is None else round(100 * level)
    if not view.curve:
        view.curve, view.curve_end_s = [point], second
        return
    ahead = second - view.curve_end_s
    if ahead <= 0:
        last = view.curve[-1]
        view.curve[-1] = point if last is None or (point is not None and point > last) else last
        return
    view.curve += [None] * min(ahead - 1, CURVE_POINTS) + [point]
    del view.curve[:-CURVE_POINTS]
    view.curve_end_s = second


def _update(live: _Live) -> CallUpdate:
    view = live.view
    live.changed = False
    # From the point that may still have grown since it was last told.
    n_new = min(view.curve_end_s - live.new_from_s + 1, len(view.curve))
    update = CallUpdate(
        id=view.id,
        media_s=view.media_s,
        level=view.level,
        zone=view.zone,
        evidence=view.evidence,
        quality=view.quality,
        talk_over_s=view.talk_over_s,
        held=view.held,
        curve_end_s=view.curve_end_s,
        points=view.curve[-n_new:] if n_new > 0 else (),
        listeners=view.listeners,
    )
    if view.reasons != live.told_reasons:
        update.reasons = live.told_reasons = view.reasons
    return update
