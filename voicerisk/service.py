"""The running service: everything put together, started, watched and stopped."""

import asyncio
import os
from collections.abc import Sequence
from pathlib import Path
from typing import Final

import structlog

from voicerisk import clock
from voicerisk.config import Config
from voicerisk.control.control import Control
from voicerisk.control.switches import switches_for
from voicerisk.customer_keys import load_customer_keys
from voicerisk.errands.errands import Errands
from voicerisk.floor import Floor
from voicerisk.notify.api import notify_router
from voicerisk.notify.assembly import NotifyPart
from voicerisk.recordings.keeper import Keeper
from voicerisk.recordings.settings import recording_keys
from voicerisk.risk.actions import Action, AlertResolved
from voicerisk.risk.alerts import Alert, AlertState
from voicerisk.risk.deeds import Acknowledge, Deed, Resolve
from voicerisk.risk.gauges import GaugeKey, OwnMeasure
from voicerisk.scoring.model import Model
from voicerisk.server.admin_api import admin_router
from voicerisk.server.auth import load_session_key
from voicerisk.server.control_api import control_router
from voicerisk.server.door import Door, known_to
from voicerisk.server.drain_api import drain_router
from voicerisk.server.events_api import events_router
from voicerisk.server.gates import Gates
from voicerisk.server.gauges_api import gauges_router
from voicerisk.server.housekeeping import Housekeeping
from voicerisk.server.http import HttpServer, create_app
from voicerisk.server.ledger import Ledger, rules_name
from voicerisk.server.live import LiveBoard
from voicerisk.server.office import Office
from voicerisk.server.panel import Panel
from voicerisk.server.pulse import Pulse
from voicerisk.server.record import Recorder
from voicerisk.server.recordings_api import recordings_router
from voicerisk.server.reports_api import reports_router
from voicerisk.server.review_api import review_router
from voicerisk.server.scorer import ScorerThread
from voicerisk.server.scribe import Scribe
from voicerisk.server.switch_events import SwitchEvents
from voicerisk.server.switchboard import Switchboard
from voicerisk.server.views import Vitals
from voicerisk.server.work_api import work_router
from voicerisk.store.queries import read_unended
from voicerisk.store.records import AuditEntry
from voicerisk.store.store import Store
from voicerisk.store.writer import StoreError

_log = structlog.get_logger(__name__)

TICK_S: Final = 1.0
FLUSH_S: Final = 5.0
"""How long the scores of audio already taken may take at the end."""

DEAD_LAG_S: Final = 3600.0
"""What the needle of the model's lag shows while there is no model."""


