"""Asterisk through ARI: the supervisor's phone is called once and stays in a bridge; what it is bridged with changes.

That other channel is either a Local channel that runs ChanSpy on the agent's channel (`way = "chanspy"`, needs a few
lines of dialplan and gives the cleaner sound) or a snoop channel (`way = "snoop"`, needs nothing). To change the mode,
a new one is made and the old one removed; the phone never rings again.

Source: https://docs.asterisk.org/Asterisk_22_Documentation/API_Documentation/Asterisk_REST_Interface/
"""

import asyncio
import contextlib
from base64 import b64encode
from collections.abc import Mapping
from typing import Annotated, Any, Final, Literal
from urllib.parse import quote, urlsplit

import msgspec
from websockets.asyncio.client import connect
from websockets.exceptions import InvalidStatus, WebSocketException

from voicerisk.control import spy
from voicerisk.control.ari_events import WANTED, read_event
from voicerisk.control.link import Link
from voicerisk.control.modes import Mode
from voicerisk.control.place import LegTemplates, Place, wanted
from voicerisk.control.problems import Problem, SwitchError
from voicerisk.control.secret import from_env
from voicerisk.control.switch import Seat, SeatGone, SwitchEvent, Tell
from voicerisk.control.web import Web, segment, text_in

_SNOOP: Final[Mapping[Mode, str]] = {Mode.LISTEN: "none", Mode.WHISPER: "out", Mode.BARGE: "both"}
"""Into which direction of the agent's channel the supervisor's voice goes: `out` is towards the agent."""

_NOT_OURS: Final = (
    "The call's bridge belongs to Asterisk's dialplan, and ARI cannot move its parties; the AMI adapter can."
)
_SUPERVISOR: Final = "-supervisor"
_NOT_MADE: Final = "Allocation failed"
"""What Asterisk says of an endpoint or context that it cannot call."""


class AriControl(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, tag_field="kind", tag="ari"):
    """An Asterisk's REST interface. Its user (ari.conf) must not be read-only."""

    url: str
    """Where ARI is, "http://pbx:8088/ari"."""

    user: str
    password_env: str
    """Environment variable with the user's password."""

    app: str = "voicerisk-control"
    """Name under which we register with Asterisk; another program must not use it."""

    way: Literal["chanspy", "snoop"] = "chanspy"
    """How the supervisor hears and is heard: by ChanSpy in the dialplan, or by a snoop channel."""

    context: str = "voicerisk-spy"
    """The dialplan's context with the lines for ChanSpy (`voicerisk gateways` prints them)."""

    caller_id: str = "voicerisk"
    """What the supervisor's phone shows."""

    ring_s: Annotated[float, msgspec.Meta(gt=0, le=120)] = 25.0
    """How long the supervisor's phone rings."""

    legs: LegTemplates = LegTemplates()
    """Channel ids, names, or endpoints with one call at a time ("PJSIP/2001"). Where the agent's is not told, it is
    whoever is in the customer's bridge."""


