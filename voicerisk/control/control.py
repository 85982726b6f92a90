"""Supervisors on calls: each action is written down before the switch is asked, and its outcome after."""

import asyncio
import contextlib
import uuid
from collections.abc import Callable, Coroutine, Mapping, Sequence
from functools import partial
from typing import Any

import msgspec
import structlog

from voicerisk import clock
from voicerisk.control import metrics, session
from voicerisk.control.modes import Mode
from voicerisk.control.orders import LEAVE, NotConfirmedError, Offer, Order, UnknownCallError, offer_of
from voicerisk.control.place import Place, legs_of
from voicerisk.control.problems import Problem, SwitchError
from voicerisk.control.session import NotNowError, Session, State
from voicerisk.control.settings import ControlSettings
from voicerisk.control.switch import Seat, SeatGone, Switch, SwitchEvent
from voicerisk.control.trail import Trail
from voicerisk.control.watch import Happened, LiveCall, LiveCalls, Watch
from voicerisk.store.store import Store

_log = structlog.get_logger(__name__)


class _Chair:
    """One supervisor on one call: the session, the place and seat on the switch, and what is under way."""

    __slots__ = ("place", "seat", "session", "switch", "task")

    def __init__(self, session_: Session, place: Place, switch: Switch) -> None:
        self.session = session_
        self.place = place
        self.switch = switch
        self.seat: Seat | None = None
        self.task: asyncio.Task[SwitchError | None] | None = None


