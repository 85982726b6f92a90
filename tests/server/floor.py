"""A call floor without telephones: it does to board and store what the running service does."""

import asyncio
import math
import zlib
from collections.abc import Sequence

import numpy as np

from tests.store.made import an_alert
from voicerisk.clock import now_s
from voicerisk.events import Evidence, Role, Window, Zone
from voicerisk.media.block import BLOCK_SAMPLES, Block, BlockAudio
from voicerisk.risk.alerts import Alert, NotifyReason, UnknownAlertError, acknowledged, resolved
from voicerisk.server.listen import two_sides
from voicerisk.server.live import LiveBoard
from voicerisk.server.views import Vitals
from voicerisk.store.records import AuditEntry, CallRecord
from voicerisk.store.store import Store

CHUNK_S = 0.24
QUEUES = ("Billing", "Technical support", "Orders", "Cancellations", "הזמנות", "Business")
AGENTS = ("Noa", "Omer", "Ruth", "Sam")


def _tones(index: int) -> Block:
    n = BLOCK_SAMPLES
    t = (np.arange(n) + index * n) / 8000
    swell = 0.5 + 0.5 * np.sin(2 * math.pi * 0.7 * t)
    tones = {
        Role.CUSTOMER: (9000 * swell * np.sin(2 * math.pi * 220 * t)).astype(np.int16),
        Role.AGENT: (5000 * (1 - swell) * np.sin(2 * math.pi * 440 * t)).astype(np.int16),
    }
    return Block(index, {role: BlockAudio(tone, n_missing=0, n_valid=n, seam=False) for role, tone in tones.items()})


