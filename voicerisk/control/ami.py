"""Asterisk through its manager interface: the supervisor's phone is called straight into ChanSpy on the agent's leg.

To change the mode, ChanSpy's options are set on the supervisor's channel and it is sent to the dialplan's lines for
ChanSpy (`voicerisk gateways` prints them); the phone does not ring again. To take over, Asterisk bridges the
supervisor's channel with the customer's, which takes the customer out of the bridge with the agent.

Source: https://docs.asterisk.org/Asterisk_22_Documentation/API_Documentation/AMI_Actions/
"""

import asyncio
import ssl
import uuid
from collections.abc import Mapping
from typing import Annotated, Final

import msgspec

from voicerisk.control import spy
from voicerisk.control.ami_codec import AmiCodec, AmiError, AmiMessage, encode_action
from voicerisk.control.ami_events import facts_in
from voicerisk.control.link import Link
from voicerisk.control.modes import Mode
from voicerisk.control.place import LegTemplates, Place, wanted
from voicerisk.control.problems import Problem, SwitchError, quoted
from voicerisk.control.secret import from_env
from voicerisk.control.switch import Seat, SeatGone, Tell

_READ_BYTES: Final = 65_536
_MAX_LISTED: Final = 20_000
_LOG_IN_WITHIN_S: Final = 10.0
_PING_S: Final = 20.0

_ORIGINATE_REASONS: Final[Mapping[str, str]] = {
    "0": spy.unreachable().words,
    "1": "Your phone hung up.",
    "3": "Your phone did not answer.",
    "5": "Your phone is busy.",
    "8": "Asterisk cannot call your phone: there is congestion, or it is not registered.",
}
"""The `Reason` of a failed OriginateResponse: AST_CONTROL_HANGUP, _RINGING, _BUSY, _CONGESTION."""


class AmiControl(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, tag_field="kind", tag="ami"):
    """An Asterisk's manager interface; its user (manager.conf) needs read = call, write = originate,call,reporting."""

    host: str
    port: Annotated[int, msgspec.Meta(ge=1, le=65535)] = 5038
    user: str
    password_env: str
    """Environment variable with the user's secret."""

    tls: bool = False
    context: str = "voicerisk-spy"
    """The dialplan's context with the lines for ChanSpy."""

    caller_id: str = "voicerisk"
    ring_s: Annotated[float, msgspec.Meta(gt=0, le=120)] = 25.0
    legs: LegTemplates = LegTemplates()
    """Channel names, ids, or endpoints with one call at a time ("PJSIP/2001"). Where only one of the two legs is told,
    the other is whoever is in its bridge."""


