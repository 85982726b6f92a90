"""What changed rules would have done: stored inputs put through two engines side by side.

Both engines hear the same: events as they were heard, people's deeds where there is the same alert, and for the calls
whose tension curve is kept the curve's levels instead of the windows, which are not stored. What the service measures
of itself (its model's delay, silent feeds) is not stored, so needles of that are left out of the comparison.
"""

from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from heapq import merge
from typing import Final

import msgspec
from sqlalchemy.orm import Session

from voicerisk.events import Event, EventError, decode_event
from voicerisk.review.curves import windows_from_curves
from voicerisk.review.differences import (
    HourChange,
    Rang,
    RedChange,
    RuleChange,
    compared_alerts,
    compared_hours,
    compared_red,
    measured_by_itself,
)
from voicerisk.review.red import red_costs, stays_in_red
from voicerisk.risk.actions import Action, AlertOpened, Notify, ZoneCrossed
from voicerisk.risk.config import RiskConfig
from voicerisk.risk.deeds import Deed
from voicerisk.risk.engine import Engine
from voicerisk.risk.gauges import GaugeConfig
from voicerisk.store.history import Crossed
from voicerisk.store.past import stream_inputs

LONGEST_S: Final = 31 * 86_400.0
DEED: Final = "deed."
TOLD_EVERY: Final = 500

_deeds = msgspec.json.Decoder(Deed)


class DryRun(msgspec.Struct, frozen=True, kw_only=True):
    """The comparison. `n_deeds_lost` are deeds that had no alert to be done to with the changed rules.

    `n_curves` calls were judged by their curves; `approximations` says in words what that and the rest leave open.
    """

    from_s: float
    to_s: float
    warm_from_s: float
    n_events: int
    n_deeds: int
    n_deeds_lost: int
    n_curves: int
    rules: Sequence[RuleChange]
    gauges: Sequence[RedChange]
    hours: Sequence[HourChange]
    gone: Sequence[Rang]
    added: Sequence[Rang]
    approximations: Sequence[str]


class _Side:
    """One engine, and what it made of it."""

    def __init__(self, risk: RiskConfig, from_s: float, to_s: float) -> None:
        self.risk = risk
        self.engine = Engine(risk)
        self.rang: dict[str, Rang] = {}
        self.crossings: list[Crossed] = []
        self.told: Counter[float] = Counter()
        self.n_lost = 0
        self._from_s = from_s
        self._to_s = to_s

    def handle(self, event: Event, now: float) -> None:
        """The event is heard of."""
        self._take(self.engine.handle(event, now, own=True))

    def do(self, deed: Deed, now: float) -> None:
        """A person's deed is done again, where there is what it was done to."""
        try:
            self._take(self.engine.do(deed, now))
        except (LookupError, ValueError):
            self.n_lost += self._from_s <= now < self._to_s

    def end(self) -> None:
        """Time goes on to the end."""
        self._take(self.engine.tick(self._to_s))

    def red_minutes(self, ended_s: Mapping[str, float]) -> Mapping[str, float]:
        """For each gauge the minutes in which a needle of its was red; `ended_s` is when calls were last heard of."""
        stays = stays_in_red((), self.crossings, float("-inf"), self._to_s, self.risk.gauges, ended_s)
        inside = [
            msgspec.structs.replace(stay, from_s=max(stay.from_s, self._from_s))
            for stay in stays
            if stay.to_s > self._from_s
        ]
        return {cost.gauge: cost.minutes for cost in red_costs(inside, self.risk.gauges)}

    def _take(self, actions: Sequence[Action]) -> None:
        for action in actions:
            if isinstance(action, ZoneCrossed):
                self.crossings.append(
                    Crossed(
                        gauge=action.gauge, key=action.key, previous=action.previous, zone=action.zone,
                        value=action.value, at_s=action.at_s, queue=action.queue,
                    )
                )  # fmt: skip
            elif isinstance(action, AlertOpened) and self._from_s <= action.alert.opened_at_s < self._to_s:
                alert = action.alert
                self.rang[alert.id] = Rang(
                    id=alert.id, rule=alert.rule, title=alert.title, key=alert.key or alert.call_id or "",
                    queue=alert.queue, opened_at_s=alert.opened_at_s,
                )  # fmt: skip
            elif isinstance(action, Notify) and self._from_s <= action.at_s < self._to_s:
                self.told[action.at_s - (action.at_s - self._from_s) % 3600.0] += len(action.to)