class Service:
    """One process: ingest, model, risk engine, store, API and console. Made, started and stopped in one event loop."""

    def __init__(self, config: Config, model: Model, store: Store) -> None:
        self.config = config
        self.board = LiveBoard()
        folder = Path(config.data_dir)
        self.keeper = Keeper(config.recordings, folder / "recordings", store, recording_keys(config.recordings))
        self.recorder = Recorder(self.board, store, self.keeper)
        self._store = store
        keys = load_customer_keys(config.customers, folder)
        floor = config.floor_with(model)
        self._floor = Floor(floor, model.spec.emotions)
        per_customer = tuple(name for name, gauge in floor.risk.gauges.items() if gauge.key is GaugeKey.CUSTOMER)
        is_known = known_to(self._floor.engine, per_customer)
        self._door = Door(keys, config.customers.region or None, store, is_known)
        settings = config.store_settings
        self._ledger = Ledger(store, self._floor.engine, rules_name(floor.risk), settings.replay_h * 3600.0)
        self.office = Office(self._floor.engine, self._ledger, self.recorder, store)
        self._scribe = Scribe(store)
        self.recorder.on_inputs(self.office.heard)
        self.recorder.on_action(self._scribe.act)
        self._housekeeping = Housekeeping(
            floor.risk, self._floor.engine, self._ledger, self._scribe, self.keeper, store, settings
        )
        self._scorer = ScorerThread(model, config.scoring, asyncio.get_running_loop())
        self.switchboard = Switchboard(self._floor, self._scorer, self.recorder, self._door.name_of)
        self.gates = Gates(config.ingest, config.audiosocket, config.rtp, self.switchboard)
        self._panel = Panel(self._floor.engine, floor.risk, self.board.feed, clock.now_s)
        self.board.show_more(self._panel.picture)
        self.recorder.on_action(self._panel.act)
        self._notify = NotifyPart(config.notify, store, os.environ, folder)
        self.recorder.on_action(self._notify.notifications.act)
        switch_events = SwitchEvents(self.board, self._floor, self.switchboard, self.recorder)
        self.control = Control(
            config.control,
            switches_for(config.control.gateways),
            store,
            calls=switch_events.calls,
            happened=switch_events.happened,
            changed=switch_events.changed,
        )
        self._errands = Errands(config.errands, os.environ, self.control.enter, self.do)
        self.recorder.on_action(self._errands.act)
        app = create_app(
            self.board,
            store,
            self,
            config.http,
            session_key=load_session_key(folder / "session.key"),
            more=[
                control_router(self.control),
                recordings_router(self.keeper, store),
                work_router(self.board, self.office, floor.risk),
                gauges_router(self._floor.engine, floor.risk, store),
                events_router(self.office, self._scribe, store, floor.risk, self._door, config.http),
                review_router(store),
                reports_router(store, floor.risk, config.review),
                admin_router(config, store),
                drain_router(self),
                notify_router(self._notify),
                *self.gates.routers,
            ],
            notes=self.control.troubles,
        )
        if config.console.enabled:
            # A good part of the start-up time and memory: only where it is wanted.
            from voicerisk.console.pages import attach

            attach(app, self, config.console)
        self._http = HttpServer(app, config.http)
        self.http_port = 0
        self._pulse = Pulse()
        self._ticking: asyncio.Task[None] | None = None

    async def start(self) -> None:
        """Takes up where the store left off, then opens the doors. Raises `OSError` when a port is taken."""
        try:
            await self._start()
        except BaseException:
            # Threads that run on would keep the process from ending.
            await self._close()
            raise

    async def _start(self) -> None:
        rebuilt = await self._ledger.rebuild(clock.now_s())
        await self._door.load()
        self._floor.wait_for(await self._store.read(read_unended), clock.now_s())
        alerts = [alert for alert in self._floor.engine.alerts() if alert.state is not AlertState.RESOLVED]
        for alert in alerts:
            self.board.alert_changed(alert)
        if n_mended := await self.keeper.mend():
            _log.info("recordings cut short were brought to their length", count=n_mended)
        self._scorer.start()
        self.recorder.start()
        self.recorder.act(rebuilt.actions)
        await self._notify.start(alerts)
        self.control.start()
        self._ticking = asyncio.get_running_loop().create_task(self._tick_for_ever())
        self.http_port = await self._http.start()
        ports = await self.gates.start()
        ports["http_port"] = self.http_port
        _log.info("ready", **ports, open_alerts=len(alerts), replayed=rebuilt.n_inputs)

    async def stop(self, drain_s: float) -> None:
        """Refuses new calls, lets live ones end for up to `drain_s`, then saves everything and closes."""
        self.switchboard.stopping = True
        self._show_vitals()
        await self.gates.drain(drain_s)
        for call in self._floor.finish_all("the server is stopping"):
            self.switchboard.move(call)
        await self._close()
        _log.info("stopped")

    def reload(self) -> None:
        """Reads the certificates of every port again; where one is of no use, the log says so and the old one stays."""
        for port in (self.gates.ingest, self._http):
            try:
                port.reload()
            except OSError as error:
                _log.error("a certificate cannot be loaded; the old one stays", why=str(error))

    @property
    def draining(self) -> bool:
        """Whether new calls are sent elsewhere."""
        return self.switchboard.draining or self.switchboard.stopping

    async def drain(self, person: str) -> None:
        """Sends new calls elsewhere, and logs who wanted that; live ones go on."""
        self.switchboard.draining = True
        self.gates.ingest.close_door()
        await self._log_drain(person, "drain")

    async def undrain(self, person: str) -> bool:
        """Takes new calls again; False if the service is stopping, which cannot be undone."""
        if self.switchboard.stopping:
            return False
        self.switchboard.draining = False
        self.gates.ingest.open_door()
        await self._log_drain(person, "undrain")
        return True

    async def _log_drain(self, person: str, action: str) -> None:
        self._show_vitals()
        _log.info(action, person=person, calls=self.n_streams)
        await self._store.audit_soon(AuditEntry(at_s=clock.now_s(), person=person, action=action))

    async def hurry(self) -> None:
        """Cuts a stop short: live calls are closed now."""
        await self.gates.stop()

    @property
    def n_streams(self) -> int:
        """Connections that carry a call now."""
        return self.gates.n_streams

    async def _close(self) -> None:
        if self._scorer.is_alive:
            await self._scorer.stop(FLUSH_S)
        await asyncio.sleep(0)
        if self._ticking is not None:
            self._ticking.cancel()
        await self._errands.stop()
        await self.control.stop()
        await self.recorder.stop()
        await self.office.close()
        await self._door.close()
        await self.keeper.close()
        await self._notify.stop()
        await self._http.stop()
        await self._housekeeping.stop(clock.now_s())
        await self._store.close()

    # What people may ask (`Commands`)

    async def acknowledge(self, alert_id: str, person: str, note: str) -> Alert:
        """The alert, now `person`'s. Raises `UnknownAlertError` or `AlertStateError`."""
        await self.do(Acknowledge(alert=alert_id, person=person, note=note))
        return self._floor.engine.alert(alert_id)

    async def resolve(self, alert_id: str, person: str, note: str) -> Alert:
        """The alert, closed by `person`. Raises `UnknownAlertError` or `AlertStateError`."""
        actions = await self.do(Resolve(alert=alert_id, person=person, note=note))
        return next(a.alert for a in actions if isinstance(a, AlertResolved) and a.alert.id == alert_id)

    async def do(self, deed: Deed) -> Sequence[Action]:
        """What followed from the deed, saved and shown. Raises `LookupError`, `ValueError` where it cannot be done."""
        return await self.office.do(deed)

    async def opt_out(self, call_id: str, person: str) -> bool:
        """Stops the scoring of a live call at once and logs who asked for it; False if there is no such live call."""
        call = self._floor.calls.get(call_id)
        if call is None:
            return False
        call.opt_out()
        self.board.call_opted_out(call_id)
        self.switchboard.move(call)
        await self._store.audit_soon(AuditEntry(at_s=clock.now_s(), person=person, action="opt_out", call_id=call_id))
        try:
            await self.keeper.forget(call_id, "the customer opted out", clock.now_s())
        except (StoreError, OSError) as error:
            _log.error("a recording of a customer who opted out is still there", call=call_id, problem=str(error))
        return True

    def not_ready(self) -> Sequence[str]:
        """Why new calls should go elsewhere; empty when ready."""
        reason = self.switchboard.accepting()
        return [] if reason is None else [reason]

    # Time

    async def _tick_for_ever(self) -> None:
        while True:
            await asyncio.sleep(TICK_S)
            try:
                lost, outcome = self._floor.tick(clock.now_s())
                for call in lost:
                    self.switchboard.move(call)
                self.recorder.ticked(outcome)
                self._measure_itself()
                self._panel.tick()
                self._housekeeping.tick(clock.now_s())
                self.control.tick()
                self._show_vitals()
            except Exception:
                _log.exception("the tick failed")

    def _measure_itself(self) -> None:
        """Moves the needles of the service's own state."""
        # A model that has stopped is as late as can be.
        self.office.observe(OwnMeasure.SCORER_LAG_S, self._scorer.lag_s() if self._scorer.is_alive else DEAD_LAG_S)
        self.office.observe(OwnMeasure.FEED_AGE_S, self._pulse.age_s(self._floor.calls.values(), clock.now_s()))

    def _show_vitals(self) -> None:
        problem = "" if self._scorer.is_alive else "the tone model has stopped; the log says why"
        self.board.vitals_changed(
            Vitals(
                tone_ok=not problem,
                tone_problem=problem,
                notify_problem=self._notify.notifications.problem,
                scorer_lag_s=round(self._scorer.lag_s(), 3),
                alert_delay_p95_s=self.recorder.alert_delay_p95_s,
                draining=self.draining,
            )
        )
