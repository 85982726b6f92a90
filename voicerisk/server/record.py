"""What happens on the floor, to the screen and the store: an alert is on the disk before anybody sees it."""

import asyncio
from collections import deque
from collections.abc import Callable, Coroutine, Sequence
from typing import Any, Final

import structlog

from voicerisk import clock
from voicerisk.call import Call
from voicerisk.events import CallEnded, CallHeld, CallResumed, Event, TalkOverlap, TensionWindow, Window
from voicerisk.floor import Heard, Outcome
from voicerisk.media.timeline import Block
from voicerisk.recordings.keeper import Keeper
from voicerisk.risk.actions import Action, AlertAction, AlertOpened
from voicerisk.risk.alerts import NotifyReason
from voicerisk.scoring.contract import CHUNK_S
from voicerisk.server import metrics
from voicerisk.server.listen import two_sides
from voicerisk.server.live import LiveBoard
from voicerisk.store import curve
from voicerisk.store.recordings import RecordingClass
from voicerisk.store.records import CallRecord
from voicerisk.store.store import Store
from voicerisk.store.writer import StoreError

_log = structlog.get_logger(__name__)

CURVE_PIECE: Final = 64
"""Levels saved at a time: about half a minute, which is what a crash may cost of a curve."""

WINDOW_S: Final = 2 * CHUNK_S
"""Between two levels of a curve, as the tension's windows come by default."""

TALK_OVER_WINDOW_S: Final = 30.0
RECENT_DELAYS: Final = 200


class _Notes:
    """What is kept of a live call for its line in the index: levels not saved yet, the highest one, talk-over."""

    __slots__ = ("gateway", "highest", "levels", "n_saved", "overlaps")

    def __init__(self, gateway: str) -> None:
        self.gateway = gateway
        self.levels: list[float | None] = []
        self.n_saved = 0
        self.highest: float | None = None
        self.overlaps: deque[tuple[float, float]] = deque(maxlen=100)

    def talk_over_s(self, at_s: float) -> float:
        """Seconds in which both spoke at once in the last half minute before media second `at_s`."""
        return round(sum(end - start for start, end in self.overlaps if end > at_s - TALK_OVER_WINDOW_S), 2)