class Floor:
    """Does what people ask, with the engine's own alert functions, and saves before it shows."""

    def __init__(self, board: LiveBoard, store: Store) -> None:
        self.board = board
        self.store = store
        self.alerts: dict[str, Alert] = {}
        self.unready: list[str] = []

    async def acknowledge(self, alert_id: str, person: str, note: str) -> Alert:
        """Takes the alert for a person."""
        changed = acknowledged(self._get(alert_id), person, now_s(), note)
        return self._get(alert_id) if changed is None else await self.put(changed[0])

    async def resolve(self, alert_id: str, person: str, note: str) -> Alert:
        """Closes the alert."""
        what = NotifyReason.RESOLVED_BY_PERSON
        return await self.put(resolved(self._get(alert_id), what, now_s(), person=person, note=note))

    async def opt_out(self, call_id: str, person: str) -> bool:
        """Takes the customer's wish, and logs who passed it on."""
        if self.board.call(call_id) is None:
            return False
        self.board.call_opted_out(call_id)
        await self.store.audit_soon(AuditEntry(at_s=now_s(), person=person, action="opt_out", call_id=call_id))
        return True

    def not_ready(self) -> list[str]:
        """What was set as the reasons."""
        return self.unready

    async def put(self, alert: Alert) -> Alert:
        """Saves the alert, then shows it."""
        self.alerts[alert.id] = alert
        self.board.alert_changed(alert, durable=await self.store.save_alert(alert))
        return alert

    def _get(self, alert_id: str) -> Alert:
        if alert_id not in self.alerts:
            raise UnknownAlertError(f"there is no alert {alert_id!r} here")
        return self.alerts[alert_id]

    async def call(
        self,
        call_id: str,
        queue: str,
        ago_s: float = 60.0,
        agent: str = "Noa",
        roles: Sequence[Role] = (Role.CUSTOMER, Role.AGENT),
        saved: bool = True,
    ) -> None:
        """A call comes in (and began `ago_s` ago)."""
        labels = {"agent": agent, "customer": "h:" + format(zlib.crc32(call_id.encode()) * 0x10001, "016x")}
        self.board.call_started(
            call_id, gateway="twilio", roles=roles, started_at_s=now_s() - ago_s, queue=queue, labels=labels
        )
        if saved:
            record = CallRecord(id=call_id, gateway="twilio", started_at_s=now_s() - ago_s, roles=roles, queue=queue)
            await self.store.save_call(record)

    def level(self, call_id: str, at_s: float, level: float, held: bool = False) -> None:
        """The call's tension at media second `at_s`."""
        zone = Zone.RED if level >= 0.8 else Zone.AMBER if level >= 0.6 else Zone.GREEN
        window = Window(
            start_s=max(0.0, at_s - 3),
            at_s=at_s,
            level=level,
            zone=zone,
            evidence=Evidence.TOO_LITTLE_SPEECH if at_s < 4 else Evidence.HEARD,
            evidence_s=0.24,
            speech=0.9,
            quality=1.0,
        )
        self.board.call_updated(call_id, window, talk_over_s=6 * level if level > 0.5 else 0.0, held=held)

    async def alert(self, call_id: str, ago_s: float = 0.0, severity: str = "critical") -> Alert:
        """The call raises an alert."""
        view = self.board.call(call_id)
        assert view is not None
        alert = an_alert(
            call_id,
            now_s() - ago_s,
            severity=severity,
            queue=view.queue,
            customer=view.labels["customer"],
            agent=view.labels["agent"],
        )
        self.board.recent.keep_cause(alert.id, call_id, None)
        return await self.put(alert)

    async def sound(self, call_id: str, seconds: float) -> None:
        """A low tone for the customer, a higher one for the agent, in blocks as a call gives them, in real time."""
        loop = asyncio.get_running_loop()
        began = loop.time()
        for index in range(round(seconds / CHUNK_S)):
            self.board.audio_block(call_id, *two_sides(_tones(index)))
            await asyncio.sleep(max(0.0, began + (index + 1) * CHUNK_S - loop.time()))

    def was_heard(self, call_id: str, seconds: float) -> None:
        """The same tones, as if they had been heard before now."""
        for index in range(round(seconds / CHUNK_S)):
            self.board.recent.heard(call_id, _tones(index))

    def hang_up(self, call_id: str) -> None:
        """The call is over; its alerts stay."""
        self.board.call_ended(call_id)

    def forget(self, call_id: str) -> None:
        """Nothing is kept of the call's sound."""
        self.board.recent.forget(call_id)

    def clear(self) -> None:
        """All calls end, and every alert is over."""
        for view in self.board.calls():
            self.board.call_ended(view.id)
        for alert in self.alerts.values():
            if self.board.alert(alert.id) is not None:
                self.board.alert_changed(resolved(alert, NotifyReason.CALL_ENDED, now_s()))
        self.alerts.clear()

    async def busy(self, n_calls: int) -> None:
        """A floor in full swing: many calls with a past, three alerts, one of them taken."""
        rng = np.random.default_rng(7)
        goals = [0.91, 0.84, 0.7, 0.66, *(0.1 + 0.4 * rng.random(n_calls - 4)).tolist()]
        for number, goal in enumerate(goals):
            call_id = f"CA{rng.integers(16**12):012x}"
            ago_s = float(rng.integers(20, 600)) if number > 3 else 95.0 + 30 * number
            await self.call(call_id, QUEUES[number % len(QUEUES)], ago_s, AGENTS[number % len(AGENTS)], saved=False)
            wander = 0.25
            for at_s in range(1, round(min(ago_s, 130.0))):
                wander += 0.05 * (goal - wander) + 0.04 * float(rng.standard_normal())
                self.level(call_id, at_s, min(max(wander, 0.02), 0.98))
            self.level(call_id, min(ago_s, 130.0), goal, held=number == 9)
            if number < 3:
                alert = await self.alert(call_id, (84, 31, 260)[number], "warning" if number == 2 else "critical")
                if number == 2:
                    await self.acknowledge(alert.id, "Dana Levi", "")
        self.board.vitals_changed(Vitals(scorer_lag_s=0.04, alert_delay_p95_s=0.31))

    async def stir(self, per_s: float) -> None:
        """Every call's level moves, as it would with a score for each chunk."""
        rng = np.random.default_rng(1)
        while True:
            await asyncio.sleep(1 / per_s)
            for view in self.board.calls():
                level = (view.level or 0.2) + 0.02 * float(rng.standard_normal())
                self.level(view.id, view.media_s + 1 / per_s, min(max(level, 0.02), 0.98))