class AmiSwitch:
    """See `switch.Switch`."""

    def __init__(self, settings: AmiControl, link: Link) -> None:
        self._settings = settings
        self.link = link
        self.ring_s = settings.ring_s
        self.cannot: Mapping[Mode, str] = {}
        self._writer: asyncio.StreamWriter | None = None
        self._answers: dict[str, asyncio.Queue[AmiMessage]] = {}

    async def enter(self, mode: Mode, at: Place, seat: Seat | None) -> Seat:
        """The supervisor's channel, in ChanSpy or with the customer."""
        told = at.legs.agent or at.legs.customer
        wanted(told, "agent's channel", spy.CHANNEL)
        await self.link.must_be_up()
        channels = await self._channels()
        name = _named(told, channels)
        if not at.legs.agent:
            name = _partner(name, channels)
        if mode is Mode.TAKE_OVER:
            customer = _named(at.legs.customer, channels) if at.legs.customer else _partner(name, channels)
            seat = seat or await self._call_phone(at, name, spy.OPTIONS[Mode.LISTEN])
            await self._do("Bridge", Channel1=customer, Channel2=seat.leg, Tone="no")
            return seat
        if seat is None:
            return await self._call_phone(at, name, spy.OPTIONS[mode])
        for variable, value in ((spy.CHANNEL_VARIABLE, name), (spy.OPTIONS_VARIABLE, spy.OPTIONS[mode])):
            await self._do("Setvar", Channel=seat.leg, Variable=variable, Value=value)
        await self._do("Redirect", Channel=seat.leg, Context=self._settings.context, Exten=spy.EXTENSION, Priority="1")
        return seat

    async def leave(self, at: Place, seat: Seat | None) -> str:
        """Hangs up the supervisor's phone, by the id that we gave its channel."""
        await self.link.must_be_up()
        try:
            await self._do("Hangup", Channel=at.key, Cause="16")
        except SwitchError as error:
            if error.problem is not Problem.NO_SUCH_CHANNEL:
                raise
        return ""

    async def follow(self, tell: Tell) -> None:
        """Holds the connection, over which actions go and events come."""
        await self.link.keep(lambda: self._serve(tell))

    async def close(self) -> None:
        """Lets the connection go."""
        if self._writer is not None:
            self._writer.close()

    # Actions

    async def _call_phone(self, at: Place, agent: str, options: str) -> Seat:
        settings = self._settings
        queue = await self._send(
            "Originate", Channel=at.endpoint, Application="ChanSpy", Data=f"{agent},{options}", Async="true",
            ChannelId=at.key, Timeout=str(round(1000 * settings.ring_s)), CallerID=settings.caller_id,
        )  # fmt: skip
        try:
            while (answer := await queue.get()).get("event") != "OriginateResponse":
                _check(answer)
        finally:
            self._forget(queue)
        if answer.get("response") != "Success":
            reason = answer.get("reason", "")
            words = _ORIGINATE_REASONS.get(reason, "The call to your phone ended before it was picked up.")
            raise SwitchError(Problem.NOT_ANSWERED, words)
        return Seat(leg=answer.get("channel") or at.key)

    async def _channels(self) -> list[AmiMessage]:
        queue = await self._send("CoreShowChannels")
        found: list[AmiMessage] = []
        try:
            while (answer := await queue.get()).get("event") != "CoreShowChannelsComplete":
                _check(answer)
                if answer.get("event") == "CoreShowChannel" and len(found) < _MAX_LISTED:
                    found.append(answer)
        finally:
            self._forget(queue)
        return found

    async def _do(self, action: str, **fields: str) -> None:
        """Returns once Asterisk says that it is done."""
        queue = await self._send(action, **fields)
        try:
            _check(await queue.get())
        finally:
            self._forget(queue)

    async def _send(self, action: str, **fields: str) -> asyncio.Queue[AmiMessage]:
        """Sends an action; what Asterisk answers to it comes in the queue."""
        writer = self._writer
        if writer is None:
            raise SwitchError(Problem.UNREACHABLE, "The connection to Asterisk is down; nothing was done.")
        action_id = uuid.uuid4().hex
        try:
            encoded = encode_action([("Action", action), ("ActionID", action_id), *fields.items()])
        except ValueError:
            words = "Something in the address of your phone, or in the settings, cannot be said to Asterisk."
            raise SwitchError(Problem.NOT_POSSIBLE, words) from None
        queue = self._answers[action_id] = asyncio.Queue()
        writer.write(encoded)
        return queue

    def _forget(self, queue: asyncio.Queue[AmiMessage]) -> None:
        self._answers = {id_: known for id_, known in self._answers.items() if known is not queue}

    # The connection

    async def _serve(self, tell: Tell) -> None:
        settings = self._settings
        context = ssl.create_default_context() if settings.tls else None
        async with asyncio.timeout(_LOG_IN_WITHIN_S):
            reader, writer = await asyncio.open_connection(settings.host, settings.port, ssl=context)
        pinging: asyncio.Task[None] | None = None
        try:
            self._writer, codec = writer, AmiCodec()
            secret = from_env(settings.password_env)
            login = await self._send("Login", Username=settings.user, Secret=secret, Events="call")
            pinging = asyncio.get_running_loop().create_task(self._log_in(login))
            while data := await reader.read(_READ_BYTES):
                for message in codec.receive(data):
                    self._take(message, tell)
                if pinging.done():
                    pinging.result()
            if pinging.done():
                pinging.result()
        except AmiError as error:
            raise SwitchError(Problem.REFUSED, f"What answers is not an Asterisk manager: {error}.") from None
        finally:
            if pinging is not None:
                pinging.cancel()
            self._writer = None
            writer.close()
            gone = {"response": "Error", "message": _BROKEN}
            for queue in self._answers.values():
                queue.put_nowait(gone)

    async def _log_in(self, login: asyncio.Queue[AmiMessage]) -> None:
        """Waits to be let in, then asks now and then whether Asterisk is still there."""
        try:
            async with asyncio.timeout(_LOG_IN_WITHIN_S):
                answer = await login.get()
        finally:
            self._forget(login)
        if answer.get("response") != "Success":
            if self._writer is not None:
                self._writer.close()
            raise SwitchError(Problem.FORBIDDEN, "Asterisk did not accept the manager's user and password.")
        self.link.up()
        while True:
            await asyncio.sleep(_PING_S)
            try:
                async with asyncio.timeout(_LOG_IN_WITHIN_S):
                    await self._do("Ping")
            except (SwitchError, TimeoutError):
                if self._writer is not None:
                    self._writer.transport.abort()
                return

    def _take(self, message: AmiMessage, tell: Tell) -> None:
        queue = self._answers.get(message.get("actionid", ""))
        if queue is not None:
            queue.put_nowait(message)
            return
        if message.get("event") == "Hangup":
            tell(SeatGone(message.get("uniqueid", ""), "Your phone has hung up."))
        for fact in facts_in(message):
            tell(fact)


_BROKEN: Final = "the connection broke"


def _named(leg: str, channels: list[AmiMessage]) -> str:
    """The name of the one channel that is meant."""
    leg = wanted(leg, "channel", spy.CHANNEL)
    return spy.whole_name(leg, [(one.get("channel", ""), one.get("uniqueid", "")) for one in channels])[0]


def _partner(name: str, channels: list[AmiMessage]) -> str:
    """The only other channel in the bridge of this one."""
    bridge = next((one.get("bridgeid", "") for one in channels if one.get("channel") == name), "")
    bridged = [one.get("channel", "") for one in channels if bridge and one.get("bridgeid") == bridge]
    return spy.only_other(name, bridged)


def _check(answer: AmiMessage) -> None:
    """Raises for an answer that is a refusal."""
    if answer.get("response", "Success") not in ("Error",):
        return
    said = answer.get("message", "")
    if said == _BROKEN:
        words = "The connection to Asterisk broke; it is not known whether it was done."
        raise SwitchError(Problem.TIMEOUT, words)
    lowered = said.lower()
    if "no such channel" in lowered or "does not exist" in lowered or "not exist" in lowered:
        raise SwitchError(Problem.NO_SUCH_CHANNEL, "Asterisk has no such channel (any more).")
    if "permission" in lowered:
        raise SwitchError(Problem.FORBIDDEN, f"Asterisk does not allow it: {quoted(said)}")
    raise SwitchError(Problem.REFUSED, f"Asterisk refused: {quoted(said)}")