class Control:
    """What supervisors do on the switches. Belongs to one event loop; never waits for a switch except when asked to.

    `calls` gives the live calls, `happened` takes the events that switches tell of them, `changed` every session that
    is new or different.
    """

    def __init__(
        self,
        settings: ControlSettings,
        switches: Mapping[str, Switch],
        store: Store,
        *,
        calls: LiveCalls,
        happened: Happened,
        changed: Callable[[Session], None],
    ) -> None:
        self._settings = settings
        self._switches = switches
        self._trail = Trail(store)
        self._calls = calls
        self._changed = changed
        self._chairs: dict[tuple[str, str], _Chair] = {}
        self._following: list[asyncio.Task[None]] = []
        self._background: set[asyncio.Task[None]] = set()
        self._watches = {
            gateway: Watch(gateway, settings.gateways[gateway].legs, calls, happened, settings.settle_s)
            for gateway in switches
        }

    def start(self) -> None:
        """Begins to follow what the switches tell."""
        for gateway, switch in self._switches.items():
            follow = switch.follow(partial(self._told, gateway))
            self._following.append(asyncio.get_running_loop().create_task(follow))

    async def stop(self) -> None:
        """Lets the switches go. Supervisors stay on their calls: the call must not notice that we stop."""
        for watch in self._watches.values():
            watch.close()
        tasks: list[asyncio.Task[Any]] = [
            *self._following,
            *self._background,
            *(chair.task for chair in self._chairs.values() if chair.task),
        ]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        await asyncio.gather(*(switch.close() for switch in self._switches.values()))

    # What is asked

    def offers(self) -> Mapping[str, Offer]:
        """What can be done, by the gateway's name."""
        kinds, confirm = self._settings.gateways, self._settings.confirm
        return {name: offer_of(kinds[name], switch, confirm) for name, switch in self._switches.items()}

    def troubles(self) -> Sequence[str]:
        """What does not work at the moment, one sentence for each switch."""
        links = [(gateway, switch.link) for gateway, switch in self._switches.items() if switch.link is not None]
        return [f"call control for {gateway}: {link.problem}" for gateway, link in links if link.problem is not None]

    def sessions(self, call_id: str | None = None) -> Sequence[Session]:
        """The supervisors on that call, or on all calls."""
        return [chair.session for (call, _), chair in self._chairs.items() if call_id in (None, call)]

    async def enter(self, mode: Mode, order: Order) -> Session:
        """The session once the switch has brought the supervisor there; at once where that holds already.

        Raises:
            UnknownCallError: There is no such live call.
            NotConfirmedError: It has to be confirmed and was not.
            NotNowError: Something else is under way.
            SwitchError: The switch cannot, would not or did not; where it is known that it cannot, nothing is sent.
            StoreError: The action cannot be logged, so it is not done.
        """
        call = self._call(order.call_id)
        seat = (call.id, order.person)
        known = self._chairs.get(seat)
        switch, place = self._way(mode, order, call, known)
        if mode in self._settings.confirm and not order.confirmed:
            raise NotConfirmedError(
                f"The customer will notice: confirm that you want to {mode.value.replace('_', ' ')}."
            )
        if known is None:
            self._check_room()
            begun = session.begun(
                place.key, call.id, call.gateway, order.person, mode, clock.now_s(), order.alert_id
            )  # fmt: skip
            chair, before = _Chair(begun, place, switch), None
        else:
            chair, before = known, known.session
            if (before.state, before.mode, before.sure) == (State.IN, mode, True):
                return before
            chair.session = session.asked(before, mode)
        # Taken before the first wait, so that a second click meets a session that is busy.
        self._chairs[seat] = chair
        try:
            await self._trail.asked(chair.session, mode.value)
        except BaseException:
            if before is None:
                self._chairs.pop(seat, None)
            else:
                chair.session = before
            raise
        if chair.session.state not in (State.JOINING, State.CHANGING):
            raise NotNowError("You have left meanwhile.")
        self._show(chair)
        chair.task = asyncio.get_running_loop().create_task(self._enter(chair, mode))
        # What has begun on the switch is followed to its end, whoever still waits for the answer.
        await asyncio.wait({chair.task})
        if chair.task.cancelled():
            raise NotNowError(chair.session.words or "You have left meanwhile.")
        if (error := chair.task.result()) is not None:
            raise error
        return chair.session

    async def leave(self, order: Order) -> Session:
        """The session, over; what was under way for this supervisor is cut short.

        Raises:
            NotNowError: The person is not on this call.
            SwitchError: The switch did not do it; the session goes on.
        """
        chair = self._chairs.get((order.call_id, order.person))
        if chair is None:
            raise NotNowError("You are not on this call.")
        before = chair.session
        chair.session = session.leaving(before)
        self._show(chair)
        # To be gone is always allowed, also when it cannot be logged at this moment.
        await self._trail.asked(before, LEAVE, must=False)
        if chair.task is not None and not chair.task.done():
            chair.task.cancel()
            await asyncio.wait({chair.task})
        began_s = clock.monotonic_s()
        words, error = "", None
        try:
            async with asyncio.timeout(self._settings.deadline_s):
                words = await chair.switch.leave(chair.place, chair.seat)
        except SwitchError as failure:
            error = failure
        except TimeoutError:
            error = self._too_late()
        if error is not None and error.problem not in (Problem.GONE, Problem.NO_SUCH_CHANNEL):
            # Still there, for all that is known: the person must be able to try again.
            chair.session = msgspec.structs.replace(before, state=State.IN, wanted=None, words=error.words)
            self._show(chair)
        else:
            error = None
            self._over(chair, words)
        await self._trail.outcome(chair.session, LEAVE, error, clock.monotonic_s() - began_s, words)
        if error is not None:
            raise error
        return chair.session

    def tick(self) -> None:
        """Ends the sessions of calls that are over, where no switch tells when a supervisor's phone hangs up."""
        silent = [chair for chair in self._chairs.values() if chair.switch.link is None]
        live = {call.id for call in self._calls()} if silent else set()
        for chair in silent:
            if chair.session.state is State.IN and chair.session.call_id not in live:
                self._over(chair, "The call is over.")

    # How it is done

    def _call(self, call_id: str) -> LiveCall:
        call = next((call for call in self._calls() if call.id == call_id), None)
        if call is None:
            raise UnknownCallError(f"There is no live call {call_id[:100]!r}.")
        return call

    def _way(self, mode: Mode, order: Order, call: LiveCall, known: _Chair | None) -> tuple[Switch, Place]:
        """The switch and the place on it, or why there is none."""
        switch = self._switches.get(call.gateway)
        if switch is None:
            words = f"No call control is set up for the gateway {call.gateway!r}: see [control] in the configuration."
            raise SwitchError(Problem.NOT_POSSIBLE, words)
        if mode in switch.cannot:
            raise SwitchError(Problem.NOT_POSSIBLE, switch.cannot[mode])
        if known is not None:
            return switch, known.place
        endpoint = self._settings.endpoint_of(order.person, call.gateway)
        if endpoint is None:
            words = f"Nobody has said where {order.person}'s phone is: set it in [control.supervisors]."
            raise SwitchError(Problem.NOT_POSSIBLE, words)
        legs = legs_of(self._settings.gateways[call.gateway].legs, call.id, call.labels)
        key = str(uuid.uuid4())
        return switch, Place(key=key, call_id=call.id, supervisor=order.person, endpoint=endpoint, legs=legs)

    def _check_room(self) -> None:
        if len(self._chairs) >= self._settings.max_sessions:
            raise NotNowError(f"{len(self._chairs)} supervisors are on calls; see control.max_sessions.")

    async def _enter(self, chair: _Chair, mode: Mode) -> SwitchError | None:
        """Asks the switch, within the deadline; gives what went wrong. The session is what it is then."""
        began_s = clock.monotonic_s()
        ring_s = chair.switch.ring_s if chair.seat is None else 0.0
        error: SwitchError | None = None
        try:
            async with asyncio.timeout(self._settings.deadline_s + ring_s):
                chair.seat = await chair.switch.enter(mode, chair.place, chair.seat)
        except SwitchError as failure:
            error = failure
        except TimeoutError:
            error = self._too_late()
        except Exception:
            _log.exception("call control failed", gateway=chair.session.gateway)
            error = SwitchError(Problem.TIMEOUT, "Call control failed; the log says why.")
        if error is None:
            words = chair.seat.words if chair.seat else ""
            chair.session = session.done(chair.session, clock.now_s(), words)
        else:
            chair.session = session.failed(chair.session, error)
        if chair.session.state is State.OVER:
            self._over(chair, chair.session.words)
            self._clean_up(chair)
        else:
            self._show(chair)
        took_s = clock.monotonic_s() - began_s
        await self._trail.outcome(chair.session, mode.value, error, took_s, chair.session.words)
        return error

    def _show(self, chair: _Chair) -> None:
        metrics.sessions.set(len(self._chairs))
        self._changed(chair.session)

    def _over(self, chair: _Chair, words: str) -> None:
        chair.session = session.over(chair.session, words)
        self._chairs.pop((chair.session.call_id, chair.session.person), None)
        self._show(chair)

    def _clean_up(self, chair: _Chair) -> None:
        """Takes away, in the background, what a try that was cut short may have left on the switch."""

        async def clean() -> None:
            with contextlib.suppress(SwitchError, TimeoutError):
                async with asyncio.timeout(self._settings.deadline_s):
                    await chair.switch.leave(chair.place, chair.seat)

        self._in_background(clean())

    def _told(self, gateway: str, event: SwitchEvent) -> None:
        if not isinstance(event, SeatGone):
            self._watches[gateway].take(event)
            return
        chair = next((chair for chair in self._chairs.values() if chair.place.key == event.key), None)
        if chair is None or chair.session.state not in (State.IN, State.CHANGING):
            return
        self._over(chair, event.words)
        if chair.task is not None:
            chair.task.cancel()
        self._clean_up(chair)
        self._in_background(self._trail.ended(chair.session, event.words))

    def _in_background(self, work: Coroutine[Any, Any, None]) -> None:
        task = asyncio.get_running_loop().create_task(work)
        self._background.add(task)
        task.add_done_callback(self._background.discard)

    def _too_late(self) -> SwitchError:
        words = (
            f"The switch did not answer within {self._settings.deadline_s:g} s; it is not known whether it was done."
        )
        return SwitchError(Problem.TIMEOUT, words)