class AriSwitch:
    """See `switch.Switch`."""

    def __init__(self, settings: AriControl, link: Link) -> None:
        self._settings = settings
        self._web = Web("Asterisk", settings.url.rstrip("/"), self._credentials)
        self.link = link
        self.ring_s = settings.ring_s
        self.cannot: Mapping[Mode, str] = {}
        self._arrivals: dict[str, asyncio.Future[None]] = {}
        self._spies: dict[str, str] = {}  # by session, the channel that the supervisor hears through
        self._n_spies = 0
        self._background: set[asyncio.Task[None]] = set()

    async def enter(self, mode: Mode, at: Place, seat: Seat | None) -> Seat:
        """The supervisor's channel, in a bridge with what it listens through."""
        told = wanted(at.legs.agent or at.legs.customer, "agent's channel", spy.CHANNEL)
        await self.link.must_be_up()  # without the events Asterisk does not know our application
        name, id_ = await self._channel(told)
        if not at.legs.agent:
            name, id_ = await self._channel(await self._partner(id_))
        bridge = None if mode is not Mode.TAKE_OVER else await self._bridge_of(id_)
        phone = at.key + _SUPERVISOR
        if seat is None:
            await self._call_phone(at, phone)
        if bridge is not None:
            await self._take_over(at, bridge, phone, id_)
        else:
            await self._spy(mode, at, name, id_)
        return Seat(leg=phone)

    async def leave(self, at: Place, seat: Seat | None) -> str:
        """Hangs up the supervisor's phone and removes what it was bridged with."""
        spying = self._spies.pop(at.key, None)
        for path in (
            f"/channels/{at.key}{_SUPERVISOR}", f"/bridges/{at.key}", *((f"/channels/{spying}",) if spying else ()),
        ):  # fmt: skip
            await self._web.ask("DELETE", path, twice_is_safe=True, missing_ok=True)
        return ""

    async def follow(self, tell: Tell) -> None:
        """Holds the websocket with Asterisk's events."""
        await self.link.keep(lambda: self._listen(tell))

    async def close(self) -> None:
        """Lets go of connections."""
        for task in self._background:
            task.cancel()
        await asyncio.gather(*self._background, return_exceptions=True)
        await self._web.close()

    # The supervisor's side

    async def _call_phone(self, at: Place, phone: str) -> None:
        settings = self._settings
        arrival = self._expect(phone)
        try:
            await self._create(
                "/channels", phone, endpoint=at.endpoint, app=settings.app, timeout=round(settings.ring_s),
                callerId=settings.caller_id,
            )  # fmt: skip
            await arrival
        finally:
            self._arrivals.pop(phone, None)
        await self._web.ask("POST", "/bridges", json={"type": "mixing", "bridgeId": at.key}, twice_is_safe=True)
        await self._put(at.key, phone)

    async def _spy(self, mode: Mode, at: Place, name: str, id_: str) -> None:
        """A new channel to listen through takes the place of the old one."""
        settings = self._settings
        self._n_spies += 1
        spying = f"{at.key}-{mode.value}-{self._n_spies}"
        arrival = self._expect(spying)
        old = self._spies.get(at.key)
        try:
            if settings.way == "snoop":
                path = f"/channels/{segment(id_)}/snoop"
                await self._create(path, spying, "snoopId", app=settings.app, spy="both", whisper=_SNOOP[mode])
            else:
                variables = {spy.CHANNEL_VARIABLE: name, spy.OPTIONS_VARIABLE: spy.OPTIONS[mode]}
                await self._create(
                    "/channels", spying, endpoint=f"Local/{spy.EXTENSION}@{settings.context}/n", app=settings.app,
                    variables=variables,
                )  # fmt: skip
            await arrival
            self._spies[at.key] = spying
            if old is not None:
                # First, so that at no moment more people hear the supervisor than either mode allows.
                await self._hang_up(old)
            await self._put(at.key, spying)
        except BaseException:
            if self._spies.get(at.key) != spying:
                self._hang_up_later(spying)
            raise
        finally:
            self._arrivals.pop(spying, None)

    async def _take_over(self, at: Place, bridge: str, phone: str, agent: str) -> None:
        if (spying := self._spies.pop(at.key, None)) is not None:
            await self._hang_up(spying)
        await self._web.ask("POST", f"/bridges/{at.key}/removeChannel", json={"channel": phone}, missing_ok=True)
        await self._put(bridge, phone)
        await self._hang_up(agent)

    async def _put(self, bridge: str, channel: str) -> None:
        await self._web.ask(
            "POST", f"/bridges/{segment(bridge)}/addChannel", json={"channel": channel}, twice_is_safe=True
        )

    async def _hang_up(self, channel: str) -> None:
        await self._web.ask("DELETE", f"/channels/{segment(channel)}", twice_is_safe=True, missing_ok=True)

    def _hang_up_later(self, channel: str) -> None:
        """In the background: who was cut short must not wait for a switch that does not answer."""

        async def hang_up() -> None:
            with contextlib.suppress(SwitchError):
                await self._hang_up(channel)

        task = asyncio.get_running_loop().create_task(hang_up())
        self._background.add(task)
        task.add_done_callback(self._background.discard)

    async def _create(self, path: str, channel: str, id_field: str = "channelId", **body: Any) -> None:
        """Makes a channel under an id of ours, so that a second try finds the first and makes no other."""
        try:
            await self._web.ask("POST", path, json={**body, id_field: channel}, twice_is_safe=True)
        except SwitchError as error:
            # A conflict after a broken answer: the channel is there if it can be read.
            if await self._web.ask("GET", f"/channels/{channel}", twice_is_safe=True, missing_ok=True):
                return
            if _NOT_MADE in error.words:
                raise (spy.unreachable() if channel.endswith(_SUPERVISOR) else self._no_spy()) from None
            raise

    def _expect(self, channel: str) -> asyncio.Future[None]:
        arrival = self._arrivals[channel] = asyncio.get_running_loop().create_future()
        return arrival

    # The call's side

    async def _channel(self, leg: str) -> tuple[str, str]:
        """The name and id of the agent's channel; only a name has a slash, and only by its id can it be asked for."""
        if "/" not in leg:
            found = await self._web.ask("GET", f"/channels/{segment(leg)}", twice_is_safe=True, missing_ok=True)
            listed = [found]
        else:
            channels = await self._web.ask("GET", "/channels", twice_is_safe=True)
            listed = channels if isinstance(channels, list) else []
        return spy.whole_name(leg, [(text_in(one, "name"), text_in(one, "id")) for one in listed])

    async def _bridge_of(self, agent: str) -> str:
        """The bridge of the call, if ARI may change it."""
        bridge = await self._bridge_with(agent)
        if bridge.get("bridge_class") != "stasis":
            raise SwitchError(Problem.NOT_POSSIBLE, _NOT_OURS)
        return text_in(bridge, "id")

    async def _partner(self, channel: str) -> str:
        """The id of the only other channel in this one's bridge."""
        bridged = (await self._bridge_with(channel)).get("channels")
        return spy.only_other(channel, bridged if isinstance(bridged, list) else ())

    async def _bridge_with(self, channel: str) -> Mapping[str, Any]:
        bridges = await self._web.ask("GET", "/bridges", twice_is_safe=True)
        known = [one for one in bridges if isinstance(one, dict)] if isinstance(bridges, list) else []
        return next((one for one in known if channel in one.get("channels", ())), {})

    # Events

    async def _listen(self, tell: Tell) -> None:
        url = urlsplit(self._settings.url)
        scheme = {"https": "wss", "http": "ws"}.get(url.scheme, url.scheme)
        app = quote(self._settings.app, safe="")
        address = f"{scheme}://{url.netloc}{url.path.rstrip('/')}/events?app={app}&subscribeAll=true"
        try:
            async with connect(
                address, additional_headers=dict(self._credentials()), proxy=None, open_timeout=10.0, max_size=1 << 20
            ) as events:
                allowed = [{"type": kind} for kind in WANTED]
                path = f"/applications/{app}/eventFilter"
                await self._web.ask("PUT", path, json={"allowed": allowed}, twice_is_safe=True)
                self.link.up()
                async for message in events:
                    self._take(message, tell)
        except InvalidStatus as error:
            status = error.response.status_code
            problem = Problem.FORBIDDEN if status in (401, 403) else Problem.REFUSED
            raise SwitchError(problem, f"Asterisk answered the event connection with {status}.") from None
        except WebSocketException as error:
            raise SwitchError(
                Problem.UNREACHABLE, f"Asterisk's event connection broke ({type(error).__name__})."
            ) from None

    def _take(self, message: str | bytes, tell: Tell) -> None:
        event = read_event(message)
        if event is None:
            return
        if event.kind == "ApplicationReplaced":
            words = f"Another program has connected to Asterisk as {self._settings.app!r}: give each a name of its own."
            raise SwitchError(Problem.REFUSED, words)
        arrival = self._arrivals.get(event.channel)
        if arrival is not None and not arrival.done():
            if event.kind == "StasisStart":
                arrival.set_result(None)
            elif event.kind == "ChannelDestroyed":
                is_phone = event.channel.endswith(_SUPERVISOR)
                arrival.set_exception(spy.not_answered(event.cause) if is_phone else self._no_spy())
                arrival.exception()  # whoever waited for it may have gone
        elif event.kind == "ChannelDestroyed" and (gone := self._seat_gone(event.channel)) is not None:
            tell(gone)
        for fact in event.facts:
            tell(fact)

    def _no_spy(self) -> SwitchError:
        words = f"Asterisk ended ChanSpy at once: is the context [{self._settings.context}] in extensions.conf?"
        if self._settings.way == "snoop":
            words = "Asterisk ended the snoop channel at once."
        return SwitchError(Problem.REFUSED, words)

    def _seat_gone(self, channel: str) -> SwitchEvent | None:
        if channel.endswith(_SUPERVISOR):
            return SeatGone(channel.removesuffix(_SUPERVISOR), "Your phone has hung up.")
        key = next((key for key, spying in self._spies.items() if spying == channel), None)
        return None if key is None else SeatGone(key, "The agent's leg has ended.")

    def _credentials(self) -> Mapping[str, str]:
        login = f"{self._settings.user}:{from_env(self._settings.password_env)}"
        return {"Authorization": "Basic " + b64encode(login.encode()).decode()}