class Recorder:
    """Takes what followed from each score, in order. Screens hear of live calls at once, of alerts after the commit."""

    def __init__(self, board: LiveBoard, store: Store, keeper: Keeper) -> None:
        self._board = board
        self._store = store
        self._keeper = keeper
        self._notes: dict[str, _Notes] = {}
        self._alerts: asyncio.Queue[tuple[AlertAction, float | None, asyncio.Task[bool]]] = asyncio.Queue()
        self._saves: set[asyncio.Task[bool]] = set()
        self._delays_s: deque[float] = deque(maxlen=RECENT_DELAYS)
        self._task: asyncio.Task[None] | None = None
        self._on_action: list[Callable[[Action], None]] = []
        self._on_inputs: list[Callable[[Sequence[Heard]], None]] = []
        store.on_durable(board.alert_durable)

    def start(self) -> None:
        """Begins to show alerts, each after it has been saved, in the order in which they came."""
        self._task = asyncio.get_running_loop().create_task(self._show_alerts())

    def on_action(self, callback: Callable[[Action], None]) -> None:
        """Calls back with each action, in order, after the saving of its alert has begun. It must not wait."""
        self._on_action.append(callback)

    def on_inputs(self, callback: Callable[[Sequence[Heard]], None]) -> None:
        """Calls back with what the engine took from live calls, and when, before what follows from it is saved."""
        self._on_inputs.append(callback)

    async def stop(self) -> None:
        """Returns once everything that was handed over has been saved, or refused by the database."""
        await self._alerts.join()
        while self._saves:
            await asyncio.gather(*self._saves)
        if self._task is not None:
            self._task.cancel()

    @property
    def alert_delay_p95_s(self) -> float | None:
        """Seconds from hearing the cause of an alert to showing it, of 95 in 100 of the last ones; None: none yet."""
        if not self._delays_s:
            return None
        ordered = sorted(self._delays_s)
        return ordered[min(len(ordered) - 1, int(0.95 * len(ordered)))]

    def opened(self, call: Call, gateway: str) -> None:
        """A stream of the call was taken: the call goes to the index and on the screen."""
        facts = call.facts
        self._notes.setdefault(facts.call, _Notes(gateway))
        self._board.call_started(
            facts.call,
            gateway=gateway,
            roles=call.roles,
            started_at_s=facts.started_at,
            queue=facts.queue,
            labels=call.labels,
            opted_out=call.opted_out,
        )
        if call.opted_out:
            # Also where a second stream says so, of a call that is being recorded.
            self._later(self._forget(facts.call))
        self._later(self._go_on(call))

    async def _forget(self, call_id: str) -> bool:
        try:
            await self._keeper.forget(call_id, "the customer opted out", clock.now_s())
        except (StoreError, OSError) as error:
            _log.error("a recording of a customer who opted out is still there", call=call_id, problem=str(error))
            return False
        return True

    async def _go_on(self, call: Call) -> bool:
        """Writes the call's line; if the store knows the call from before a restart, its curve goes on behind that."""
        facts = call.facts
        try:
            known = await self._store.call(facts.call)
        except StoreError:
            known = None
        notes = self._notes.get(facts.call)
        if notes is None:
            return True
        if known is not None and notes.n_saved == 0:
            notes.n_saved = max(0, round((facts.started_at - known.started_at_s) / WINDOW_S))
        return await self._store.save_call(self._line(call, None))

    def heard(self, call: Call, block: Block) -> None:
        """A block of the call's sound, for who listens now or wants to know what was said a moment ago."""
        self._board.recent.heard(call.facts.call, block)
        self._keeper.heard(call.facts.call, block)
        self._board.audio_block(call.facts.call, *two_sides(block))

    def happened(self, call: Call, outcome: Outcome, received_at_s: float) -> None:
        """The call's events, and what the engine made of the audio that came in at `received_at_s` (monotonic)."""
        self._tell_inputs(outcome)
        for action in outcome.actions:
            if isinstance(action, AlertOpened) and action.alert.call_id == call.facts.call:
                # Now, not after the commit: by then the call and its sound may be gone.
                self._keep_cause(call, action)
        self.act(outcome.actions, received_at_s)
        for event in outcome.events:
            self._follow(call, event)

    def ticked(self, outcome: Outcome) -> None:
        """What time alone has brought."""
        self._tell_inputs(outcome)
        self.act(outcome.actions)

    def _tell_inputs(self, outcome: Outcome) -> None:
        for callback in self._on_inputs:
            callback(outcome.inputs)

    def key_pressed(self, call: Call) -> None:
        """The customer pressed a key about now: a recording leaves that out."""
        self._keeper.key(call.facts.call, call.media_s)

    def record(self, call_id: str, kind: RecordingClass, alert_id: str | None = None) -> bool:
        """The live call is recorded, from a little before now to its end; True where it is."""
        if (view := self._board.call(call_id)) is None or view.opted_out:
            return False
        before = self._board.recent.last(call_id, self._keeper.settings.before_s)
        blocks = before.blocks() if before is not None and self._keeper.keys is not None else ()
        return self._keeper.flag(call_id, kind, blocks, clock.now_s(), alert_id)

    def act(self, actions: Sequence[Action], received_at_s: float | None = None) -> None:
        """Begins to save what the engine asked for, and queues it to be shown."""
        for action in actions:
            if isinstance(action, AlertAction):
                # All at once, so that alerts that come together share a commit and none waits for another's.
                saving = asyncio.get_running_loop().create_task(self._store.save_alert(action.alert))
                self._alerts.put_nowait((action, received_at_s, saving))
            if isinstance(action, AlertOpened) and action.alert.call_id is not None:
                self.record(action.alert.call_id, RecordingClass.ALERT, action.alert.id)
            for callback in self._on_action:
                callback(action)

    async def all_shown(self) -> None:
        """Returns once every alert that was handed over so far is saved, or refused, and shown."""
        await self._alerts.join()

    def _keep_cause(self, call: Call, opened: AlertOpened) -> None:
        # An alert that is open again was caused by what was said now, not by what opened it first.
        end_s = opened.alert.at_media_s if opened.what is NotifyReason.OPENED else None
        self._board.recent.keep_cause(opened.alert.id, call.facts.call, end_s)

    def _follow(self, call: Call, event: Event) -> None:
        notes = self._notes.get(call.facts.call)
        if notes is None:
            return
        if isinstance(event, TensionWindow):
            self._window(call, notes, event.data)
        elif isinstance(event, TalkOverlap):
            notes.overlaps.append((event.data.start_s, event.data.at_s))
        elif isinstance(event, CallHeld):
            self._keeper.pause(call.facts.call, call.media_s)
        elif isinstance(event, CallResumed):
            self._keeper.resume(call.facts.call, call.media_s)
        elif isinstance(event, CallEnded):
            self._keeper.ended(call.facts.call)
            self._save_curve(call.facts.call, notes)
            self._later(self._store.save_call(self._line(call, event.at)))
            self._board.call_ended(call.facts.call, event.data.reason)
            del self._notes[call.facts.call]

    def _window(self, call: Call, notes: _Notes, window: Window) -> None:
        if call.opted_out:
            self._board.call_opted_out(call.facts.call)
        self._board.call_updated(call.facts.call, window, talk_over_s=notes.talk_over_s(window.at_s), held=call.held)
        notes.levels.append(None if call.opted_out else window.level)
        if not call.opted_out:
            notes.highest = max(notes.highest or 0.0, window.level)
        if len(notes.levels) >= CURVE_PIECE:
            self._save_curve(call.facts.call, notes)

    def _save_curve(self, call_id: str, notes: _Notes) -> None:
        if notes.levels:
            self._later(self._store.save_curve(call_id, notes.n_saved, curve.pack(notes.levels)))
            notes.n_saved += len(notes.levels)
            notes.levels = []

    def _line(self, call: Call, ended_at_s: float | None) -> CallRecord:
        facts = call.facts
        notes = self._notes[facts.call]
        return CallRecord(
            id=facts.call,
            gateway=notes.gateway,
            started_at_s=facts.started_at,
            ended_at_s=ended_at_s,
            roles=call.roles,
            queue=facts.queue,
            max_tension=notes.highest,
            labels=call.labels,
        )

    def _later(self, save: Coroutine[Any, Any, bool]) -> None:
        task = asyncio.get_running_loop().create_task(save)
        self._saves.add(task)
        task.add_done_callback(self._saves.discard)

    async def _show_alerts(self) -> None:
        while True:
            action, received_at_s, saving = await self._alerts.get()
            try:
                self._show_alert(action, received_at_s, durable=await saving)
            except Exception:
                # One alert that cannot be saved or shown must not silence all later ones.
                _log.exception("an alert could not be shown")
            finally:
                self._alerts.task_done()

    def _show_alert(self, action: AlertAction, received_at_s: float | None, *, durable: bool) -> None:
        alert = action.alert
        self._board.alert_changed(alert, durable=durable)
        if isinstance(action, AlertOpened):
            metrics.alerts_opened.labels(alert.rule, alert.severity).inc()
            if received_at_s is not None:
                delay_s = clock.monotonic_s() - received_at_s
                self._delays_s.append(delay_s)
                metrics.alert_delay_seconds.observe(delay_s)
        _log.info("alert", alert=alert.id, call=alert.call_id, rule=alert.rule, what=action.what, state=alert.state)