def dry_run_problems(from_s: float, to_s: float) -> str:
    """What is wrong with the span; "" where nothing is."""
    if to_s <= from_s:
        return "--to must come after --from."
    if to_s - from_s > LONGEST_S:
        return f"A dry run looks at {LONGEST_S / 86_400.0:.0f} days at most."
    return ""


def dry_run(
    session: Session,
    old: RiskConfig,
    new: RiskConfig,
    warm_from_s: float,
    from_s: float,
    to_s: float,
    progress: Callable[[int], None],
) -> DryRun:
    """The comparison over `from_s` <= at < `to_s`, after a warm-up from `warm_from_s` on (all epoch seconds).

    `progress` is told now and then how many stored inputs have been replayed.
    """
    sides = (_Side(old, from_s, to_s), _Side(new, from_s, to_s))
    windows, n_curves = windows_from_curves(session, warm_from_s, to_s)
    n_events = n_deeds = n_read = 0
    ended: dict[str, float] = {}
    curves = windows.calls

    def stored() -> Iterator[tuple[float, int, Event | Deed]]:
        nonlocal n_read
        for one in stream_inputs(session, warm_from_s, to_s):
            n_read += 1
            if n_read % TOLD_EVERY == 0:
                progress(n_read)
            try:
                if one.type.startswith(DEED):
                    yield one.heard_at_s, n_read, _deeds.decode(one.payload)
                elif not (one.type == "tension.window" and one.call_id in curves):
                    yield one.heard_at_s, n_read, decode_event(one.payload)
            except (EventError, msgspec.DecodeError):
                # Written by an earlier version: neither engine hears of it.
                continue

    inputs = merge(stored(), windows.events(), key=lambda one: (one[0], one[1]))
    for heard_s, _, what in inputs:
        if isinstance(what, Event):
            n_events += 1
            if what.call is not None:
                ended[what.call] = max(what.at, ended.get(what.call, 0.0))
            for side in sides:
                side.handle(what, heard_s)
        else:
            n_deeds += 1
            for side in sides:
                side.do(what, heard_s)
    for side in sides:
        side.end()
    progress(n_read)
    old_side, new_side = sides
    rules, gone, added = compared_alerts(old_side.rang, new_side.rang)
    return DryRun(
        from_s=from_s,
        to_s=to_s,
        warm_from_s=warm_from_s,
        n_events=n_events,
        n_deeds=n_deeds,
        n_deeds_lost=sides[1].n_lost,
        n_curves=n_curves,
        rules=rules,
        gauges=compared_red(old_side.red_minutes(ended), new_side.red_minutes(ended), old.gauges, new.gauges),
        hours=compared_hours(old_side.told, new_side.told, from_s, to_s),
        gone=gone,
        added=added,
        approximations=_approximations(n_curves, new.gauges),
    )


def _approximations(n_curves: int, gauges: Mapping[str, GaugeConfig]) -> Sequence[str]:
    said = []
    if n_curves:
        said.append(
            f"Calls whose voice is judged by a stored curve: {n_curves}. A level every 0.48 s, to within 0.002, "
            "counted as heard speech wherever it moved. Alerts of changed tension zones may come some seconds earlier "
            "or later than live. Without zones of its own, the tension keeps the zones that were recorded."
        )
    else:
        said.append("No tension curves are stored of that time: only the zones that were recorded move the tension.")
    said.append("Nobody takes or closes an alert that did not ring then, so it escalates as if nobody were there.")
    left_out = sorted(name for name, gauge in gauges.items() if measured_by_itself(gauge))
    if left_out:
        said.append(f"Not compared, because what moves them is not stored: {', '.join(left_out)}.")
    return said
